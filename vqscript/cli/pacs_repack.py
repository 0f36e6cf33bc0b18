"""``vqscript pacs repack``: files into a tree that people can read."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from vqscript.cli.terminal import one_line, print_json, progress


def add_subparser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add ``repack``."""
    from vqscript.pacs.template import TEMPLATE

    text = "Copy DICOM files into a readable tree of folders, by a template of their tags."
    parser = commands.add_parser(
        "repack",
        help=text,
        description=f"{text} Nothing that is there is replaced. Exit code 1 if a DICOM file could not be filed.",
        parents=[common],
    )
    parser.add_argument("paths", metavar="PATH", nargs="+", type=Path, help="DICOM file, or folder that holds some")
    parser.add_argument("--folder", metavar="DIR", type=Path, required=True, help="where the tree begins")
    add_template(parser)
    parser.add_argument(
        "--move", action="store_true", help="remove each file once its copy has been read back and is the same"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.epilog = f"The usual template: {TEMPLATE}"
    parser.set_defaults(run=run)


def add_template(parser: argparse.ArgumentParser) -> None:
    """Add ``--template``."""
    parser.add_argument(
        "--template", metavar="T", help='of folders and names, as in "{PatientID}/{Modality}/{SOPInstanceUID}.dcm"'
    )


def run(args: argparse.Namespace) -> int:
    """File them."""
    from vqscript.errors import ImageError
    from vqscript.imaging.dicom.header import read_instance
    from vqscript.pacs.places import check_no_repository
    from vqscript.pacs.template import TEMPLATE, Template
    from vqscript.pacs.tree import Filed, file_into
    from vqscript.repository.importing import list_files, quiet_about_files, why_skipped

    for place in (args.folder, *(args.paths if args.move else ())):
        check_no_repository(place)
    template = Template(args.template or TEMPLATE)
    files, skipped = list_files(args.paths, args.folder.resolve())
    filed = Filed()
    with progress("repacking") as bar, quiet_about_files():
        for number, path in enumerate(files):
            bar(number, len(files), path.name)
            try:
                read_instance(path)
            except ImageError as error:
                reason, failed = why_skipped(path, error)
                (filed.failed if failed else skipped).append((path, reason))
                continue
            file_into(args.folder, template, path, filed, remove=args.move)
    if args.json:
        print_json(
            {
                "status": not filed.failed,
                "new": [str(path) for path in filed.new],
                "known": [str(path) for path in filed.known],
                "removed": [str(path) for path in filed.removed],
                "skipped": [{"path": str(path), "reason": reason} for path, reason in skipped],
                "failed": [{"path": str(path), "reason": reason} for path, reason in filed.failed],
            }
        )
    else:
        for label, listed in (("skipped", skipped), ("NOT FILED", filed.failed)):
            for path, reason in listed:
                print(one_line(f"{label}: {path}: {reason}"))
        removed = f", {len(filed.removed)} sources removed" if args.move else ""
        print(f"{len(filed.new)} files are new, {len(filed.known)} were there, {len(filed.failed)} failed{removed}")
    return 1 if filed.failed or not (filed.new or filed.known) else 0
