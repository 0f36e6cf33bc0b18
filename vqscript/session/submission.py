"""Submitting: the ROIs as one object, and one quantification data point per ROI and input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vqscript.errors import RoiError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom.dataset import Dataset

    from vqscript.repository.base import Repository
    from vqscript.session.session import Session


@dataclass(frozen=True)
class Submission:
    """What was stored: the SOP Instance UID of the ROI object, and how many measurements."""

    roi_object: str
    rois: int
    measurements: int


def submit(session: Session, repository: Repository, project: str = "") -> Submission:
    """Store all ROIs as a SEG, and their measurements on every input that is on as SRs.

    Everything is built before anything is stored.

    Raises
    ------
    RoiError
        If there is no ROI with voxels.
    UsageError
        If inputs of different studies are loaded: their measurements would be mixed.
    """
    from vqscript.datapoints.quantification import build
    from vqscript.roi.files.seg import write_rois

    session.permissions.store(repository)
    rois = session.rois
    filled = [j for j in range(1, len(rois) + 1) if rois.part(j) is not None]
    if not filled:
        raise RoiError("there is no ROI to submit" + (": all are empty" if len(rois) else ""))
    for j in range(1, len(rois) + 1):
        if j not in filled:
            session.interaction.log(f'ROI "{rois.roi(j).name}" is empty and was not submitted', "warning")
    shown = [(i, item) for i, item in session.inputs if session.shown(i)]
    studies = {item.volume.source.study_uid for _, item in shown} | {session.reference.volume.source.study_uid}
    if len(studies) > 1:
        raise UsageError(
            f"the inputs that are on belong to {len(studies)} studies", hint="remove or switch off what is left over"
        )
    creator = session.creator
    roi_object = write_rois(rois, session.reference.volume, creator=creator)
    reports: list[Dataset] = []
    for i, item in shown:
        if item.volume.frames > 1:
            session.interaction.log(
                f"input {i} has {item.volume.frames} frames: the measurements submitted are those of the first",
                "warning",
            )
        for segment, j in enumerate(filled, start=1):
            measured = session.roi_tool.statistics(j, i).fields()
            numbers = {name: value for name, value in measured.items() if isinstance(value, int | float)}
            reports.append(
                build(
                    name=rois.roi(j).name,
                    input=i,
                    unit=item.volume.unit,
                    values=numbers,
                    creator=creator,
                    image=item.volume,
                    roi_object=roi_object,
                    segment=segment,
                )
            )
    repository.store_datasets([roi_object, *reports], project)
    return Submission(str(roi_object.SOPInstanceUID), len(filled), len(reports))


def store_files(session: Session, path: Path, repository: Repository, project: str = "") -> int:
    """Store a DICOM file or folder; returns how many instances are new, and logs what was left out."""
    session.permissions.store(repository)
    report = repository.store([path], project)
    for left_out, reason in report.skipped:
        session.interaction.log(f"{left_out} was not stored: {reason}", "warning")
    return len(report.added)


def store_input(session: Session, i: int, repository: Repository, project: str = "") -> int:
    """Store input ``i`` as a new series of its study; returns how many instances it has."""
    session.permissions.store(repository)
    datasets = derived(session, i)
    repository.store_datasets(datasets, project)
    return len(datasets)


def derived(session: Session, i: int) -> list[Dataset]:
    """Return input ``i`` as a new DICOM series of its study, which says what was derived from what."""
    from vqscript.imaging.decay import ACTIVITY
    from vqscript.imaging.dicom.derived import derived_series
    from vqscript.imaging.dicom.values import text

    item = session.inputs[i]
    to = text(item.volume.header, "DecayCorrectionDateTime") if item.volume.header is not None else ""
    if to and item.volume.unit in ACTIVITY:
        session.interaction.log(
            f"input {i} is decay-corrected to {to.partition('.')[0]}: vqscript reads that back, but other "
            "software takes START as the start of the scan, and would compute wrong SUVs",
            "warning",
        )
    done = "; ".join(item.provenance) or "unchanged copy"
    return derived_series(item.volume, description=_description(item.name, item.volume.unit), derivation=done)


def _description(name: str, unit: str) -> str:
    """Return what the series is called: its name and its unit, without the unit of a series it was derived from."""
    from vqscript.imaging.units import UNITS

    endings = (f" [{known}]" for known in UNITS if known)
    plain = next((name.removesuffix(ending) for ending in endings if name.endswith(ending)), name)
    return f"{plain} [{unit}]" if unit else plain
