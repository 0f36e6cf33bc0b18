"""Read stored pixel values: straight from the file where they are native, through pydicom where compressed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import ImageError, NotDicom, Unsupported
from vqscript.imaging.dicom import values
from vqscript.imaging.dicom.codestream import frame_size
from vqscript.imaging.dicom.instance import Instance
from vqscript.imaging.dicom.stream import DEFLATED, EXPLICIT_BIG_ENDIAN, NATIVE, locate_pixels, opened

if TYPE_CHECKING:
    from pydicom.pixels.decoders.base import Decoder

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


def check_rescale(instance: Instance, slope: float, intercept: float) -> None:
    """Raise Unsupported if a rescale slope makes all values equal, or leads beyond what float32 holds."""
    if abs(slope) < float(np.finfo(np.float32).tiny):
        raise Unsupported(f"a RescaleSlope of {slope:g} makes all values equal", path=instance.path)
    if abs(slope) * 2.0 ** min(instance.bits_allocated, 64) + abs(intercept) > float(np.finfo(np.float32).max):
        raise Unsupported(
            f"RescaleSlope {slope:g} and RescaleIntercept {intercept:g} lead to values that no image has",
            path=instance.path,
        )


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
        _trim(out, instance.bits_stored)
        return
    frames = out.reshape(-1, instance.rows, instance.columns)
    for place, frame in zip(frames, _packed_frames(instance), strict=True):
        place[...] = frame
        _trim(place, instance.bits_stored)


def each(slices: Sequence[Instance], out: Array | None = None) -> Iterator[tuple[int, Array]]:
    """Read slices one after the other; compressed frames of one file in the order of the file.

    Parameters
    ----------
    slices : sequence of Instance
        Of one frame each, and of equal size and type.
    out : (n, rows, columns) array, optional
        Of :func:`stored_type`: filled with the slices.

    Yields
    ------
    number : int
        Which of the slices it is; each comes once.
    plane : (rows, columns) array
        Its stored values: a view of ``out``, else a buffer that holds them until the next step.

    Raises
    ------
    Unsupported, NotDicom, ImageError
        As :func:`read_into`.
    """
    first = slices[0]
    buffer = np.empty((first.rows, first.columns), dtype=stored_type(first)) if out is None else None
    packed: dict[Path, dict[int, int]] = {}
    for number, one in enumerate(slices):
        if one.frame is not None and one.transfer_syntax not in NATIVE:
            packed.setdefault(one.path, {})[one.frame] = number
            continue
        plane = buffer if out is None else out[number]
        assert plane is not None
        read_into(one, plane)
        yield number, plane
    for places in packed.values():
        one = slices[next(iter(places.values()))]
        for frame, decoded in enumerate(_packed_frames(one)):
            if frame in places:
                plane = buffer if out is None else out[places[frame]]
                assert plane is not None
                plane[...] = decoded
                _trim(plane, one.bits_stored)
                yield places[frame], plane


def _read_native(instance: Instance, out: Array) -> None:
    if not instance.pixel_offset:
        raise Unsupported(f"{instance.path}: no pixel data of whole numbers", path=instance.path)
    try:
        with instance.path.open("rb", buffering=0) as file:
            swapped = _is_swapped(instance, file)
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
    if swapped:
        out.reshape(-1).view(np.uint16).byteswap(inplace=True)


def _is_swapped(instance: Instance, file: FileIO) -> bool:
    """Return whether bytes lie in words of big endian order: the second pixel before the first (PS3.5, 8.1.1)."""
    if instance.transfer_syntax != EXPLICIT_BIG_ENDIAN or instance.bits_allocated != 8:
        return False
    # The element's value representation comes eight bytes before its value.
    file.seek(instance.pixel_offset - (instance.frame or 0) * instance.pixel_length - 8)
    if file.read(2) != b"OW":
        return False
    if instance.rows * instance.columns % 2:
        raise Unsupported(
            f"{instance.path}: an odd number of bytes in words of big endian order is not read",
            hint="dcmconv +te makes it plain",
            path=instance.path,
        )
    return True


def _packed_frames(instance: Instance) -> Iterator[Array]:
    """Yield all frames of a file that is deflated or has compressed pixel data, ``(rows, columns)`` each."""
    deflated = instance.transfer_syntax == DEFLATED
    decoder = None if deflated else _decoder(instance)
    with opened(instance.path) as (header, stream):
        has_pixels, offset, length = locate_pixels(stream, instance.transfer_syntax)
        frames = values.integer(header, "NumberOfFrames") or 1
        expected = frames if instance.frame is not None else instance.frames
        if not has_pixels or frames != expected or header.file_meta.TransferSyntaxUID != instance.transfer_syntax:
            raise NotDicom("holds another image than it did")
        if deflated and not offset:
            raise Unsupported("no pixel data of whole numbers")
        if offset and not deflated:
            raise NotDicom("has native pixel data although its transfer syntax is a compressed one")
        data = stream.read(length) if deflated else stream.read()
    with values.naming(instance.path):
        if decoder is None:
            yield from _inflated_frames(instance, data, frames)
        else:
            yield from _decoded_frames(instance, decoder, data, frames)


def _inflated_frames(instance: Instance, data: bytes, frames: int) -> Iterator[Array]:
    native = stored_type(instance)
    shape = (frames, instance.rows, instance.columns)
    if len(data) < math.prod(shape) * native.itemsize:
        raise NotDicom(f"is cut short: {len(data)} bytes of pixels for {frames} frames")
    yield from np.frombuffer(data, dtype=native, count=math.prod(shape)).reshape(shape)


def _decoder(instance: Instance) -> Decoder:
    from pydicom.pixels.decoders.base import get_decoder

    name = values.uid_name(instance.transfer_syntax)
    try:
        with values.quiet():
            decoder = get_decoder(instance.transfer_syntax)
    except NotImplementedError as error:
        raise Unsupported(f"{instance.path}: transfer syntax {name} is not read", path=instance.path) from error
    if not decoder.is_available:
        raise Unsupported(
            f"{instance.path}: no decoder for {name} is installed",
            hint='pip install "vqscript[codecs]" brings one',
            path=instance.path,
        )
    return decoder


def _decoded_frames(instance: Instance, decoder: Decoder, data: bytes, frames: int) -> Iterator[Array]:
    """Yield the frames of encapsulated pixel data, which begins with its basic offset table."""
    from pydicom.encaps import encapsulate, generate_frames
    from pydicom.uid import RLELossless

    options: dict[str, Any] = {
        "rows": instance.rows,
        "columns": instance.columns,
        "number_of_frames": 1,
        "samples_per_pixel": 1,
        "photometric_interpretation": instance.photometric,
        "bits_allocated": instance.bits_allocated,
        "bits_stored": instance.bits_stored,
        "pixel_representation": int(instance.signed),
        "pixel_keyword": "PixelData",
    }
    count = 0
    try:
        for packed in generate_frames(data, number_of_frames=frames):
            if count == frames:  # what follows is padding, or nothing that the header knows of
                return
            if instance.transfer_syntax != RLELossless:
                _check_frame(instance, packed)
            with values.quiet():
                decoded, _ = decoder.as_array(encapsulate([packed]), raw=True, index=0, **options)
            yield decoded.reshape(instance.rows, instance.columns)
            count += 1
    except values.decoding_errors() as error:
        reason = " ".join(str(error).split())
        raise NotDicom(f"the {decoder.UID.name} pixel data cannot be decompressed: {reason}") from error
    if count < frames:
        raise NotDicom(f"is cut short: {count} compressed frames of {frames} are there")


def _check_frame(instance: Instance, packed: bytes) -> None:
    """Raise NotDicom if a codestream would decompress to something else than the header describes."""
    found = frame_size(packed)
    if found[:3] != (instance.rows, instance.columns, 1) or found.bits > instance.bits_allocated:
        raise NotDicom(
            f"a compressed frame is {found.columns} x {found.rows} with {found.components} components of "
            f"{found.bits} bits, the header says {instance.columns} x {instance.rows} of {instance.bits_allocated}"
        )


def _trim(stored: Array, bits_stored: int) -> None:
    """Clear the bits above the stored ones, which may hold overlays, and extend the sign (PS3.5, section 8.1)."""
    spare = stored.dtype.itemsize * 8 - bits_stored
    if not spare or not stored.size:
        return
    signed = stored.dtype.kind == "i"
    low, high = (-(1 << bits_stored - 1), (1 << bits_stored - 1) - 1) if signed else (0, (1 << bits_stored) - 1)
    # Nearly always there is nothing to do, and looking is cheaper than shifting.
    if stored.max() > high or stored.min() < low:
        np.left_shift(stored, spare, out=stored)
        np.right_shift(stored, spare, out=stored)
