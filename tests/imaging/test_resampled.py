"""Volumes on other grids: totals, types, frames, times, and the grid of another spacing."""

from __future__ import annotations

import numpy as np
import pytest

from vqscript.errors import UsageError
from vqscript.imaging.grid import Grid
from vqscript.imaging.resampled import METHODS, grid_of_spacing, to_grid, to_spacing
from vqscript.imaging.volume import Timing, Volume

RNG = np.random.default_rng(2)


def blob(unit: str, n: int = 40) -> Volume:
    """A Gaussian of 8 mm standard deviation in the middle of 2 mm voxels, rounded to nothing."""
    x = (np.arange(n) - n / 2 + 0.5) * 2
    line = np.exp(-(x**2) / (2 * 8.0**2))
    values = (1000 * line[:, None, None] * line[:, None] * line).astype(np.float32)
    return Volume(values, Grid((n, n, n), (2.0, 2.0, 2.0), (-n + 1.0,) * 3), unit=unit)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("spacing", [1.0, (3.0, 2.5, 4.0)])
def test_per_voxel_units_keep_their_total(method: str, spacing: float | tuple[float, float, float]) -> None:
    volume = blob("uCi")
    found = to_spacing(volume, spacing, method)  # type: ignore[arg-type]
    assert found.unit == "uCi"
    total = float(found.scaled(found.stored).sum(dtype=np.float64))
    assert total == pytest.approx(float(volume.stored.sum(dtype=np.float64)), rel=2e-3)


@pytest.mark.parametrize("method", METHODS)
def test_densities_keep_their_level(method: str) -> None:
    volume = Volume(np.full((6, 6, 6), 7.5, np.float32), Grid((6, 6, 6), (2.0, 2.0, 2.0)), unit="Bq/mL")
    found = to_spacing(volume, 1.5, method)  # type: ignore[arg-type]
    np.testing.assert_allclose(found.values(), 7.5, rtol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_stored_integers_give_the_same_values(method: str) -> None:
    stored = RNG.integers(0, 2000, (8, 9, 10), dtype=np.int16)
    grid = Grid((10, 9, 8), (1.0, 1.2, 2.0))
    ct = Volume(stored, grid, unit="HU", slope=2.0, intercept=-1024.0, modality="CT")
    as_float = Volume(ct.scaled(stored), grid, unit="HU", modality="CT")
    target = Grid((14, 12, 9), (0.9, 1.0, 1.6), (-2.0, 0.1, 0.2))
    found = to_grid(ct, target, method, fill=-1000.0)  # type: ignore[arg-type]
    expected = to_grid(as_float, target, method, fill=-1000.0)  # type: ignore[arg-type]
    np.testing.assert_allclose(found.values(), expected.values(), atol=2e-3)
    assert (found.values() == -1000).any()
    assert found.stored.dtype == (np.int16 if method == "nearest" else np.float32)


def test_nearest_turns_to_float_only_for_a_fill_that_the_type_cannot_hold() -> None:
    ct = Volume(np.zeros((4, 4, 4), np.uint16), Grid((4, 4, 4)), unit="HU", intercept=-1024.0)
    target = Grid((6, 4, 4))
    assert to_grid(ct, target, "nearest", fill=-1024.0).stored.dtype == np.uint16
    for fill in (-2000.0, 0.5, float("nan")):
        found = to_grid(ct, target, "nearest", fill=fill)
        assert found.stored.dtype == np.float32
        np.testing.assert_array_equal(found.values()[0, 0], [-1024.0] * 4 + [fill] * 2)


def test_nearest_of_counts_keeps_the_integers_and_scales_by_the_slope() -> None:
    counts = Volume(np.arange(8, dtype=np.uint16).reshape(2, 2, 2), Grid((2, 2, 2), (4.0, 4.0, 4.0)), unit="counts")
    found = to_spacing(counts, 2.0, "nearest")
    assert found.stored.dtype == np.uint16
    assert found.slope == pytest.approx(1 / 8)
    assert float(found.values().sum()) == pytest.approx(28)


@pytest.mark.parametrize("method", METHODS)
def test_every_frame(method: str) -> None:
    values = RNG.random((3, 4, 5, 6), dtype=np.float32)
    grid = Grid((6, 5, 4))
    dynamic = Volume(values, grid, unit="Bq/mL", frame_times=(0.0, 10.0, 30.0))
    found = to_spacing(dynamic, 0.7, method)  # type: ignore[arg-type]
    assert found.frame_times == dynamic.frame_times
    for t in range(3):
        alone = to_spacing(Volume(values[t], grid, unit="Bq/mL"), 0.7, method)  # type: ignore[arg-type]
        np.testing.assert_array_equal(found.values(t=t), alone.values())


def test_times_stay_where_the_slices_of_a_frame_share_them() -> None:
    def timing(starts: list[list[str]]) -> Timing:
        start = np.array(starts, dtype="datetime64[us]")
        return Timing(start, np.full(start.shape, 60.0), np.full(start.shape, np.nan))

    values, grid = np.zeros((2, 3, 4, 4), np.float32), Grid((4, 4, 3))
    shared = timing([["2025-01-01T10:00"] * 3, ["2025-01-01T10:05"] * 3])
    found = to_spacing(Volume(values, grid, timing=shared), 2.0).timing
    assert found is not None
    assert found.start.shape == (2, 1)
    np.testing.assert_array_equal(found.start[:, 0], shared.start[:, 0])
    apart = timing([["2025-01-01T10:00", "2025-01-01T10:01", "2025-01-01T10:02"]])
    assert to_spacing(Volume(values[0], grid, timing=apart), 2.0).timing is None


def test_the_grid_of_another_spacing_fills_the_same_space() -> None:
    grid = Grid((10, 8, 6), (1.0, 2.0, 3.0), (5.0, -3.0, 7.0), np.diag([1.0, -1.0, -1.0]), "1.2.3")
    found = grid_of_spacing(grid, (0.5, 4.0, 2.0))
    assert found.size == (20, 4, 9)
    assert found.frame_of_reference == "1.2.3"
    np.testing.assert_allclose(found.to_world((-0.5, -0.5, -0.5)), grid.to_world((-0.5, -0.5, -0.5)))
    np.testing.assert_allclose(found.to_world((19.5, 3.5, 8.5)), grid.to_world((9.5, 7.5, 5.5)))
    # 18 mm in slices of 4 mm: 4.5, of which the fifth reaches half a slice beyond.
    assert grid_of_spacing(grid, 4.0).size == (3, 4, 5)
    assert grid_of_spacing(Grid((1, 4, 4)), 3.0).size == (1, 1, 1)


def test_the_same_grid_is_a_copy() -> None:
    volume = blob("Bq/mL", 4)
    found = to_grid(volume, volume.grid)
    np.testing.assert_array_equal(found.stored, volume.stored)
    assert not np.shares_memory(found.stored, volume.stored)


@pytest.mark.parametrize("spacing", [0.0, -1.0, (1.0, 2.0), float("nan"), 1e-9])
def test_a_spacing_that_makes_no_grid(spacing: float | tuple[float, ...]) -> None:
    with pytest.raises(UsageError, match="spacing") as caught:
        to_spacing(blob("HU", 4), spacing)
    assert caught.value.hint


def test_an_unknown_method() -> None:
    with pytest.raises(UsageError, match='"linaer"') as caught:
        to_spacing(blob("HU", 4), 1.0, "linaer")  # type: ignore[arg-type]
    assert "linear" in caught.value.hint
