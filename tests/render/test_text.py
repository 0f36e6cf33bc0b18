import pytest

from vqscript.imaging.grid import Grid
from vqscript.render.legend import ticks
from vqscript.render.panel import position
from vqscript.render.text import drawable, fitted, font, nice_step


def test_letters_that_the_font_lacks_are_replaced():
    assert drawable("Müller µCi 3–5") == "Muller uCi 3-5"
    assert drawable("日本") == "??"
    assert drawable("a\nb\x00c") == "abc"


def test_a_long_label_is_cut_to_its_width():
    cut = fitted("In-111 SPECT, reconstructed with everything", 14, 100)
    assert cut.startswith("In-111")
    assert cut.endswith("...")
    assert font(14).getlength(cut) <= 100
    assert fitted("CT", 14, 100) == "CT"


@pytest.mark.parametrize(("span", "parts", "step"), [(100, 5, 20), (7, 5, 2), (0.03, 4, 0.01), (1e6, 3, 500000)])
def test_steps_are_round(span, parts, step):
    assert nice_step(span, parts) == pytest.approx(step)


def test_positions_are_told_by_letters():
    grid = Grid((2, 2, 2))
    assert position((12.34, -5.0, -0.01), (0, 1, 2), grid) == "L 12.3  A 5.0  S 0.0 mm"
    assert position((-12.344, 5.0, 0.0), (0,), Grid((2, 2, 2), (0.2, 0.2, 0.2))) == "R 12.34 mm"


def test_a_bar_shows_both_ends_and_round_values_between():
    assert ticks((-160, 300), 14) == [
        (-160, "-160"),
        (300, "300"),
        (-100, "-100"),
        (0, "0"),
        (100, "100"),
        (200, "200"),
    ]
    assert [words for _, words in ticks((0, 3.7125), 8)] == ["0", "3.71", "1", "2", "3"]
    assert [words for _, words in ticks((5, 5), 8)] == ["5.00"]
    assert [words for _, words in ticks((0, 2.5e7), 3)][1] == "2.5e+07"
