"""Pictures, films and contours of a fused PET/CT.

    python benchmarks/bench_pictures.py [--runs 5]

Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from pathlib import Path

import numpy as np
from timing import Table, alternate, machine, milliseconds

from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Volume
from vqscript.render.movie import save_gif
from vqscript.render.picture import draw, save_png
from vqscript.render.scene import ImageLayer, Scene
from vqscript.roi.files.contours import rasterize


def body(size: int, slices: int, pitch: float, step: float) -> Volume:
    """Return an ellipse of wavy tissue with noise around it."""
    z, y, x = np.ogrid[:slices, :size, :size]
    inside = ((x / size - 0.5) / 0.4) ** 2 + ((y / size - 0.5) / 0.28) ** 2 < 1
    values = inside * (1000 + 150 * np.sin(18 * x / size) * np.cos(9 * z / slices))
    noise = np.random.default_rng(1).normal(0, 20, (slices, size, size))
    corner = -size / 2 * pitch
    return Volume((values + noise).astype(np.int16), Grid((size, size, slices), (pitch, pitch, step), (corner,) * 3))


def circle(radius: float, z: float) -> np.ndarray:
    """Return 360 corners of a contour in mm."""
    angle = np.radians(np.arange(360))
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle), np.full(360, z)])


def main() -> None:
    """Draw, film and fill."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    print(machine("numpy", "pillow"), end="\n\n")
    ct, pet = body(512, 300, 0.98, 2.5), body(128, 150, 3.92, 5.0)
    layers = [
        ImageLayer(ct, "gray", (0, 1500), label="CT"),
        ImageLayer(pet, "hot", (0, 1200), opacity=0.6, below_transparent=True, label="PET"),
    ]
    scene = Scene(ct.grid, layers, cursor=(256, 256, 150))
    contours = [circle(150 + 40 * math.sin(k / 20), ct.grid.origin[2] + 2.5 * k) for k in range(50, 150)]
    table = Table("Work", "Time")
    with tempfile.TemporaryDirectory() as temporary:
        picture, film = Path(temporary, "a.png"), Path(temporary, "a.gif")
        image = draw(scene)
        for timed, work in zip(
            alternate(
                runs,
                draw=lambda: draw(scene),
                png=lambda: save_png(image, picture),
                film=lambda: save_gif(scene, film),
                fill=lambda: rasterize(contours, ct.grid),
            ),
            (
                "composite of three planes and MIP, 1024 x 895, CT 512² x 300 and PET 128² x 150",
                "save it as PNG",
                "film of 36 projections as GIF",
                "fill 100 contours of 360 corners on 512² x 300",
            ),
            strict=True,
        ):
            table.row(work, milliseconds(timed.median))


if __name__ == "__main__":
    main()
