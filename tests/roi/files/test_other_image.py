"""ROI objects that were drawn on another image than the one at hand: resampled, refused, or taken as they stand."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from vqscript.errors import RoiError
from vqscript.imaging.grid import Grid
from vqscript.roi.files import load
from vqscript.roi.files.rtstruct import write_structures
from vqscript.roi.files.seg import write_rois
from vqscript.roi.roiset import RoiSet

FRAME = "1.2.826.0.1.3680043.2.1125.77"
DRAWN_ON = Grid((40, 36, 14), (1.0, 1.1, 3.0), (-20, -18, -20), frame_of_reference=FRAME)
WRITERS = {"RTSTRUCT": write_structures, "SEG": write_rois}


def ball(grid: Grid, radius: float = 12.0) -> np.ndarray:
    """Voxels within a sphere around (0, 0, 0) mm."""
    index = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij"), axis=-1)[..., ::-1]
    return np.linalg.norm(grid.to_world(index), axis=-1) < radius


def drawn(mask: np.ndarray, grid: Grid = DRAWN_ON) -> RoiSet:
    rois = RoiSet(grid)
    rois.set_mask(rois.add("Ball"), mask)
    return rois


def axes(degrees: float) -> np.ndarray:
    """Directions that are turned about x and a little about z."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) @ np.array([[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1]])


PARALLEL = {
    "thinner slices": Grid((70, 70, 45), (0.6, 0.6, 1.0), (-21, -21, -22.2), frame_of_reference=FRAME),
    "thicker slices": Grid((20, 20, 7), (2.0, 2.0, 7.0), (-19.3, -19.2, -21.1), frame_of_reference=FRAME),
    "a part": Grid((20, 20, 5), (1.0, 1.0, 3.0), (-0.3, -0.4, -4.3), frame_of_reference=FRAME),
}


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("grid", PARALLEL.values(), ids=PARALLEL)
def test_each_voxel_takes_the_nearest_one(kind, grid, image, save):
    """With slices that are parallel, contours and voxels say exactly the same of any other grid."""
    rois = drawn(ball(DRAWN_ON))
    path = save(WRITERS[kind](rois, image(DRAWN_ON), creator="a"))
    found, notes = load(path, grid, series="1.2.3.4")
    assert found.count(1) > 50
    assert np.array_equal(found.mask(1), rois.regrid(grid).mask(1))
    assert "took the nearest" in notes[0]


@pytest.mark.parametrize("degrees", [4, 35, 90])
def test_contours_that_cross_slices(degrees, image, save):
    path = save(write_structures(drawn(ball(DRAWN_ON)), image(DRAWN_ON), creator="a"))
    grid = Grid((40, 40, 40), (1.0, 1.0, 1.0), direction=axes(degrees), frame_of_reference=FRAME)
    grid = Grid(grid.size, grid.spacing, tuple(-grid.to_world((20.2, 19.6, 20.3))), grid.direction, FRAME)
    found, notes = load(path, grid, series="1.2.3.4")
    truth = drawn(ball(DRAWN_ON)).regrid(grid).mask(1)
    assert np.count_nonzero(found.mask(1) & truth) * 2 / (found.count(1) + np.count_nonzero(truth)) > 0.97
    assert found.count(1) == pytest.approx(4 / 3 * np.pi * 12**3, rel=0.03)
    assert "rois.dcm: Ball: contours are not parallel to the slices of the image: each voxel took the nearest" in str(
        notes
    )


def test_contours_in_several_directions_are_left_out(image, save):
    path = save(write_structures(drawn(ball(DRAWN_ON)), image(DRAWN_ON), creator="a"))
    ds = pydicom.dcmread(path)
    first, second, *others = ds.ROIContourSequence[0].ContourSequence
    for contour, order in ((first, (2, 0, 1)), (second, (0, 2, 1))):
        contour.ContourData = [c for point in np.reshape(contour.ContourData, (-1, 3)) for c in point[list(order)]]
    found, notes = load(save(ds), DRAWN_ON)
    left_out = f"2 of {2 + len(others)} contours not parallel to the slices of the image: left out"
    assert f"rois.dcm: Ball: {left_out}" in notes
    assert 0 < found.count(1) < np.count_nonzero(ball(DRAWN_ON))


def test_slices_that_nobody_drew_on_stay_empty(image, save):
    """On the very image that was drawn on, every other slice is not meant."""
    mask = ball(DRAWN_ON)
    mask[::2] = False
    volume = image(DRAWN_ON)
    path = save(write_structures(drawn(mask), volume, creator="a"))
    for series in (volume.source.series_uid, None):
        found, notes = load(path, DRAWN_ON, series=series)
        assert np.array_equal(found.mask(1), mask)
        assert notes == ["rois.dcm: the contours are 2 slices apart: the slices between them stay empty"]


def test_planes_that_are_rounded_are_on_their_slices(image, save):
    path = save(write_structures(drawn(ball(DRAWN_ON)), image(DRAWN_ON), creator="a"))
    ds = pydicom.dcmread(path)
    for n, contour in enumerate(ds.ROIContourSequence[0].ContourSequence):
        contour.ContourData = [float(c) + 0.1 * (n % 3 - 1) * (k % 3 == 2) for k, c in enumerate(contour.ContourData)]
    found, notes = load(save(ds), DRAWN_ON)
    assert np.array_equal(found.mask(1), ball(DRAWN_ON))
    assert notes == []


# Frames of reference ------------------------------------------------------------------------

NONE = Grid(DRAWN_ON.size, DRAWN_ON.spacing, DRAWN_ON.origin)
OTHER = Grid(DRAWN_ON.size, DRAWN_ON.spacing, DRAWN_ON.origin, frame_of_reference="1.2.3")


def without_frame(ds: Dataset) -> Dataset:
    """Take the frame of reference away, wherever it stands."""
    for item in (*ds.get("StructureSetROISequence", ()), ds):
        for keyword in ("FrameOfReferenceUID", "ReferencedFrameOfReferenceUID"):
            if keyword in item:
                delattr(item, keyword)
    return ds


@pytest.mark.parametrize("kind", WRITERS)
def test_another_frame_of_reference_is_refused_unless_asked(kind, image, save):
    path = save(WRITERS[kind](drawn(ball(DRAWN_ON)), image(DRAWN_ON), creator="a"))
    with pytest.raises(RoiError, match=f"frame of reference {FRAME}, but the image has 1.2.3") as caught:
        load(path, OTHER, series="1.2.3.4")
    assert '"-anyframe", true' in caught.value.hint
    assert (caught.value.path, caught.value.uid) == (path, FRAME)
    found, notes = load(path, OTHER, series="1.2.3.4", force=True)
    assert np.array_equal(found.mask(1), ball(DRAWN_ON))
    assert any("it is of another frame of reference: its place was taken as it stands" in note for note in notes)


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("grid", [DRAWN_ON, NONE], ids=["image with", "image without"])
def test_no_frame_of_reference_is_refused_unless_asked(kind, grid, image, save):
    volume = image(DRAWN_ON)
    path = save(without_frame(WRITERS[kind](drawn(ball(DRAWN_ON)), volume, creator="a")))
    with pytest.raises(RoiError, match="does not say where it lies: it has no frame of reference") as caught:
        load(path, grid, series=volume.source.series_uid)
    assert '"-anyframe", true' in caught.value.hint
    assert np.array_equal(load(path, grid, force=True)[0].mask(1), ball(DRAWN_ON))


@pytest.mark.parametrize("kind", WRITERS)
def test_an_image_without_a_frame_of_reference_is_told_of_unless_it_was_drawn_on(kind, image, save):
    volume = image(NONE, multiframe=True)
    path = save(WRITERS[kind](drawn(ball(NONE), NONE), volume, creator="a"))
    found, notes = load(path, NONE, series=volume.source.series_uid)
    assert np.array_equal(found.mask(1), ball(NONE))
    assert notes == []
    for series in ("", "1.2.3.4"):
        found, notes = load(path, NONE, series=series)
        assert np.array_equal(found.mask(1), ball(NONE))
        assert "the image has no frame of reference: its place was taken as it stands" in notes[0]


def test_a_structure_set_of_several_frames_gives_those_that_fit(image, save):
    rois = drawn(ball(DRAWN_ON))
    rois.set_mask(rois.add("Elsewhere", layer=rois.add_layer()), ball(DRAWN_ON, 5))
    ds = write_structures(rois, image(DRAWN_ON), creator="a")
    ds.StructureSetROISequence[1].ReferencedFrameOfReferenceUID = "1.2.3"
    found, notes = load(save(ds), DRAWN_ON)
    assert found.names == ["Ball"]
    assert notes == ["rois.dcm: Elsewhere: drawn in another frame of reference: left out"]
    assert load(save(ds), DRAWN_ON, force=True)[0].names == ["Ball", "Elsewhere"]


@pytest.mark.parametrize("kind", WRITERS)
def test_more_than_eight_layers_of_overlap_are_refused_by_name(kind, image, save):
    rois = RoiSet(DRAWN_ON)
    rois.set_mask(rois.add("Ball 0"), ball(DRAWN_ON))
    ds = WRITERS[kind](rois, image(DRAWN_ON), creator="a")
    path = save(nine_times(ds))
    with pytest.raises(RoiError, match='"Ball 8" overlaps others on all 8 layers'):
        load(path, DRAWN_ON)


def nine_times(ds: Dataset) -> Dataset:
    """Repeat the one ROI of an object under other names, which no set of ours could hold."""
    import copy

    if ds.Modality == "RTSTRUCT":
        for n in range(1, 9):
            for sequence, keyword in ((ds.StructureSetROISequence, "ROINumber"), (ds.ROIContourSequence, "Referenced")):
                item = copy.deepcopy(sequence[0])
                setattr(item, keyword.replace("Referenced", "ReferencedROINumber"), n + 1)
                if keyword == "ROINumber":
                    item.ROIName = f"Ball {n}"
                sequence.append(item)
        return ds
    frames = list(ds.PerFrameFunctionalGroupsSequence)
    bits = np.unpackbits(np.frombuffer(ds.PixelData, np.uint8), bitorder="little")
    bits = bits[: len(frames) * ds.Rows * ds.Columns]
    for n in range(1, 9):
        segment = copy.deepcopy(ds.SegmentSequence[0])
        segment.SegmentNumber, segment.SegmentLabel = n + 1, f"Ball {n}"
        ds.SegmentSequence.append(segment)
        for frame in frames:
            other = copy.deepcopy(frame)
            other.SegmentIdentificationSequence[0].ReferencedSegmentNumber = n + 1
            ds.PerFrameFunctionalGroupsSequence.append(other)
    ds.NumberOfFrames = 9 * len(frames)
    ds.PixelData = np.packbits(np.tile(bits, 9), bitorder="little").tobytes()
    return ds
