"""Rigid registration: the motion that brings one volume onto another, by mutual information.

SimpleITK does the search (Mattes et al., IEEE TMI 22(1), 2003, over a pyramid of resolutions). Its random samples
have a fixed seed and one thread adds them up, so that the same two volumes give the same motion every time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import GeometryError, UsageError, VqError
from vqscript.imaging.reorient import centre
from vqscript.imaging.rigid import RigidTransform
from vqscript.imaging.volume import Volume

Start = Literal["header", "centres"]

SAMPLES = 100_000
"""Points of the fixed volume that each level compares."""

_BINS = 50
_ITERATIONS = 200
_SEED = 20
# Voxels along an axis that the smoothing of the pyramid needs.
_LEAST = 4


class Registration(NamedTuple):
    """What registration found.

    Attributes
    ----------
    volume : Volume
        The moving volume at its new place, its voxels untouched.
    motion : RigidTransform
        From its old place to the new one.
    notes : tuple of str
        What was found and how, for the provenance.
    """

    volume: Volume
    motion: RigidTransform
    notes: tuple[str, ...]


def register(fixed: Volume, moving: Volume, *, start: Start | None = None) -> Registration:
    """Return the moving volume, turned and shifted so that it matches the fixed one.

    Parameters
    ----------
    fixed : Volume
        Stays. Of a dynamic volume, here and below, the mean over its frames is compared.
    moving : Volume
        Of the same subject, of any modality. All its frames move together.
    start : {"header", "centres"}, optional
        From where the search begins: where the headers put the volumes, or with their centres upon each other.
        By default the former, unless the headers name two frames of reference or the volumes do not overlap.

    Raises
    ------
    VqError
        If SimpleITK is not installed.
    UsageError
        For a volume of fewer than 4 voxels along an axis, or of one value throughout.
    GeometryError
        If the volumes do not overlap, at the start or in the end.

    Notes
    -----
    The motion found is the best one near the start. A turn of 10 degrees about each axis is found; one by a right
    angle (an animal put down the other way) has to be made by hand first, with :mod:`vqscript.imaging.reorient`.
    """
    sitk = _simpleitk()
    images = [_image(sitk, volume, what) for volume, what in ((fixed, "fixed"), (moving, "moving"))]
    began = start or _start(fixed, moving)
    if began not in ("header", "centres"):
        raise UsageError(f'registration cannot start from "{began}"', hint='"header" or "centres"')
    shift = np.subtract(centre(moving), centre(fixed)) if began == "centres" else np.zeros(3)
    search = _search(sitk, fixed, shift)
    try:
        with _one_thread(sitk):
            found = search.Execute(*images)
    except RuntimeError as error:
        # SimpleITK raises this one type for everything; the text is the only way to tell.
        if "map outside" not in str(error):
            raise
        raise GeometryError(
            f"the volumes do not overlap: no point of the fixed one lies in the moving one ({began})",
            hint='start="centres" puts their centres upon each other, or move one by hand first',
        ) from error
    # It goes from points of the fixed volume to those of the moving one.
    transform = sitk.Euler3DTransform(sitk.CompositeTransform(found).GetBackTransform())
    rotation = np.array(transform.GetMatrix()).reshape(3, 3)
    x, y, z = transform.TransformPoint((0.0, 0.0, 0.0))
    motion = RigidTransform(rotation, (x, y, z)).inverse
    grid = motion.moved(moving.grid)
    # It lies with the fixed volume from now on, and no longer with what it was acquired with.
    grid = replace(grid, frame_of_reference=fixed.grid.frame_of_reference)
    return Registration(replace(moving, grid=grid), motion, _notes(search, motion, moving, began))


def _simpleitk() -> Any:
    try:
        import SimpleITK
    except ImportError as error:
        raise VqError(
            "registration needs SimpleITK, which is not installed", hint='pip install "vqscript[registration]"'
        ) from error
    return SimpleITK


@contextmanager
def _one_thread(sitk: Any) -> Iterator[None]:
    """Let SimpleITK work in one thread: sums of several come out in the order in which these finish.

    The setting is one for the process; the search's own number of threads does not reach its metric.
    """
    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    try:
        yield
    finally:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)


def _image(sitk: Any, volume: Volume, what: str) -> Any:
    if min(volume.grid.size) < _LEAST:
        size = " x ".join(map(str, volume.grid.size))
        raise UsageError(
            f"the {what} volume has {size} voxels", hint=f"registration needs {_LEAST} or more along each axis"
        )
    values = _mean(volume)
    low, high = float(values.min()), float(values.max())
    if low == high:
        raise UsageError(f"the {what} volume is {low:g} everywhere", hint="there is nothing to register by")
    image = sitk.GetImageFromArray(values)
    image.SetSpacing(volume.grid.spacing)
    image.SetOrigin(volume.grid.origin)
    image.SetDirection(volume.grid.direction.ravel().tolist())
    return image


def _mean(volume: Volume) -> NDArray[np.float32]:
    """Return the mean over frames; what is not finite becomes the smallest value."""
    total = volume.values(t=0).astype(np.float32, copy=True)
    for t in range(1, volume.frames):
        total += volume.values(t=t)
    total /= np.float32(volume.frames)
    finite = np.isfinite(total)
    if not finite.all():
        total[~finite] = total[finite].min() if finite.any() else 0
    return total


def _start(fixed: Volume, moving: Volume) -> Start:
    """Return "header" if the headers can be believed and the centre of one volume lies within the other."""
    ours, theirs = fixed.grid.frame_of_reference, moving.grid.frame_of_reference
    if ours and theirs and ours != theirs:
        return "centres"
    for volume, other in ((fixed, moving), (moving, fixed)):
        index = volume.grid.to_index(centre(other))
        if ((index >= 0) & (index <= np.asarray(volume.grid.size) - 1)).all():
            return "header"
    return "centres"


def _search(sitk: Any, fixed: Volume, shift: NDArray[np.float64]) -> Any:
    """Return the search; ``shift`` is what takes a point of the fixed volume to the moving one at the start."""
    search = sitk.ImageRegistrationMethod()
    search.SetMetricAsMattesMutualInformation(numberOfHistogramBins=_BINS)
    search.SetMetricSamplingStrategy(search.RANDOM)
    # Small volumes (a mouse SPECT of 64 voxels) are not made smaller than their structures.
    shrink = [factor for factor in (4, 2) if min(fixed.grid.size) >= 16 * factor] + [1]
    voxels = np.prod(np.asarray(fixed.grid.size, dtype=np.float64))
    search.SetMetricSamplingPercentagePerLevel([min(1.0, SAMPLES * f**3 / voxels) for f in shrink], _SEED)
    search.SetShrinkFactorsPerLevel(shrink)
    search.SetSmoothingSigmasPerLevel([(f - 1) * float(np.mean(fixed.grid.spacing)) for f in shrink])
    search.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    search.SetInterpolator(sitk.sitkLinear)
    # The first step is as long as a voxel; angles are weighed by how far they move the volume.
    search.SetOptimizerAsRegularStepGradientDescent(
        learningRate=1.0,
        minStep=1e-3,
        numberOfIterations=_ITERATIONS,
        relaxationFactor=0.6,
        gradientMagnitudeTolerance=1e-6,
        estimateLearningRate=search.Once,
    )
    search.SetOptimizerScalesFromPhysicalShift()
    initial = sitk.Euler3DTransform()
    initial.SetCenter(centre(fixed))
    initial.SetTranslation(shift.tolist())
    search.SetInitialTransform(initial, inPlace=False)
    return search


def _notes(search: Any, motion: RigidTransform, moving: Volume, start: Start) -> tuple[str, ...]:
    middle = np.asarray(centre(moving))
    shift = ", ".join(f"{value:.3g}" for value in motion.apply(middle) - middle)
    angles = ", ".join(f"{value:.3g}" for value in motion.degrees)
    where = "as the headers put them" if start == "header" else "with the centres of both upon each other"
    return (
        f"Rigid registration: centre moved by {shift} mm, turned by {angles} degrees about x, y, z (LPS)",
        f"Mattes mutual information {-search.GetMetricValue():.4g} (SimpleITK), begun {where}",
    )
