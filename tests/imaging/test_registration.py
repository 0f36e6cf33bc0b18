"""Registration of a phantom that was moved by a known motion; its voxels are computed anew, not resampled."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from vqscript.errors import GeometryError, UsageError, VqError
from vqscript.imaging.grid import Grid
from vqscript.imaging.registration import register
from vqscript.imaging.reorient import translate
from vqscript.imaging.resampled import to_spacing
from vqscript.imaging.rigid import RigidTransform
from vqscript.imaging.volume import Volume

FIXED = Grid((46, 35, 45), (3.5, 3.5, 4.0), (-79.0, -59.0, -88.0), frame_of_reference="1.2.3")
MOVING = Grid((50, 38, 54), (3.1, 3.2, 3.0), (-75.0, -60.0, -80.0), frame_of_reference="1.2.3")
HALF_VOXEL = 1.75

# Points of the body's surface: the error of a motion is how far it puts one of them wrong.
POINTS = np.array(np.meshgrid([-50, 50], [-30, 30], [-60, 60])).reshape(3, -1).T


def motion(degrees: tuple[float, float, float], shift: tuple[float, float, float]) -> RigidTransform:
    return RigidTransform(RigidTransform.about((0, 0, 0), degrees).rotation, shift)


def hounsfield(points: np.ndarray) -> np.ndarray:
    """A body with two unlike lungs, a spine and a liver, in HU."""
    x, y, z = np.moveaxis(points, -1, 0)
    values = np.full(x.shape, -1000, dtype=np.float32)
    values[(x / 60) ** 2 + (y / 40) ** 2 + (z / 70) ** 2 < 1] = 40
    values[((x - 25) / 15) ** 2 + (y / 20) ** 2 + ((z - 20) / 30) ** 2 < 1] = -700
    values[((x + 25) / 14) ** 2 + (y / 18) ** 2 + ((z - 20) / 25) ** 2 < 1] = -700
    values[(((x - 10) / 8) ** 2 + ((y - 25) / 8) ** 2 < 1) & (np.abs(z) < 60)] = 900
    values[((x + 20) / 18) ** 2 + ((y + 5) / 15) ** 2 + ((z + 35) / 12) ** 2 < 1] = 100
    return values


def activity(hu: np.ndarray) -> np.ndarray:
    """Another modality: what is dense is not what takes up most."""
    return np.select([hu > 500, hu > 60, hu > 0, hu > -800], [2, 12, 6, 1], 0).astype(np.float32)


def scan(grid: Grid, moved: RigidTransform | None = None) -> np.ndarray:
    z, y, x = np.indices(grid.shape)
    world = grid.to_world(np.stack([x, y, z], axis=-1))
    return hounsfield(world if moved is None else moved.inverse.apply(world))


@pytest.fixture(scope="module")
def fixed() -> Volume:
    return Volume(scan(FIXED).astype(np.int16), FIXED, unit="HU", modality="CT")


def off(found: RigidTransform, applied: RigidTransform) -> float:
    """Largest distance in mm between where a point is put and where it was."""
    return float(np.linalg.norm(found.apply(applied.apply(POINTS)) - POINTS, axis=1).max())


@pytest.mark.parametrize("modality", ["CT", "PT"])
def test_a_known_motion_is_found_within_half_a_voxel(fixed: Volume, modality: str) -> None:
    applied = motion((0, 0, 4), (5, 0, 0))
    values = scan(MOVING, applied)
    moving = Volume(values if modality == "CT" else activity(values), MOVING, unit="Bq/mL", modality=modality)
    found = register(fixed, moving)
    assert off(RigidTransform(), applied) > 4, "the case tests nothing"
    assert off(found.motion, applied) < HALF_VOXEL
    assert found.volume.stored is moving.stored
    assert found.volume.unit == "Bq/mL"
    # The voxels' new places are their old ones, moved.
    np.testing.assert_allclose(
        found.volume.grid.to_world((3, 4, 5)), found.motion.apply(MOVING.to_world((3, 4, 5))), atol=1e-9
    )
    assert "mutual information" in found.notes[1]


def test_a_larger_turn_about_all_axes(fixed: Volume) -> None:
    applied = motion((10, 8, -12), (12, 8, -10))
    found = register(fixed, Volume(scan(MOVING, applied), MOVING))
    assert off(found.motion, applied) < 2 * HALF_VOXEL


def test_the_same_volumes_give_the_same_motion(fixed: Volume) -> None:
    coarse = to_spacing(fixed, 6.0)
    moving = to_spacing(Volume(activity(scan(MOVING, motion((1, 2, 0), (3, -2, 1)))), MOVING), 6.0)
    first, second = register(coarse, moving), register(coarse, moving)
    np.testing.assert_array_equal(first.volume.grid.affine, second.volume.grid.affine)


def test_another_frame_of_reference_starts_at_the_centres_and_takes_the_fixed_one(fixed: Volume) -> None:
    away = translate(Volume(scan(FIXED), replace(FIXED, frame_of_reference="9.9")), (500, -300, 200))
    found = register(fixed, away)
    assert found.volume.grid.frame_of_reference == "1.2.3"
    assert off(found.motion, RigidTransform(translation=(500, -300, 200))) < HALF_VOXEL
    assert "centres" in found.notes[1]


def test_frames_move_together_and_nan_is_no_obstacle(fixed: Volume) -> None:
    applied = motion((0, 0, 0), (4, 0, 0))
    values = activity(scan(MOVING, applied))
    values[:3] = np.nan
    found = register(fixed, Volume(np.stack([values, values * 2]), MOVING))
    assert found.volume.frames == 2
    assert off(found.motion, applied) < HALF_VOXEL


def test_volumes_that_do_not_overlap(fixed: Volume) -> None:
    away = translate(fixed, (1000, 0, 0))
    with pytest.raises(GeometryError, match="do not overlap") as caught:
        register(fixed, away, start="header")
    assert "centres" in caught.value.hint


def test_volumes_without_anything_to_register_by(fixed: Volume) -> None:
    with pytest.raises(UsageError, match="40 x 40 x 2 voxels"):
        register(fixed, Volume(np.zeros((2, 40, 40), np.float32), Grid((40, 40, 2))))
    with pytest.raises(UsageError, match="everywhere"):
        register(Volume(np.ones((9, 9, 9), np.float32), Grid((9, 9, 9))), fixed)
    with pytest.raises(UsageError, match="cannot start"):
        register(fixed, fixed, start="middle")  # type: ignore[arg-type]


def test_without_simpleitk_the_extra_is_named(fixed: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "SimpleITK", None)
    with pytest.raises(VqError, match="SimpleITK") as caught:
        register(fixed, fixed)
    assert 'pip install "vqscript[registration]"' in caught.value.hint
