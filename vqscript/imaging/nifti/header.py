"""The header of a NIfTI file: its two layouts, and what it says once it is checked.

Sources: nifti1.h and nifti2.h of the NIfTI Data Format Working Group.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import ImageError, Unsupported

NIFTI1 = np.dtype(
    [
        ("sizeof_hdr", "<i4"),
        ("unused", "S35"),
        ("dim_info", "u1"),
        ("dim", "<i2", 8),
        ("intent_p", "<f4", 3),
        ("intent_code", "<i2"),
        ("datatype", "<i2"),
        ("bitpix", "<i2"),
        ("slice_start", "<i2"),
        ("pixdim", "<f4", 8),
        ("vox_offset", "<f4"),
        ("scl_slope", "<f4"),
        ("scl_inter", "<f4"),
        ("slice_end", "<i2"),
        ("slice_code", "u1"),
        ("xyzt_units", "u1"),
        ("cal", "<f4", 2),
        ("slice_duration", "<f4"),
        ("toffset", "<f4"),
        ("glmax_glmin", "<i4", 2),
        ("descrip", "S80"),
        ("aux_file", "S24"),
        ("qform_code", "<i2"),
        ("sform_code", "<i2"),
        ("quatern", "<f4", 3),
        ("qoffset", "<f4", 3),
        ("srow", "<f4", (3, 4)),
        ("intent_name", "S16"),
        ("magic", "S4"),
    ]
)

NIFTI2 = np.dtype(
    [
        ("sizeof_hdr", "<i4"),
        ("magic", "S8"),
        ("datatype", "<i2"),
        ("bitpix", "<i2"),
        ("dim", "<i8", 8),
        ("intent_p", "<f8", 3),
        ("pixdim", "<f8", 8),
        ("vox_offset", "<i8"),
        ("scl_slope", "<f8"),
        ("scl_inter", "<f8"),
        ("cal", "<f8", 2),
        ("slice_duration", "<f8"),
        ("toffset", "<f8"),
        ("slice_start", "<i8"),
        ("slice_end", "<i8"),
        ("descrip", "S80"),
        ("aux_file", "S24"),
        ("qform_code", "<i4"),
        ("sform_code", "<i4"),
        ("quatern", "<f8", 3),
        ("qoffset", "<f8", 3),
        ("srow", "<f8", (3, 4)),
        ("slice_code", "<i4"),
        ("xyzt_units", "<i4"),
        ("intent_code", "<i4"),
        ("intent_name", "S16"),
        ("dim_info", "u1"),
        ("unused", "S15"),
    ]
)

LAYOUTS = {NIFTI1.itemsize: NIFTI1, NIFTI2.itemsize: NIFTI2}
"""Size of the header -> its layout; the first field of a file is this size."""

_MAGIC = {NIFTI1.itemsize: b"n+1", NIFTI2.itemsize: b"n+2\0\r\n\x1a\n"}

DATATYPES = {
    2: "u1",
    4: "i2",
    8: "i4",
    16: "f4",
    64: "f8",
    256: "i1",
    512: "u2",
    768: "u4",
    1024: "i8",
    1280: "u8",
}
"""NIfTI datatype code -> numpy type, for all types that are one real number each."""

_NO_NUMBERS = {
    1: "single bits",
    32: "complex numbers",
    1792: "complex numbers",
    2048: "complex numbers",
    128: "colours",
    2304: "colours",
    1536: "numbers of 128 bits",
}

LARGEST = 1 << 35
"""Bytes of voxels beyond which no file is believed: 32 GiB."""


@dataclass(frozen=True, eq=False)
class Header:
    """A checked header.

    Attributes
    ----------
    fields : numpy.void
        All fields as they are in the file.
    size : tuple of int
        Voxels along x, y, z.
    frames : int
    dtype : numpy.dtype
        Type and byte order of the voxels in the file.
    order : str
        "<" or ">", the byte order of the file.
    offset : int
        Where the voxels begin.
    slope, intercept : float
        From stored to values; 1 and 0 where the file does not scale.
    """

    fields: Any
    size: tuple[int, int, int]
    frames: int
    dtype: np.dtype[Any]
    order: str
    offset: int
    slope: float
    intercept: float

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array: ``(z, y, x)``, or ``(t, z, y, x)`` with several frames."""
        x, y, z = self.size
        return (z, y, x) if self.frames == 1 else (self.frames, z, y, x)

    @property
    def voxel_bytes(self) -> int:
        """Bytes of all voxels in the file."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def description(self) -> str:
        """The free text field ``descrip``."""
        text: str = self.fields["descrip"].split(b"\0")[0].decode("ascii", "replace")
        return text.strip()


def is_nifti_name(name: str) -> bool:
    """Whether a file's name ends as that of a NIfTI image does."""
    return name.casefold().endswith((".nii", ".nii.gz"))


def parse(raw: bytes, order: str) -> Header:
    """Return the header that the first bytes of a file hold.

    Parameters
    ----------
    raw : bytes
        As many as :func:`layout_of` says.
    order : str
        "<" or ">", the byte order of the file.

    Raises
    ------
    Unsupported
        For voxels that are not one real number each, for five dimensions and more, and for the first half of
        an image in two files.
    ImageError
        If a size, offset or scale cannot be.
    """
    layout = LAYOUTS[len(raw)].newbyteorder(order)  # type: ignore[arg-type]
    fields = np.frombuffer(raw, dtype=layout)[0]
    magic = bytes(fields["magic"])
    if magic[:2] == b"ni":
        raise Unsupported("is the header of an image in two files", hint="convert the pair to one .nii file first")
    if magic != _MAGIC[layout.itemsize]:
        raise Unsupported("is no NIfTI file: its magic is missing, as in an ANALYZE image")
    size, frames = _size([int(n) for n in fields["dim"]])
    slope, intercept = _scaling(float(fields["scl_slope"]), float(fields["scl_inter"]))
    header = Header(
        fields=fields,
        size=size,
        frames=frames,
        dtype=_type(int(fields["datatype"]), int(fields["bitpix"])).newbyteorder(order),  # type: ignore[arg-type]
        order=order,
        offset=_offset(float(fields["vox_offset"]), layout.itemsize),
        slope=slope,
        intercept=intercept,
    )
    if header.voxel_bytes > LARGEST:
        raise ImageError(f"declares {_times(header.shape[::-1])} voxels, {header.voxel_bytes} bytes: more than is read")
    return header


def layout_of(start: bytes) -> tuple[int, str]:
    """Return the size and byte order of a header by its first four bytes; ImageError if it is none."""
    for order in ("<", ">"):
        size = int(np.frombuffer(start, dtype=f"{order}i4")[0])
        if size in LAYOUTS:
            return size, order
    raise ImageError("is no NIfTI file: it does not begin with the size of its header")


def _size(dim: list[int]) -> tuple[tuple[int, int, int], int]:
    count = dim[0]
    if not 1 <= count <= 7:
        raise ImageError(f"has {count} dimensions, which cannot be")
    sizes = [*dim[1 : count + 1], 1, 1, 1][: max(count, 4)]
    if min(sizes) < 1:
        raise ImageError(f"declares {_times(sizes)} voxels, which cannot be")
    if max(sizes[4:], default=1) > 1:
        raise Unsupported(f"has several values in each voxel ({_times(sizes)}), which are not read")
    x, y, z, t = sizes[:4]
    return (x, y, z), t


def _type(code: int, bits: int) -> np.dtype[Any]:
    if code not in DATATYPES:
        what = _NO_NUMBERS.get(code, f"voxels of datatype {code}")
        raise Unsupported(f"holds {what}, which are not read")
    dtype = np.dtype(DATATYPES[code])
    if bits not in (0, 8 * dtype.itemsize):
        raise ImageError(f"says {bits} bits for voxels of datatype {code}, which have {8 * dtype.itemsize}")
    return dtype


def _offset(offset: float, header_size: int) -> int:
    if not header_size <= offset < LARGEST or offset != int(offset):
        raise ImageError(f"says that its voxels begin at byte {offset:g}, which cannot be")
    return int(offset)


def _scaling(slope: float, intercept: float) -> tuple[float, float]:
    # A slope of 0 means none (nifti1.h), and a NaN is written for none by some.
    if slope == 0 or math.isnan(slope):
        return 1.0, 0.0
    if not (math.isfinite(slope) and math.isfinite(intercept)):
        raise ImageError(f"scales its values by {slope:g} and {intercept:g}, which cannot be")
    return slope, intercept


def _times(dims: Iterable[int]) -> str:
    return " x ".join(str(n) for n in dims)


def empty() -> NDArray[Any]:
    """Return a header of zeros to be filled, as an array of one element: NIfTI-1, little endian."""
    fields = np.zeros(1, dtype=NIFTI1)
    fields["sizeof_hdr"] = NIFTI1.itemsize
    fields["magic"] = _MAGIC[NIFTI1.itemsize]
    return fields
