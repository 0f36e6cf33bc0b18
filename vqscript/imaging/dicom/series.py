"""Load a series: one volume for each separate image in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import GeometryError, ImageError, NotDicom, Unsupported
from vqscript.imaging.dicom import multiframe, pixels, values
from vqscript.imaging.dicom.header import read_header
from vqscript.imaging.dicom.instance import Instance
from vqscript.imaging.dicom.quantity import quantity
from vqscript.imaging.dicom.timing import frame_times, instant, slice_timing
from vqscript.imaging.geometry import Clue, Stack, alike, angle_between, stack
from vqscript.imaging.volume import Source, Volume

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Array = NDArray[Any]

SINGLE_FRAME = {
    "1.2.840.10008.5.1.4.1.1.2": "CT",
    "1.2.840.10008.5.1.4.1.1.4": "MR",
    "1.2.840.10008.5.1.4.1.1.128": "PET",
}
NUCLEAR = frozenset({"1.2.840.10008.5.1.4.1.1.20", "1.2.840.10008.5.1.4.1.1.5"})
MULTI_FRAME = multiframe.ENHANCED | {multiframe.DOSE}
LOADABLE = frozenset(SINGLE_FRAME) | NUCLEAR | MULTI_FRAME

# Values of ImageType that make slices of one MR series separate images (PS3.3, C.8.3.1.1.1, and what vendors write).
_MR_KINDS = frozenset(
    {
        "M",
        "P",
        "R",
        "I",
        "MAGNITUDE",
        "PHASE",
        "PHASE MAP",
        "REAL",
        "IMAGINARY",
        "WATER",
        "FAT",
        "IN_PHASE",
        "OUT_PHASE",
    }
)

_TURN_NOTICED = 0.005  # degrees: rounded cosines turn less
_TURNED = 30.0  # degrees: a slice at less than this to the others is no localizer, but one of them gone wrong


def load_series(instances: Sequence[Instance]) -> list[Volume]:
    """Load the images of one series.

    Parameters
    ----------
    instances : sequence of Instance
        All files of the series, in any order.

    Returns
    -------
    list of Volume
        One for each separate image: another orientation, matrix, echo, or energy window. Images that
        repeat the same positions are the frames of one 4-D volume.

    Raises
    ------
    Unsupported
        If the series holds no image that can be loaded; the message names its SOP class.
    GeometryError
        If slices are missing or do not form a regular grid; numbers and positions are in the message.
    NotDicom
        If a file is damaged.
    """
    if not instances:
        raise ImageError("a series without files was to be loaded")
    series = instances[0].series_uid
    if any(one.series_uid != series for one in instances):
        raise ImageError("files of several series were to be loaded as one", uid=series)
    warnings: list[str] = []
    images = _loadable(_unique(instances, warnings), warnings)
    volumes: list[Volume] = []
    for group in _separate(images, warnings):
        try:
            volumes.extend(_load_group(group))
        except (GeometryError, NotDicom, Unsupported) as error:
            raise type(error)(
                f"series {series}: {error.message}",
                hint=error.hint,
                **{"path": group[0].path, "uid": series, **error.about},
            ) from error
    volumes[0].warnings = (*warnings, *volumes[0].warnings)
    return volumes


def _unique(instances: Sequence[Instance], warnings: list[str]) -> list[Instance]:
    found: dict[str, Instance] = {}
    for one in instances:
        found.setdefault(one.sop_uid, one)
    if extra := len(instances) - len(found):
        warnings.append(f"{extra} of {len(instances)} files repeat an instance and are left out")
    return list(found.values())


def _loadable(instances: list[Instance], warnings: list[str]) -> list[Instance]:
    """Return the images; Unsupported if there are none."""
    images = [one for one in instances if one.sop_class in LOADABLE]
    others = sorted({values.uid_name(one.sop_class) for one in instances if one.sop_class not in LOADABLE})
    if not images:
        raise Unsupported(
            f"series {instances[0].series_uid} holds {', '.join(others)}: no image that can be loaded",
            hint="CT, MR, PET and NM images and RT doses are loaded",
            path=instances[0].path,
            uid=instances[0].series_uid,
        )
    for one in images:
        if one.rows < 1 or one.columns < 1 or one.frames < 1:
            raise NotDicom(f"{one.path}: is an image object without pixels", path=one.path)
    if others:
        warnings.append(f"{len(instances) - len(images)} files of {', '.join(others)} are left out")
    return [frame for one in images for frame in (multiframe.split(one) if one.sop_class in MULTI_FRAME else (one,))]


def _separate(images: list[Instance], warnings: list[str]) -> list[list[Instance]]:
    """Return the slices of each separate image, in the order of their instance numbers, without localizers."""
    groups: dict[tuple[Any, ...], list[Instance]] = {}
    orientations = alike([one.orientation for one in images])
    for one, orientation in zip(images, orientations, strict=True):
        groups.setdefault((_kind(one), orientation), []).append(one)
    _check_parallel(list(groups.values()))
    scouts = [key for key, group in groups.items() if _is_localizer(group[0])]
    largest = max(len(group) for group in groups.values())
    if largest >= 3:
        # A single slice of another orientation beside a stack is a scout, whatever it calls itself.
        usual = {one.orientation for group in groups.values() if len(group) == largest for one in group}
        scouts += [
            key
            for key, group in groups.items()
            if len(group) == 1 and key not in scouts and group[0].frames == 1 and group[0].orientation not in usual
        ]
    if scouts and len(scouts) < len(groups):
        count = sum(len(groups.pop(key)) for key in scouts)
        warnings.append(f"{count} localizer image{'s' if count > 1 else ''} left out")
    return sorted(groups.values(), key=lambda group: min(one.instance_number or 0 for one in group))


def _check_parallel(groups: list[list[Instance]]) -> None:
    """Raise GeometryError where single slices are turned against others that they otherwise match.

    A stack of another orientation is an image of its own, and a slice at a large angle a localizer.
    """
    placed = [group for group in groups if group[0].orientation is not None and not _is_localizer(group[0])]
    for group in placed:
        one = group[0]
        if len(group) > 1 or one.frames > 1:
            continue
        for other in placed:
            if other is group or _kind(other[0]) != _kind(one):
                continue
            angle = angle_between(one.orientation, other[0].orientation)
            if angle < _TURNED:
                count = sum(len(group) for group in placed)
                raise GeometryError(
                    f"series {one.series_uid}: its {count} slices are not parallel: {one.path.name} is turned by "
                    f"{angle:.2f} degrees against {other[0].path.name}",
                    path=one.path,
                    uid=one.series_uid,
                    angle=angle,
                )


def _is_localizer(one: Instance) -> bool:
    return "LOCALIZER" in one.image_type


def _kind(one: Instance) -> tuple[Any, ...]:
    """Return what besides the orientation must be equal for slices to belong to one image.

    A multi-frame object stands alone.
    """
    if one.sop_class in NUCLEAR or one.frames > 1:
        return (one.sop_uid,)
    kinds = _MR_KINDS.intersection(one.image_type.split("\\")[2:]) if one.modality == "MR" else ()
    return (
        one.sop_class,
        one.rows,
        one.columns,
        tuple(round(s, 4) for s in one.pixel_spacing or ()),
        one.bits_allocated,
        one.signed,
        one.frame_of_reference,
        one.echo_number,
        _is_localizer(one),
        tuple(sorted(kinds)),
    )


def _load_group(group: list[Instance]) -> list[Volume]:
    first = group[0]
    if first.sop_class in NUCLEAR:
        from vqscript.imaging.dicom import nm

        return nm.load(first)
    if first.frames > 1:
        raise Unsupported(
            f"{first.frames} frames in one {SINGLE_FRAME[first.sop_class]} object of a single-frame class"
        )
    return [_load_slices(group)]


def _load_slices(group: list[Instance]) -> Volume:
    ordered = _stack(group)
    table = ordered.order
    slices = [group[i] for i in table.ravel()]
    header = _first_header(slices[0])
    with values.naming(slices[0].path):
        meaning = quantity(header)
    stored, slope, intercept = _read(slices)
    timing = slice_timing(group, table)
    frames, count = table.shape
    shape = (count, *stored.shape[1:]) if frames == 1 else (frames, count, *stored.shape[1:])
    return Volume(
        stored.reshape(shape),
        ordered.grid,
        unit=meaning.unit,
        slope=slope,
        intercept=intercept,
        modality=slices[0].modality,
        header=header,
        source=Source(
            slices[0].study_uid,
            slices[0].series_uid,
            tuple(dict.fromkeys(one.path for one in slices)),
            tuple(dict.fromkeys(one.sop_uid for one in slices)),
        ),
        frame_times=frame_times(timing),
        warnings=(*ordered.warnings, *meaning.warnings),
        timing=timing,
    )


def _stack(group: list[Instance]) -> Stack:
    for one in group:
        lacking = [
            name
            for name, found in (
                ("ImagePositionPatient", one.position),
                ("ImageOrientationPatient", one.orientation),
                ("PixelSpacing", one.pixel_spacing),
            )
            if found is None
        ]
        if lacking:
            raise GeometryError(f"{one.path} has no {lacking[0]}, so its place is unknown", path=one.path)
    first = group[0]
    assert first.orientation is not None and first.pixel_spacing is not None
    ordered = stack(
        np.array([one.position for one in group]),
        first.orientation,
        first.pixel_spacing,
        (first.rows, first.columns),
        thickness=first.slice_thickness,
        frame_of_reference=first.frame_of_reference,
        clues=_clues(group),
    )
    turned = max(angle_between(first.orientation, other) for other in {one.orientation for one in group})
    if turned > _TURN_NOTICED:
        warning = f"slices are turned by up to {turned:.3f} degrees against the first: this is not corrected"
        return replace(ordered, warnings=(*ordered.warnings, warning))
    return ordered


def _clues(group: list[Instance]) -> list[Clue]:
    starts = [instant(one.acquisition_time) for one in group]
    return [
        ("TemporalPositionIdentifier", [one.temporal_position for one in group]),
        ("FrameReferenceTime", [one.frame_reference_time for one in group]),
        ("AcquisitionTime", [None if np.isnat(start) else float(start.astype(np.int64)) for start in starts]),
        ("TriggerTime or ContentTime", [_number(one.content_time) for one in group]),
        ("AcquisitionNumber", [one.acquisition_number for one in group]),
        ("InstanceNumber", [one.instance_number for one in group]),
    ]


def _number(text: str) -> float | None:
    try:
        return float(text.replace(":", ""))
    except ValueError:
        return None


def _first_header(instance: Instance) -> Dataset:
    header, found = read_header(instance.path)
    if found.sop_uid != instance.sop_uid:
        raise NotDicom(f"{instance.path} holds another instance than it did", path=instance.path, uid=instance.sop_uid)
    values.settle(header)
    return header


def _read(slices: list[Instance]) -> tuple[Array, float, float]:
    """Return stored values ``(n, y, x)``, slope and intercept; float32 values if the slices differ in these."""
    first = slices[0]
    for one in slices:
        pixels.check_rescale(one, one.slope, one.intercept)
    native = pixels.stored_type(first)
    shape = (len(slices), first.rows, first.columns)
    if len({(one.slope, one.intercept) for one in slices}) == 1:
        stored = np.empty(shape, dtype=native)
        for _ in pixels.each(slices, stored):
            pass
        return stored, first.slope, first.intercept
    rescaled = np.empty(shape, dtype=np.float32)
    for k, plane in pixels.each(slices):
        np.multiply(plane, np.float32(slices[k].slope), out=rescaled[k], casting="unsafe")
        rescaled[k] += np.float32(slices[k].intercept)
    return rescaled, 1.0, 0.0
