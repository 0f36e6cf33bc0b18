"""Structure sets that we write: the same voxels for us and for another reader, valid, and tied to their image."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from vqscript.datapoints.parse import parse
from vqscript.errors import RoiError
from vqscript.imaging import nifti
from vqscript.imaging.dicom.header import scan
from vqscript.imaging.dicom.series import load_series
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Volume
from vqscript.roi.files import load
from vqscript.roi.files.rtstruct import read_rois, read_structures, write_structures
from vqscript.roi.roiset import RoiSet


def complaints(path: Path) -> set[str]:
    """Return the errors that dciodvfy finds."""
    tool = shutil.which("dciodvfy")
    if not tool:
        pytest.skip("needs dciodvfy (Debian package dicom3tools)")
    result = subprocess.run([tool, str(path)], capture_output=True, text=True, check=False)
    lines = (result.stdout + result.stderr).splitlines()
    assert any(line.strip() in {"RTStructureSet", "CTImage", "PETImage", "MRImage"} for line in lines), lines
    return {line for line in lines if line.startswith("Error")}


def by_plastimatch(path: Path, grid: Grid, folder: Path) -> dict[str, np.ndarray]:
    """Return the masks that plastimatch, an independent reader, finds."""
    tool = shutil.which("plastimatch")
    if not tool:
        pytest.skip("needs plastimatch (Debian package of that name)")
    nifti.write(Volume(np.zeros(grid.shape, np.int16), grid), folder / "image.nii")
    command = [tool, "convert", "--input", path, "--fixed", folder / "image.nii"]
    command += ["--output-prefix", folder / "masks", "--prefix-format", "nii"]
    subprocess.run([str(word) for word in command], capture_output=True, check=True)
    masks = {}
    for file in (folder / "masks").iterdir():
        volume = nifti.read(file)
        assert volume.grid.matches(grid, tolerance=0.01)
        masks[file.name.removesuffix(".nii")] = volume.frame() > 0
    return masks


@pytest.mark.parametrize("multiframe", [False, True], ids=["single frames", "NM multi-frame"])
def test_every_voxel_comes_back(grid, image, draw, save, multiframe):
    drawn_on, rois = image(grid, multiframe=multiframe), draw(grid)
    path = save(write_structures(rois, drawn_on, creator="anovicki"))
    back, notes = read_rois(path, grid, series=drawn_on.source.series_uid)
    assert [(roi.name, roi.color) for roi in back.rois] == [(roi.name, roi.color) for roi in rois.rois]
    for j in range(1, len(rois) + 1):
        assert np.array_equal(back.mask(j), rois.mask(j)), rois.roi(j).name
    assert notes == ["rois.dcm: Empty: has no contours, kept as an empty ROI"]
    assert rois.count(3) == rois.mask(1).size


# Not those that ITK's images, in which it works, cannot hold (sheared), or that are within its tolerances (tiny).
@pytest.mark.parametrize("grid", ["axial", "turned", "no frame of reference"], indirect=True)
def test_an_independent_reader_finds_the_same_voxels(image, draw, save, tmp_path, grid):
    rois = draw(grid)
    masks = by_plastimatch(save(write_structures(rois, image(grid), creator="a")), grid, tmp_path)
    assert masks.keys() == set(rois.names) - {"Empty"}
    for name, mask in masks.items():
        assert np.array_equal(mask, rois.mask(rois.find(name))), name


@pytest.mark.parametrize("multiframe", [False, True], ids=["single frames", "NM multi-frame"])
def test_what_is_written_is_valid(grid, image, draw, save, multiframe):
    made = write_structures(draw(grid), image(grid, multiframe=multiframe), creator="anovicki")
    assert complaints(save(made)) == set()


@pytest.mark.parametrize("modality", ["CT", "PET", "MR_T1"])
def test_on_real_studies(data, modality, save, tmp_path):
    folder = data / "sts" / "STS_008" / "dicom" / modality
    files = sorted((folder / "image").iterdir())
    (volume,) = load_series(scan(folder / "image")[0])
    rois, _ = read_rois(folder / "mask" / "RS.dcm", volume.grid, series=volume.source.series_uid)
    path = save(write_structures(rois, volume, creator="a"))
    back, notes = read_rois(path, volume.grid, series=volume.source.series_uid)
    assert notes == []
    assert rois.count(1) > 200
    assert np.array_equal(back.mask(1), rois.mask(1))
    assert complaints(path) <= complaints(files[0])
    (mask,) = by_plastimatch(path, volume.grid, tmp_path).values()
    assert np.array_equal(mask, rois.mask(1))


def test_contours_name_the_slice_they_lie_on(image, draw, save):
    grid = Grid((20, 16, 9), frame_of_reference="1.2.3")
    volume = image(grid)
    ds = pydicom.dcmread(save(write_structures(draw(grid), volume, creator="a")))
    (frame,) = ds.ReferencedFrameOfReferenceSequence
    (series,) = frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence
    assert frame.FrameOfReferenceUID == ds.StructureSetROISequence[0].ReferencedFrameOfReferenceUID == "1.2.3"
    assert series.SeriesInstanceUID == volume.source.series_uid
    assert [ref.ReferencedSOPInstanceUID for ref in series.ContourImageSequence] == list(volume.source.sop_uids)
    for contour in ds.ROIContourSequence[0].ContourSequence:
        (slice_,) = contour.ContourImageSequence
        assert slice_.ReferencedSOPInstanceUID == volume.source.sop_uids[round(contour.ContourData[2])]
        assert len(contour.ContourData) == 3 * contour.NumberOfContourPoints

    crop = Volume(volume.stored[2:], grid.cropped((0, 0, 2), (20, 16, 7)), header=volume.header, source=volume.source)
    ds = write_structures(draw(crop.grid), crop, creator="a")
    assert "ContourImageSequence" not in ds.ROIContourSequence[0].ContourSequence[0]


def test_creator_and_date_are_those_of_a_data_point(image, draw):
    volume = image(Grid((20, 16, 9)))
    ds = write_structures(draw(volume.grid), volume, creator="anovicki")
    (point,) = parse(ds)
    assert (point.creator, point.format, point.date) == ("anovicki", "RTSTRUCT", ds.StructureSetDate)
    assert point.names == ("Rings", "Corners", "Everything", "Noise", "One voxel", "Empty")
    assert point.referenced_series == (volume.source.series_uid,)
    assert point.frame_of_reference == ds.FrameOfReferenceUID != ""


def test_a_contour_longer_than_sixteen_bits_count(image, save):
    """Those of a comb's outline: more than 64 KB."""
    grid = Grid((4000, 3, 1), (0.7, 0.7, 3), (-123.456789, 0, 0), frame_of_reference="1.2.3")
    rois = RoiSet(grid)
    comb = np.zeros(grid.shape, bool)
    comb[:, 0], comb[:, :, ::2] = True, True
    rois.set_mask(rois.add("Comb"), comb)
    path = save(write_structures(rois, image(grid), creator="a"))
    (points,) = read_structures(path)[0].contours
    assert len(points) * len("-123.456789\\0.35\\0\\") > 1 << 16
    assert np.array_equal(read_rois(path, grid)[0].mask(1), comb)


def test_refusals(image, draw):
    grid = Grid((20, 16, 9), frame_of_reference="1.2.3")
    with pytest.raises(RoiError, match="no ROI has voxels"):
        write_structures(RoiSet(grid), image(grid), creator="a")
    with pytest.raises(RoiError, match="no DICOM image") as caught:
        write_structures(draw(grid), Volume(np.zeros(grid.shape), grid), creator="a")
    assert ".nii.gz" in caught.value.hint
    with pytest.raises(RoiError, match="grid of the image"):
        write_structures(draw(grid), image(Grid((4, 4, 4))), creator="a")
    named = draw(grid)
    named.edit(6, name="x" * 65)
    with pytest.raises(RoiError, match="label of a segment or structure"):
        write_structures(named, image(grid), creator="a")
    far = Grid((20, 16, 9), (1, 1, 1), (2e8, 0, 0))
    with pytest.raises(RoiError, match="too far from the origin"):
        write_structures(draw(far), image(far), creator="a")


def test_load_tells_it_from_a_segmentation(image, draw, save):
    grid = Grid((20, 16, 9), frame_of_reference="1.2.3")
    made: Dataset = write_structures(draw(grid), image(grid), creator="a")
    assert load(save(made, "any name"), grid)[0].names[0] == "Rings"
