"""The .rmha file: bytes written by hand, round trips, and files that lie."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import numpy as np
import pytest

from vqscript.errors import RoiError, VqError
from vqscript.imaging.grid import Grid
from vqscript.roi.files import rmha, runs
from vqscript.roi.roiset import RoiSet

GRID = Grid((4, 3, 2), (0.5, 0.25, 2.0), (7.0, 8.0, 9.0))

HEADER = """ObjectType = ROI
NDims = 3
BinaryData = True
BinaryDataByteOrderMSB = False
CompressedData = RLE
TransformMatrix = -1 0 0 0 -1 0 0 0 -1
Offset = 0 0 0
CenterOfRotation = 0 0 0
AnatomicalOrientation = LPS
ElementSpacing = 0.5 0.25 2
DimSize = 4 3 2
ElementType = MET_UCHAR
ROI[1] = Left kidney:#ff0000:1:0:127:255
ROI[2] = a:b:#00FF00:0:9:8:7
PatientsName =
ReferenceUID = 1.2.3
ElementDataFile = LOCAL
"""
# x fastest: voxel (0,0,0) is labelled 2, (1,0,0)-(2,0,0) are 1, background, the last voxel (3,2,1) is 1
RUNS = bytes([2, 1, 1, 2, 0, 20, 1, 1])


def write(folder: Path, header: str = HEADER, runs: bytes = RUNS) -> Path:
    path = folder / "mouse.rmha"
    path.write_bytes(header.encode() + runs)
    return path


def voxels(rois: RoiSet, j: int) -> list[tuple[int, ...]]:
    """Indices (x, y, z) of an ROI."""
    return sorted(tuple(index[::-1]) for index in np.argwhere(rois.mask(j)).tolist())


def test_bytes_written_by_hand(tmp_path: Path) -> None:
    file = rmha.read(write(tmp_path))
    assert (file.size, file.spacing, file.names) == ((4, 3, 2), (0.5, 0.25, 2.0), ["Left kidney", "a:b"])
    assert file.header["ReferenceUID"] == "1.2.3"
    assert file.labels.shape == (2, 3, 4)

    rois, notes = rmha.to_roiset(file, GRID)
    assert voxels(rois, 1) == [(1, 0, 0), (2, 0, 0), (3, 2, 1)]
    assert voxels(rois, 2) == [(0, 0, 0)]
    first, second = rois.rois
    assert (first.color, first.visible, first.extra) == ("#ff0000", True, ("0", "127", "255"))
    assert (second.name, second.color, second.visible, second.extra) == ("a:b", "#00ff00", False, ("9", "8", "7"))
    assert len(notes) == 1
    assert "order of the reference's" in notes[0]


def test_lines_may_end_as_on_windows(tmp_path: Path) -> None:
    rois, _ = rmha.read_rois(write(tmp_path, HEADER.replace("\n", "\r\n")), GRID)
    assert voxels(rois, 2) == [(0, 0, 0)]


@pytest.mark.parametrize(
    ("flip", "corner"), [("x", (3, 0, 0)), ("y", (0, 2, 0)), ("z", (0, 0, 1)), ("xyz", (3, 2, 1)), ("zx", (3, 0, 1))]
)
def test_flips(tmp_path: Path, flip: str, corner: tuple[int, int, int]) -> None:
    rois, notes = rmha.read_rois(write(tmp_path), GRID, flip)
    assert voxels(rois, 2) == [corner]
    assert "reversed along" in notes[0]


def test_another_matrix_is_mentioned(tmp_path: Path) -> None:
    other = write(tmp_path, HEADER.replace("TransformMatrix = -1", "TransformMatrix = 1"))
    _, notes = rmha.read_rois(other, GRID)
    assert "TransformMatrix is 1 0 0 0 -1 0 0 0 -1" in notes[1]


def test_a_name_used_twice_and_a_label_without_name(tmp_path: Path) -> None:
    header = HEADER.replace("ROI[2] = a:b:", "ROI[2] = Left kidney:")
    rois, notes = rmha.read_rois(write(tmp_path, header, bytes([2, 1, 7, 3, 0, 20])), GRID)
    assert rois.names == ["Left kidney", "Left kidney (2)", "ROI 7"]
    assert [rois.count(j) for j in (1, 2, 3)] == [0, 1, 3]
    assert any("Left kidney (2)" in note for note in notes)
    assert any("label 7" in note for note in notes)


def test_another_grid_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path)
    for grid in (Grid((4, 3, 3), GRID.spacing), Grid(GRID.size, (0.5, 0.25, 2.1))):
        with pytest.raises(RoiError, match=r"4 x 3 x 2 voxels of 0\.5 x 0\.25 x 2 mm") as caught:
            rmha.read_rois(path, grid)
        assert caught.value.path == path


@pytest.mark.parametrize(
    ("header", "runs", "message"),
    [
        (HEADER, bytes([2, 1, 1, 2, 0, 20]), "hold 23 voxels, and its header says 24"),
        (HEADER, bytes([2, 1, 1, 2, 0, 22]), "hold 25 voxels"),
        (HEADER, bytes([2, 1, 1, 0, 0, 23]), "run 2 has a count of 0"),
        (HEADER, RUNS[:-1], "cannot fill"),
        (HEADER, b"", "cannot fill"),
        (HEADER, bytes([0, 1]) * 25, "cannot fill"),
        (HEADER.replace("4 3 2", "100000 100000 100000"), RUNS, "8 bytes of runs cannot fill"),
        (HEADER.replace("4 3 2", "4 3"), RUNS, "not three numbers"),
        (HEADER.replace("4 3 2", "4 3 -2"), RUNS, "4 3 -2 voxels"),
        (HEADER.replace("0.5 0.25 2", "0.5 nan 2"), RUNS, "nan"),
        (HEADER.replace("DimSize", "Dim"), RUNS, "has no DimSize"),
        (HEADER.replace("NDims = 3\n", ""), RUNS, "NDims = nothing"),
        (HEADER.replace("RLE", "True"), RUNS, "CompressedData = True"),
        (HEADER.replace("LOCAL", "/etc/passwd"), RUNS, "elsewhere"),
        (HEADER.replace("ROI[2] = a:b:#00FF00:0:9:8:7", "ROI[2] = a"), RUNS, r"ROI\[2\] = a"),
        (HEADER.replace("ROI[2]", "ROI[1]"), RUNS, r"ROI\[1\] = a:b"),
        (HEADER.replace("ROI[2]", "ROI[256]"), RUNS, r"ROI\[256\]"),
        (HEADER.replace("Offset = 0 0 0", "Offset"), RUNS, '"Offset"'),
        (HEADER.replace("ElementDataFile", "Data"), RUNS, "does not begin with"),
        ("", b"\x89PNG\r\n", "does not begin with"),
    ],
)
def test_files_that_lie(tmp_path: Path, header: str, runs: bytes, message: str) -> None:
    path = write(tmp_path, header, runs)
    with pytest.raises(RoiError, match=message) as caught:
        rmha.read(path)
    assert str(path) in str(caught.value)
    assert caught.value.path == path


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(RoiError, match="cannot be read"):
        rmha.read(tmp_path / "none.rmha")


def made(grid: Grid) -> RoiSet:
    rois = RoiSet(grid)
    random = np.random.default_rng(5)
    labels = random.integers(0, 4, grid.shape)
    for k, name in enumerate(("Heart", "Liver: left", "Empty", "Müller = 2"), 1):
        j = rois.add(name)
        if k != 3:
            rois.set_mask(j, labels == k % 4)
    rois.edit(2, visible=False, color="#010203")
    rois.roi(1).extra = ("1", "2", "3")
    return rois


def assert_same(one: RoiSet, two: RoiSet) -> None:
    assert one.names == two.names
    for j, (a, b) in enumerate(zip(one.rois, two.rois, strict=True), 1):
        assert (a.color, a.visible, a.layer) == (b.color, b.visible, b.layer)
        assert np.array_equal(one.mask(j), two.mask(j))


@pytest.mark.parametrize("size", [(4, 3, 2), (1, 1, 1), (17, 19, 5), (300, 4, 3)])
def test_round_trip(tmp_path: Path, size: tuple[int, int, int]) -> None:
    rois = made(Grid(size, (0.1, 1 / 3, 2.0), (1.0, 2.0, 3.0)))
    path = tmp_path / "set.rmha"
    about = {"PatientsName": "Mouse^A\nB", "StudyDate": "20240102"}
    assert rmha.write(rois, path, about) == [path]
    again, _ = rmha.read_rois(path, rois.grid)
    assert_same(rois, again)
    assert [roi.extra for roi in again.rois][:2] == [("1", "2", "3"), ("0", "127", "255")]
    header = rmha.read(path).header
    assert (header["PatientsName"], header["StudyDate"], header["PatientID"]) == ("Mouse^A B", "20240102", "")
    assert list(header)[-1] == "ReferenceUID"


def test_runs_at_the_limit_of_a_byte(tmp_path: Path) -> None:
    for length in (254, 255, 256, 510, 511):
        grid = Grid((600, 1, 1))
        rois = RoiSet(grid)
        mask = np.zeros(grid.shape)
        mask[0, 0, :length] = 1
        rois.set_mask(rois.add("Run"), mask)
        rmha.write(rois, tmp_path / "run.rmha")
        assert rmha.read_rois(tmp_path / "run.rmha", grid)[0].count(1) == length


def test_layers_go_to_files_of_their_own(tmp_path: Path) -> None:
    rois = made(GRID)
    rois.add_layer()
    rois.active_layer = rois.add_layer()
    rois.set_mask(rois.add("Above"), np.ones(GRID.shape))
    path = tmp_path / "set.rmha"
    written = rmha.write(rois, path)
    assert [file.name for file in written] == ["set.rmha", "set.layer2.rmha", "set.layer3.rmha"]
    again, notes = rmha.read_rois(path, GRID)
    assert_same(rois, again)
    assert len(notes) == 1

    # an earlier set's layer files are not taken for those of a later set under the same name
    alone = made(GRID)
    rmha.write(alone, path)
    assert_same(rmha.read_rois(path, GRID)[0], alone)


def test_writing_fails_whole(tmp_path: Path) -> None:
    path = write(tmp_path)
    before = path.read_bytes()
    rois = RoiSet(Grid((300, 1, 1)))
    for n in range(256):
        rois.add(f"ROI {n}")
    with pytest.raises(RoiError, match="at most 255"):
        rmha.write(rois, path)
    with pytest.raises(RoiError, match="no field Weight"):
        rmha.write(made(GRID), path, {"Weight": "1"})
    with pytest.raises(VqError, match="cannot write"):
        rmha.write(made(GRID), path / "set.rmha")  # a file is no folder
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_whole_ct_in_a_moment(tmp_path: Path) -> None:
    grid = Grid((512, 512, 100))
    rois = RoiSet(grid)
    ball = np.linalg.norm(np.indices((80, 80, 80)) - 39.5, axis=0) < 39
    for n, corner in enumerate(itertools.product((0, 15), (0, 300), (0, 400)), 1):
        region = tuple(slice(c, c + 80) for c in corner)
        rois.set_mask(rois.add(f"Ball {n}"), ball, region)
    start = time.process_time()
    rmha.write(rois, tmp_path / "ct.rmha")
    again, _ = rmha.read_rois(tmp_path / "ct.rmha", grid)
    elapsed = time.process_time() - start
    assert_same(rois, again)
    assert elapsed < 3  # about 0.3 s on the machine it was written on


def test_extents_hold_all_voxels_and_little_more() -> None:
    random = np.random.default_rng(11)
    shape = (7, 6, 5)
    for fill in (0.05, 0.5, 0.95):
        labels = np.where(random.random(shape) < fill, random.integers(1, 4, shape), 0).astype(np.uint8)
        found = runs.extents(runs.encode(labels), shape)
        assert sorted(found) == sorted(set(np.unique(labels).tolist()) - {0})
        for value, region in found.items():
            outside = labels == value
            assert (outside.any(axis=(1, 2)).nonzero()[0][[0, -1]] == (region[0].start, region[0].stop - 1)).all()
            outside[region] = False
            assert not outside.any()
    single = np.zeros(shape, np.uint8)
    single[2, 3, 1:4] = 9
    assert runs.extents(runs.encode(single), shape) == {9: (slice(2, 3), slice(3, 4), slice(1, 4))}
