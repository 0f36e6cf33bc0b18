"""The 3D ROI Tool beside SimpleITK on a CT of 300 slices of 512 x 512, in one run.

    python benchmarks/bench_roi_tool.py [--runs 5]

Prints a table in Markdown; the exit code is 1 if a bound is missed. Masks are compared before anything is timed.
SimpleITK works on the whole image, as its filters do; the tool looks at the ROI's box where that is enough.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
import SimpleITK as sitk  # noqa: N813 - as its documentation has it
from timing import Bound, Table, alternate, finish, machine

from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Volume
from vqscript.roi.morphology import closing, dilate
from vqscript.roi.otsu import otsu
from vqscript.roi.roiset import RoiSet
from vqscript.roi.scope import Scope
from vqscript.roi.segmentation import connected, fill_holes, isocontour, keep_largest, threshold
from vqscript.roi.shapes import sphere

COLUMNS = ("Work", "vqscript", "Peer", "Ratio", "Bound")
GRID = Grid((512, 512, 300), (0.98, 0.98, 2.0))
ORGAN = (300, 250, 150)
"""A voxel of an organ."""

Change = Callable[[RoiSet, Scope], object]


def body() -> Volume:
    """Return a CT: air, a body with noise, and an organ and bones that are denser."""
    z, y, x = np.ogrid[:300, :512, :512]
    inside = ((x - 256) / 220) ** 2 + ((y - 256) / 150) ** 2 < 1
    values = np.where(inside & (z >= 0), 0, -1000).astype(np.int16)
    values += np.random.default_rng(0).integers(-40, 40, values.shape, dtype=np.int16)
    values[((x - 300) / 60) ** 2 + ((y - 250) / 50) ** 2 + ((z - 150) / 30) ** 2 < 1] += 120
    values[((x - 256) ** 2 + (y - 340) ** 2 < 25**2) & (z >= 0)] += 700
    return Volume(values, GRID, "HU")


def image_of(array: np.ndarray) -> sitk.Image:
    """Return an array on the grid for SimpleITK."""
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(GRID.spacing)
    return image


class Bench:
    """A CT with one ROI, which each piece of work begins from."""

    def __init__(self, table: Table, runs: int) -> None:
        self.table, self.runs = table, runs
        self.volume = body()
        self.image = image_of(self.volume.stored)

    def start(self, mask: np.ndarray | None = None) -> tuple[RoiSet, Scope]:
        """Return an ROI, empty or with a mask, and where it is segmented from."""
        rois = RoiSet(GRID)
        rois.add("ROI")
        if mask is not None:
            rois.set_mask(1, mask)
        return rois, Scope.of(rois, self.volume, within=0)

    def compare(
        self, work: str, change: Change, peer: Callable[[], sitk.Image], bound: Bound, mask: np.ndarray | None = None
    ) -> None:
        """Compare the masks, then time both; an ROI is put back before each run, untimed for both."""
        rois, scope = self.start(mask)
        change(rois, scope)
        expected = sitk.GetArrayFromImage(peer()) > 0
        differing = np.count_nonzero(rois.mask(1) != expected)
        assert differing == 0, f"{work}: {differing} voxels differ"
        ready = [self.start(mask) for _ in range(self.runs + 1)]
        ours, theirs = alternate(self.runs, ours=lambda: change(*ready.pop()), theirs=peer)
        self.table.compare(work, ours, theirs, "SimpleITK", bound)


def segmentation(bench: Bench) -> None:
    """Threshold, connected threshold, isocontour and Otsu."""
    kind = sitk.ConnectedThresholdImageFilter.FaceConnectivity
    bench.compare(
        "threshold, whole image",
        lambda rois, scope: threshold(rois, 1, scope, 300, 3000),
        lambda: sitk.BinaryThreshold(bench.image, 300, 3000),
        Bound(1),
    )
    bench.compare(
        "connected threshold, an organ of 0.4 M voxels",
        lambda rois, scope: connected(rois, 1, scope, ORGAN, 60, 300),
        lambda: sitk.ConnectedThreshold(bench.image, [ORGAN], 60, 300, 1, kind),
        Bound(1),
    )
    bench.compare(
        "connected threshold, the body of 31 M voxels",
        lambda rois, scope: connected(rois, 1, scope, ORGAN, -200, 3000),
        lambda: sitk.ConnectedThreshold(bench.image, [ORGAN], -200, 3000, 1, kind),
        Bound(3),
    )


def cleaning(bench: Bench) -> None:
    """Largest part, holes, growing and closing of the ROI of an organ."""
    rois, scope = bench.start()
    threshold(rois, 1, scope, 90, 300)
    speckled = rois.mask(1)

    def largest() -> sitk.Image:
        parts = sitk.RelabelComponent(sitk.ConnectedComponent(image_of(speckled.astype(np.uint8))))
        return sitk.Equal(parts, 1)

    bench.compare("largest part", lambda rois, _: keep_largest(rois, 1), largest, Bound(10), speckled)
    keep_largest(rois, 1)
    organ = rois.mask(1)
    whole = image_of(organ.astype(np.uint8))
    bench.compare(
        "fill holes of the organ",
        lambda rois, _: fill_holes(rois, 1),
        lambda: sitk.BinaryFillhole(whole),
        Bound(20),
        organ,
    )

    def within(mm: float) -> sitk.Image:
        return sitk.LessEqual(
            sitk.SignedMaurerDistanceMap(ball, squaredDistance=False, useImageSpacing=True), mm + 1e-4
        )

    drawn, _ = bench.start()
    region, inside = sphere(GRID, ORGAN, 20.0).part
    drawn.set_mask(1, inside, region)
    small = drawn.mask(1)
    ball = image_of(small.astype(np.uint8))
    bench.compare(
        "dilate a sphere of 20 mm by 5 mm", lambda rois, _: dilate(rois, 1, 5.0), lambda: within(5.0), Bound(100), small
    )


def alone(bench: Bench) -> None:
    """Time what has no counterpart of the same meaning."""
    rois, _ = bench.start()
    region, inside = sphere(GRID, ORGAN, 40.0).part
    rois.set_mask(1, inside, region)
    part = rois.part(1)
    assert part is not None

    def fresh() -> tuple[RoiSet, Scope]:
        copied = rois.copy()
        return copied, Scope.of(copied, bench.volume, 0, 1)

    def contour() -> object:
        copied, scope = fresh()
        return isocontour(copied, 1, scope, 41)

    def close() -> object:
        copied, _ = fresh()
        return closing(copied, 1, 5.0)

    timed = alternate(bench.runs, contour=contour, close=close, otsu=lambda: otsu(fresh()[1], 3),
                      whole=lambda: otsu(bench.start()[1], 3))  # fmt: skip
    names = ("isocontour in a sphere of 40 mm", "close it by 5 mm", "Otsu, 3 classes, within it", "Otsu, whole image")
    for name, one in zip(names, timed, strict=True):
        bench.table.row(name, f"{one.median * 1000:.0f} ms", "", "", "")


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    print(machine("numpy", "scipy", "SimpleITK"))
    print()
    table = Table(*COLUMNS)
    bench = Bench(table, args.runs)
    segmentation(bench)
    cleaning(bench)
    alone(bench)
    finish([table])


if __name__ == "__main__":
    main()
