"""NIfTI: what is written is read back, and nibabel agrees in both directions."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from vqscript.errors import GeometryError, ImageError, Unsupported, UsageError, VqError
from vqscript.imaging import nifti
from vqscript.imaging.dicom.header import scan
from vqscript.imaging.dicom.series import load_series
from vqscript.imaging.grid import Grid
from vqscript.imaging.nifti.header import NIFTI1
from vqscript.imaging.volume import Volume

TURN = np.diag([-1.0, -1.0, 1.0, 1.0])
WHOLE = ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8")

random = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def grids(draw: st.DrawFn, *, sheared: bool = True) -> Grid:
    size = tuple(draw(st.integers(1, 6)) for _ in range(3))
    spacing = tuple(draw(st.floats(0.05, 12)) for _ in range(3))
    origin = tuple(draw(st.floats(-900, 900)) for _ in range(3))
    turn = Rotation.from_euler(
        "xyz", [draw(st.sampled_from([0, 90, 180, 270]) | st.floats(-180, 180)) for _ in range(3)], degrees=True
    )
    direction = turn.as_matrix() * [draw(st.sampled_from([1, -1])) for _ in range(3)]
    if sheared and draw(st.booleans()):
        direction[:, 2] += draw(st.floats(0.05, 0.6)) * direction[:, 1]
        direction[:, 2] /= np.linalg.norm(direction[:, 2])
    return Grid(size, spacing, origin, direction)


@st.composite
def volumes(draw: st.DrawFn) -> Volume:
    grid = draw(grids())
    frames = draw(st.integers(1, 3))
    shape = grid.shape if frames == 1 else (frames, *grid.shape)
    dtype = np.dtype(draw(st.sampled_from([*WHOLE, "f4", "f8", "?", ">i2"])))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if dtype.kind == "f":
        stored = rng.normal(scale=1000, size=shape).astype(dtype)
    elif dtype.kind == "b":
        stored = rng.random(shape) > 0.5
    else:
        stored = rng.integers(np.iinfo(dtype).min, np.iinfo(dtype).max, shape, dtype.newbyteorder("="), True).astype(
            dtype
        )
    times = tuple(np.cumsum(rng.uniform(1, 60, frames)).tolist()) if frames > 1 and draw(st.booleans()) else ()
    return Volume(
        stored,
        grid,
        unit=draw(st.sampled_from(["", "HU", "Bq/mL", "%ID/g", "SUVbw", "counts"])),
        slope=draw(st.sampled_from([1.0, 0.5, -2.0, 1e-50, 3.7e-4])),
        intercept=draw(st.sampled_from([0.0, -1024.0, 0.1])),
        frame_times=times,
    )


def volume(shape=(3, 4, 5), dtype="i2", **about) -> Volume:
    stored = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    return Volume(stored, Grid(shape[:-4:-1], (1.5, 2.0, 4.0), (-10.0, 20.0, 30.0)), **about)


def same_places(grid: Grid, affine: np.ndarray, tolerance: float = 2e-3) -> bool:
    """Whether a grid and an affine in RAS put the corners at the same places, as far as 32 bits go."""
    far = np.array(np.meshgrid(*[(0, n - 1) for n in grid.size])).reshape(3, -1).T
    ras = np.c_[far, np.ones(len(far))] @ affine.T
    return bool(np.abs(ras[:, :3] * [-1, -1, 1] - grid.to_world(far)).max() < tolerance)


# ---- there and back --------------------------------------------------------------------------------------


@random
@given(volumes(), st.sampled_from([".nii", ".nii.gz"]))
def test_written_and_read_again_values_places_unit_and_times_are_the_same(tmp_path, before, suffix):
    path = tmp_path / f"image{suffix}"
    nifti.write(before, path)
    after = nifti.read(path)
    assert after.grid.matches(before.grid, tolerance=2e-3)
    for t in range(before.frames):
        assert np.array_equal(after.values(t=t), before.values(t=t))
    assert after.unit == before.unit
    assert after.frame_times == before.frame_times
    kept = before.stored.dtype.kind in "iu" and before.slope != 1e-50
    assert after.stored.dtype == (before.stored.dtype.newbyteorder("=") if kept else after.stored.dtype)
    assert kept == (after.stored.dtype.kind in "iu") or before.stored.dtype.kind == "b"
    assert after.stored.flags.c_contiguous and after.stored.dtype.isnative


@random
@given(volumes())
def test_nibabel_reads_what_is_written(tmp_path, before):
    path = tmp_path / "image.nii"
    nifti.write(before, path)
    image = nib.load(path)
    assert same_places(before.grid, image.affine)
    values = np.asarray(image.dataobj).T.reshape(before.frames, *before.grid.shape)
    for t in range(before.frames):
        np.testing.assert_allclose(values[t], before.values(t=t).astype(float), rtol=1e-6, atol=1e-4)
    assert image.get_sform(coded=True)[1] == 1
    assert image.get_qform(coded=True)[1] == (0 if before.grid.sheared else 1)
    assert image.header.get_xyzt_units()[0] == "mm"


@random
@given(
    grids(sheared=False), st.sampled_from("<>"), st.sampled_from(["both", "sform", "qform"]), st.sampled_from([1, 2])
)
def test_what_nibabel_writes_is_read(tmp_path, grid, order, forms, version):
    affine = TURN @ grid.affine
    kind, header = {1: (nib.Nifti1Image, nib.Nifti1Header), 2: (nib.Nifti2Image, nib.Nifti2Header)}[version]
    values = np.arange(np.prod(grid.size), dtype=np.int16).reshape(grid.size)
    image = kind(values, affine, header(endianness=order))
    image.set_sform(affine if forms != "qform" else None, 1 if forms != "qform" else 0)
    image.set_qform(affine if forms != "sform" else None, 1 if forms != "sform" else 0)
    image.header.set_xyzt_units("mm", "sec")
    path = tmp_path / "image.nii"
    image.to_filename(path)
    read = nifti.read(path)
    # 32 bits of a quaternion near half a turn hold the angle to some 1e-3 only.
    tolerance = 2e-3 if forms != "qform" else 2e-3 * max(1.0, float(np.dot(grid.size, grid.spacing)))
    assert same_places(read.grid, nib.load(path).affine, tolerance)
    assert same_places(read.grid, affine, tolerance)
    assert np.array_equal(read.stored, values.T)
    assert read.warnings == ()


# ---- types and scaling -----------------------------------------------------------------------------------


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("dtype", [*WHOLE, "f4", "f8"])
def test_every_datatype_in_both_byte_orders(tmp_path, dtype, order):
    values = (np.arange(24).reshape(2, 3, 4) * 3 - 9 * (np.dtype(dtype).kind != "u")).astype(dtype)
    image = nib.Nifti1Image(values, np.eye(4), nib.Nifti1Header(endianness=order), dtype=dtype)
    image.header.set_xyzt_units("mm")
    image.to_filename(tmp_path / "image.nii")
    assert nib.load(tmp_path / "image.nii").header.endianness == order
    read = nifti.read(tmp_path / "image.nii")
    assert np.array_equal(read.stored, values.T)
    assert read.stored.dtype == (np.float32 if dtype == "f8" else np.dtype(dtype))


@pytest.mark.parametrize("dtype", ["i2", "f4", "f8"])
def test_scaling_of_whole_numbers_is_kept_and_of_others_applied(tmp_path, dtype):
    image = nib.Nifti1Image(np.arange(24, dtype=dtype).reshape(2, 3, 4), np.eye(4))
    image.to_filename(tmp_path / "image.nii")
    edit(tmp_path / "image.nii", scl_slope=0.5, scl_inter=-3)
    read = nifti.read(tmp_path / "image.nii")
    assert (read.slope, read.intercept) == ((0.5, -3) if dtype == "i2" else (1, 0))
    assert np.array_equal(read.values(), np.asarray(nib.load(tmp_path / "image.nii").dataobj).T)


@pytest.mark.parametrize("slope", [0.0, np.nan])
def test_a_slope_of_zero_or_nan_means_none(tmp_path, slope):
    path = saved(tmp_path, scl_slope=slope, scl_inter=7)
    assert (nifti.read(path).slope, nifti.read(path).intercept) == (1, 0)


def test_a_slope_that_32_bits_cannot_hold_writes_values(tmp_path):
    nifti.write(volume(dtype="u1", slope=1e-44), tmp_path / "image.nii")
    read = nifti.read(tmp_path / "image.nii")
    assert read.stored.dtype == np.float32 and read.slope == 1


def test_doubles_beyond_32_bits_are_told(tmp_path):
    nib.Nifti1Image(np.full((2, 2, 2), 1e300), np.eye(4)).to_filename(tmp_path / "image.nii")
    assert any("too large for 32 bits" in warning for warning in nifti.read(tmp_path / "image.nii").warnings)


@pytest.mark.parametrize(("dtype", "what"), [("c8", "complex"), ([("R", "u1"), ("G", "u1"), ("B", "u1")], "colours")])
def test_voxels_that_are_no_single_number_are_refused(tmp_path, dtype, what):
    nib.Nifti1Image(np.zeros((2, 2, 2), dtype), np.eye(4)).to_filename(tmp_path / "image.nii")
    with pytest.raises(Unsupported, match=rf"image\.nii: holds {what}"):
        nifti.read(tmp_path / "image.nii")


# ---- places ----------------------------------------------------------------------------------------------


def test_ras_becomes_lps(tmp_path):
    affine = np.array([[2.0, 0, 0, 10], [0, 3, 0, 20], [0, 0, 4, 30], [0, 0, 0, 1]])
    nib.Nifti1Image(np.zeros((2, 3, 4), np.int16), affine).to_filename(tmp_path / "image.nii")
    grid = nifti.read(tmp_path / "image.nii").grid
    assert grid.origin == (-10, -20, 30)
    assert grid.spacing == (2, 3, 4)
    assert np.array_equal(grid.direction, np.diag([-1, -1, 1]))


def test_sform_goes_before_qform_and_a_disagreement_is_told(tmp_path):
    image = nib.Nifti1Image(np.zeros((20, 20, 20), np.int16), np.eye(4))
    image.set_sform(np.diag([2.0, 2, 2, 1]), 4)
    image.set_qform(np.eye(4), 1)
    image.to_filename(tmp_path / "image.nii")
    read = nifti.read(tmp_path / "image.nii")
    assert read.grid.spacing == (2, 2, 2)
    told = "\n".join(read.warnings)
    assert "sform (MNI 152) and qform (scanner) place voxels up to 16.5 voxels apart" in told
    assert "those of a template" in told


def test_an_unusable_sform_leaves_the_qform(tmp_path):
    path = saved(tmp_path, sform_code=1, srow=np.zeros((3, 4)))
    read = nifti.read(path)
    assert read.grid.matches(volume().grid)
    assert "the sform (code 1) is no matrix" in read.warnings[0]


def test_without_sform_and_qform_the_voxel_sizes_are_left(tmp_path):
    read = nifti.read(saved(tmp_path, sform_code=0, qform_code=0))
    assert read.grid.spacing == (1.5, 2, 4)
    assert read.grid.origin == (0, 0, 0)
    assert any("no sform and no qform" in warning for warning in read.warnings)


def test_a_sheared_affine_is_kept_and_told(tmp_path):
    affine = np.array([[2.0, 0, 0, 0], [0, 2, 1, 0], [0, 0, 3, 0], [0, 0, 0, 1]])
    image = nib.Nifti1Image(np.zeros((2, 3, 4), np.int16), None)
    image.set_sform(affine, 1)
    image.to_filename(tmp_path / "image.nii")
    read = nifti.read(tmp_path / "image.nii")
    assert same_places(read.grid, affine, 1e-5)
    assert any("18.43 degrees off a right angle" in warning for warning in read.warnings)


@pytest.mark.parametrize(("unit", "factor"), [("meter", 1000), ("mm", 1), ("micron", 0.001)])
def test_units_of_length(tmp_path, unit, factor):
    image = nib.Nifti1Image(np.zeros((2, 3, 4), np.int16), np.diag([2.0, 3, 4, 1]))
    image.header.set_xyzt_units(unit)
    image.to_filename(tmp_path / "image.nii")
    assert nifti.read(tmp_path / "image.nii").grid.spacing == pytest.approx(np.array([2, 3, 4]) * factor)


def test_a_slice_without_thickness(tmp_path):
    path = saved(tmp_path, (4, 5), sform_code=0, qform_code=0, pixdim=[1, 2, 2, 0, 0, 0, 0, 0])
    assert nifti.read(path).grid.spacing == (2, 2, 1)
    with pytest.raises(GeometryError, match=r"measure 0 along axis 2"):
        nifti.read(saved(tmp_path, (4, 5), sform_code=0, qform_code=0, pixdim=[1, 2, 0, 0, 0, 0, 0, 0]))


@pytest.mark.parametrize("size", [1e-300, 1e300, np.nan])
def test_voxels_of_no_real_size_are_refused(tmp_path, size):
    image = nib.Nifti2Image(np.zeros((2, 3, 4), np.int16), None)
    image.header["pixdim"][1:4] = size
    image.to_filename(tmp_path / "image.nii")
    with pytest.raises(GeometryError, match="along axis 1, which cannot be"):
        nifti.read(tmp_path / "image.nii")


# ---- time ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("unit", "factor"), [("sec", 1), ("msec", 1e-3), ("usec", 1e-6)])
def test_units_of_time(tmp_path, unit, factor):
    image = nib.Nifti1Image(np.zeros((2, 3, 4, 3), np.int16), np.eye(4))
    image.header.set_zooms((1, 1, 1, 5))
    image.header.set_xyzt_units("mm", unit)
    image.to_filename(tmp_path / "image.nii")
    assert nifti.read(tmp_path / "image.nii").frame_times == pytest.approx((0, 5 * factor, 10 * factor))


def test_frames_that_are_no_times(tmp_path):
    image = nib.Nifti1Image(np.zeros((2, 3, 4, 3), np.int16), np.eye(4))
    image.header.set_zooms((1, 1, 1, 5))
    image.header.set_xyzt_units("mm", "ppm")
    image.to_filename(tmp_path / "image.nii")
    read = nifti.read(tmp_path / "image.nii")
    assert read.frame_times == ()
    assert any("not counted by time" in warning for warning in read.warnings)


def test_equal_steps_stand_in_the_header_and_unequal_ones_in_an_extension(tmp_path):
    path = tmp_path / "image.nii.gz"
    nifti.write(volume((3, 2, 2, 2), frame_times=(0.0, 30.0, 60.0)), path)
    assert nib.load(path).header.get_zooms()[3] == 30 and not nib.load(path).header.extensions
    assert nifti.read(path).frame_times == (0, 30, 60)
    nifti.write(volume((3, 2, 2, 2), frame_times=(0.0, 10.5, 60.0)), path)
    (extension,) = nib.load(path).header.extensions
    assert extension.get_code() == 6 and b"0.0 10.5 60.0" in extension.content
    assert nifti.read(path).frame_times == (0, 10.5, 60)


def test_extensions_of_others_are_passed_by(tmp_path):
    image = nib.Nifti1Image(np.arange(24, dtype=np.int16).reshape(1, 2, 3, 4), np.eye(4))
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"frame times in s: soon"))
    image.header.extensions.append(nib.nifti1.Nifti1Extension(4, b"x" * 5000))
    image.to_filename(tmp_path / "image.nii")
    read = nifti.read(tmp_path / "image.nii")
    assert np.array_equal(read.stored, np.arange(24).reshape(1, 2, 3, 4).T)


# ---- units -----------------------------------------------------------------------------------------------


def test_only_a_known_unit_is_read_back(tmp_path):
    nifti.write(volume(unit="1/min"), tmp_path / "image.nii")
    read = nifti.read(tmp_path / "image.nii")
    assert read.unit == ""
    assert any('"1/min" is no unit' in warning for warning in read.warnings)
    assert nifti.read(saved(tmp_path, descrip=b"FSL5.0")).unit == ""


# ---- damaged and hostile files ---------------------------------------------------------------------------


def edit(path: Path, **fields) -> Path:
    """Change fields of the header of a file, little endian."""
    raw = bytearray(path.read_bytes())
    header = np.frombuffer(raw, dtype=NIFTI1, count=1)
    for name, value in fields.items():
        header[name] = value
    path.write_bytes(raw)
    return path


def saved(folder: Path, shape=(3, 4, 5), **fields) -> Path:
    path = folder / "image.nii"
    nifti.write(volume((1, *shape) if len(shape) == 2 else shape), path)
    return edit(path, **fields)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"dim": [3, 30000, 30000, 3, 1, 1, 1, 1]}, "is cut short or damaged"),
        ({"dim": [4, 32767, 32767, 32767, 32767, 1, 1, 1]}, "more than is read"),
        ({"dim": [3, -5, 4, 3, 1, 1, 1, 1]}, "which cannot be"),
        ({"dim": [0, 5, 4, 3, 1, 1, 1, 1]}, "has 0 dimensions"),
        ({"dim": [5, 5, 4, 1, 1, 3, 1, 1]}, "several values in each voxel"),
        ({"vox_offset": np.nan}, "begin at byte nan"),
        ({"vox_offset": 0}, "begin at byte 0"),
        ({"vox_offset": 1e9}, "is cut short or damaged"),
        ({"scl_slope": np.inf}, "scales its values by inf"),
        ({"bitpix": 8}, "says 8 bits"),
        ({"datatype": 77}, "voxels of datatype 77"),
        ({"magic": b"ni1"}, "image in two files"),
        ({"magic": b""}, "is no NIfTI file"),
        ({"sizeof_hdr": 7}, "is no NIfTI file"),
    ],
)
@pytest.mark.parametrize("compressed", [False, True])
def test_headers_that_cannot_be_are_refused_before_anything_is_allocated(tmp_path, fields, reason, compressed):
    path = saved(tmp_path, **fields)
    if compressed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    tracemalloc.start()
    try:
        with pytest.raises(ImageError, match=reason) as caught:
            nifti.read(path)
        assert tracemalloc.get_traced_memory()[1] < 1 << 23
    finally:
        tracemalloc.stop()
    assert caught.value.path == path and str(path) in str(caught.value)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_a_file_cut_short_anywhere_is_refused(tmp_path, suffix):
    path = tmp_path / f"image{suffix}"
    nifti.write(volume(), path)
    whole = path.read_bytes()
    for length in (*range(0, len(whole) - 1, 7), len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ImageError, match="image"):
            nifti.read(path)


def test_a_flipped_bit_in_a_compressed_file_never_changes_a_value(tmp_path):
    path = tmp_path / "image.nii.gz"
    nifti.write(volume((8, 9, 10)), path)
    whole = path.read_bytes()
    places = range(10, len(whole), 7)
    noticed = 0
    for place in places:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1 :])
        try:
            read = nifti.read(path)  # some bits of a deflate stream do not matter
        except ImageError:
            noticed += 1
        else:
            assert np.array_equal(read.stored, volume((8, 9, 10)).stored)
    assert noticed > 0.9 * len(places)


@random
@given(st.lists(st.tuples(st.integers(0, 351), st.integers(0, 255)), min_size=1, max_size=12))
def test_any_damage_to_the_header_is_an_error_or_a_volume(tmp_path, changes):
    path = tmp_path / "image.nii"
    nifti.write(volume(), path)
    raw = bytearray(path.read_bytes())
    for place, byte in changes:
        raw[place] = byte
    path.write_bytes(raw)
    try:
        read = nifti.read(path)
    except ImageError as error:
        assert error.path == path
    else:
        assert np.isfinite(read.grid.affine).all() and read.grid.voxel_volume > 0


def test_a_bomb_swells_no_further_than_its_header_says(tmp_path):
    path = saved(tmp_path)
    path.write_bytes(gzip.compress(path.read_bytes() + bytes(1 << 26)))
    tracemalloc.start()
    try:
        read = nifti.read(path)
        assert tracemalloc.get_traced_memory()[1] < 1 << 23
    finally:
        tracemalloc.stop()
    assert np.array_equal(read.stored, volume().stored)
    assert read.warnings == ("4194304 bytes or more follow the voxels: the header may be damaged",)


@pytest.mark.parametrize("dtype", ["i2", "f8"])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_reading_and_writing_take_one_array(tmp_path, dtype, suffix):
    path = tmp_path / f"image{suffix}"
    large = volume((64, 200, 200), dtype)
    tracemalloc.start()
    try:
        nifti.write(large, path)
        assert tracemalloc.get_traced_memory()[1] < 1 << 22
        tracemalloc.reset_peak()
        read = nifti.read(path)
        assert tracemalloc.get_traced_memory()[1] < read.stored.nbytes + (6 << 20)
    finally:
        tracemalloc.stop()


def test_no_such_file(tmp_path):
    with pytest.raises(ImageError, match=r"gone\.nii: cannot be read"):
        nifti.read(tmp_path / "gone.nii")


# ---- writing ---------------------------------------------------------------------------------------------


def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "image.nii"
    path.write_bytes(b"before")
    monkeypatch.setattr("vqscript.imaging.nifti.writer.np.ascontiguousarray", fails)
    with pytest.raises(VqError, match="disk full"):
        nifti.write(volume(), path)
    assert [one.name for one in tmp_path.iterdir()] == ["image.nii"] and path.read_bytes() == b"before"


def fails(*_: object, **__: object) -> None:
    raise OSError("disk full")


def test_the_same_volume_makes_the_same_compressed_file(tmp_path):
    nifti.write(volume(), tmp_path / "one.nii.gz")
    nifti.write(volume(), tmp_path / "two.nii.gz")
    assert (tmp_path / "one.nii.gz").read_bytes() == (tmp_path / "two.nii.gz").read_bytes()


def test_names_and_sizes_that_nifti_does_not_have(tmp_path):
    with pytest.raises(UsageError, match="no name of a NIfTI file"):
        nifti.write(volume(), tmp_path / "image.img")
    with pytest.raises(ImageError, match="do not fit into NIfTI-1"):
        nifti.write(volume((1, 1, 32768), "u1"), tmp_path / "image.nii")


# ---- real images -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("patient", ["STS_008", "STS_019", "STS_025", "STS_042"])
@pytest.mark.parametrize("kind", ["CT", "PET", "MR_T1"])
def test_real_images_equal_their_dicom_series(data, patient, kind):
    (series,) = load_series(scan(data / "sts" / patient / "dicom" / kind / "image")[0])
    image = nifti.read(data / "sts" / patient / "nifti" / f"{kind}_image.nii.gz")
    assert image.grid.matches(series.grid, tolerance=0.01)
    np.testing.assert_allclose(image.values(), series.values(), rtol=1e-5, atol=1e-3)
    assert image.warnings == ()


@pytest.mark.parametrize("folder", ["odd-series/slicecount", "enhanced/siemens_mr"])
@pytest.mark.parametrize("name", ["001_ground_truth.nii.gz", "001_ground_truth_reoriented.nii.gz"])
def test_real_images_in_other_orders_put_each_value_where_the_series_has_it(data, folder, name):
    (series,) = load_series(scan(data / folder / "001")[0])
    image = nifti.read(data / folder / name)
    index = np.indices(image.grid.shape).reshape(3, -1)[::-1].T
    there = series.grid.to_index(image.grid.to_world(index))
    x, y, z = np.rint(there).astype(int).T
    assert np.abs(there - np.rint(there)).max() < 1e-2
    assert np.array_equal(series.values()[z, y, x], image.values().ravel())
