"""Pictures in the terminal: what it can show, and showing it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal, cast, get_args

if TYPE_CHECKING:
    from PIL.Image import Image

Graphics = Literal["kitty", "iterm2", "sixel", "blocks", "none"]

OVERRIDE = "VQSCRIPT_GRAPHICS"
"""Environment variable that says what the terminal can show, where it does not say so itself."""

QUESTION = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[c"
"""Asks for kitty's protocol, then for the device attributes, which every terminal answers: no need to wait longer."""

PATIENCE = 0.7
"""Seconds to wait for the terminal's answer, which may be on the other side of the world."""

MARGIN = 3
"""Rows that the picture leaves for the prompt."""


def terminal_graphics(
    environ: Mapping[str, str] = os.environ,
    *,
    terminal: bool | None = None,
    ask: Callable[[], str] | None = None,
    tmux: Callable[..., str] | None = None,
) -> Graphics:
    """Return how the terminal shows pictures.

    Parameters
    ----------
    environ : mapping
        Environment variables.
    terminal : bool, optional
        Whether standard output is one; default: looked up.
    ask : callable, optional
        Returns what the terminal answers to :data:`QUESTION`; default: it is asked.
    tmux : callable, optional
        Returns what a command of tmux prints; default: tmux is asked.

    Returns
    -------
    str
        ``"kitty"``, ``"iterm2"``, ``"sixel"``, ``"blocks"`` (coloured characters), or ``"none"`` where output is no
        terminal, a dumb one, or one without colours (``NO_COLOR``).
    """
    term = environ.get("TERM", "")
    if not (sys.stdout.isatty() if terminal is None else terminal) or term == "dumb":
        return "none"
    named = environ.get(OVERRIDE, "").strip().casefold()
    if named in get_args(Graphics):
        return cast(Graphics, named)
    fallback: Graphics = "none" if environ.get("NO_COLOR") or not _has_blocks() else "blocks"
    if term == "linux":  # the console prints questions that it does not know
        return fallback
    if in_tmux(environ):
        return _within_tmux(environ, ask or _ask, tmux or _tmux) or fallback
    told = _by_name(f"{term} {environ.get('TERM_PROGRAM', '')} {environ.get('LC_TERMINAL', '')}")
    if told or environ.get("KITTY_WINDOW_ID"):
        return told or "kitty"
    return _by_answer((ask or _ask)()) or fallback


def in_tmux(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a tmux is between us and the terminal."""
    return bool(environ.get("TMUX")) or environ.get("TERM", "").startswith("tmux")


def show(image: Image, how: Graphics, *, write: Callable[[str], object] | None = None) -> None:
    """Write a picture to the terminal, as large as fits.

    Parameters
    ----------
    image : PIL.Image.Image
    how : str
        From :func:`terminal_graphics`; ``"none"`` writes nothing.
    write : callable, optional
        Takes the text; default standard output.
    """
    from vqscript.cli import inline

    if how == "none":
        return
    columns, rows = fitting(image)
    if how == "kitty":
        text = inline.kitty_in_tmux(image, columns, rows) if in_tmux() else inline.kitty(image, columns)
    elif how == "iterm2":
        text = inline.iterm2(image, columns)
        if in_tmux():  # which does not know that room is taken
            text = "\n" * rows + f"\x1b[{rows}A" + inline.past_tmux(text) + f"\x1b[{rows}B"
        text += "\n"
    elif how == "sixel":
        text = inline.sixel(_scaled(image, columns)) + "\n"
    else:
        true_color = os.environ.get("COLORTERM") in ("truecolor", "24bit") or "WT_SESSION" in os.environ
        text = inline.blocks(image, columns, rows, true_color=true_color)
    (write or sys.stdout.write)(text)
    sys.stdout.flush()


def fitting(image: Image) -> tuple[int, int]:
    """Return the columns and rows that a picture takes, with its proportions, in characters twice as high as wide."""
    size = shutil.get_terminal_size()
    room = max(4, min(size.columns - 1, 120)), max(2, size.lines - MARGIN)
    rows = min(room[1], max(1, round(room[0] * image.height / image.width / 2)))
    return min(room[0], max(1, round(rows * 2 * image.width / image.height))), rows


def _scaled(image: Image, columns: int) -> Image:
    """Return a picture in the pixels of so many columns; sixels are not scaled by the terminal."""
    width = round(columns * _cell_width())
    return image.resize((width, max(1, round(image.height * width / image.width))))


def _cell_width() -> float:
    """Return the width of a character in pixels; 9 where the terminal does not say."""
    if sys.platform != "win32":
        import fcntl
        import struct
        import termios

        try:
            packed = fcntl.ioctl(sys.stdout.fileno(), termios.TIOCGWINSZ, b"\0" * 8)
        except OSError:  # not every terminal has a size
            return 9
        _, columns, width, _ = struct.unpack("HHHH", packed)
        if columns and width:
            return float(width / columns)
    return 9


# What the terminal is ---------------------------------------------------------------------


def _by_name(names: str) -> Graphics | None:
    for pattern, how in (("kitty|ghostty", "kitty"), ("iterm|wezterm", "iterm2")):
        if re.search(pattern, names, re.IGNORECASE):
            return cast(Graphics, how)
    return None


def _by_answer(answer: str) -> Graphics | None:
    if "\x1b_Gi=31;OK" in answer:
        return "kitty"
    attributes = re.search(r"\x1b\[\?([\d;]*)c", answer)
    return "sixel" if attributes and "4" in attributes[1].split(";")[1:] else None


def _within_tmux(environ: Mapping[str, str], ask: Callable[[], str], tmux: Callable[..., str]) -> Graphics | None:
    """Return what tmux shows itself, else what it lets pass to a terminal that shows it."""
    if _by_answer(ask()) == "sixel":
        return "sixel"
    if tmux("show-options", "-Apv", "allow-passthrough") not in ("on", "all"):
        return None
    return _by_name(tmux("display-message", "-p", "#{client_termname} #{client_termtype}"))


def _tmux(*words: str) -> str:
    program = shutil.which("tmux")
    if program is None:
        return ""
    done = subprocess.run([program, *words], capture_output=True, text=True, timeout=5, check=False)  # noqa: S603
    return done.stdout.strip()


def _has_blocks() -> bool:
    try:
        "▀".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _ask() -> str:
    """Return what the terminal answers to :data:`QUESTION`, "" if it says nothing in time or cannot be asked."""
    if sys.platform == "win32":
        return ""
    import select
    import termios
    import tty

    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:  # no terminal of our own
        return ""
    try:
        before = termios.tcgetattr(terminal)
        tty.setcbreak(terminal, termios.TCSANOW)  # the answer must not be echoed
        try:
            os.write(terminal, QUESTION.encode())
            answer, deadline = "", time.monotonic() + PATIENCE
            while not re.search(r"\x1b\[\?[\d;]*c", answer):
                ready, _, _ = select.select([terminal], [], [], max(0, deadline - time.monotonic()))
                if not ready:
                    break
                answer += os.read(terminal, 1024).decode("ascii", "replace")
            return answer
        finally:
            termios.tcsetattr(terminal, termios.TCSANOW, before)
    finally:
        os.close(terminal)
