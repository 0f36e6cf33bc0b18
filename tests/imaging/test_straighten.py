"""Sheared volumes onto perpendicular axes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vqscript.imaging.dicom.header import scan
from vqscript.imaging.dicom.series import load_series
from vqscript.imaging.grid import Grid
from vqscript.imaging.straighten import straight_grid, straightened
from vqscript.imaging.volume import Volume

FIELD = np.array([0.5, -2.0, 3.0])  # a value that changes evenly in space is kept by linear interpolation


def sheared(tilt: float, sign: float = 1.0) -> Grid:
    angle = np.radians(tilt)
    direction = np.column_stack([(1, 0, 0), (0, np.cos(angle), -np.sin(angle)), (0, 0, sign)])
    return Grid((8, 12, 5), (1.5, 2.0, 4.0), (-10.0, 5.0, 30.0), direction, "1.2.3")


def field_on(grid: Grid) -> np.ndarray:
    index = np.stack(np.meshgrid(*(np.arange(n) for n in grid.size), indexing="ij"), axis=-1)
    return (grid.to_world(index) @ FIELD).T


@pytest.mark.parametrize("tilt", [14.0, -25.0])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_values_stay_at_their_places(tilt: float, sign: float) -> None:
    grid = sheared(tilt, sign)
    volume = Volume(field_on(grid).astype(np.float32), grid, unit="HU", warnings=("gantry tilt: slices are sheared",))
    straight = straightened(volume, fill=np.nan)
    assert not straight.grid.sheared
    assert straight.grid.frame_of_reference == "1.2.3"
    assert straight.grid.size[2] == 5
    assert straight.grid.spacing == pytest.approx((1.5, 2.0, 4.0 * np.cos(np.radians(tilt))))
    inside = np.isfinite(straight.values())
    # The outermost half voxel holds the outermost value: compare within the centres.
    index = grid.to_index(
        straight.grid.to_world(np.stack(np.indices(straight.grid.shape)[::-1], axis=-1).astype(float))
    )
    between = ((index >= -1e-6) & (index <= np.array(grid.size) - 1 + 1e-6)).all(axis=-1)
    assert inside[between].all()
    np.testing.assert_allclose(straight.values()[between], field_on(straight.grid)[between], atol=1e-3)
    assert straight.warnings == (
        f"resampled to perpendicular axes: the slices were sheared by {abs(tilt):.2f} degrees",
    )


def test_the_grid_covers_every_voxel_and_no_more_than_needed() -> None:
    grid = sheared(14)
    straight = straight_grid(grid)
    corners = straight.to_index(grid.to_world([(x, y, z) for x in (0, 7) for y in (0, 11) for z in (0, 4)]))
    assert (corners > -1e-6).all()
    assert (corners < np.array(straight.size) - 1 + 1e-6).all()
    assert straight.size[0] == 8
    assert straight.size[1] == 12 + np.ceil(4 * 4 * np.sin(np.radians(14)) / 2)


def test_stored_values_keep_their_slope_and_the_outside_is_the_lowest_value() -> None:
    grid = sheared(14)
    stored = np.full((2, *grid.shape), 100, dtype=np.int16)
    stored[:, 2, 3, 4] = 0
    volume = Volume(stored, grid, slope=2.0, intercept=-1024.0, unit="HU", frame_times=(0.0, 5.0))
    straight = straightened(volume)
    assert (straight.slope, straight.intercept, straight.unit) == (2.0, -1024.0, "HU")
    assert straight.stored.shape[0] == 2
    assert straight.range() == (-1024, -824)
    assert (straight.values(t=1)[0] == -1024).any()


def test_perpendicular_axes_are_left_alone() -> None:
    volume = Volume(np.zeros((2, 3, 4), np.int16), Grid((4, 3, 2)))
    assert straightened(volume) is volume


def test_a_real_tilted_series(data: Path) -> None:
    (volume,) = load_series(scan(data / "odd-series" / "gantrytilting")[0])
    straight = straightened(volume)
    assert not straight.grid.sheared
    assert straight.grid.size[2] == volume.grid.size[2]
    # The middle of each slice has hardly moved off its pixels' centres: the tissue there is the same.
    for k in range(volume.grid.size[2]):
        index = (256, 256, k)
        x, y, z = np.round(straight.grid.to_index(volume.grid.to_world(index))).astype(int)
        around = volume.values()[k, 254:259, 254:259]
        assert around.min() <= straight.values()[z, y, x] <= around.max()
