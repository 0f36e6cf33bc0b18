"""Whether images belong together: the same study, the same frame of reference, the same place."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vqscript.imaging.volume import Volume
    from vqscript.session.inputs import Input


def mismatch(reference: Input, item: Input) -> str:
    """Return why an input does not belong with the reference, as the end of a sentence; "" if it may.

    What an image does not say (NIfTI has no study, NM often no frame of reference) speaks against nothing.
    """
    ours, theirs = reference.volume, item.volume
    if _differ(ours.source.study_uid, theirs.source.study_uid):
        return f"is {_described(item)}, of another study than input 0, {_described(reference)}"
    if _differ(ours.grid.frame_of_reference, theirs.grid.frame_of_reference):
        return "has another frame of reference than input 0: where they lie to each other is not known"
    return ""


def same_place(a: Volume, b: Volume) -> bool:
    """Whether what was drawn on the voxels of one image holds for those of the other."""
    frame, other = a.grid.frame_of_reference, b.grid.frame_of_reference
    # Without a frame of reference, equal coordinates mean the same place within one study only.
    return a.grid.matches(b.grid) and frame == other and bool(frame or a.source.study_uid == b.source.study_uid)


def _differ(one: str, other: str) -> bool:
    return bool(one and other and one != other)


def _described(item: Input) -> str:
    study = item.study
    return " ".join(part for part in (study.patient_id, study.study_date, item.name) if part) if study else item.name
