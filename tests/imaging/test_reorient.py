"""Moving, turning and mirroring: where a marked voxel ends up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vqscript.errors import UsageError
from vqscript.imaging.grid import Grid
from vqscript.imaging.reorient import centre, flip, rotate, translate
from vqscript.imaging.resampled import to_grid
from vqscript.imaging.volume import Source, Timing, Volume

GRID = Grid((5, 4, 3), (1.0, 2.0, 3.0), (10.0, 20.0, 30.0), np.diag([1.0, -1.0, -1.0]))


@pytest.fixture
def marked() -> Volume:
    stored = np.zeros((3, 4, 5), np.int16)
    stored[0, 1, 3] = 100
    return Volume(stored, GRID, unit="HU", slope=2.0, intercept=-1000.0, modality="CT")


def place(volume: Volume) -> np.ndarray:
    """World position of the largest voxel."""
    z, y, x = np.unravel_index(volume.stored.argmax(), volume.stored.shape)
    return volume.grid.to_world((x, y, z))


def test_translation_moves_the_place_and_no_voxel(marked: Volume) -> None:
    found = translate(marked, (1.5, -2.0, 0.25))
    np.testing.assert_allclose(place(found) - place(marked), (1.5, -2.0, 0.25))
    assert found.stored is marked.stored
    assert (found.unit, found.slope, found.intercept) == ("HU", 2.0, -1000.0)


def test_rotation_about_the_centre(marked: Volume) -> None:
    np.testing.assert_allclose(centre(marked), (12.0, 17.0, 27.0))
    found = rotate(marked, (0, 0, 90))
    assert found.stored is marked.stored
    np.testing.assert_allclose(centre(found), centre(marked))
    # The voxel lies at (13, 18, 30): one to the left of the centre and one behind it. From the left to the back.
    np.testing.assert_allclose(place(found), (11.0, 18.0, 30.0))


def test_rotation_about_a_point(marked: Volume) -> None:
    np.testing.assert_allclose(place(rotate(marked, (0, 0, 180), about=(0, 0, 0))), (-13.0, -18.0, 30.0))


def test_a_quarter_turn_on_the_old_grid_is_a_turn_of_the_array() -> None:
    values = np.random.default_rng(4).random((4, 6, 6), dtype=np.float32)
    volume = Volume(values, Grid((6, 6, 4)))
    found = to_grid(rotate(volume, (0, 0, 90)), volume.grid)
    # x goes to y, so rows become columns: from axis 2 (x) to axis 1 (y).
    np.testing.assert_allclose(found.stored, np.rot90(values, axes=(2, 1)), atol=1e-5)


@pytest.mark.parametrize(("axis", "expected"), [("x", (11, 18, 30)), ("y", (13, 16, 30)), ("z", (13, 18, 24))])
def test_flip_mirrors_the_image_about_its_centre(marked: Volume, axis: str, expected: tuple[float, ...]) -> None:
    before = marked.stored.copy()
    found = flip(marked, axis)  # type: ignore[arg-type]
    np.testing.assert_allclose(place(found), expected)
    assert found.grid is marked.grid
    assert (found.unit, found.slope, found.stored.dtype) == ("HU", 2.0, np.int16)
    assert found.stored.flags.c_contiguous
    np.testing.assert_array_equal(marked.stored, before)
    np.testing.assert_array_equal(flip(found, axis).stored, before)  # type: ignore[arg-type]


def test_flipped_slices_take_their_times_and_files_along() -> None:
    start = np.array(["2025-01-01T10:00", "2025-01-01T10:01", "2025-01-01T10:02"], "datetime64[us]")
    start = np.stack([start, start + np.timedelta64(1, "h")])
    files = tuple(Path(f"{t}{z}.dcm") for t in range(2) for z in range(3))
    volume = Volume(
        np.zeros((2, 3, 4, 5), np.float32),
        GRID,
        source=Source("1", "2", files, tuple(str(file.stem) for file in files)),
        timing=Timing(start, np.full((2, 1), 60.0), np.full((2, 1), np.nan)),
    )
    found = flip(volume, "z")
    assert found.source.sop_uids == ("02", "01", "00", "12", "11", "10")
    assert [file.stem for file in found.source.paths] == list(found.source.sop_uids)
    assert found.timing is not None
    np.testing.assert_array_equal(found.timing.start, start[:, ::-1])
    assert flip(volume, "x").source is volume.source


@pytest.mark.parametrize(
    "call",
    [
        lambda v: flip(v, "w"),
        lambda v: translate(v, (1.0, 2.0)),
        lambda v: translate(v, (1.0, 2.0, float("nan"))),
        lambda v: rotate(v, (1.0, 2.0, 3.0, 4.0)),
        lambda v: rotate(v, (1.0, 2.0, 3.0), about=(0.0,)),
    ],
)
def test_refused(marked: Volume, call: object) -> None:
    with pytest.raises(UsageError) as caught:
        call(marked)  # type: ignore[operator]
    assert caught.value.hint
