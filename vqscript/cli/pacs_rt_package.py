"""``vqscript pacs rt-package``: a radiotherapy plan with its images, structure set and doses."""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vqscript.cli.pacs_local import place_of
from vqscript.cli.pacs_peer import add_peer, config_of, opened, show_dcmtk
from vqscript.cli.pacs_push import add_target, deliver
from vqscript.cli.pacs_repack import add_template
from vqscript.cli.terminal import one_line, print_json

if TYPE_CHECKING:
    from vqscript.pacs.plan_package import PlanPackage


def add_subparser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add ``rt-package``."""
    text = "Fetch a radiotherapy plan with its structure set, the images and the doses that refer to it."
    parser = commands.add_parser(
        "rt-package",
        help=text,
        description=f"{text} They go on in the order images, structure set, plan, doses.",
        parents=[common],
    )
    parser.add_argument("plan", metavar="PLAN_UID", help="SOPInstanceUID of the RT plan")
    parser.add_argument("--study", default="", metavar="UID", help="its study, for servers that insist on it")
    add_peer(parser)
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--repo", metavar="REPO", help="local repository; it is made if it is not there")
    group.add_argument("--folder", type=Path, metavar="DIR", help="readable tree of files")
    add_target(group, required=False)
    add_template(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Fetch the package, and bring it to its place."""
    from vqscript.pacs.consignment import OfFiles
    from vqscript.pacs.found import checked_uid
    from vqscript.pacs.plan_package import plan_package
    from vqscript.repository.opening import open_repository

    uid = checked_uid(args.plan, "SOPInstanceUID")
    config = config_of(args)
    config = replace(config, aet=args.aet or config.aet, port=args.port or config.port)
    repository = open_repository(config.repository(args.pacs), config)
    try:
        package = plan_package(repository, uid, args.study)
        _show_dcmtk(args, package)
        if not args.json:
            _show(package)
        if args.to:
            return deliver(args, OfFiles([instance for step in package.steps() for instance in step]))
        return _file(args, package)
    finally:
        repository.close()


def _file(args: argparse.Namespace, package: PlanPackage) -> int:
    """Copy the package to the repository or tree of the command line; returns the exit code."""
    with place_of(args) as place:
        refused = []
        for step in package.steps():
            refused += place.file({one.sop_uid: one.path for one in step})
        series = {(one.study_uid, one.series_uid) for step in package.steps() for one in step}
        held = {uid for each in series for uid in place.held(*each)}
    missing = sorted({one.sop_uid for step in package.steps() for one in step} - held)
    if args.json:
        problems = [f"{uid}: {reason}" for uid, reason in refused]
        print_json({"status": not missing, **_record(package), "missing": missing, "problems": problems})
    else:
        for uid, reason in refused:
            print(one_line(f"NOT FILED: {uid}: {reason}"))
        for uid in missing:
            print(one_line(f"missing: {uid}"))
    return 1 if missing else 0


def _show_dcmtk(args: argparse.Namespace, package: PlanPackage) -> None:
    """With ``-v``, print the line for each series; a server that is a folder has none."""
    from vqscript.pacs import dcmtk
    from vqscript.pacs.opening import is_server

    if not args.verbose or not is_server(args.pacs, config_of(args)):
        return
    with opened(args) as peer:
        for study, series in dict.fromkeys((one.study_uid, one.series_uid) for step in package.steps() for one in step):
            keys = {"StudyInstanceUID": study, "SeriesInstanceUID": series}
            show_dcmtk(args, peer, partial(dcmtk.get, level="SERIES", keys=keys, folder=str(args.folder or ".")))


def _show(package: PlanPackage) -> None:
    print(one_line(f"plan: {package.label or 'without a label'} {package.plan.sop_uid}"))
    print(f"structure set: {package.structures.sop_uid if package.structures else 'none'}")
    for handle in package.images:
        print(one_line(f"images: {len(handle.instances)} {handle.series.modality} {handle.series.series_uid}"))
    for _, dose in package.doses:
        print(f"dose: {dose.sop_uid}")
    if not package.doses:
        print("dose: none refers to the plan")


def _record(package: PlanPackage) -> dict[str, Any]:
    return {
        "plan": package.plan.sop_uid,
        "label": package.label,
        "structureSet": package.structures.sop_uid if package.structures else None,
        "images": [
            {"SeriesInstanceUID": handle.series.series_uid, "instances": len(handle.instances)}
            for handle in package.images
        ],
        "doses": [dose.sop_uid for _, dose in package.doses],
    }
