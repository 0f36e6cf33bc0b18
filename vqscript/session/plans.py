"""Radiotherapy plans: loading one with what belongs to it, and storing it in the right order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vqscript.errors import UsageError

if TYPE_CHECKING:
    from vqscript.pacs.plan_package import PlanPackage
    from vqscript.repository.base import Repository
    from vqscript.session.session import Session


@dataclass(frozen=True)
class LoadedPlan:
    """Where a plan is in a session: numbers of the inputs with its images and doses, names of its structures."""

    images: list[int]
    doses: list[int]
    structures: list[str]


def load_plan(
    session: Session, repository: Repository, plan_uid: str, study_uid: str = ""
) -> tuple[PlanPackage, LoadedPlan]:
    """Load the images of a plan from input 0 on, its doses after them, and its structures as the ROIs.

    All images and doses are read before anything in the session changes.

    Raises
    ------
    NotFound
        If the plan is not there, or the structure set or images that it refers to.
    UsageError
        If the instance is no plan, or it refers to no structure set or that to no images.
    """
    from vqscript.pacs.plan_package import plan_package
    from vqscript.repository.base import Handle
    from vqscript.session.loading import load
    from vqscript.session.roi_files import Choice

    package = plan_package(repository, plan_uid, study_uid)
    if package.structures is None or not package.images:
        raise UsageError(
            f"plan {plan_uid} refers to no structure set with images, so there is nothing to load it on",
            hint="load the images it was made for with repo:load",
        )
    images = [item for handle in package.images for item in load(handle, repository)]
    doses = [
        item
        for handle, dose in package.doses
        for item in load(Handle(handle.study, handle.series, (dose,)), repository)
    ]
    session.inputs.check_room(0, len(images) + len(doses))
    for i, item in enumerate([*images, *doses]):
        session.place(i, item)
    names = session.roi_tool.replace_with([Choice(package.structures.path, None)])
    numbers = list(range(len(images) + len(doses)))
    return package, LoadedPlan(numbers[: len(images)], numbers[len(images) :], names)


def store_in_order(session: Session, paths: Sequence[Path], repository: Repository, project: str = "") -> int:
    """Store DICOM files step by step: images, structure sets, plans, doses; returns how many instances are new.

    What is left out is logged, as of files that are no DICOM.
    """
    from vqscript.imaging.dicom.header import scan
    from vqscript.pacs.sending import in_order

    session.permissions.store(repository)
    instances, skipped = scan(paths)
    new = 0
    for step in in_order(instances):
        report = repository.store([one.path for one in step], project)
        skipped += report.skipped
        new += len(report.added)
    for path, reason in skipped:
        session.interaction.log(f"{path} was not stored: {reason}", "warning")
    return new
