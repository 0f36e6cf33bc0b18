"""A radiotherapy plan with what belongs to it: images, structure set, doses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vqscript.errors import NotFound, UsageError
from vqscript.imaging.dicom import values
from vqscript.imaging.dicom.instance import Instance
from vqscript.repository.base import Handle, Repository, SeriesFilter

if TYPE_CHECKING:
    from pydicom import Dataset

PLANS = ("1.2.840.10008.5.1.4.1.1.481.5", "1.2.840.10008.5.1.4.1.1.481.8")
"""RT plan, and RT ion plan."""


@dataclass(frozen=True)
class PlanPackage:
    """A plan with what belongs to it; all files are on this machine.

    Attributes
    ----------
    plan : Instance
    label : str
        RTPlanLabel.
    structures : Instance, optional
        The structure set that the plan refers to; None for a plan that refers to none.
    images : tuple of Handle
        The series that the structure set was drawn on.
    doses : tuple of (Handle, Instance)
        Doses that refer to the plan, each with its series.
    """

    plan: Instance
    label: str
    structures: Instance | None
    images: tuple[Handle, ...]
    doses: tuple[tuple[Handle, Instance], ...]

    def steps(self) -> list[list[Instance]]:
        """Return all instances in the order in which others can take them: images, structure set, plan, doses."""
        steps = [
            [instance for handle in self.images for instance in handle.instances],
            [self.structures] if self.structures else [],
            [self.plan],
            [dose for _, dose in self.doses],
        ]
        return [step for step in steps if step]


def plan_package(repository: Repository, plan_uid: str, study_uid: str = "") -> PlanPackage:
    """Bring a plan to this machine with all that belongs to it.

    Which dose belongs to a plan is no key of a query: the dose series of the plan's study are fetched, and those are
    kept that refer to the plan (ReferencedRTPlanSequence).

    Parameters
    ----------
    repository : Repository
    plan_uid : str
        SOP Instance UID of an RT plan, or RT ion plan.
    study_uid : str
        Its study, for a server that does not find an instance without; "" looks for it.

    Raises
    ------
    NotFound
        If the plan is not there, or the structure set or images that it refers to.
    UsageError
        If the instance is no plan.
    """
    study_uid, series_uid = _located(repository, plan_uid, study_uid)
    plan = _instance(repository.fetch(study_uid, series_uid), plan_uid)
    if plan.sop_class not in PLANS:
        raise UsageError(
            f"instance {plan_uid} is no radiotherapy plan, but {values.uid_name(plan.sop_class)}",
            hint="give the SOPInstanceUID of an RTPLAN",
        )
    header = _header(plan)
    structures: Instance | None = None
    images: tuple[Handle, ...] = ()
    for item in values.items(header, "ReferencedStructureSetSequence")[:1]:
        uid = values.uid(item, "ReferencedSOPInstanceUID")
        structures = _instance(repository.fetch(*_belonging(repository, uid, study_uid, "structure set")), uid)
        images = _images(repository, _header(structures), structures.study_uid)
    doses = _doses(repository, study_uid, plan_uid)
    return PlanPackage(plan, values.text(header, "RTPlanLabel"), structures, images, doses)


def _located(repository: Repository, sop_uid: str, study_uid: str) -> tuple[str, str]:
    if not study_uid:
        return repository.locate(sop_uid)
    held = repository.instances(study_uid).get(sop_uid)
    if held is None:
        raise NotFound(f"study {study_uid} has no instance {sop_uid}", uid=sop_uid)
    return study_uid, held.series_uid


def _belonging(repository: Repository, sop_uid: str, study_uid: str, what: str) -> tuple[str, str]:
    """Find what a plan refers to: in its own study, else anywhere."""
    held = repository.instances(study_uid).get(sop_uid)
    if held:
        return study_uid, held.series_uid
    try:
        return repository.locate(sop_uid)
    except NotFound as error:
        raise NotFound(f"the plan refers to {what} {sop_uid}, which is not there", uid=sop_uid) from error


def _images(repository: Repository, structures: Dataset, study_uid: str) -> tuple[Handle, ...]:
    """Fetch the series that a structure set names (ROI contours are drawn on their slices)."""
    series: dict[str, str] = {}
    for frame in values.items(structures, "ReferencedFrameOfReferenceSequence"):
        for study in values.items(frame, "RTReferencedStudySequence"):
            for one in values.items(study, "RTReferencedSeriesSequence"):
                series[values.uid(one, "SeriesInstanceUID")] = values.uid(study, "ReferencedSOPInstanceUID")
    handles = []
    for series_uid, named_study in series.items():
        # Some name another study than the images are in: that of the structure set is tried first.
        own = {one.series_uid for one in repository.find_series(study_uid)}
        handles.append(repository.fetch(study_uid if series_uid in own else named_study, series_uid))
    return tuple(handles)


def _doses(repository: Repository, study_uid: str, plan_uid: str) -> tuple[tuple[Handle, Instance], ...]:
    found = []
    for series in repository.find_series(study_uid, SeriesFilter("RTDOSE")):
        handle = repository.fetch(study_uid, series.series_uid)
        for instance in handle.instances:
            plans = values.items(_header(instance), "ReferencedRTPlanSequence")
            if any(values.text(plan, "ReferencedSOPInstanceUID") == plan_uid for plan in plans):
                found.append((handle, instance))
    return tuple(found)


def _instance(handle: Handle, sop_uid: str) -> Instance:
    for instance in handle.instances:
        if instance.sop_uid == sop_uid:
            return instance
    raise NotFound(f"series {handle.series.series_uid} came without instance {sop_uid}", uid=sop_uid)


def _header(instance: Instance) -> Dataset:
    from vqscript.imaging.dicom.header import read_header

    return read_header(instance.path)[0]
