"""``vqscript pacs tags``: the tags of a series as JSON."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vqscript.cli.pacs_peer import add_peer, config_of, opened, show_dcmtk
from vqscript.cli.terminal import print_json

if TYPE_CHECKING:
    from pydicom import Dataset


def add_subparser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add ``tags``."""
    text = "Print the single-valued text tags of a series as JSON: status, DICOMtagsGet, d_dicom."
    parser = commands.add_parser("tags", help=text, description=text, parents=[common])
    parser.add_argument("series", metavar="SERIES_UID", help="SeriesInstanceUID")
    parser.add_argument("--study", default="", metavar="UID", help="its study, for servers that insist on it")
    add_peer(parser, required=False)
    parser.add_argument(
        "--repo", metavar="REPO", help="local repository that may hold it; what it does not have is fetched from --pacs"
    )
    parser.add_argument("--all", action="store_true", help="also numbers, lists of values and sequences")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read the first instance, and print its tags; the envelope comes also where there are none."""
    from vqscript.errors import VqError
    from vqscript.pacs.tags import all_tags, envelope, text_tags

    try:
        header = _header(args)
    except VqError as error:
        print_json({**envelope({}, good=False), "message": error.message, "hint": error.hint})
        raise
    print_json(envelope(all_tags(header) if args.all else text_tags(header)))
    return 0


def _header(args: argparse.Namespace) -> Dataset:
    """Return the header of the first instance, from the repository or the server."""
    import tempfile

    from vqscript.errors import UsageError
    from vqscript.pacs import dcmtk
    from vqscript.pacs.found import checked_uid
    from vqscript.pacs.tags import fetch_header

    if not args.repo and not args.pacs:
        raise UsageError("where is the series?", hint="--repo REPO, --pacs NAME-or-URL, or both")
    series = checked_uid(args.series, "SeriesInstanceUID")
    header = _local_header(args, series) if args.repo else None
    if header is None:
        with tempfile.TemporaryDirectory(prefix="vqscript-tags-") as folder, opened(args) as peer:
            given = {"StudyInstanceUID": args.study, "SeriesInstanceUID": series}
            keys = {keyword: uid for keyword, uid in given.items() if uid}
            show_dcmtk(args, peer, lambda address: dcmtk.get(address, "SERIES", keys, "."))
            header = fetch_header(peer, Path(folder), study=args.study, series=series)
    return header


def _local_header(args: argparse.Namespace, series: str) -> Dataset | None:
    """Return the header of a series of the repository; None if it has none and a server can be asked."""
    from vqscript.errors import NotFound
    from vqscript.imaging.dicom.header import read_header
    from vqscript.repository.local import LocalRepository
    from vqscript.repository.opening import local_path

    config = config_of(args)
    with LocalRepository.open(local_path(config.repository(args.repo), config)) as repository:
        try:
            handle = repository.fetch(repository.study_of_series(series), series)
        except NotFound:
            if not args.pacs:
                raise
            return None
        return read_header(handle.instances[0].path)[0]
