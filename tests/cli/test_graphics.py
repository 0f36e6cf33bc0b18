"""Which pictures a terminal can show, and pictures as text for it."""

from __future__ import annotations

import re
from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from vqscript.cli import graphics, inline
from vqscript.cli.graphics import terminal_graphics

PLAIN = "\x1b[?62;22c"
SIXEL = "\x1b[?62;4;22c"
KITTY = "\x1b_Gi=31;OK\x1b\\" + PLAIN
NEVER = {"ask": lambda: pytest.fail("the terminal was asked")}


@pytest.fixture(autouse=True)
def utf8(monkeypatch):
    """An output that can show half blocks."""
    monkeypatch.setattr(graphics, "_has_blocks", lambda: True)


# What the terminal is ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "3"}, "kitty"),
        ({"TERM": "xterm-ghostty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "iterm2"),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, "iterm2"),  # comes along over SSH
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "iterm2"),
        ({"TERM": "linux"}, "blocks"),
        ({"TERM": "dumb"}, "none"),
        ({"TERM": "dumb", "VQSCRIPT_GRAPHICS": "kitty"}, "none"),
        ({"TERM": "xterm", "VQSCRIPT_GRAPHICS": "Sixel"}, "sixel"),
        ({"TERM": "xterm", "TMUX": "x", "VQSCRIPT_GRAPHICS": "blocks"}, "blocks"),
    ],
)
def test_what_the_environment_tells(environ, found):
    assert terminal_graphics(environ, terminal=True, **NEVER) == found


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (KITTY, "kitty"),
        (SIXEL, "sixel"),
        (PLAIN, "blocks"),
        ("\x1b[?4c", "blocks"),  # a VT132: the first number is the terminal, not what it can do
        ("\x1b[?64;14;40c", "blocks"),
        ("", "blocks"),
    ],
)
def test_what_the_terminal_answers(answer, found):
    assert terminal_graphics({"TERM": "xterm"}, terminal=True, ask=lambda: answer) == found


def test_output_that_is_no_terminal_shows_nothing():
    assert terminal_graphics({"TERM": "xterm-kitty"}, terminal=False, **NEVER) == "none"
    assert terminal_graphics({"TERM": "xterm-kitty"}, **NEVER) == "none"  # pytest captures it


def test_no_blocks_without_colors_or_characters(monkeypatch):
    environ = {"TERM": "xterm", "NO_COLOR": "1"}
    assert terminal_graphics(environ, terminal=True, ask=lambda: PLAIN) == "none"
    assert terminal_graphics(environ, terminal=True, ask=lambda: SIXEL) == "sixel"
    monkeypatch.setattr(graphics, "_has_blocks", lambda: False)
    assert terminal_graphics({"TERM": "xterm"}, terminal=True, ask=lambda: PLAIN) == "none"


@pytest.mark.parametrize(
    ("answer", "passes", "client", "found"),
    [
        (SIXEL, "off", "xterm-kitty ", "sixel"),
        (PLAIN, "on", "xterm-kitty kitty(0.36)", "kitty"),
        (PLAIN, "all", "xterm-256color iTerm2 3.5", "iterm2"),
        (PLAIN, "off", "xterm-kitty ", "blocks"),
        (PLAIN, "on", "xterm-256color ", "blocks"),
        (PLAIN, "", "", "blocks"),
    ],
)
def test_within_tmux_counts_what_it_shows_or_lets_pass(answer, passes, client, found):
    def tmux(*words: str) -> str:
        return passes if words[0] == "show-options" else client

    environ = {"TERM": "tmux-256color", "TMUX": "/tmp/x,1,0", "KITTY_WINDOW_ID": "1"}
    assert terminal_graphics(environ, terminal=True, ask=lambda: answer, tmux=tmux) == found


# Pictures as text -------------------------------------------------------------------------


@pytest.fixture
def image() -> Image.Image:
    """A picture in which every quarter has another colour, but for a white pixel."""
    made = Image.new("RGB", (40, 20), (200, 0, 0))
    made.paste((0, 200, 0), (20, 0, 40, 10))
    made.paste((0, 0, 200), (0, 10, 20, 20))
    made.paste((90, 90, 90), (20, 10, 40, 20))
    made.putpixel((39, 19), (255, 255, 255))
    return made


def same(data: bytes, image: Image.Image) -> bool:
    """Whether a PNG is a picture."""
    return np.array_equal(np.asarray(Image.open(BytesIO(data))), np.asarray(image))


def test_kitty_gets_the_picture_in_pieces():
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (60, 60, 3), dtype=np.uint8))
    text = inline.kitty(noise, 30)
    commands = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", text)
    assert text == "".join(f"\x1b_G{keys};{data}\x1b\\" for keys, data in commands) + "\n"
    assert commands[0][0] == "a=T,f=100,q=2,c=30,m=1"
    assert [keys for keys, _ in commands[1:]] == ["m=1"] * (len(commands) - 2) + ["m=0"]
    assert all(len(data) <= 4096 for _, data in commands)
    assert same(b64decode("".join(data for _, data in commands)), noise)


def test_a_small_picture_is_one_piece(image):
    assert "m=0;" in inline.kitty(image, 10) and inline.kitty(image, 10).count("\x1b_G") == 1


def test_past_tmux_kitty_shows_the_picture_where_placeholders_stand(image):
    text = inline.kitty_in_tmux(image, 10, 3)
    passed = re.findall(r"\x1bPtmux;((?:\x1b\x1b|[^\x1b])*)\x1b\\", text)
    (command,) = (each.replace("\x1b\x1b", "\x1b") for each in passed)
    keys, data = re.fullmatch(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", command).groups()
    assert keys == "a=T,U=1,i=86,f=100,q=2,c=10,r=3,m=0"
    assert same(b64decode(data), image)
    rows = re.findall(r"\x1b\[38;5;86m([^\n]*)\n", text)
    assert [row.count("\U0010eeee") for row in rows] == [10, 10, 10]
    assert [row[1] for row in rows] == ["\u0305", "\u030d", "\u030e"]
    assert text.endswith("\x1b[39m")


def test_iterm2_gets_the_file(image):
    keys, data = re.fullmatch(r"\x1b\]1337;File=([^:]*):([^\x07]*)\x07", inline.iterm2(image, 12)).groups()
    assert same(b64decode(data), image)
    assert keys == f"inline=1;width=12;preserveAspectRatio=1;size={len(b64decode(data))}"


def decoded(text: str) -> np.ndarray:
    """Return the pixels of a picture in sixels, by a reading of its definition that knows nothing of the writer."""
    raster, body = re.fullmatch(r'\x1bP[\d;]*q"1;1;(\d+;\d+)(.*)\x1b\\', text, re.DOTALL).groups()
    width, height = map(int, raster.split(";"))
    pixels = np.full((height + 6, width, 3), -1)
    colors, color, x, y = {}, 0, 0, 0
    for define, select, repeat, many, one, mark in re.findall(
        r"#(\d+;2;\d+;\d+;\d+)|#(\d+)|!(\d+)([?-~])|([?-~])|([$-])", body
    ):
        if define:
            number, _, *levels = map(int, define.split(";"))
            colors[number] = levels
        elif select:
            color = int(select)
        elif mark:
            x, y = 0, y + 6 * (mark == "-")
        else:
            bits, count = ord(many or one) - ord("?"), int(repeat or 1)
            for row in range(6):
                if bits >> row & 1:
                    pixels[y + row, x : x + count] = colors[color]
            x += count
    assert (pixels[height:] == -1).all()
    return pixels[:height]


def test_sixels_show_the_picture(image):
    shown = decoded(inline.sixel(image))
    assert np.abs(shown * 2.55 - np.asarray(image)).max() <= 3  # levels are percent


def test_sixels_of_many_colors_come_close():
    ramp = np.zeros((50, 64, 3), np.uint8)
    ramp[..., 0], ramp[..., 1] = np.arange(64) * 4, np.arange(50)[:, None] * 5
    shown = decoded(inline.sixel(Image.fromarray(ramp)))
    assert shown.min() >= 0
    assert np.abs(shown * 2.55 - ramp).mean() < 5


def cells(text: str) -> list[list[tuple[str, str]]]:
    """Return the two colours of each character of half blocks."""
    lines = []
    for line in text.splitlines():
        assert line.endswith("\x1b[0m")
        row, now = [], ("", "")
        for upper, lower, blocks in re.findall(r"\x1b\[38;([\d;]+);48;([\d;]+)m(▀+)", line):
            now = upper, lower
            row += [now] * len(blocks)
        lines.append(row)
    return lines


def test_half_blocks_show_two_pixels_each(image):
    shown = cells(inline.blocks(image.resize((4, 4), Image.Resampling.NEAREST), 4, 2, true_color=True))
    red, green, blue, gray = "2;200;0;0", "2;0;200;0", "2;0;0;200", "2;90;90;90"
    assert [row[0] for row in shown] == [(red, red), (blue, blue)]
    assert [row[1] for row in shown] == [(red, red), (blue, blue)]
    assert shown[0][2] == (green, green)
    assert shown[1][2] == (gray, gray)


@pytest.mark.parametrize(
    ("rgb", "number"),
    [
        ((0, 0, 0), 16),
        ((255, 255, 255), 231),
        ((128, 128, 128), 244),
        ((8, 8, 8), 232),
        ((255, 0, 0), 196),
        ((0, 95, 255), 27),
        ((95, 135, 175), 67),
    ],
)
def test_colors_out_of_256(rgb, number):
    text = inline.blocks(Image.new("RGB", (2, 2), rgb), 2, 1, true_color=False)
    assert cells(text) == [[(f"5;{number}", f"5;{number}")] * 2]


def test_a_picture_fits_and_keeps_its_proportions(monkeypatch):
    monkeypatch.setattr(graphics.shutil, "get_terminal_size", lambda: graphics.os.terminal_size((80, 24)))
    assert graphics.fitting(Image.new("RGB", (1024, 895))) == (48, 21)
    assert graphics.fitting(Image.new("RGB", (2000, 100))) == (79, 2)
    shown = cells(inline.blocks(Image.new("RGB", (1024, 895)), 80, 21, true_color=True))
    assert (len(shown[0]), len(shown)) == (48, 21)


@pytest.mark.parametrize("how", ["kitty", "iterm2", "sixel", "blocks"])
def test_each_way_is_written_and_ends_with_a_line(monkeypatch, image, how):
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    written: list[str] = []
    graphics.show(image, how, write=written.append)
    begins = {"kitty": "\x1b_G", "iterm2": "\x1b]1337;", "sixel": "\x1bP", "blocks": "\x1b[38;"}
    assert written[0].startswith(begins[how]) and written[0].endswith("\n")


def test_nothing_is_written_where_nothing_can_be_shown(image):
    graphics.show(image, "none", write=lambda text: pytest.fail(text))
