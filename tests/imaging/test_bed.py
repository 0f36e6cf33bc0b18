"""Bed removal: phantoms whose body is known."""

from __future__ import annotations

import numpy as np
import pytest

from vqscript.imaging.bed import body
from vqscript.imaging.grid import Grid

GRID = Grid((60, 60, 20), (0.5, 0.5, 0.8))


@pytest.fixture
def positions():
    x, y = (np.arange(60) * 0.5 for _ in range(2))
    return np.meshgrid(np.arange(20) * 0.8, y, x, indexing="ij")


@pytest.fixture
def animal(positions):
    _, y, x = positions
    return (x - 15) ** 2 + (y - 13) ** 2 < 8**2


@pytest.fixture
def image(positions, animal):
    """Body with a lung, in a trough of 1 mm plastic that touches it below."""
    _, y, x = positions
    values = np.full(GRID.shape, -1000, np.float32)
    radius = np.hypot(x - 15, y - 9)
    values[(radius >= 11.9) & (radius < 12.9) & (y > 9)] = 120
    values[animal] = 40
    values[(x - 12) ** 2 + (y - 12) ** 2 < 2**2] = -700
    return values


def test_the_shell_goes_and_the_body_stays_with_its_lungs(image, animal):
    found = body(image, GRID)
    bed = (image == 120) & ~animal
    assert (found & bed).sum() < 0.2 * bed.sum()  # the part that lies close against the body
    assert (found & animal).sum() > 0.999 * animal.sum()
    assert not (found & (image == -1000)).sum() > 0.02 * animal.sum()  # air in the wedge between both
    assert found[:, 24, 24].all()  # in the lung


def test_a_separate_bed_goes_even_if_it_holds_more_plastic_than_the_animal_tissue(positions, animal):
    _, y, _ = positions
    values = np.where(animal, 40, -1000).astype(np.float32)
    values[(y > 24) & (y < 25.9)] = 100
    found = body(values, GRID)
    assert (found == animal).mean() > 0.999


def test_without_a_bed_nothing_is_lost(animal):
    found = body(np.where(animal, 40, -1000).astype(np.float32), GRID)
    assert (found == animal).mean() > 0.999


def test_an_image_without_a_body_has_none(positions):
    _, y, _ = positions
    assert body(np.full(GRID.shape, -1000, np.float32), GRID) is None
    assert body(np.where((y > 24) & (y < 24.9), 100, -1000).astype(np.float32), GRID) is None
