"""Loading, resampling, arithmetic and units beside SimpleITK and plain numpy, in one run.

    python benchmarks/bench_imaging.py [--runs 7]

Prints a table in Markdown; the exit code is 1 if a bound is missed. Volumes are compared before they are timed.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import series_files
import SimpleITK as sitk  # noqa: N813 - as its documentation has it
from timing import Bound, Table, alternate, finish, machine

from vqscript import Session
from vqscript.imaging.dicom.header import scan
from vqscript.imaging.dicom.series import load_series
from vqscript.imaging.grid import Grid
from vqscript.imaging.resample import resample
from vqscript.imaging.suv import apply, convert
from vqscript.imaging.volume import Volume
from vqscript.repository.local import LocalRepository
from vqscript.session.inputs import Input

COLUMNS = ("Work", "vqscript", "Peer", "Ratio", "Bound")


def load_folder(folder: Path) -> Volume:
    """Load the series of a folder, from nothing but its files."""
    (volume,) = load_series(scan(folder)[0])
    return volume


def load_stored(root: Path) -> Volume:
    """Load the only series of a repository, as a script that has just been started does."""
    with LocalRepository.open(root) as repository:
        (study,) = repository.find_studies()
        (series,) = repository.find_series(study.study_uid)
        (volume,) = load_series(repository.fetch(study.study_uid, series.series_uid).instances)
        return volume


def load_itk(folder: Path) -> sitk.Image:
    """Load the series of a folder with SimpleITK, as its documentation shows."""
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


def check_equal(volume: Volume, image: sitk.Image) -> None:
    """Raise AssertionError unless values and places are the same."""
    np.testing.assert_allclose(volume.scaled(volume.stored), sitk.GetArrayViewFromImage(image), rtol=2e-6, atol=1e-3)
    np.testing.assert_allclose(volume.grid.origin, image.GetOrigin(), atol=1e-6)
    np.testing.assert_allclose(volume.grid.spacing, image.GetSpacing(), rtol=1e-6)
    np.testing.assert_allclose(volume.grid.direction.ravel(), image.GetDirection(), atol=1e-6)


def loading(table: Table, folder: Path, runs: int) -> None:
    """Load a CT of 300 slices of 512 x 512 from its folder, and from a repository that holds it."""
    ct = series_files.write_ct(folder / "ct")
    root = folder / "lab.repo"
    with LocalRepository.create(root) as repository:
        repository.import_folder(ct)
    expected = load_itk(ct)
    check_equal(load_folder(ct), expected)
    check_equal(load_stored(root), expected)
    del expected
    ours, stored, peer = alternate(
        runs, folder=lambda: load_folder(ct), stored=lambda: load_stored(root), peer=lambda: load_itk(ct)
    )
    table.compare("load CT 300 x 512 x 512 from a folder", ours, peer, "SimpleITK", Bound(2))
    table.compare("the same from the local repository", stored, peer, "SimpleITK", Bound(6))
    for name, what, source in (("a folder", "folder", ct), ("the repository", "stored", root)):
        memory(table, f"memory while loading it from {name}", what, source)


def memory(table: Table, work: str, what: str, source: Path) -> None:
    """Print how far a fresh process grows while it loads, in parts of the array and one slice set."""
    command = [sys.executable, __file__, "--memory", what, str(source)]
    run = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - this very script
    grown, array = map(int, run.stdout.split())
    ratio = grown / array
    if ratio > 1.3:
        table.missed.append(work)
    table.row(work, f"{grown / 1e6:.0f} MB", f"the array: {array / 1e6:.0f} MB", f"{ratio:.3g} x", "≤ 1.3 x")


def report_memory(what: str, source: Path) -> None:
    """Print how many bytes this process grows while it loads, and how many the voxels have."""
    import pydicom.dataset  # noqa: F401 - what is imported is no part of the loading

    before = peak_memory()
    volume = (load_folder if what == "folder" else load_stored)(source)
    print(peak_memory() - before, volume.stored.nbytes)


def peak_memory() -> int:
    """Return the most bytes of memory this process has held so far."""
    status = Path("/proc/self/status")
    if status.exists():
        # ru_maxrss would do, but on Linux a process begins with its parent's.
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1]) << 10
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << (0 if sys.platform == "darwin" else 10)


def resampling(table: Table, runs: int) -> None:
    """Bring a PET onto the grid of a CT."""
    pet = Grid((128, 128, 100), (4.0, 4.0, 6.0), (-254.0, -256.0, -300.0))
    ct = Grid((512, 512, 300), (0.9765625, 0.9765625, 1.9), (-249.5, -250.0, -290.0))
    values = np.random.default_rng(3).random(pet.shape, dtype=np.float32)
    moving, fixed = itk_image(values, pet), itk_image(np.zeros((1, 1, 1), dtype=np.float32), ct)
    resampler = sitk.ResampleImageFilter()
    resampler.SetSize(ct.size)
    resampler.SetOutputOrigin(fixed.GetOrigin())
    resampler.SetOutputSpacing(fixed.GetSpacing())
    resampler.SetInterpolator(sitk.sitkLinear)
    expected = sitk.GetArrayFromImage(resampler.Execute(moving))
    np.testing.assert_allclose(resample(values, pet, ct), expected, atol=2e-5)
    ours, peer = alternate(runs, ours=lambda: resample(values, pet, ct), peer=lambda: resampler.Execute(moving))
    table.compare("resample PET 128² x 100 to CT 512² x 300, linear", ours, peer, "SimpleITK", Bound(3))


def itk_image(values: np.ndarray, grid: Grid) -> sitk.Image:
    """Return an image of SimpleITK on a grid."""
    image = sitk.GetImageFromArray(values)
    image.SetOrigin(grid.origin)
    image.SetSpacing(grid.spacing)
    image.SetDirection(grid.direction.ravel().tolist())
    return image


def arithmetic(table: Table, runs: int) -> None:
    """Multiply a volume by a number, as a script does."""
    session = Session()
    grid = Grid((256, 256, 256))
    session.inputs[0] = Input(Volume(np.ones(grid.shape, dtype=np.float32), grid, unit="Bq/mL"))
    plain = np.ones(grid.shape, dtype=np.float32)

    def numpy_multiply() -> None:
        np.multiply(plain, np.float32(1.01), out=plain)

    ours, peer = alternate(
        5 * runs, ours=lambda: session.arithmetics.scalar("mult", 0, 1.01, "Bq/mL"), peer=numpy_multiply
    )
    table.compare("multiply 256³ by a number", ours, peer, "numpy, in place", Bound(1.3, faster=False))


def units(table: Table, folder: Path, runs: int) -> None:
    """Convert a PET of 400 slices, each with a slope of its own, to SUV."""
    volume = load_folder(series_files.write_pet(folder / "pet"))
    original = volume.stored.copy()
    plain = original.copy()

    def there_or_back() -> None:  # repeated one way, it would end in denormal numbers, which are slow
        apply(volume, convert(volume, "Bq/mL" if volume.unit == "SUVbw" else "SUVbw"))

    def numpy_multiply() -> None:
        np.multiply(plain, np.float32(1.0), out=plain)

    once = replace(volume, stored=original)
    apply(once, convert(once, "SUVbw"))
    minutes = (9 * 60 + 16.5) - (8 * 60 + 15)
    factor = 70_000 / (370e6 * 0.5 ** (minutes * 60 / 6586.2))
    np.testing.assert_allclose(once.stored[::50], volume.stored[::50] * factor, rtol=1e-3)
    ours, peer = alternate(5 * runs, ours=there_or_back, peer=numpy_multiply)
    table.compare("PET 400 x 192 x 192 to SUVbw", ours, peer, "numpy, one pass", Bound(2, faster=False))


def main() -> None:
    """Measure everything, or the memory of one way to load."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--memory", nargs=2, metavar=("WHAT", "SOURCE"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.memory:
        report_memory(args.memory[0], Path(args.memory[1]))
        return
    print(machine("numpy", "SimpleITK", "pydicom"), end="\n\n")
    table = Table(*COLUMNS)
    with tempfile.TemporaryDirectory() as temporary:
        loading(table, Path(temporary), args.runs)
        resampling(table, args.runs)
        arithmetic(table, args.runs)
        units(table, Path(temporary), args.runs)
    finish([table])


if __name__ == "__main__":
    main()
