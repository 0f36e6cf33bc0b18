"""The project of mice: complete, varied, reproducible, and physically possible."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vqscript.demo.anatomy import ORGANS, paint
from vqscript.demo.images import CT_GRID, PURE_MARGIN, SPECT_GRID
from vqscript.demo.phantom import make_project

SEEDS = range(12)


def test_a_project_has_four_animals_at_two_dates_and_one_without_decay_correction():
    for seed in SEEDS:
        project = make_project(seed)
        assert len(project.animals) == 4
        for animal in project.animals:
            dates = [scan.started.date() for scan in project.scans if scan.animal is animal]
            assert len(dates) == len(set(dates)) == 2
        assert sum(not animal.decay_corrected for animal in project.animals) == 1
    assert len({tuple(a.decay_corrected for a in make_project(seed).animals) for seed in SEEDS}) > 1


def test_the_seed_decides_everything():
    assert make_project(5) == make_project(5)
    one, other = make_project(5).scans[0], make_project(6).scans[0]
    assert one.animal.dose != other.animal.dose
    assert one.weight != other.weight
    assert one.uptake != other.uptake
    assert one.animal.tissues != other.animal.tissues


def test_doses_weights_and_activities_are_those_of_mice():
    for seed in SEEDS:
        for scan in make_project(seed).scans:
            assert 150 <= scan.animal.dose <= 300
            assert 19.5 <= scan.weight <= 30.5
            held = sum(scan.uptake[t.name] * t.volume / 1000 for t in scan.animal.tissues if t.name in scan.uptake)
            assert held < 100  # never more in the body than was injected


@pytest.mark.parametrize("grid", [CT_GRID, SPECT_GRID])
def test_no_organ_is_covered_by_another_or_leaves_the_field_of_view(grid, inside):
    for seed in SEEDS:
        for animal in make_project(seed).animals:
            labels = paint(animal.tissues, grid)
            for name, organ in animal.organs.items():
                number = 1 + [tissue.name for tissue in animal.tissues].index(name)
                expected = np.zeros(grid.shape, dtype=bool)
                for shape in organ.shapes:
                    expected |= inside(shape, grid.size, grid.spacing, grid.origin, (0, 0, 0))
                assert np.array_equal(labels == number, expected), name
                analytic = organ.volume
                assert expected.sum() * grid.voxel_volume == pytest.approx(analytic, rel=0.08)


def test_the_margin_of_a_mask_holds_the_whole_box(inside):
    for animal in make_project(3).animals:
        for organ in animal.organs.values():
            for shape in organ.shapes:
                region, mask = shape.mask(CT_GRID, PURE_MARGIN)
                got = np.zeros(CT_GRID.shape, dtype=bool)
                got[region] = mask
                assert np.array_equal(got, inside(shape, CT_GRID.size, CT_GRID.spacing, CT_GRID.origin, PURE_MARGIN))
                assert got.any()


def test_what_remains_is_the_mean_of_the_decay_during_the_acquisition():
    for scan in make_project(2).scans:
        wait = (scan.started - scan.animal.injected).total_seconds()
        seconds = wait + (np.arange(100_000) + 0.5) / 100_000 * scan.duration
        assert scan.remaining == pytest.approx(float(np.mean(0.5 ** (seconds / (2.8047 * 24 * 3600)))), rel=1e-9)
        assert math.isclose(wait / 3600, scan.hours, abs_tol=0.2)


def test_a_mouse_is_unlike_its_mirror_image_in_every_direction():
    tissues = make_project(0).scans[0].animal.tissues
    labels = paint(tissues, SPECT_GRID)
    for axis in range(3):
        flipped = np.flip(labels, axis)
        organs = labels > len(tissues) - len(ORGANS)
        assert (flipped[organs] != labels[organs]).mean() > 0.3
