"""A batch of 40 phantom studies with one and two workers, beside a plain Python script; and 1,000 tiny studies.

    pip install matplotlib                          # only this script needs it
    python benchmarks/bench_batch.py [--runs 3]

Prints a table in Markdown; the exit code is 1 if a bound is missed. Every study: load CT and SPECT, convert to %ID/g,
measure five ROIs, save two pictures. The plain script uses SimpleITK and matplotlib and gets what it would have to look
up (doses, places, masks as one NIfTI of labels) as files. The means of both are compared before they are timed.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from timing import Bound, Table, Timed, alternate, finish, machine

from vqscript.demo.phantom import Phantom, Scan, make_project
from vqscript.demo.project import build_repository
from vqscript.demo.rois import READINGS, draw
from vqscript.demo.writer import make_uid, write_ct, write_spect
from vqscript.imaging.dicom.series import load_series
from vqscript.repository.base import SeriesFilter
from vqscript.repository.local import LocalRepository

ORGANS = ("Heart", "Liver", "Kidneys", "Muscle", "Tumor")
COLORS = ("#e6194b", "#f58231", "#3cb44b", "#42d4f4", "#f032e6")
SEEDS = range(1, 6)
TINY = 1000

MEASURE = """
local ORGANS = { "Heart", "Liver", "Kidneys", "Muscle", "Tumor" }

function process(repo, study, batch)
  local dm, mw = VQ.dataManager(), VQ.mainWin()
  repo:load(study, repo:getSeries(study, "-modality", "CT")[1], 0)
  repo:load(study, repo:getSeries(study, "-modality", "NM")[1], 1)
  dm:convertUnit(1, "%ID/g")
  repo:mergeROIs("-names", ORGANS)
  mw:setViewMode("Slice View", "3D ROI Tool")
  local roi = VQ.currentOp()
  dm:setPalette(1, "hot")
  dm:setMinMaxCache(1, 0, 40)
  mw:saveImage("with", 5)
  for j = 1, #ORGANS do roi:setVisible(j, false) end
  mw:saveImage("without", 5)
  local rows = {}
  for j = 1, #ORGANS do
    local s = roi:statistics(j, 1)
    rows[j] = { name = s.name, mean = s.mean, sd = s.sd, min = s.min, max = s.max, voxels = s.voxels, unit = s.unit }
  end
  return rows
end
"""

NOTHING = "function process() return { value = 1 } end\n"


@dataclass(frozen=True)
class Plain:
    """A study as the plain script finds it: paths, and what it would read from tables."""

    study: str
    ct: str
    nm: str
    labels: str
    factor: float
    origin: tuple[float, ...]


def prepare(folder: Path) -> tuple[Path, list[Plain]]:
    """Make 40 studies as a repository and as plain files."""
    scans = [scan for seed in SEEDS for scan in make_project(seed).scans]
    root = folder / "lab.repo"
    build_repository(Phantom(1, tuple(scans)), root)
    plain = []
    with LocalRepository.open(root) as repository:
        for number, scan in enumerate(scans):
            plain.append(_plain(repository, scan, folder / "plain" / f"{number:02d}"))
    (folder / "plain.json").write_text(json.dumps([asdict(each) for each in plain]))
    return root, plain


def _plain(repository: LocalRepository, scan: Scan, folder: Path) -> Plain:
    import SimpleITK as sitk  # noqa: N813 - as its documentation has it

    (folder / "ct").mkdir(parents=True)
    (folder / "nm").mkdir()
    write_ct(scan, folder / "ct")
    write_spect(scan, folder / "nm")
    study = make_uid(scan, "study")
    volumes = {}
    for modality in ("CT", "NM"):
        (series,) = repository.find_series(study, SeriesFilter(modality))
        (volumes[modality],) = load_series(repository.fetch(study, series.series_uid).instances)
    ct, nm = volumes["CT"], volumes["NM"]
    labels = np.zeros(ct.grid.shape, dtype=np.uint8)
    for reading in READINGS[1:]:
        rois = draw(scan, reading, ct)
        for j, name in enumerate(reading.organs, start=1):
            if name in ORGANS:
                labels[rois.mask(j)] = ORGANS.index(name) + 1
    image = sitk.GetImageFromArray(labels)
    image.SetOrigin(ct.grid.origin)
    image.SetSpacing(ct.grid.spacing)
    sitk.WriteImage(image, str(folder / "labels.nii.gz"))
    voxel_ml = float(np.prod(nm.grid.spacing)) / 1000
    remaining = 1.0 if scan.animal.decay_corrected else scan.remaining
    factor = nm.slope * 100 / (scan.animal.dose * remaining) / voxel_ml
    nm_file = next((folder / "nm").iterdir())
    return Plain(study, str(folder / "ct"), str(nm_file), str(folder / "labels.nii.gz"), factor, nm.grid.origin)


# The plain script ---------------------------------------------------------------------------


def run_plain(listed: Path, output: Path) -> None:
    """Do with SimpleITK and matplotlib what the script of the batch does."""
    import matplotlib as mpl
    import SimpleITK as sitk  # noqa: N813

    mpl.use("Agg")
    output.mkdir(exist_ok=True)
    rows = []
    for study in json.loads(listed.read_text()):
        reader = sitk.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(study["ct"]))
        ct = reader.Execute()
        nm = sitk.Cast(sitk.ReadImage(study["nm"]), sitk.sitkFloat32) * study["factor"]
        nm.SetOrigin(study["origin"])
        nm.SetDirection(np.eye(3).ravel().tolist())
        labels = sitk.ReadImage(study["labels"])
        resampled = sitk.Resample(nm, ct, sitk.Transform(), sitk.sitkLinear)
        labels.CopyInformation(ct)
        measured = sitk.LabelStatisticsImageFilter()
        measured.Execute(resampled, labels)
        for label, name in enumerate(ORGANS, start=1):
            stats = [f(label) for f in (measured.GetMean, measured.GetSigma, measured.GetMinimum, measured.GetMaximum)]
            rows.append([study["study"], name, *stats, measured.GetCount(label)])
        arrays = [sitk.GetArrayViewFromImage(image) for image in (ct, resampled, labels)]
        for kind in ("with", "without"):
            _picture(arrays, ct.GetSpacing(), output / f"{study['study']}-{kind}.png", outlines=kind == "with")
    with (output / "results.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["study_uid", "name", "mean", "sd", "min", "max", "voxels"], *rows])


def _picture(arrays: list[np.ndarray], spacing: tuple[float, ...], path: Path, *, outlines: bool) -> None:
    """Save what our picture shows: three planes and the MIP, fused, cross hair, letters, scale, colour bars, legend."""
    from matplotlib import patches
    from matplotlib import pyplot as plt

    figure = plt.figure(figsize=(10.24, 8.95), dpi=100, facecolor="black")
    sx, sy, sz = spacing
    z, y, x = (n // 2 for n in arrays[0].shape)
    ct, nm, labels = arrays
    panels = (
        ("Transverse", [a[z] for a in arrays], (sx, sy), (x, y), "RLAP", "upper"),
        ("Coronal", [a[:, y] for a in arrays], (sx, sz), (x, z), "RLSI", "lower"),
        ("Sagittal", [a[:, :, x] for a in arrays], (sy, sz), (y, z), "APSI", "lower"),
        ("MIP", [a.max(axis=1) for a in arrays], (sx, sz), (x, z), "RLSI", "lower"),
    )
    for number, (title, (ct, nm, labels), (across, down), (i, j), letters, origin) in enumerate(panels):
        place = (0.427 * (number % 2), 0.5 - 0.5 * (number // 2), 0.424, 0.497)
        panel = figure.add_axes(place, facecolor="black")
        aspect = down / across
        gray = panel.imshow(ct, "gray", vmin=-1024, vmax=947, aspect=aspect, origin=origin, interpolation="bilinear")
        hot = panel.imshow(
            nm, "hot", vmin=0, vmax=40, alpha=0.6, aspect=aspect, origin=origin, interpolation="bilinear"
        )
        for label in range(1, len(ORGANS) + 1) if outlines else ():
            if (labels == label).any():
                panel.contour(labels == label, [0.5], linewidths=1, colors=[COLORS[label - 1]])
        panel.axvline(i, color="skyblue", linewidth=0.8)
        panel.axhline(j, color="skyblue", linewidth=0.8)
        panel.axis("off")
        for letter, (u, v) in zip(letters, ((0.01, 0.5), (0.96, 0.5), (0.49, 0.95), (0.49, 0.02)), strict=True):
            panel.text(u, v, letter, color="gold", transform=panel.transAxes, fontsize=12)
        for line, words in enumerate((title, f"{i}, {j} of {ct.shape}", f"{i * across:.2f} mm")):
            panel.text(0.01, 0.95 - 0.05 * line, words, color="white", transform=panel.transAxes, fontsize=10)
        panel.text(0.86, 0.04, "5 mm", color="white", transform=panel.transAxes, fontsize=10)
        panel.plot([0.86, 0.98], [0.02, 0.02], color="white", linewidth=3, transform=panel.transAxes)
    for image, bottom, title in ((hot, 0.63, "NM\n%ID/g"), (gray, 0.24, "CT\nHU")):
        bar = figure.add_axes((0.863, bottom, 0.02, 0.27))
        figure.colorbar(image, cax=bar)
        bar.tick_params(colors="white")
        bar.set_title(title, color="white", loc="left")
    if outlines:
        shown = [patches.Patch(color=color, label=name) for name, color in zip(ORGANS, COLORS, strict=True)]
        figure.legend(handles=shown, loc="lower right", facecolor="black", labelcolor="white")
    figure.savefig(path)
    plt.close(figure)


# The batch ----------------------------------------------------------------------------------


def batch(script: Path, root: Path, folder: Path, jobs: int) -> None:
    """Run a batch as a user does, into a new folder: to remove an earlier batch is none of the work."""
    output = folder / str(sum(1 for _ in folder.iterdir()))
    run = subprocess.run(_command(script, root, output, jobs), check=False, capture_output=True, text=True)  # noqa: S603
    if run.returncode:
        raise SystemExit(run.stderr)


def _command(script: Path, root: Path, output: Path, jobs: int) -> list[str]:
    words = ["batch", str(script), "--repo", str(root), "--output", str(output), "--jobs", str(jobs), "--fresh"]
    return [sys.executable, "-m", "vqscript.cli.main", *words]


def plain(listed: Path, output: Path) -> None:
    """Run the plain script in a process of its own."""
    command = [sys.executable, __file__, "--plain", str(listed), str(output)]
    subprocess.run(command, check=True)  # noqa: S603 - this very script


def check_equal(ours: Path, theirs: Path) -> None:
    """Raise AssertionError unless both measured the same."""
    tables = []
    for path in (ours, theirs):
        with path.open(newline="") as file:
            tables.append({(row["study_uid"], row["name"]): row for row in csv.DictReader(file)})
    assert tables[0].keys() == tables[1].keys(), "other studies or ROIs"
    for key, row in tables[0].items():
        for column in ("mean", "min", "max"):
            np.testing.assert_allclose(float(row[column]), float(tables[1][key][column]), rtol=2e-3, err_msg=str(key))


def studies(table: Table, folder: Path, runs: int) -> None:
    """Run 40 studies with one worker, with two, and with the plain script."""
    root, _ = prepare(folder)
    script = folder / "measure.lua"
    script.write_text(MEASURE)
    for name in ("one", "two"):
        (folder / name).mkdir()
    one, two, peer = alternate(
        runs,
        one=partial(batch, script, root, folder / "one", 1),
        two=partial(batch, script, root, folder / "two", 2),
        peer=partial(plain, folder / "plain.json", folder / "peer"),
    )
    check_equal(folder / "one" / "0" / "results.csv", folder / "peer" / "results.csv")
    assert len({path.read_bytes() for path in folder.glob("[ot][nw]*/*/results.csv")}) == 1, "not always the same rows"
    count = len(SEEDS) * 8
    each = [replace(timed, seconds=tuple(s / count for s in timed.seconds)) for timed in (one, two, peer)]
    table.compare(
        "a study of 40, one worker, everything included", each[0], each[2], "SimpleITK + matplotlib", Bound(2)
    )
    table.compare("the same, two workers", each[1], each[0], "one worker", Bound(1.8))


# 1,000 tiny studies -------------------------------------------------------------------------


def tiny_studies(table: Table, folder: Path) -> None:
    """Process nothing in 1,000 studies: what the batch itself takes, in time and memory."""
    root = folder / "tiny.repo"
    _write_tiny(folder / "tiny", TINY)
    with LocalRepository.create(root) as repository:
        repository.import_folder([folder / "tiny"])
    script = folder / "nothing.lua"
    script.write_text(NOTHING)
    process = subprocess.Popen(  # noqa: S603
        _command(script, root, folder / "tiny-out", 1), stderr=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stderr is not None
    seen: dict[int, tuple[float, int]] = {}
    for line in process.stderr:
        number = line.partition("/")[0]
        if number in ("100", str(TINY)):
            seen[int(number)] = (time.perf_counter(), _memory(process.pid))
    if process.wait():
        raise SystemExit("the batch of tiny studies failed")
    (begun, before), (ended, after) = seen[100], seen[TINY]
    overhead = Timed("", ((ended - begun) / (TINY - 100),))
    bound = 0.030
    _row(
        table,
        "a study of which nothing is asked",
        f"{overhead.median * 1000:.1f} ms",
        overhead.median,
        bound,
        "≤ 30 ms",
    )
    grown = (after - before) / 2**20
    _row(
        table,
        "memory of the batch, study 100 to 1,000",
        f"{grown:+.1f} MB of {before / 2**20:.0f} MB",
        grown,
        8,
        "≤ 8 MB",
    )


def _row(table: Table, work: str, shown: str, value: float, bound: float, said: str) -> None:
    if value > bound:
        table.missed.append(work)
    table.row(work, shown, "", "" if value <= bound else "missed", said)


def _memory(pid: int) -> int:
    """Return the bytes that a process holds."""
    if not Path("/proc").is_dir():
        shown = subprocess.run(["/bin/ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=True)  # noqa: S603
        return int(shown.stdout) << 10
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _write_tiny(folder: Path, count: int) -> None:
    """Write studies of one CT slice of 8 x 8 each."""
    from pydicom import dcmread
    from pydicom.uid import generate_uid

    (folder / "one").mkdir(parents=True)
    write_ct(make_project(1).scans[0], folder / "one")
    first, *others = sorted((folder / "one").iterdir())
    for path in others:
        path.unlink()
    ds = dcmread(first)
    ds.Rows = ds.Columns = 8
    ds.PixelData = np.zeros((8, 8), dtype=np.int16).tobytes()
    first.unlink()
    for number in range(count):
        ds.PatientID = f"T{number:04d}"
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
            setattr(ds, keyword, generate_uid())
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        ds.save_as(folder / f"{number:04d}.dcm")


def main() -> None:
    """Measure everything, or be the plain script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--plain", nargs=2, type=Path, metavar=("LIST", "OUTPUT"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.plain:
        run_plain(*args.plain)
        return
    print(machine("numpy", "SimpleITK", "matplotlib"), end="\n\n")
    table = Table("Work", "vqscript", "Peer", "Ratio", "Bound")
    with tempfile.TemporaryDirectory() as temporary:
        studies(table, Path(temporary), args.runs)
        tiny_studies(table, Path(temporary))
    finish([table])


if __name__ == "__main__":
    main()
