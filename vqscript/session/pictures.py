"""Pictures of a session as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vqscript.render.movie import save_gif
from vqscript.render.picture import draw, save_png
from vqscript.render.picture_modes import mode_name
from vqscript.session.display import scene
from vqscript.session.files import with_suffix

if TYPE_CHECKING:
    from vqscript.session.session import Session


def save_image(session: Session, path: Path, mode: int | str) -> Path:
    """Save a picture as PNG; returns its path. Parameters as of :meth:`Session.save_image`."""
    name = mode_name(mode)
    target = with_suffix(path, ".png")
    picture = draw(scene(session), name)
    target.parent.mkdir(parents=True, exist_ok=True)
    save_png(picture, target)
    return target


def save_movie(session: Session, path: Path) -> Path:
    """Save the rotating projection as an animated GIF; returns its path."""
    target = with_suffix(path, ".gif")
    target.parent.mkdir(parents=True, exist_ok=True)
    save_gif(scene(session), target)
    return target
