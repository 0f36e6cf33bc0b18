import numpy as np
import pytest

from vqscript.errors import UsageError
from vqscript.render.palette_names import PALETTES
from vqscript.render.palettes import palette, rgb


@pytest.mark.parametrize("name", PALETTES)
def test_every_palette_has_256_colours_and_no_jumps(name):
    colours = palette(name)
    assert colours.shape == (256, 3)
    assert colours.dtype == np.uint8
    assert np.abs(np.diff(colours.astype(int), axis=0)).max() <= 12
    assert len(np.unique(colours, axis=0)) > 200


def test_ends_and_middle():
    assert palette("gray")[128].tolist() == [128, 128, 128]
    assert palette("hot")[[0, 255]].tolist() == [[0, 0, 0], [255, 255, 255]]
    assert palette("hotblue")[96].tolist()[:2] == pytest.approx([0, 0], abs=4)
    assert palette("pet")[[0, 255]].tolist() == [[255, 255, 255], [0, 0, 0]]


def test_names_in_any_case():
    assert palette("NIH_Fire2") is palette("nih_fire2")
    assert palette("Grey") is palette("gray")


def test_an_unknown_palette_names_the_nearest():
    with pytest.raises(UsageError, match='"hotblu"') as caught:
        palette("hotblu")
    assert '"hotblue"' in caught.value.hint


def test_a_palette_cannot_be_changed_by_who_got_it():
    with pytest.raises(ValueError, match="read-only"):
        palette("hot")[0] = 1


@pytest.mark.parametrize("colour", ["red", "#12345", "#gggggg", "#1234567"])
def test_a_colour_that_is_none(colour):
    with pytest.raises(UsageError, match="no colour"):
        rgb(colour)


def test_a_colour():
    assert rgb("#ff8001") == (255, 128, 1)
