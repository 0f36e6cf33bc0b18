"""Write a volume as a NIfTI file."""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import ImageError, UsageError
from vqscript.files import whole_file
from vqscript.imaging.nifti import extension
from vqscript.imaging.nifti.header import DATATYPES, empty, is_nifti_name
from vqscript.imaging.nifti.placing import MM, MM_AND_SECONDS, place
from vqscript.imaging.nifti.reader import UNIT_KEY
from vqscript.imaging.volume import Volume

_CODES = {np.dtype(name): code for code, name in DATATYPES.items()}
_LONGEST = 32767  # dim is a signed number of 16 bits


def write(volume: Volume, path: Path) -> None:
    """Write a volume as NIfTI-1, whole or not at all; a file of that name is replaced.

    Parameters
    ----------
    volume : Volume
        Whole numbers are written as they are stored, with slope and intercept; all others as float32 values.
    path : Path
        Ends in ``.nii``, or in ``.nii.gz`` to be compressed.

    Raises
    ------
    UsageError
        If the name ends otherwise.
    ImageError
        If the volume has more than 32767 voxels along one axis.
    VqError
        If the file cannot be written.

    Notes
    -----
    The unit stands in ``descrip``, as ``unit=Bq/mL``. Frames at equal steps have the step in ``pixdim``; the times
    of others stand in a comment extension. A sheared grid has an sform only, any other the qform as well.
    """
    if not is_nifti_name(path.name):
        raise UsageError(f'"{path.name}" is no name of a NIfTI file', hint="end it in .nii or .nii.gz", path=path)
    if max(volume.stored.shape) > _LONGEST:
        sizes = " x ".join(str(n) for n in reversed(volume.stored.shape))
        raise ImageError(f"{path}: {sizes} voxels do not fit into NIfTI-1 ({_LONGEST} along an axis)", path=path)
    scaling = _whole_number_scaling(volume)
    dtype = _stored_type(volume.stored.dtype) if scaling else np.dtype(np.float32)
    start = _header(volume, dtype, scaling or (1.0, 0.0))
    with whole_file(path) as target, _compressed(target, path) as file:
        file.write(start)
        for plane in volume.stored.reshape(-1, *volume.stored.shape[-2:]) if scaling else _value_planes(volume):
            file.write(np.ascontiguousarray(plane, dtype=dtype.newbyteorder("<")).data)


def _header(volume: Volume, dtype: np.dtype[Any], scaling: tuple[float, float]) -> bytes:
    fields = empty()
    step, listed = _frame_times(volume)
    between = extension.pack(listed)
    place(volume.grid, fields)
    fields["dim"] = (volume.stored.ndim, *volume.grid.size, volume.frames, 1, 1, 1)
    fields["pixdim"][0, 4:] = (step, 1, 1, 1)
    fields["xyzt_units"] = MM_AND_SECONDS if step else MM
    fields["datatype"], fields["bitpix"] = _CODES[dtype], 8 * dtype.itemsize
    fields["scl_slope"], fields["scl_inter"] = scaling
    fields["vox_offset"] = fields.nbytes + len(between)
    if volume.unit:
        fields["descrip"] = f"{UNIT_KEY}{volume.unit}".encode("ascii", "replace")[:79]
    return fields.tobytes() + between


def _whole_number_scaling(volume: Volume) -> tuple[float, float] | None:
    """Return slope and intercept if the stored numbers can stay; None if values are to be written.

    The header holds 32-bit numbers: a slope that becomes 0 or inexact there would change every value.
    """
    if volume.stored.dtype.kind not in "iub":
        return None
    with np.errstate(over="ignore", under="ignore"):
        kept = [float(np.float32(number)) for number in (volume.slope, volume.intercept)]
    exact = all(
        math.isclose(one, other, rel_tol=1e-6)
        for one, other in zip(kept, (volume.slope, volume.intercept), strict=True)
    )
    return (volume.slope, volume.intercept) if exact and volume.slope else None


def _stored_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(np.uint8) if dtype.kind == "b" else dtype.newbyteorder("=")


def _value_planes(volume: Volume) -> Iterator[NDArray[np.float32]]:
    for t in range(volume.frames):
        for plane in volume.frame(t):
            yield volume.scaled(plane)


def _frame_times(volume: Volume) -> tuple[float, tuple[float, ...]]:
    """Return the step between frames (0 if there is none), and their times if no step describes them."""
    times = volume.frame_times
    if volume.frames == 1 or len(times) != volume.frames:
        return 0.0, ()
    step = (times[-1] - times[0]) / (len(times) - 1)
    even = times[0] == 0 and all(math.isclose(time, step * k, rel_tol=1e-6) for k, time in enumerate(times))
    return (step, ()) if even and step > 0 else (0.0, times)


@contextmanager
def _compressed(target: BinaryIO, path: Path) -> Iterator[BinaryIO]:
    if path.suffix.casefold() != ".gz":
        yield target
        return
    # No name and no time: the same volume makes the same file.
    with gzip.GzipFile(filename="", fileobj=target, mode="wb", compresslevel=1, mtime=0) as file:
        yield cast(BinaryIO, file)
