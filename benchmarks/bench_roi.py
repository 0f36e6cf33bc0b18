"""Statistics of ROIs beside SimpleITK and a plain loop over labels, in one run.

    python benchmarks/bench_roi.py [--runs 7]

Prints a table in Markdown; the exit code is 1 if a bound is missed. Results are compared before they are timed.
"""

from __future__ import annotations

import argparse

import numpy as np
import SimpleITK as sitk  # noqa: N813 - as its documentation has it
from numpy.typing import NDArray
from timing import Bound, Table, Timed, alternate, finish, machine, milliseconds

from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Volume
from vqscript.roi.method import USUAL, Method
from vqscript.roi.roiset import RoiSet
from vqscript.roi.statistics import Statistics, measure

SIZE, COUNT, CELL = 256, 50, 32
PERCENTILES = (5, 10, 25, 50, 75, 90, 95)

Row = tuple[float, ...]


def phantom(seed: int = 0) -> tuple[Volume, RoiSet, NDArray[np.uint16]]:
    """Return noise, ellipsoids of 8 to 15 voxels radius that lie apart in it, and the same as a label image."""
    rng = np.random.default_rng(seed)
    grid = Grid((SIZE,) * 3)
    image = rng.normal(100, 15, grid.shape).astype(np.float32)
    rois, labels = RoiSet(grid), np.zeros(grid.shape, np.uint16)
    cells = SIZE // CELL
    offsets = np.indices((CELL - 1,) * 3) - (CELL // 2 - 1)
    for k, cell in enumerate(rng.permutation(cells**3)[:COUNT], start=1):
        z, y, x = (int(n) * CELL for n in np.unravel_index(cell, (cells,) * 3))
        region = (slice(z, z + CELL - 1), slice(y, y + CELL - 1), slice(x, x + CELL - 1))
        inside = ((offsets / rng.uniform(8, 15, (3, 1, 1, 1))) ** 2).sum(axis=0) <= 1
        rois.set_mask(rois.add(f"ROI {k}"), inside, region)
        labels[region][inside] = k
    return Volume(image, grid, "kBq/mL"), rois, labels


def ours(volume: Volume, rois: RoiSet, method: Method = USUAL) -> list[Statistics]:
    """Measure all ROIs: every statistic that is not marked as taking longer, percentiles among them."""
    return [measure(rois, j, volume, 0, method) for j in range(1, len(rois) + 1)]


def plain_loop(image: NDArray[np.float32], labels: NDArray[np.uint16]) -> list[Row]:
    """Measure a part of it as a script would that knows NumPy: a mask of the whole image for each label."""
    rows = []
    for k in range(1, COUNT + 1):
        mask = labels == k
        values = image[mask]
        spread = (values.mean(), values.std(ddof=1), values.min(), values.max(), values.sum())
        rows.append((values.size, *spread, *np.percentile(values, PERCENTILES), *np.argwhere(mask).mean(axis=0)[::-1]))
    return rows


def bare_loop(image: NDArray[np.float32], labels: NDArray[np.uint16]) -> list[Row]:
    """Measure the values alone, without places: the least that a loop over labels can do."""
    rows = []
    for k in range(1, COUNT + 1):
        values = image[labels == k]
        spread = (values.mean(), values.std(ddof=1), values.min(), values.max(), values.sum())
        rows.append((values.size, *spread, *np.percentile(values, PERCENTILES)))
    return rows


def with_itk(image: sitk.Image, labels: sitk.Image) -> tuple[sitk.ProcessObject, sitk.ProcessObject]:
    """Run the two filters that together give first-order statistics, median and places."""
    intensity, statistics = sitk.LabelIntensityStatisticsImageFilter(), sitk.LabelStatisticsImageFilter()
    intensity.Execute(labels, image)
    statistics.Execute(image, labels)
    return intensity, statistics


def check_equal(found: list[Statistics], rows: list[Row], filters: tuple[sitk.ProcessObject, ...]) -> None:
    """Raise AssertionError unless all three measured the same."""
    intensity, statistics = filters
    for k, (one, row) in enumerate(zip(found, rows, strict=True), start=1):
        names = ("voxels", "mean", "sd", "min", "max", "sum", "p5", "p10", "p25", "median", "p75", "p90", "p95")
        values = [one.number(name) for name in names]
        np.testing.assert_allclose(values, row[: len(names)], rtol=1e-5)
        np.testing.assert_allclose(one.values["com"], row[len(names) :], rtol=1e-9)
        np.testing.assert_allclose(
            [one.number(name) for name in ("mean", "sd", "skewness", "min", "max", "sum")],
            [
                intensity.GetMean(k),
                statistics.GetSigma(k),
                intensity.GetSkewness(k),
                statistics.GetMinimum(k),
                intensity.GetMaximum(k),
                statistics.GetSum(k),
            ],
            rtol=2e-3,  # SimpleITK's skewness is that of the sample
            atol=1e-3,
        )
        np.testing.assert_allclose(one.values["weightedComMm"], intensity.GetCenterOfGravity(k), rtol=1e-5)


def other_grid(volume: Volume) -> Volume:
    """Return a PET of 4 mm voxels around the phantom."""
    grid = Grid((64, 64, 64), (4.0, 4.0, 4.0), (1.3, 1.3, 1.3))
    return Volume(volume.stored[::4, ::4, ::4].copy(), grid, "SUVbw")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs

    volume, rois, labels = phantom()
    image, label_image = sitk.GetImageFromArray(volume.stored), sitk.GetImageFromArray(labels)
    check_equal(ours(volume, rois), plain_loop(volume.stored, labels), with_itk(image, label_image))
    print(machine("numpy", "SimpleITK"), end="\n\n")

    table = Table("Work", "vqscript", "Peer", "Ratio", "Bound")
    mine, itk, loop, bare = alternate(
        runs,
        ours=lambda: ours(volume, rois),
        itk=lambda: with_itk(image, label_image),
        loop=lambda: plain_loop(volume.stored, labels),
        bare=lambda: bare_loop(volume.stored, labels),
    )
    what = f"{COUNT} ROIs in {SIZE}³ with percentiles"
    table.compare(what, mine, itk, "SimpleITK, LabelIntensityStatistics and LabelStatistics", Bound(2))
    table.compare(what, mine, loop, "a NumPy loop over labels", Bound(8))
    table.compare(what, mine, bare, "the same loop without centres of mass", Bound(5))

    print()
    pet = other_grid(volume)
    alone = Table("Work", "Time", "Each ROI")
    for name, timed in zip(
        ("the same with peaks and diameter", "on a PET of 4 mm, linear", "on a PET of 4 mm, native"),
        alternate(
            runs,
            full=lambda: ours(volume, rois, Method(full=True)),
            linear=lambda: ours(pet, rois),
            native=lambda: ours(pet, rois, Method(sampling="native")),
        ),
        strict=True,
    ):
        alone.row(f"{what.partition(' with')[0]}, {name}", milliseconds(timed.median), each(timed))
    finish([table])


def each(timed: Timed) -> str:
    """Return the time of one ROI."""
    return milliseconds(timed.median / COUNT)


if __name__ == "__main__":
    main()
