"""DICOM segmentations: what is written is read back voxel for voxel, by us and by others."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import RLELossless, generate_uid

from vqscript.errors import NotDicom, RoiError
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Source, Volume
from vqscript.roi.files.cielab import from_cielab, to_cielab
from vqscript.roi.files.seg import read_rois, write_rois
from vqscript.roi.roiset import RoiSet

CT, PET, NM = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.128", "1.2.840.10008.5.1.4.1.1.20"
FRAME = "1.2.826.0.1.3680043.2.1125.77"
# Columns are the axes; turned about x, so that no axis of the grid is one of the patient.
TURNED = np.array([[1, 0, 0], [0, 0.6, -0.8], [0, 0.8, 0.6]])


def make_header(sop_class: str, modality: str) -> Dataset:
    header = Dataset()
    header.SpecificCharacterSet = "ISO_IR 100"
    header.SOPClassUID, header.SOPInstanceUID = sop_class, generate_uid()
    header.StudyInstanceUID, header.SeriesInstanceUID = generate_uid(), generate_uid()
    header.Modality, header.PatientName, header.PatientID = modality, "Müller^Ünal", "S1 m4"
    header.StudyID, header.SeriesNumber, header.StudyDate = "1", 7, "20140131"
    return header


def make_image(grid: Grid, sop_class: str = CT, modality: str = "CT", *, multiframe: bool = False) -> Volume:
    header = make_header(sop_class, modality)
    count = 1 if multiframe else grid.size[2]
    uids = (header.SOPInstanceUID, *(generate_uid() for _ in range(count - 1)))
    source = Source(header.StudyInstanceUID, header.SeriesInstanceUID, sop_uids=uids)
    return Volume(np.zeros(grid.shape, np.int16), grid, modality=modality, header=header, source=source)


def read_image(folder: Path) -> Volume:
    """Return a classic series with its geometry, by other means than those under test."""
    headers = sorted(
        (pydicom.dcmread(path, stop_before_pixels=True) for path in folder.iterdir()),
        key=lambda ds: float(
            np.dot(ds.ImagePositionPatient, np.cross(*np.reshape(ds.ImageOrientationPatient, (2, 3))))
        ),
    )
    first, last = headers[0], headers[-1]
    way = (np.array(last.ImagePositionPatient) - np.array(first.ImagePositionPatient)) / (len(headers) - 1)
    axes = np.reshape(first.ImageOrientationPatient, (2, 3))
    spacing = (first.PixelSpacing[1], first.PixelSpacing[0], np.linalg.norm(way))
    grid = Grid(
        (first.Columns, first.Rows, len(headers)),
        spacing,
        tuple(first.ImagePositionPatient),
        np.column_stack([axes[0], axes[1], way / np.linalg.norm(way)]),
        first.get("FrameOfReferenceUID", ""),
    )
    uids = tuple(ds.SOPInstanceUID for ds in headers)
    source = Source(first.StudyInstanceUID, first.SeriesInstanceUID, sop_uids=uids)
    return Volume(np.zeros(grid.shape, np.int16), grid, modality=first.Modality, header=first, source=source)


def draw(grid: Grid) -> RoiSet:
    """Two asymmetric ROIs, an empty one, and one on a second layer that overlaps the first."""
    random = np.random.default_rng(1)
    rois = RoiSet(grid)
    x, y, z = grid.size
    boxes = {"Tumor": (1, y // 4, x // 5), "Left kidney": (z // 2, y // 2, x // 2)}
    for name, (k, r, c) in boxes.items():
        mask = np.zeros(grid.shape, bool)
        part = mask[k : k + 3, r : r + y // 3, c : c + x // 4]
        part[:] = random.random(part.shape) < 0.5
        part[0, 0] = True
        rois.set_mask(rois.add(name), mask & ~rois.mask(1) if len(rois) > 1 else mask)
    rois.add("Empty")
    over = rois.add("Rim", "#12ab9f", layer=rois.add_layer())
    mask = rois.mask(1)
    mask[:, :, 1:] |= mask[:, :, :-1]
    rois.set_mask(over, mask)
    return rois


def voxels(rois: RoiSet) -> dict[str, set[tuple[int, ...]]]:
    """Return the voxel indices (x, y, z) of the ROIs that have any."""
    found = {roi.name: np.argwhere(rois.mask(j))[:, ::-1] for j, roi in enumerate(rois.rois, start=1)}
    return {name: set(map(tuple, index.tolist())) for name, index in found.items() if len(index)}


def voxels_by_highdicom(path: Path, grid: Grid) -> dict[str, set[tuple[int, ...]]]:
    """Return the same as another implementation reads it: by the affine matrix that it makes of the object."""
    hd = pytest.importorskip("highdicom")
    seg = hd.seg.segread(path)
    volume = seg.get_volume(combine_segments=False)
    found = {}
    for place, number in enumerate(seg.segment_numbers):
        index = np.argwhere(volume.array[..., place])
        world = index @ volume.affine[:3, :3].T + volume.affine[:3, 3]
        ours = np.rint(grid.to_index(world)).astype(int)
        found[seg.get_segment_description(number).segment_label] = set(map(tuple, ours.tolist()))
    return found


@pytest.fixture
def save(tmp_path: Path) -> Callable[[Dataset], Path]:
    def to_file(ds: Dataset) -> Path:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.dcm"
        ds.save_as(path, enforce_file_format=True)
        return path

    return to_file


def complaints(path: Path) -> set[str]:
    """Return the errors that dciodvfy finds."""
    tool = shutil.which("dciodvfy")
    if not tool:
        pytest.skip("needs dciodvfy (Debian package dicom3tools)")
    result = subprocess.run([tool, str(path)], capture_output=True, text=True, check=False)
    lines = (result.stdout + result.stderr).splitlines()
    assert any(line.strip() in {"Segmentation", "CTImage", "PETImage", "MRImage"} for line in lines), lines
    return {line for line in lines if line.startswith("Error")}


GRIDS = {
    "axial": Grid((20, 16, 9), (0.9, 1.1, 2.5), (-10.3, 4.7, 100.1), frame_of_reference=FRAME),
    # 15 x 13 voxels: frames do not end with a byte.
    "odd size": Grid((15, 13, 9), (1, 1, 3), frame_of_reference=FRAME),
    "turned": Grid((20, 16, 9), (0.9, 1.1, 2.5), (-10.3, 4.7, 100.1), TURNED, FRAME),
    "no frame of reference": Grid((20, 16, 9), (1, 1, 3)),
}


@pytest.mark.parametrize("multiframe", [False, True], ids=["single frames", "NM multi-frame"])
@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_round_trip(grid: Grid, multiframe: bool, save: Callable[[Dataset], Path]) -> None:
    rois = draw(grid)
    image = make_image(grid, NM, "NM", multiframe=True) if multiframe else make_image(grid)
    path = save(write_rois(rois, image, creator="anovicki"))

    back, notes = read_rois(path, grid)
    assert back.names == ["Tumor", "Left kidney", "Rim"]  # the empty one is left out
    assert [roi.color for roi in back.rois] == [rois.roi(j).color for j in (1, 2, 4)]
    assert voxels(back) == voxels(rois) == voxels_by_highdicom(path, grid)
    assert notes == []


@pytest.mark.parametrize("kind", ["CT", "NM"])
def test_what_is_written_is_valid(kind: str, save: Callable[[Dataset], Path]) -> None:
    grid = GRIDS["axial"]
    image = make_image(grid, NM, "NM", multiframe=True) if kind == "NM" else make_image(grid)
    image.header.StudyID = "a study ID of more than 16 characters"
    path = save(write_rois(draw(grid), image, creator="anovicki", description="second reading"))
    assert complaints(path) == set()

    ds = pydicom.dcmread(path)
    assert str(ds.ContentCreatorName) == "anovicki^"
    assert str(ds.PatientName) == "Müller^Ünal"
    assert ds.StudyInstanceUID == image.header.StudyInstanceUID
    assert ds.SeriesInstanceUID != image.header.SeriesInstanceUID
    assert ds.ContentDescription == ds.SeriesDescription == "second reading"
    assert ds.SegmentsOverlap == "YES"
    referenced = ds.ReferencedSeriesSequence[0]
    assert referenced.SeriesInstanceUID == image.source.series_uid
    uids = [item.ReferencedSOPInstanceUID for item in referenced.ReferencedInstanceSequence]
    assert uids == list(image.source.sop_uids)


def test_each_frame_names_the_slice_it_was_drawn_on(save: Callable[[Dataset], Path]) -> None:
    image = make_image(GRIDS["turned"])
    ds = write_rois(draw(image.grid), image, creator="a")
    for frame in ds.PerFrameFunctionalGroupsSequence:
        index = image.grid.to_index(frame.PlanePositionSequence[0].ImagePositionPatient)
        source = frame.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        assert source == image.source.sop_uids[round(index[2])]


def test_a_cropped_image_is_referenced_as_a_whole(save: Callable[[Dataset], Path]) -> None:
    whole = make_image(GRIDS["axial"])
    grid = whole.grid.cropped((2, 2, 3), (12, 12, 5))
    image = Volume(np.zeros(grid.shape), grid, modality="CT", header=whole.header, source=whole.source)
    path = save(write_rois(draw(grid), image, creator="a"))
    assert complaints(path) == set()
    assert voxels(read_rois(path, grid)[0]) == voxels(draw(grid))
    shared = pydicom.dcmread(path).SharedFunctionalGroupsSequence[0]
    sources = shared.DerivationImageSequence[0].SourceImageSequence
    assert [item.ReferencedSOPInstanceUID for item in sources] == list(whole.source.sop_uids)


def test_only_planes_with_voxels_are_stored() -> None:
    grid = GRIDS["axial"]
    rois = RoiSet(grid)
    mask = np.zeros(grid.shape, bool)
    mask[2, 5, 5] = mask[7, 1, 1] = True
    rois.set_mask(rois.add("Dots"), mask)
    assert write_rois(rois, make_image(grid), creator="a").NumberOfFrames == 2


def test_gantry_tilt_comes_back(save: Callable[[Dataset], Path]) -> None:
    tilted = np.array([[1, 0, 0], [0, 1, 0.3], [0, 0, np.sqrt(1 - 0.09)]])
    grid = Grid((20, 16, 9), (1, 1, 3), direction=tilted, frame_of_reference=FRAME)
    path = save(write_rois(draw(grid), make_image(grid), creator="a"))
    back, notes = read_rois(path, grid)
    assert voxels(back) == voxels(draw(grid))
    assert notes == []


# Which axis of the grid each axis of the other one is; a minus sign reverses it.
@pytest.mark.parametrize(
    "axes", [(0, 1, -2), (0, -1, 2), (-0.0, 1, 2), (1, 0, 2), (2, 1, 0)], ids=lambda axes: str(axes)
)
def test_axes_of_other_order_and_direction(axes: tuple[float, ...], save: Callable[[Dataset], Path]) -> None:
    """The same voxels, stored by another writer along other axes, come to lie where they were."""
    grid = Grid((20, 16, 9), (1.5, 1.5, 1.5), (3, -8, 20), TURNED, FRAME)
    rois = draw(grid)
    order = [abs(int(axis)) for axis in axes]
    reverse = [np.signbit(axis) for axis in axes]
    first = [grid.size[axis] - 1 if back else 0 for axis, back in zip(order, reverse, strict=True)]
    corner = np.zeros(3)
    corner[order] = first
    other = Grid(
        tuple(grid.size[axis] for axis in order),
        grid.spacing,
        tuple(grid.to_world(corner)),
        grid.direction[:, order] * np.where(reverse, -1, 1),
        FRAME,
    )
    theirs = RoiSet(other)
    for j in (1, 2):
        mask = rois.mask(j).transpose([2 - axis for axis in order[::-1]])
        theirs.set_mask(
            theirs.add(rois.roi(j).name), mask[tuple(np.s_[::-1] if r else np.s_[:] for r in reverse[::-1])]
        )
    back, notes = read_rois(save(write_rois(theirs, make_image(other), creator="a")), grid)
    assert voxels(back) == {name: voxels(rois)[name] for name in back.names}
    assert notes == []


def test_other_voxels_take_the_nearest(save: Callable[[Dataset], Path]) -> None:
    coarse = Grid((10, 8, 6), (2, 2, 5), (0, 0, 0), frame_of_reference=FRAME)
    mask = np.zeros(coarse.shape, bool)
    mask[2:4, 3:6, 2:5] = True
    rois = RoiSet(coarse)
    rois.set_mask(rois.add("Box"), mask)
    path = save(write_rois(rois, make_image(coarse), creator="a"))
    # Planes at 0, 2.5, 5 ...: every other one coincides with a coarse plane, those between must not stay empty.
    fine = Grid((10, 8, 12), (2, 2, 2.5), (0, 0, -1.25), frame_of_reference=FRAME)
    back, notes = read_rois(path, fine)
    assert back.count(1) == 2 * mask.sum()
    assert np.allclose(fine.to_world(back.center_of_mass(1)), coarse.to_world(rois.center_of_mass(1)))
    assert "nearest" in notes[0]


def test_every_other_plane_is_no_coincidence(save: Callable[[Dataset], Path]) -> None:
    coarse = Grid((10, 8, 6), (2, 2, 5), frame_of_reference=FRAME)
    rois = RoiSet(coarse)
    rois.set_mask(rois.add("All"), np.ones(coarse.shape, bool))
    path = save(write_rois(rois, make_image(coarse), creator="a"))
    back, notes = read_rois(path, Grid((10, 8, 11), (2, 2, 2.5), frame_of_reference=FRAME))
    assert back.mask(1).all()
    assert "nearest" in notes[0]


def test_part_outside_the_image_is_told(save: Callable[[Dataset], Path]) -> None:
    grid = GRIDS["axial"]
    rois = draw(grid)
    path = save(write_rois(rois, make_image(grid), creator="a"))
    half = grid.cropped((0, 0, 0), (20, 16, 3))
    back, notes = read_rois(path, half)
    assert (back.mask(1) == rois.mask(1)[:3]).all()
    lost = sum(int(rois.mask(j)[3:].sum()) for j in (1, 2, 4))
    assert notes == [f"{lost} voxels lie outside the image and were left out"]


def test_names_select_segments(save: Callable[[Dataset], Path]) -> None:
    grid = GRIDS["axial"]
    path = save(write_rois(draw(grid), make_image(grid), creator="a"))
    assert read_rois(path, grid, names=["Rim"])[0].names == ["Rim"]
    with pytest.raises(RoiError, match='no segment "rim"') as caught:
        read_rois(path, grid, names=["rim"])
    assert '"Rim"' in caught.value.hint


def test_a_label_used_twice_is_told_apart(save: Callable[[Dataset], Path]) -> None:
    grid = GRIDS["axial"]
    ds = write_rois(draw(grid), make_image(grid), creator="a")
    ds.SegmentSequence[1].SegmentLabel = "Tumor"
    back, notes = read_rois(save(ds), grid)
    assert back.names == ["Tumor", "Tumor (2)", "Rim"]
    assert '"Tumor (2)"' in notes[0]


def test_another_frame_of_reference_is_refused_unless_forced(save: Callable[[Dataset], Path]) -> None:
    grid = GRIDS["axial"]
    path = save(write_rois(draw(grid), make_image(grid), creator="a"))
    elsewhere = Grid(grid.size, grid.spacing, grid.origin, grid.direction, "1.2.3")
    with pytest.raises(RoiError, match="another frame of reference") as caught:
        read_rois(path, elsewhere)
    assert caught.value.path == path
    back, notes = read_rois(path, elsewhere, force=True)
    assert voxels(back) == voxels(draw(grid))
    assert "another frame of reference" in notes[0]


def as_bytes(ds: Dataset, frames: np.ndarray, kind: str) -> Dataset:
    """Turn a binary segmentation into one of a byte per voxel."""
    ds.SegmentationType = kind
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit = 7
    ds.PixelData = frames.astype(np.uint8).tobytes()
    return ds


@pytest.mark.parametrize("compressed", [False, True])
def test_fractional_takes_one_half_and_more(compressed: bool, save: Callable[[Dataset], Path]) -> None:
    grid = GRIDS["axial"]
    rois = RoiSet(grid)
    rois.set_mask(rois.add("Soft"), np.ones(grid.shape, bool))
    fraction = np.random.default_rng(2).integers(0, 201, grid.shape)
    ds = as_bytes(write_rois(rois, make_image(grid), creator="a"), fraction, "FRACTIONAL")
    ds.MaximumFractionalValue = 200
    if compressed:
        ds.compress(RLELossless, generate_instance_uid=False)
    assert (read_rois(save(ds), grid)[0].mask(1) == (fraction >= 100)).all()


def test_label_map(save: Callable[[Dataset], Path]) -> None:
    grid = GRIDS["axial"]
    rois = RoiSet(grid)
    labels = np.random.default_rng(3).integers(0, 3, grid.shape)
    rois.set_mask(rois.add("One"), np.ones(grid.shape, bool))
    ds = as_bytes(write_rois(rois, make_image(grid), creator="a"), labels, "LABELMAP")
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.66.7"
    two = Dataset()
    two.SegmentNumber, two.SegmentLabel = 2, "Two"
    background = Dataset()
    background.SegmentNumber, background.SegmentLabel = 0, "Background"
    ds.SegmentSequence = [background, *ds.SegmentSequence, two]
    for frame in ds.PerFrameFunctionalGroupsSequence:
        del frame.SegmentIdentificationSequence
    back, _ = read_rois(save(ds), grid)
    assert back.names == ["One", "Two"]
    assert (back.mask(1) == (labels == 1)).all()
    assert (back.mask(2) == (labels == 2)).all()


# ---- what cannot be done -----------------------------------------------------------------------------


def test_refusals_of_writing() -> None:
    grid = GRIDS["axial"]
    image, empty = make_image(grid), RoiSet(grid)
    with pytest.raises(RoiError, match="no ROI has voxels"):
        write_rois(empty, image, creator="a")
    with pytest.raises(RoiError, match="no DICOM image"):
        write_rois(draw(grid), Volume(np.zeros(grid.shape), grid), creator="a")
    with pytest.raises(RoiError, match="grid of the image"):
        write_rois(draw(grid), make_image(GRIDS["odd size"]), creator="a")
    named = draw(grid)
    named.edit(1, name="x" * 65)
    with pytest.raises(RoiError, match="label of a segment"):
        write_rois(named, image, creator="a")


def test_a_file_cut_short_is_named(tmp_path: Path, save: Callable[[Dataset], Path]) -> None:
    grid = GRIDS["axial"]
    whole = save(write_rois(draw(grid), make_image(grid), creator="a")).read_bytes()
    path = tmp_path / "cut.dcm"
    for length in (200, len(whole) // 2, len(whole) - 40):
        path.write_bytes(whole[:length])
        with pytest.raises(NotDicom, match=r"cut\.dcm"):
            read_rois(path, grid)


def remove_position(ds: Dataset) -> None:
    del ds.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence


def remove_frame(ds: Dataset) -> None:
    del ds.PerFrameFunctionalGroupsSequence[0]


def flatten(ds: Dataset) -> None:
    ds.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing = [0, 1]


@pytest.mark.parametrize(
    ("damage", "message"),
    [(remove_position, "frame 1 lies"), (remove_frame, "but describes"), (flatten, "without extent")],
)
def test_damage_is_described(damage: Callable[[Dataset], None], message: str, save: Callable[[Dataset], Path]) -> None:
    grid = GRIDS["axial"]
    ds = write_rois(draw(grid), make_image(grid), creator="a")
    damage(ds)
    path = save(ds)
    with pytest.raises(NotDicom, match=message) as caught:
        read_rois(path, grid)
    assert caught.value.path == path


@pytest.mark.parametrize("millimetres", [1e9, 1e15])
def test_frames_far_apart_take_no_memory(millimetres: float, save: Callable[[Dataset], Path]) -> None:
    grid = GRIDS["axial"]
    ds = write_rois(draw(grid), make_image(grid), creator="a")
    ds.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0].ImagePositionPatient = [0.3, 0.3, millimetres]
    with pytest.raises(RoiError, match=r"more than is read|no regular grid"):
        read_rois(save(ds), grid)


def test_no_segmentation(save: Callable[[Dataset], Path]) -> None:
    header = make_header(CT, "CT")
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    with pytest.raises(RoiError, match="no segmentation but CT"):
        read_rois(save(header), GRIDS["axial"])


@pytest.mark.parametrize("color", ["#000000", "#ffffff", "#ff0000", "#00ff00", "#0000ff", "#e6194b", "#010203"])
def test_colours_survive(color: str) -> None:
    assert from_cielab(to_cielab(color)) == color


def test_red_in_cielab() -> None:
    # CIE 1976 L*a*b* of sRGB red for D65: 53.24, 80.09, 67.20.
    red = np.array(to_cielab("#ff0000")) / 65535 * (100, 255, 255) - (0, 128, 128)
    assert red == pytest.approx((53.24, 80.09, 67.20), abs=0.02)


# ---- real data ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["liver.dcm", "partial_overlaps.dcm"])
def test_segmentations_of_others(name: str, data: Path) -> None:
    path, image = data / "dcmqi" / name, read_image(data / "dcmqi" / "ct-3slice")
    rois, _ = read_rois(path, image.grid)
    assert voxels(rois) == voxels_by_highdicom(path, image.grid)
    assert sum(map(rois.count, range(1, len(rois) + 1))) > 1000


def test_overlapping_segments_lie_on_layers(data: Path) -> None:
    image = read_image(data / "dcmqi" / "ct-3slice")
    rois, _ = read_rois(data / "dcmqi" / "partial_overlaps.dcm", image.grid)
    assert rois.names == ["GREEN", "ORANGE", "PURPLE", "LIGHT_BLUE", "DARK_BLUE"]
    shared = sum(rois.mask(j).astype(int) for j in range(1, 6))
    assert shared.max() > 1
    assert len(rois.layers) > 1


@pytest.mark.parametrize("modality", ["CT", "PET", "MR"])
def test_real_studies(modality: str, data: Path, save: Callable[[Dataset], Path]) -> None:
    nibabel = pytest.importorskip("nibabel")
    study = data / "sts" / "STS_008"
    image = read_image(next(study.glob(f"dicom/{modality}*/image")))
    truth = nibabel.load(next(study.glob(f"nifti/{modality}*_mask.nii.gz")))
    # NIfTI is x, y, z in RAS; ours is z, y, x in LPS.
    turn = np.diag([-1, -1, 1, 1]) @ truth.affine
    index = np.argwhere(np.asarray(truth.dataobj) > 0) @ turn[:3, :3].T + turn[:3, 3]
    x, y, z = np.rint(image.grid.to_index(index)).astype(int).T
    mask = np.zeros(image.grid.shape, bool)
    mask[z, y, x] = True
    rois = RoiSet(image.grid)
    rois.set_mask(rois.add("GTV"), mask)

    path = save(write_rois(rois, image, creator="anovicki"))
    back, notes = read_rois(path, image.grid)
    assert (back.mask(1) == mask).all()
    assert notes == []
    assert voxels_by_highdicom(path, image.grid) == voxels(rois)
    source = next(study.glob(f"dicom/{modality}*/image/*.dcm"))
    assert complaints(path) <= complaints(source)
