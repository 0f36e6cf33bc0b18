"""Take enhanced multi-frame objects and RT doses apart into their frames.

Each frame becomes an instance of its own that points at its part of the file's pixel data (or, where that is
compressed, names its frame), so that the slices of a multi-frame object are ordered, checked and read as those
of a series of files.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from vqscript.errors import GeometryError, NotDicom, Unsupported
from vqscript.imaging.dicom import values
from vqscript.imaging.dicom.header import read_header
from vqscript.imaging.dicom.instance import Instance
from vqscript.imaging.geometry import plane_axes

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

ENHANCED = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.2.1",  # Enhanced CT
        "1.2.840.10008.5.1.4.1.1.2.2",  # Legacy Converted Enhanced CT
        "1.2.840.10008.5.1.4.1.1.4.1",  # Enhanced MR
        "1.2.840.10008.5.1.4.1.1.4.4",  # Legacy Converted Enhanced MR
        "1.2.840.10008.5.1.4.1.1.130",  # Enhanced PET
        "1.2.840.10008.5.1.4.1.1.128.1",  # Legacy Converted Enhanced PET
    }
)
DOSE = "1.2.840.10008.5.1.4.1.1.481.2"


def split(instance: Instance) -> list[Instance]:
    """Return the frames of an enhanced object or an RT dose as instances of one frame each.

    Raises
    ------
    Unsupported
        If it has no pixel data.
    NotDicom, GeometryError
        If the functional groups or frame offsets do not describe every frame.
    """
    header, instance = read_header(instance.path)
    if instance.frames < 1:
        raise Unsupported(f"{instance.path}: an image object without pixel data", path=instance.path)
    with values.naming(instance.path), values.quiet():
        frames = _dose_frames(header, instance) if instance.sop_class == DOSE else _enhanced_frames(header, instance)
    native = instance.pixel_offset > 0
    size = instance.rows * instance.columns * instance.bits_allocated // 8
    return [
        replace(
            one,
            frames=1,
            frame=k,
            instance_number=k + 1,
            pixel_offset=one.pixel_offset + k * size if native else 0,
            pixel_length=size if native else 0,
        )
        for k, one in enumerate(frames)
    ]


def _dose_frames(header: Dataset, instance: Instance) -> list[Instance]:
    """Return the planes of an RT dose: GridFrameOffsetVector along the normal (PS3.3, C.8.8.3.2)."""
    if instance.position is None or instance.orientation is None:
        raise GeometryError("an RT dose without position and orientation has no known place")
    offsets = np.array(values.numbers(header, "GridFrameOffsetVector") or (0.0,))
    if len(offsets) != instance.frames:
        raise NotDicom(f"GridFrameOffsetVector has {len(offsets)} values for {instance.frames} frames")
    normal = plane_axes(instance.orientation)[:, 2]
    if offsets[0] != 0:
        # The other form of the vector: patient z of each plane, allowed for axial planes only.
        if abs(abs(normal[2]) - 1) > 1e-3 or abs(offsets[0] - instance.position[2]) > 0.01:
            raise GeometryError("GridFrameOffsetVector neither begins with 0 nor gives the planes' z")
        offsets = (offsets - offsets[0]) * normal[2]
    points = np.asarray(instance.position) + offsets[:, None] * normal
    slope = values.number(header, "DoseGridScaling")
    if not slope:
        raise NotDicom("an RT dose without DoseGridScaling has no values")
    return [replace(instance, position=cast(Any, tuple(p.tolist())), slope=slope, intercept=0.0) for p in points]


def _enhanced_frames(header: Dataset, instance: Instance) -> list[Instance]:
    """Return the frames of an enhanced object by its functional groups (PS3.3, C.7.6.16)."""
    groups = values.items(header, "PerFrameFunctionalGroupsSequence")
    shared = values.items(header, "SharedFunctionalGroupsSequence")
    if len(groups) != instance.frames:
        raise NotDicom(f"{len(groups)} functional groups describe {instance.frames} frames")
    frames = [_enhanced_frame(_Groups([group, *shared]), instance) for group in groups]
    # Echoes are separate images; the objects give times where single-frame ones have numbers.
    times = [_Groups([group, *shared]).number("MREchoSequence", "EffectiveEchoTime") for group in groups]
    echoes = sorted({time for time in times if time is not None})
    return [
        replace(one, echo_number=None if time is None else echoes.index(time))
        for one, time in zip(frames, times, strict=True)
    ]


class _Groups:
    """The functional groups that hold for a frame: its own, then the shared ones."""

    def __init__(self, items: list[Dataset]) -> None:
        self.items = items

    def item(self, sequence: str) -> Dataset | None:
        for group in self.items:
            if found := values.items(group, sequence):
                return found[0]
        return None

    def numbers(self, sequence: str, keyword: str, count: int = 0) -> tuple[float, ...]:
        item = self.item(sequence)
        return () if item is None else values.numbers(item, keyword, count)

    def number(self, sequence: str, keyword: str) -> float | None:
        found = self.numbers(sequence, keyword)
        return found[0] if found else None

    def text(self, *sequences: str, keyword: str) -> str:
        items = [item for item in map(self.item, sequences) if item is not None]
        return next((found for item in items if (found := values.text(item, keyword))), "")


def _enhanced_frame(groups: _Groups, instance: Instance) -> Instance:
    kinds = ("MRImageFrameTypeSequence", "CTImageFrameTypeSequence", "PETFrameTypeSequence")
    kind = groups.text(*kinds, keyword="FrameType") or instance.image_type
    component = groups.text(*kinds, keyword="ComplexImageComponent")
    slope = groups.number("PixelValueTransformationSequence", "RescaleSlope")
    intercept = groups.number("PixelValueTransformationSequence", "RescaleIntercept")
    temporal = groups.number("FrameContentSequence", "TemporalPositionIndex")
    content = groups.item("FrameContentSequence")
    started = "" if content is None else values.date_time(content, "FrameAcquisitionDateTime")
    trigger = groups.number("CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime")
    return replace(
        instance,
        position=cast(Any, groups.numbers("PlanePositionSequence", "ImagePositionPatient", 3)) or None,
        orientation=cast(Any, groups.numbers("PlaneOrientationSequence", "ImageOrientationPatient", 6)) or None,
        pixel_spacing=cast(Any, groups.numbers("PixelMeasuresSequence", "PixelSpacing", 2)) or None,
        slice_thickness=groups.number("PixelMeasuresSequence", "SliceThickness"),
        slope=instance.slope if slope is None else slope,
        intercept=instance.intercept if intercept is None else intercept,
        image_type="\\".join(filter(None, (kind, component))),
        temporal_position=None if temporal is None else int(temporal),
        acquisition_time=started or instance.acquisition_time,
        frame_duration=groups.number("FrameContentSequence", "FrameAcquisitionDuration"),
        content_time="" if trigger is None else str(trigger),
    )
