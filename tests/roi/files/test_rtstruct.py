"""RT structure sets: real ones against their reference masks, and made ones with holes, overlaps and faults."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from vqscript.errors import RoiError
from vqscript.imaging.grid import Grid
from vqscript.roi.files import load, rtstruct

FRAME = "1.2.826.0.1.3680043.8.498.1"
GRID = Grid((12, 10, 5), (1.0, 1.0, 2.0), frame_of_reference=FRAME)

Contour = tuple[str, list[tuple[float, float, float]]]
Make = Callable[..., Path]


def square(x0: float, y0: float, x1: float, y1: float, z: float, kind: str = "CLOSED_PLANAR") -> Contour:
    return kind, [(x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z)]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Writes a structure set: names to contours, None for an ROI without any."""

    def make(
        rois: list[tuple[str, list[Contour] | None]],
        *,
        colors: dict[str, list[int]] | None = None,
        frames: dict[str, str] | None = None,
        name: str = "rs.dcm",
    ) -> Path:
        ds = Dataset()
        ds.SOPClassUID = rtstruct.SOP_CLASS
        ds.SOPInstanceUID = "1.2.826.0.1.3680043.8.498.2"
        ds.Modality = "RTSTRUCT"
        ds.StructureSetROISequence, ds.ROIContourSequence = [], []
        for number, (roi_name, contours) in enumerate(rois, 5):
            roi = Dataset()
            roi.ROINumber = number
            roi.ROIName = roi_name
            roi.ReferencedFrameOfReferenceUID = (frames or {}).get(roi_name, FRAME)
            ds.StructureSetROISequence.append(roi)
            if contours is None:
                continue
            drawn = Dataset()
            drawn.ReferencedROINumber = number
            if colors and roi_name in colors:
                drawn.ROIDisplayColor = colors[roi_name]
            drawn.ContourSequence = []
            for kind, points in contours:
                item = Dataset()
                item.ContourGeometricType = kind
                item.NumberOfContourPoints = len(points)
                item.ContourData = [f"{c:.6g}" for point in points for c in point]
                drawn.ContourSequence.append(item)
            # in the opposite order of the names: they belong together by number
            ds.ROIContourSequence.insert(0, drawn)
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        path = tmp_path / name
        ds.save_as(path, enforce_file_format=True)
        return path

    return make


def drawn(*boxes: tuple[int, slice, slice]) -> np.ndarray:
    mask = np.zeros(GRID.shape, bool)
    for box in boxes:
        mask[box] ^= True
    return mask


@pytest.mark.parametrize("modality", ["CT", "PET", "MR_T1"])
@pytest.mark.parametrize("patient", ["STS_008", "STS_019", "STS_025", "STS_042"])
def test_real_structure_sets_equal_their_masks(data: Path, patient: str, modality: str) -> None:
    nibabel = pytest.importorskip("nibabel")
    image = nibabel.load(data / "sts" / patient / "nifti" / f"{modality}_mask.nii.gz")
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ image.affine  # RAS to LPS
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    grid = Grid(image.shape, tuple(spacing), tuple(affine[:3, 3]), affine[:3, :3] / spacing)
    rois, notes = rtstruct.read_rois(data / "sts" / patient / "dicom" / modality / "mask" / "RS.dcm", grid)
    assert rois.names == [f"GTV_Mass_{modality}"]
    assert rois.roi(1).color == "#ff0000"
    assert rois.count(1) > 200
    assert np.array_equal(rois.mask(1), np.asarray(image.dataobj).T > 0)
    assert notes == []


def test_holes_colours_and_names(make: Make) -> None:
    path = make(
        [
            ("Ring", [square(0.5, 0.5, 9.5, 8.5, 4), square(2.5, 3.5, 5.5, 6.5, 4)]),
            ("Small", [square(0.5, 0.5, 2.5, 2.5, 0, "CLOSEDPLANAR_XOR")]),
            ("Ring", [square(9.5, 0.5, 11.5, 8.5, 4)]),
        ],
        colors={"Ring": [1, 128, 255]},
    )
    rois, notes = rtstruct.read_rois(path, GRID)
    assert rois.names == ["Ring", "Small", "Ring (2)"]
    assert [roi.color for roi in rois.rois][::2] == ["#0180ff", "#0180ff"]
    assert [roi.layer for roi in rois.rois] == [1, 1, 1]
    assert np.array_equal(rois.mask(1), drawn((2, slice(1, 9), slice(1, 10)), (2, slice(4, 7), slice(3, 6))))
    assert np.array_equal(rois.mask(2), drawn((0, slice(1, 3), slice(1, 3))))
    assert notes == ['rs.dcm: an ROI called "Ring" is named "Ring (2)" here']


def test_overlaps_go_to_layers_of_their_own(make: Make) -> None:
    nested = [(f"Shell {n}", [square(n - 0.5, 0.5, 11.5, 8.5, 4)]) for n in range(3)]
    rois, _ = rtstruct.read_rois(make([*nested, ("Beside", [square(0.5, 0.5, 2.5, 2.5, 8)])]), GRID)
    assert [roi.layer for roi in rois.rois] == [1, 2, 3, 1]
    for n in range(3):
        assert np.array_equal(rois.mask(n + 1), drawn((2, slice(1, 9), slice(n, 12))))


def test_what_has_no_area_stays_as_an_empty_roi(make: Make) -> None:
    path = make(
        [
            ("Undrawn", None),
            ("Without contours", []),
            ("Point", [("POINT", [(1, 1, 4)])]),
            ("Line", [("OPEN_PLANAR", [(1, 1, 4), (5, 1, 4), (5, 5, 4)])]),
            ("Between", [square(1.2, 1.2, 1.4, 1.4, 4)]),
        ]
    )
    rois, notes = rtstruct.read_rois(path, GRID)
    assert [rois.count(j) for j in range(1, 6)] == [0, 0, 0, 0, 0]
    text = "\n".join(notes)
    for name in ("Undrawn", "Without contours"):
        assert f"rs.dcm: {name}: has no contours, kept as an empty ROI" in text
    assert "rs.dcm: Point: 1 contours enclose no area: left out" in text
    assert "rs.dcm: Line: 1 contours enclose no area: left out" in text
    assert "rs.dcm: Between: no voxel centre lies inside its contours" in text


def test_another_frame_of_reference(make: Make) -> None:
    contours = [square(0.5, 0.5, 2.5, 2.5, 4)]
    path = make([("There", contours)], frames={"There": "1.2.3.4"})
    with pytest.raises(RoiError, match=r"frame of reference 1\.2\.3\.4") as caught:
        rtstruct.read_rois(path, GRID)
    assert (caught.value.path, caught.value.uid) == (path, "1.2.3.4")
    assert rtstruct.read_rois(path, GRID, force=True)[0].count(1) == 4
    # a grid without a frame of reference (NIfTI) has nothing to compare
    assert rtstruct.read_rois(path, Grid(GRID.size, GRID.spacing))[0].count(1) == 4

    rois, notes = rtstruct.read_rois(make([("There", contours), ("Here", contours)], frames={"There": "1.2.3.4"}), GRID)
    assert rois.names == ["Here"]
    assert notes == ["rs.dcm: There: drawn in another frame of reference: left out"]


def test_only_some_names(make: Make) -> None:
    path = make([("A", [square(0.5, 0.5, 2.5, 2.5, 4)]), ("B", None)])
    assert rtstruct.read_rois(path, GRID, names=["A"])[0].names == ["A"]
    with pytest.raises(RoiError, match='no ROI "C"'):
        rtstruct.read_rois(path, GRID, names=["A", "C"])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("1\\2\\3\\4", "4 coordinates"),
        ("1\\2\\x", "damaged"),
        ("1\\2\\nan", "3 coordinates"),
        ("1\\2\\1e999", "damaged"),
    ],
)
def test_damaged_coordinates(make: Make, data: str, message: str) -> None:
    path = make([("A", [("CLOSED_PLANAR", [(123456, 1, 4)])])])
    content = path.read_bytes()
    old = b"123456\\1\\4"
    assert content.count(old) == 1
    path.write_bytes(content.replace(old, data.encode().ljust(len(old))))
    with pytest.raises(RoiError, match=message) as caught:
        rtstruct.read_rois(path, GRID)
    assert str(path) in str(caught.value)


def test_files_that_are_none(make: Make, tmp_path: Path) -> None:
    whole = make([("A", [square(0.5, 0.5, 2.5, 2.5, 4)])]).read_bytes()
    for n in range(150, len(whole), 13):
        cut = tmp_path / "cut.dcm"
        cut.write_bytes(whole[:n])
        with pytest.raises(RoiError) as caught:
            rtstruct.read_rois(cut, GRID)
        assert str(cut) in str(caught.value)
    (tmp_path / "text.dcm").write_text("hello")
    with pytest.raises(RoiError, match="is not DICOM"):
        rtstruct.read_rois(tmp_path / "text.dcm", GRID)
    with pytest.raises(RoiError, match="cannot be read"):
        rtstruct.read_rois(tmp_path / "none.dcm", GRID)


def test_load_goes_by_content(make: Make, tmp_path: Path) -> None:
    path = make([("A", [square(0.5, 0.5, 2.5, 2.5, 4)])], name="no ending")
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / ".hidden").write_bytes(path.read_bytes())
    assert load(path, GRID)[0].names == ["A"]
    assert load(tmp_path, GRID)[0].names == ["A"]
    with pytest.raises(RoiError, match="holds no ROIs"):
        load(tmp_path / "notes.txt", GRID)

    make([("B", None)], name="second")
    with pytest.raises(RoiError, match="holds 2 files with ROIs") as caught:
        load(tmp_path, GRID)
    assert caught.value.hint == "name one of them: no ending, second"
    (tmp_path / "empty").mkdir()
    with pytest.raises(RoiError, match="holds no files with ROIs"):
        load(tmp_path / "empty", GRID)


def test_load_takes_all_layers_of_an_rmha_file(make: Make, tmp_path: Path) -> None:
    from vqscript.roi.files import rmha

    rois, _ = rtstruct.read_rois(
        make([("Outer", [square(0.5, 0.5, 9.5, 8.5, 4)]), ("Inner", [square(2.5, 3.5, 5.5, 6.5, 4)])]), GRID
    )
    folder = tmp_path / "saved"
    folder.mkdir()
    assert len(rmha.write(rois, folder / "set.rmha")) == 2
    again, _ = load(folder, GRID)
    assert [(roi.name, roi.layer) for roi in again.rois] == [("Outer", 1), ("Inner", 2)]


def test_load_takes_segmentations(data: Path) -> None:
    grid = Grid((512, 512, 3), (0.810547, 0.810547, 1.0), (-235.2, -226.8, -128.69))
    rois, _ = load(data / "dcmqi" / "liver.dcm", grid)
    assert rois.names == ["Liver"]
    assert rois.count(1) > 0
