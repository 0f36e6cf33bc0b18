"""NIfTI labels: voxels, names and colours in and out, and images that are no labels."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from vqscript.errors import RoiError
from vqscript.imaging import nifti as images
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Volume
from vqscript.roi.files import load
from vqscript.roi.files.nifti import write
from vqscript.roi.roiset import RoiSet

GRID = Grid((7, 6, 5), (1.0, 1.5, 2.0), (-3.0, 4.0, 5.0))


def labelled(grid: Grid = GRID) -> np.ndarray:
    """Labels 1, 2 and 7, none of them symmetric."""
    labels = np.zeros(grid.shape, np.int16)
    labels[0, 1:3, 2:5], labels[3:, 4, 1:4], labels[4, 0, 6] = 1, 2, 7
    return labels


def save(path: Path, labels: np.ndarray, grid: Grid = GRID, **scale: float) -> Path:
    images.write(Volume(labels, grid, **scale), path)
    return path


def masks(rois: RoiSet) -> dict[str, np.ndarray]:
    return {roi.name: rois.mask(j) for j, roi in enumerate(rois.rois, 1)}


def same(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> bool:
    return list(found) == list(expected) and all(np.array_equal(found[name], expected[name]) for name in expected)


# Both directions ----------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_a_set_of_several_layers_comes_back(grid, draw, tmp_path, suffix):
    rois = draw(grid)
    path = tmp_path / f"my.rois{suffix}"
    written = write(rois, path)
    layers = sorted({roi.layer for roi in rois.rois if roi.name != "Empty"})
    further = [f"my.rois.layer{n}{suffix}" for n in range(2, len(layers) + 1)]
    assert [file.name for file in written] == [path.name, *further, "my.rois.tsv"]
    assert sorted(tmp_path.iterdir()) == sorted(written)
    found, notes = load(path, grid)
    filled = {name: mask for name, mask in masks(rois).items() if mask.any()}
    found_masks = masks(found)
    assert found_masks.keys() == filled.keys()
    assert all(np.array_equal(found_masks[name], mask) for name, mask in filled.items())
    assert {roi.name: roi.color for roi in found.rois} == {
        roi.name: roi.color for roi in rois.rois if roi.name in filled
    }
    assert notes == [f"{path.name}: names are those of my.rois.tsv"]
    assert found.active_layer == 1


def test_other_programs_read_what_is_written(draw, tmp_path):
    nibabel = pytest.importorskip("nibabel")
    rois = RoiSet(GRID)
    for value, name in ((1, "Liver"), (2, "Left kidney")):
        rois.set_mask(rois.add(name), labelled() == value)
    path, table = write(rois, tmp_path / "rois.nii.gz")
    image = nibabel.load(path)
    assert np.array_equal(np.asarray(image.dataobj).T, labelled() * (labelled() < 7))
    assert image.get_data_dtype() == np.uint8
    turned = np.diag([-1, -1, 1, 1]) @ image.affine
    assert np.allclose(turned, GRID.affine)
    # The columns of BIDS (Imaging data types, discrete segmentations), in its spelling.
    assert table.read_text().splitlines() == ["index\tname\tcolor", "1\tLiver\t#e6194b", "2\tLeft kidney\t#3cb44b"]


def test_more_rois_than_a_byte_counts(tmp_path):
    grid = Grid((300, 1, 1))
    rois = RoiSet(grid)
    for n in range(300):
        mask = np.zeros(grid.shape, bool)
        mask[0, 0, n] = True
        rois.set_mask(rois.add(f"ROI {n}"), mask)
    write(rois, tmp_path / "many.nii")
    found, _ = load(tmp_path / "many.nii", grid)
    assert found.names == rois.names
    assert [found.count(j) for j in (1, 256, 300)] == [1, 1, 1]
    assert found.box(300) == (slice(0, 1), slice(0, 1), slice(299, 300))


# Voxels -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stored", "scale"),
    [
        (np.uint8, {}),
        (np.int64, {}),
        (np.float32, {}),
        (np.int16, {"slope": 0.5, "intercept": -2.0}),
    ],
)
def test_whole_numbers_of_any_type(tmp_path, stored, scale):
    slope, intercept = scale.get("slope", 1), scale.get("intercept", 0)
    path = save(tmp_path / "a.nii.gz", ((labelled() - intercept) / slope).astype(stored), **scale)
    found, notes = load(path, GRID)
    assert same(masks(found), {f"Label {n}": labelled() == n for n in (1, 2, 7)})
    assert notes == ["a.nii.gz: no name is known for the labels 1, 2, 7"]


def test_large_numbers_are_labels_too(tmp_path):
    found, _ = load(save(tmp_path / "a.nii.gz", labelled().astype(np.int32) * 17_000_000), GRID)
    assert found.names == ["Label 17000000", "Label 34000000", "Label 119000000"]
    assert np.array_equal(found.mask(3), labelled() == 7)


@pytest.mark.parametrize("turn", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
@pytest.mark.parametrize("flip", [(), (0,), (1, 2)])
def test_axes_in_any_order_and_direction(tmp_path, turn, flip):
    """Files of other programs are often stored from right to left, or slice by slice in another direction."""
    array, affine = np.flip(labelled().transpose(turn), flip), GRID.affine[:3, :3].copy()
    origin = np.array(GRID.origin)
    axes = [2 - axis for axis in turn][::-1]  # of x, y and z of the file in the grid
    for axis in flip:
        k = axes[2 - axis]
        origin = origin + affine[:, k] * (GRID.size[k] - 1)
        affine[:, k] *= -1
    affine = affine[:, axes]
    spacing = np.linalg.norm(affine, axis=0)
    path = save(tmp_path / "a.nii", array, Grid(array.shape[::-1], tuple(spacing), tuple(origin), affine / spacing))
    found, notes = load(path, GRID)
    assert same(masks(found), {f"Label {n}": labelled() == n for n in (1, 2, 7)})
    assert len(notes) == 1


def test_other_voxels_take_the_nearest_label(tmp_path):
    fine = Grid((14, 12, 10), (0.5, 0.75, 1.0), (-3.2, 3.7, 4.6))
    path = save(tmp_path / "a.nii.gz", labelled())
    rois = RoiSet(GRID)
    for n in (1, 2, 7):
        rois.set_mask(rois.add(f"Label {n}"), labelled() == n)
    found, notes = load(path, fine)
    assert same(masks(found), masks(rois.regrid(fine)))
    assert notes[-1] == "a.nii.gz: the labels lie on other voxels than the image's: each voxel took the nearest one"


def test_what_lies_outside_is_told(tmp_path):
    path = save(tmp_path / "a.nii.gz", labelled())
    found, notes = load(path, GRID.cropped((0, 0, 0), (7, 6, 4)))
    assert found.names == ["Label 1", "Label 2", "Label 7"]
    assert [found.count(j) for j in (1, 2, 3)] == [6, 3, 0]
    assert 'a.nii.gz: "Label 7" has no voxel in the image' in notes
    assert "a.nii.gz: 4 voxels lie outside the image and were left out" in notes
    apart, notes = load(path, Grid(GRID.size, GRID.spacing, (500, 500, 500)))
    assert [apart.count(j) for j in (1, 2, 3)] == [0, 0, 0]


def test_a_mask_is_called_as_its_file(tmp_path):
    found, notes = load(save(tmp_path / "Left kidney.nii.gz", (labelled() == 2) * np.uint8(255)), GRID)
    assert same(masks(found), {"Left kidney": labelled() == 2})
    assert notes == []


def test_a_folder_of_masks_is_a_set(tmp_path):
    for n, name in ((1, "liver"), (2, "spleen"), (7, "heart")):
        save(tmp_path / f"{name}.nii.gz", labelled() == n)
    save(tmp_path / "body.nii.gz", np.ones(GRID.shape, np.uint8))
    (tmp_path / "notes.md").write_text("made by hand")
    found, notes = load(tmp_path, GRID)
    assert found.names == ["body", "heart", "liver", "spleen"]
    assert [roi.layer for roi in found.rois] == [1, 2, 2, 2]
    assert len({roi.color for roi in found.rois}) == 4
    assert np.array_equal(found.mask(4), labelled() == 2)
    assert notes == []


def test_one_name_from_two_files_is_numbered(tmp_path):
    save(tmp_path / "a.nii", labelled() == 1)
    save(tmp_path / "b.nii", labelled() == 2)
    for name in "ab":
        (tmp_path / f"{name}.tsv").write_text("index\tname\n1\tTumor\n")
    found, notes = load(tmp_path, GRID)
    assert found.names == ["Tumor", "Tumor (2)"]
    assert 'b.nii: an ROI called "Tumor" is named "Tumor (2)" here' in notes


# Names --------------------------------------------------------------------------------------

TABLES = {
    "BIDS": (".tsv", "index\tname\tcolor\n1\tLiver\t#FF0000\n2\tLeft kidney\t#00ff01\n7\tVoxel\t#0000ff\n"),
    "commas": (".csv", 'label,name,r,g,b\n1,Liver,255,0,0\n2,"Left kidney",0,255,1\n7,Voxel,0,0,255\n'),
    "3D Slicer, new": (
        ".csv",
        "LabelValue,Name,Color_R,Color_G,Color_B,Color_A\n1,Liver,255,0,0,255\n2,Left kidney,0,255,1,255\n"
        "7,Voxel,0,0,255,255\n",
    ),
    "3D Slicer": (
        ".ctbl",
        '# Color table\n0 bg 0 0 0 0\n1 Liver 255 0 0 255\n2 "Left kidney" 0 255 1 255\n7 Voxel 0 0 255 255\n',
    ),
    "ITK-SNAP": (
        ".txt",
        "################\n# ITK-SnAP Label Description File\n################\n"
        '    0     0    0    0        0  0  0    "Clear Label"\n'
        '    1   255    0    0        1  1  1    "Liver"\n'
        '    2     0  255    1        0.5  1  1    "Left kidney"\n'
        '    7     0    0  255        1  1  1    "Voxel"\n',
    ),
    "FreeSurfer": (
        ".txt",
        '#No. Label Name: R G B A\n1  Liver  255 0 0 0\n2 "Left kidney" 0 255 1 0\n7  Voxel  0 0 255 0\n',
    ),
    "objects": (
        ".json",
        json.dumps(
            [
                {"value": 1, "name": "Liver", "color": [255, 0, 0]},
                {"value": 2, "name": "Left kidney", "color": "#00ff01"},
                {"value": 7, "name": "Voxel", "color": [0, 0, 255]},
            ]
        ),
    ),
}


@pytest.mark.parametrize(("suffix", "text"), TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("named", [False, True], ids=["beside the image", "named"])
def test_tables_of_several_programs(tmp_path, suffix, text, named):
    path = save(tmp_path / "seg.nii.gz", labelled())
    table = tmp_path / ("elsewhere" + suffix if named else "seg" + suffix)
    table.write_text(text)
    found, notes = load(path, GRID, table=table if named else None)
    assert same(masks(found), {n: labelled() == k for n, k in (("Liver", 1), ("Left kidney", 2), ("Voxel", 7))})
    assert [roi.color for roi in found.rois] == ["#ff0000", "#00ff01", "#0000ff"]
    assert notes == [f"seg.nii.gz: names are those of {table.name}"]


@pytest.mark.parametrize(
    "content",
    [
        {"1": "Liver", "2": "Left kidney", "7": "Voxel"},
        {"background": 0, "Liver": 1, "Left kidney": 2, "Voxel": 7},
        {"channel_names": {"0": "CT"}, "labels": {"background": 0, "Liver": 1, "Left kidney": "2", "Voxel": 7}},
        {"labels": {"background": 0, "Liver": 1, "Left kidney": 2, "Voxel": 7, "all": [1, 2, 7]}},
    ],
)
def test_names_in_json(tmp_path, content):
    path = save(tmp_path / "seg.nii.gz", labelled())
    (tmp_path / "seg.json").write_text(json.dumps(content))
    assert load(path, GRID)[0].names == ["Liver", "Left kidney", "Voxel"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("seg.json", b'{"EchoTime": 0.01, "SeriesNumber": 5, "Modality": "MR"}'),
        ("seg.json", b'{"SeriesNumber": 1, "Manufacturer": "Acme"}'),
        ("seg.json", b'{"labels": '),
        ("seg.json", b"[" * 100_000),
        ("seg.txt", b"drawn on Monday\n"),
        ("seg.txt", b"\xff\xfe\x00"),
        ("seg.tsv", b""),
        ("seg.csv", b"a,b\n1,2\n"),
    ],
)
def test_what_is_no_table_is_passed_by_beside_an_image_and_told_if_named(tmp_path, name, content):
    path = save(tmp_path / "seg.nii.gz", labelled())
    (tmp_path / name).write_bytes(content)
    assert load(path, GRID)[0].names == ["Label 1", "Label 2", "Label 7"]
    with pytest.raises(RoiError, match=f"{name}: holds no names of labels"):
        load(path, GRID, table=tmp_path / name)


def test_names_used_twice_unknown_or_unprintable(tmp_path):
    path = save(tmp_path / "seg.nii.gz", labelled())
    (tmp_path / "seg.tsv").write_text("index\tname\n1\tTumor\n7\tTumor\n9\tNowhere\n0\tBackground\n-1\tx\n1e3\ty\n")
    found, notes = load(path, GRID)
    assert found.names == ["Tumor", "Label 2", "Tumor (2)"]
    assert 'seg.nii.gz: an ROI called "Tumor" is named "Tumor (2)" here' in notes
    assert "seg.nii.gz: no name is known for the labels 2" in notes
    (tmp_path / "seg.tsv").write_text("index\tname\n1\tA\u200b\n2\t\u200b\n7\tB\n", encoding="utf-8")
    assert load(path, GRID)[0].names == ["A", "ROI", "B"]


def test_names_in_the_header(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    xml = (
        '<?xml version="1.0" encoding="UTF-8"?><CaretExtension><VolumeInformation Index="0"><LabelTable>'
        '<Label Key="1" Red="1" Green="0.5" Blue="0" Alpha="1"><![CDATA[Liver & more]]></Label>'
        '<Label Key="2" Red="x" Green="0" Blue="1" Alpha="1">Left &amp; kidney</Label>'
        '<Label Key="0" Red="0" Green="0" Blue="1" Alpha="1"><![CDATA[nothing]]></Label>'
        "</LabelTable></VolumeInformation></CaretExtension>"
    )
    for name in ("seg.nii", "seg.nii.gz"):
        image = nibabel.Nifti1Image(labelled().T, np.diag([-1, -1, 1, 1]) @ GRID.affine)
        image.header.extensions.append(nibabel.nifti1.Nifti1Extension(0, xml.encode()))
        image.to_filename(tmp_path / name)
        found, _ = load(tmp_path / name, GRID)
        assert found.names == ["Liver & more", "Left & kidney", "Label 7"]
        assert found.roi(1).color == "#ff8000"


# What is no label image ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (labelled() / np.float32(2), "fractions"),
        (np.where(labelled() == 1, np.float32("nan"), 0), "no numbers"),
        (np.where(labelled() == 1, np.float32("inf"), 0), "no numbers"),
        (labelled() - 1, r"negative numbers \(-1\)"),
        (np.stack([labelled(), labelled()]), "2 frames"),
    ],
)
def test_images_are_refused(tmp_path, values, message):
    path = save(tmp_path / "a.nii.gz", values)
    with pytest.raises(RoiError, match=message) as caught:
        load(path, GRID)
    assert caught.value.path == path


def test_an_image_of_many_numbers_is_refused(tmp_path):
    grid = Grid((50, 50, 2))
    with pytest.raises(RoiError, match="4999 different numbers: an image, not labels"):
        load(save(tmp_path / "ct.nii.gz", np.arange(5000, dtype=np.int16).reshape(grid.shape), grid), grid)


def test_an_empty_label_image_holds_no_rois(tmp_path):
    found, _ = load(save(tmp_path / "a.nii.gz", np.zeros(GRID.shape, np.uint8)), GRID)
    assert len(found) == 0


def test_a_further_layer_that_is_missing(tmp_path, draw):
    rois = draw(Grid((20, 16, 9)))
    _, second, *_ = write(rois, tmp_path / "rois.nii.gz")
    second.unlink()
    with pytest.raises(RoiError, match=r"rois\.layer2\.nii\.gz") as caught:
        load(tmp_path / "rois.nii.gz", rois.grid)
    assert caught.value.path == second


def test_options_of_another_format_are_refused(tmp_path):
    path = save(tmp_path / "a.nii.gz", labelled())
    with pytest.raises(RoiError, match=r"-flip is for \.rmha files only"):
        load(path, GRID, flip="x")


def test_a_compressed_file_of_another_kind(tmp_path):
    path = tmp_path / "notes.nii.gz"
    path.write_bytes(gzip.compress(b"hello"))
    with pytest.raises(RoiError, match=r"notes\.nii\.gz"):
        load(path, GRID)
