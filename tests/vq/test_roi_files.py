"""ROI files from scripts: every format both ways, options, and files that leave the session as it was."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest

from vqscript.imaging import nifti
from vqscript.imaging.volume import Volume

TOOL = 'mw:setViewMode("Slice View", "3D ROI Tool")\nlocal roi = VQ.currentOp()\n'


@pytest.fixture
def tool(lua, loaded):
    """Run Lua with ``roi`` at hand: Heart and Liver on layer 1, Rim around both on layer 2."""
    loaded.session.rois.clear()
    grid = loaded.session.reference.volume.grid
    for n, name in enumerate(("Heart", "Liver")):
        mask = np.zeros(grid.shape, bool)
        mask[3:9, 10:20, 5 + 20 * n : 15 + 20 * n] = True
        mask[5, 14, 9 + 20 * n] = False
        loaded.session.rois.set_mask(loaded.session.rois.add(name), mask)
    rim = np.zeros(grid.shape, bool)
    rim[2:10, 8:22, 3:40] = True
    loaded.session.rois.set_mask(loaded.session.rois.add("Rim", layer=loaded.session.rois.add_layer()), rim)
    return lambda code: lua(TOOL + code)


def masks(desk) -> dict[str, bytes]:
    rois = desk.session.rois
    return {roi.name: rois.mask(j).tobytes() for j, roi in enumerate(rois.rois, 1)}


@pytest.mark.parametrize(
    ("save", "files"),
    [
        ('"my.rois"', ["my.rois.rmha", "my.rois.layer2.rmha"]),
        ('"a.dcm"', ["a.dcm"]),
        ('"a.dcm", "rtstruct"', ["a.dcm"]),
        ('"a", "RTSTRUCT"', ["a.dcm"]),
        ('"a", "seg"', ["a.dcm"]),
        ('"a.nii.gz"', ["a.nii.gz", "a.layer2.nii.gz", "a.tsv"]),
        ('"a.nii"', ["a.nii", "a.layer2.nii", "a.tsv"]),
        ('"a", "nifti"', ["a.nii.gz", "a.layer2.nii.gz", "a.tsv"]),
        ('VQ.output, "rtstruct"', ["rois.dcm"]),
        ('VQ.output, "nifti"', ["rois.nii.gz", "rois.layer2.nii.gz", "rois.tsv"]),
        ("VQ.output", ["rois.rmha", "rois.layer2.rmha"]),
    ],
)
def test_every_format_comes_back(tool, loaded, save, files):
    before = masks(loaded)
    colors = [roi.color for roi in loaded.session.rois.rois]
    loaded.output.mkdir(exist_ok=True)
    printed = tool(f"""
        local files = roi:save({save})
        print(table.concat(files, " "))
        roi:clearAllROIs()
        print(table.concat(roi:load(files[1]), ","))
    """)
    assert printed == [" ".join(str(loaded.output / name) for name in files), "Heart,Liver,Rim"]
    assert masks(loaded) == before
    # CIELab rounds a colour by a step or so.
    for found, color in zip(loaded.session.rois.rois, colors, strict=True):
        assert np.abs(np.subtract(*(list(bytes.fromhex(c[1:])) for c in (found.color, color)))).max() <= 2


def test_what_a_dicom_file_is_follows_the_format(tool, loaded):
    tool('roi:save("seg.dcm") roi:save("rs.dcm", "rtstruct")')
    assert [pydicom.dcmread(loaded.output / name).Modality for name in ("seg.dcm", "rs.dcm")] == ["SEG", "RTSTRUCT"]


def test_empty_rois(tool, loaded):
    tool('roi:addROI("Nothing") roi:save("seg.dcm") roi:save("rs.dcm", "rtstruct") roi:save("all")')
    assert any("seg.dcm: without Nothing: a SEG holds no empty ROI" in line for line in loaded.logged)
    for name, count in (("seg.dcm", 4), ("rs.dcm", 5), ("all.rmha", 5)):
        assert tool(f'roi:clearAllROIs() roi:load("{name}") print(roi:numROIs())') == [str(count)]


def test_a_reversed_rmha(tool, loaded):
    heart = loaded.session.rois.mask(1)
    tool('roi:save("a") roi:clearAllROIs() roi:load("a.rmha", {"Heart"}, "-flip", "xz")')
    assert loaded.session.rois.names == ["Heart"]
    assert np.array_equal(loaded.session.rois.mask(1), heart[::-1, :, ::-1])


def test_names_of_labels_from_another_table(tool, loaded):
    tool('roi:save("a.nii.gz")')
    (loaded.output / "a.tsv").unlink()
    (loaded.output / "names.csv").write_text("index,name\n1,Cor\n2,Hepar\n")
    assert tool("""
        roi:clearAllROIs()
        print(table.concat(roi:load("a.nii.gz", nil, "-labels", VQ.output .. "/names.csv"), ","))
    """) == ["Cor,Hepar"]


def test_another_frame_of_reference_only_if_asked(tool, loaded, fails):
    tool('roi:save("a.dcm") roi:save("b.dcm", "rtstruct")')
    before = masks(loaded)
    for name in ("a.dcm", "b.dcm"):
        ds = pydicom.dcmread(loaded.output / name)
        ds.FrameOfReferenceUID = "1.2.3"
        for item in ds.get("StructureSetROISequence", ()):
            item.ReferencedFrameOfReferenceUID = "1.2.3"
        ds.save_as(loaded.output / name)
        error = fails(f'{TOOL} roi:load("{name}", {{"Heart"}})')
        assert "frame of reference 1.2.3, but the image has" in str(error)
        assert '"-anyframe", true' in error.hint
        assert masks(loaded) == before
        assert tool(f'roi:clearAllROIs() print(#roi:load("{name}", nil, "-anyframe", true))') == ["3"]
        assert masks(loaded) == before


def test_masks_of_a_folder_onto_an_image_of_other_voxels(tool, loaded):
    grid = loaded.session.reference.volume.grid
    coarse = grid.__class__(
        tuple(n // 2 for n in grid.size), tuple(2 * s for s in grid.spacing), grid.origin, grid.direction
    )
    folder = loaded.output / "masks"
    folder.mkdir(parents=True)
    for n, name in enumerate(("liver", "spleen")):
        mask = np.zeros(coarse.shape, np.uint8)
        mask[2, 3:6, 4 + 4 * n : 7 + 4 * n] = 1
        nifti.write(Volume(mask, coarse), folder / f"{name}.nii.gz")
    tool('roi:clearAllROIs() print(#roi:load(VQ.output .. "/masks"))')
    assert [loaded.session.rois.count(j) for j in (1, 2)] == [9 * 8, 9 * 8]
    assert any("liver.nii.gz: the labels lie on other voxels" in line for line in loaded.logged)


@pytest.mark.parametrize(
    ("call", "message", "hint"),
    [
        ('roi:save("a.csv")', 'cannot be saved as ".csv"', ".rmha, .dcm, .nii.gz are possible"),
        ('roi:save("a.dcm", "nifti")', 'cannot be saved as ".dcm"', ".nii.gz, .nii are possible"),
        ('roi:save("a.dcm", "rtstuct")', 'not saved as "rtstuct"', 'did you mean "rtstruct"'),
        ('roi:load("a.rmha", nil, "-flip", "w")', 'flip "w" is not understood', '"x"'),
        ('roi:load("a.rmha", nil, "-anyfram", true)', 'no option "-anyfram"', '"-anyframe"'),
        ('roi:load("a.rmha", nil, "-labels", "a.rmha")', "-labels is for NIfTI label images only", ""),
        ('roi:load("a.rmha")', '"Heart" already', "Heart (2)"),
        ('roi:load("text.txt")', "holds no ROIs", "NIfTI label"),
    ],
)
def test_what_cannot_be_leaves_the_session_as_it_was(tool, loaded, fails, call, message, hint):
    tool('roi:save("a")')
    (loaded.output / "text.txt").write_text("hello")
    before, rois = masks(loaded), loaded.session.rois
    error = fails(TOOL + call)
    assert message in str(error)
    assert hint in error.hint
    assert loaded.session.rois is rois
    assert masks(loaded) == before
