"""Read stored pixel values: straight from the file where they are native, through pydicom where compressed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import ImageError, NotDicom, Unsupported
from vqscript.imaging.dicom.header import EXPLICIT_BIG_ENDIAN, NATIVE
from vqscript.imaging.dicom.instance import Instance

Array = NDArray[Any]


def stored_type(instance: Instance) -> np.dtype[Any]:
    """Return the numpy type of the stored values.

    Raises
    ------
    Unsupported
        For colour, or bits that are not 8, 16 or 32.
    """
    if instance.samples != 1 or not instance.photometric.startswith("MONOCHROME"):
        raise Unsupported(
            f"{instance.path}: a colour image ({instance.photometric}, {instance.samples} samples per pixel) "
            "has no values to measure",
            path=instance.path,
        )
    if instance.bits_allocated not in (8, 16, 32) or not 0 < instance.bits_stored <= instance.bits_allocated:
        raise Unsupported(
            f"{instance.path}: pixels of {instance.bits_stored} bits stored in {instance.bits_allocated} are not read",
            path=instance.path,
        )
    return np.dtype(f"{'i' if instance.signed else 'u'}{instance.bits_allocated // 8}")


def read(instance: Instance) -> Array:
    """Return the stored values of an instance, ``(frames, rows, columns)``; raises as :func:`read_into`."""
    out = np.empty((instance.frames, instance.rows, instance.columns), dtype=stored_type(instance))
    read_into(instance, out)
    return out


def read_into(instance: Instance, out: Array) -> None:
    """Read the stored values of an instance into an array that is there already.

    Parameters
    ----------
    instance : Instance
    out : ndarray
        C-ordered, of :func:`stored_type`, with as many elements as the instance has voxels.

    Raises
    ------
    Unsupported
        If the transfer syntax has no decoder here.
    NotDicom
        If the file holds fewer values than the header says, or they cannot be decompressed.
    ImageError
        If the file cannot be opened.
    """
    if instance.transfer_syntax in NATIVE:
        _read_native(instance, out)
    else:
        _decompress(instance, out)
    _trim(out, instance.bits_stored)


def _read_native(instance: Instance, out: Array) -> None:
    if not instance.pixel_offset:
        raise Unsupported(f"{instance.path}: no pixel data of whole numbers", path=instance.path)
    try:
        with instance.path.open("rb", buffering=0) as file:
            file.seek(instance.pixel_offset)
            view = out.reshape(-1).view(np.uint8).data
            got = 0
            while got < len(view) and (count := file.readinto(view[got:])):
                got += count
    except OSError as error:
        raise ImageError(f"{instance.path} cannot be read: {error.strerror or error}", path=instance.path) from error
    if got < out.nbytes:
        raise NotDicom(f"{instance.path}: is cut short: {got} of {out.nbytes} bytes of pixels", path=instance.path)
    if instance.transfer_syntax == EXPLICIT_BIG_ENDIAN:
        out.byteswap(inplace=True)


def _decompress(instance: Instance, out: Array) -> None:
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.pixels.utils import pixel_array
    from pydicom.uid import UID

    name = UID(instance.transfer_syntax).name
    try:
        decoder = get_decoder(instance.transfer_syntax)
    except NotImplementedError as error:
        raise Unsupported(f"{instance.path}: transfer syntax {name} is not read", path=instance.path) from error
    if not decoder.is_available:
        raise Unsupported(
            f"{instance.path}: no decoder for {name} is installed",
            hint="one of these is needed: " + "; ".join(decoder.missing_dependencies),
            path=instance.path,
        )
    try:
        decoded = pixel_array(instance.path, raw=True)
    except OSError as error:
        raise ImageError(f"{instance.path} cannot be read: {error.strerror or error}", path=instance.path) from error
    except (RuntimeError, ValueError, AttributeError, TypeError, NotImplementedError) as error:
        raise NotDicom(
            f"{instance.path}: the {name} pixel data cannot be decompressed: {error}", path=instance.path
        ) from error
    if decoded.size != out.size:
        raise NotDicom(
            f"{instance.path}: decompressed to {decoded.size} pixels, {out.size} were declared", path=instance.path
        )
    out[...] = decoded.reshape(out.shape)


def _trim(values: Array, bits_stored: int) -> None:
    """Clear the bits above the stored ones, which may hold overlays, and extend the sign (PS3.5, section 8.1)."""
    spare = values.dtype.itemsize * 8 - bits_stored
    if not spare or not values.size:
        return
    signed = values.dtype.kind == "i"
    low, high = (-(1 << bits_stored - 1), (1 << bits_stored - 1) - 1) if signed else (0, (1 << bits_stored) - 1)
    # Nearly always there is nothing to do, and looking is cheaper than shifting.
    if values.max() > high or values.min() < low:
        np.left_shift(values, spare, out=values)
        np.right_shift(values, spare, out=values)
