"""What is submitted for real studies and for phantoms: no error of a validator beyond those of the images."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest

from vqscript.datapoints import quantification, subject
from vqscript.datapoints.parse import parse
from vqscript.imaging.volume import Volume
from vqscript.roi.files.rtstruct import read_rois, write_structures
from vqscript.roi.files.seg import write_rois
from vqscript.roi.roiset import RoiSet

OPEN = 'local repo = require("ipacs").iPACS(args.repo, args.project)\n'


def complaints(path: Path) -> set[str]:
    """Return the errors that dciodvfy finds, without the place in the file."""
    tool = shutil.which("dciodvfy")
    if not tool:
        pytest.skip("needs dciodvfy (Debian package dicom3tools)")
    result = subprocess.run([tool, str(path)], capture_output=True, text=True, check=False, errors="replace")
    lines = (result.stdout + result.stderr).splitlines()
    assert any(re.fullmatch(r"\w+", line.strip()) for line in lines), lines  # the IOD, once it is recognised
    return {line for line in lines if line.startswith("Error")}


def by_highdicom(path: Path) -> tuple[dict[str, int], dict[str, float]]:
    """Return voxels by segment, or means by ROI, as highdicom reads them."""
    hd = pytest.importorskip("highdicom")
    ds = pydicom.dcmread(path)
    if ds.Modality == "SEG":
        seg = hd.seg.segread(path)
        array = seg.get_volume(combine_segments=False).array
        labels = [seg.get_segment_description(number).segment_label for number in seg.segment_numbers]
        return {label: int(np.count_nonzero(array[..., k])) for k, label in enumerate(labels)}, {}
    means = {}
    for group in hd.sr.srread(path).content.get_volumetric_roi_measurement_groups():
        for item in group.get_measurements():
            if item.derivation is not None and item.derivation.meaning == "Mean":
                means[group.tracking_identifier] = item.value
    return {}, means


@pytest.mark.parametrize("modality", ["CT", "PET", "MR_T1"])
@pytest.mark.parametrize("patient", ["STS_008", "STS_019", "STS_025", "STS_042"])
def test_real_studies(desk, data, save, patient, modality):
    folder = data / "sts" / patient / "dicom" / modality
    desk.session.open(folder / "image", 0)
    volume: Volume = desk.session.reference.volume
    rois, _ = read_rois(folder / "mask" / "RS.dcm", volume.grid, series=volume.source.series_uid)
    name = rois.names[0]
    desk.session.rois = rois
    measured = desk.session.roi_tool.statistics(1, 0).fields()
    values = {key: value for key, value in measured.items() if isinstance(value, int | float)}
    seg = write_rois(rois, volume, creator="anovicki")
    report = quantification.build(
        name=name, input=0, unit=volume.unit, values=values, creator="a", image=volume, roi_object=seg, segment=1
    )
    assert volume.header is not None
    entered = subject.build(volume.header, injected_dose=1e4, weight=7e4, nuclide="F-18", creator="a")
    theirs = complaints(volume.source.paths[0])
    for made in (seg, report, entered, write_structures(rois, volume, creator="a")):
        path = save(made)
        assert complaints(path) <= theirs, made.Modality
        assert parse(pydicom.dcmread(path))[0].study_uid == volume.source.study_uid
        if made is seg:
            assert by_highdicom(path)[0] == {name: rois.count(1)}
        elif made is report:
            assert by_highdicom(path)[1] == {name: pytest.approx(measured["mean"], rel=1e-12)}


@pytest.mark.parametrize(("scan", "reference"), [(0, "CT"), (0, "NM"), (2, "CT"), (2, "NM")])
def test_phantoms(desk, mice, tmp_path, scan, reference):
    """A study of the demo is read, drawn on, submitted and described: everything that is stored is valid."""
    own = mice.copied(tmp_path / "own.repo")
    desk.load(own, scan, reference, "NM")
    grid = desk.session.reference.volume.grid
    rois = RoiSet(grid)
    rois.set_mask(
        rois.add("Äußerer Tumor"),
        np.arange(grid.shape[0] * 4 * 6).reshape(-1, 4, 6) % 3 == 0,
        (slice(0, grid.shape[0]), slice(2, 6), slice(3, 9)),
    )
    desk.session.rois = rois
    means = [desk.session.roi_tool.statistics(1, i).fields()["mean"] for i in (0, 1)]
    before = set(own.path.rglob("*.dcm"))
    assert desk.run(
        OPEN
        + """
        local study = VQ.dataManager():getDcmString(0, "StudyInstanceUID")
        print(repo:submitROIs())
        repo:setSubject(study, {injectedDose = 250, weight = 25, injectionTime = "20240305101500", nuclide = "In-111"})
        """,
        repo=str(own.path),
        project=own.project,
    ) == ["2"]
    stored = sorted(set(own.path.rglob("*.dcm")) - before)
    assert len(stored) == 1 + 2 + 1
    found = []
    for path in stored:
        assert complaints(path) == set()
        if pydicom.dcmread(path).SOPClassUID != subject.ENHANCED_SR:
            voxels, mean = by_highdicom(path)
            assert voxels in ({}, {"Äußerer Tumor": rois.count(1)})
            found += mean.values()
    assert sorted(found) == pytest.approx(sorted(means), rel=1e-12)
