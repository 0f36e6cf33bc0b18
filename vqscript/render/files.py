"""Pictures into PNG files."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from vqscript.files import whole_file


def save_png(image: Image.Image, path: Path) -> None:
    """Write a picture as PNG, whole or not at all.

    Parameters
    ----------
    image : PIL.Image.Image
    path : Path
        A file of that name is replaced.

    Raises
    ------
    VqError
        The file cannot be written.
    """
    with whole_file(path) as file:
        # Level 1 is twice as fast as Pillow's default, and a tenth larger.
        image.save(file, "PNG", compress_level=1)
