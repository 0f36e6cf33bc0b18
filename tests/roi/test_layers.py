"""Layers: which voxels a label holds, and where there is room."""

from __future__ import annotations

import numpy as np
import pytest

from vqscript.errors import RoiError
from vqscript.imaging.grid import Grid
from vqscript.roi.layers import MAX_LAYERS, Layers
from vqscript.roi.record import Roi

GRID = Grid((4, 3, 2))
WHOLE = (slice(0, 2), slice(0, 3), slice(0, 4))
LEFT = (slice(0, 2), slice(0, 3), slice(0, 2))
ALL_OF_IT = np.ones((2, 3, 4), np.bool_)
ALL_LEFT = np.ones((2, 3, 2), np.bool_)


@pytest.fixture
def heart() -> Roi:
    return Roi("Heart", "#ff0000", label=3)


def test_an_roi_holds_what_it_was_given_last(heart: Roi) -> None:
    layers = Layers(GRID)
    assert layers.part(heart) is None
    layers.give(heart, (WHOLE, ALL_OF_IT))
    layers.give(heart, (LEFT, ALL_LEFT))
    part = layers.part(heart)
    assert part is not None and part[0] == LEFT and part[1].all()
    assert np.count_nonzero(layers.views()[0] == 3) == ALL_LEFT.size


def test_an_roi_whose_voxels_another_took_is_empty(heart: Roi) -> None:
    layers = Layers(GRID)
    layers.give(heart, (LEFT, ALL_LEFT))
    layers.give(Roi("Body", "#00ff00", label=1), (WHOLE, ALL_OF_IT))
    assert layers.part(heart) is None
    layers.erase(heart)
    assert (layers.views()[0] == 1).all()


def test_room_is_looked_for_on_the_own_layer_then_in_turn_then_on_a_new_one(heart: Roi) -> None:
    layers = Layers(GRID, 3)
    heart.layer = 2
    layers.give(heart, (LEFT, ALL_LEFT))
    assert layers.room((WHOLE, ALL_OF_IT), heart) == 2  # its own voxels are no obstacle to it
    assert layers.room((WHOLE, ALL_OF_IT)) == 1
    for n, free in ((1, 3), (2, 3), (3, 4)):  # at first layer 2 holds the heart
        layers.give(Roi(f"wall {n}", "#0000ff", layer=n, label=10 + n), (WHOLE, ALL_OF_IT))
        assert layers.room((LEFT, ALL_LEFT)) == free
    for _ in range(3, MAX_LAYERS):
        n = layers.add()
        layers.give(Roi(f"wall {n}", "#0000ff", layer=n, label=10 + n), (WHOLE, ALL_OF_IT))
    assert layers.room((LEFT, ALL_LEFT)) == 0
    with pytest.raises(RoiError, match="at most 8"):
        layers.add()


def test_those_met_are_named_with_their_voxels(heart: Roi) -> None:
    layers = Layers(GRID)
    layers.give(heart, (LEFT, ALL_LEFT))
    inside = ALL_OF_IT.copy()
    inside[0] = False
    ((other, shared, theirs),) = layers.met(1, (WHOLE, inside), [heart])
    assert other is heart and shared == LEFT
    assert theirs[1].all() and not theirs[0].any()
    assert list(layers.met(1, (WHOLE, inside), [])) == []


def test_layers_cannot_be_written_through_their_views() -> None:
    layers = Layers(GRID)
    with pytest.raises(ValueError, match="read-only"):
        layers.views()[0][0, 0, 0] = 1
