"""``vqscript pacs tags``: the tags of a series as JSON."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vqscript.cli.pacs_peer import add_peer, config_of, opened
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
    parser.add_argument("--repo", metavar="REPO", help="local repository that holds it; else --pacs is asked")
    parser.add_argument("--all", action="store_true", help="also numbers, lists of values and sequences")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read the first instance, and print its tags."""
    import tempfile

    from vqscript.errors import UsageError
    from vqscript.pacs.found import checked_uid
    from vqscript.pacs.tags import all_tags, envelope, fetch_header, text_tags

    if bool(args.repo) == bool(args.pacs):
        raise UsageError("where is the series?", hint="--repo REPO, or --pacs NAME-or-URL")
    series = checked_uid(args.series, "SeriesInstanceUID")
    if args.repo:
        header = _local_header(args, series)
    else:
        with tempfile.TemporaryDirectory(prefix="vqscript-tags-") as folder, opened(args) as peer:
            header = fetch_header(peer, Path(folder), study=args.study, series=series)
    print_json(envelope(all_tags(header) if args.all else text_tags(header)))
    return 0


def _local_header(args: argparse.Namespace, series: str) -> Dataset:
    from vqscript.imaging.dicom.header import read_header
    from vqscript.repository.local import LocalRepository
    from vqscript.repository.opening import local_path

    config = config_of(args)
    with LocalRepository.open(local_path(config.repository(args.repo), config)) as repository:
        handle = repository.fetch(repository.study_of_series(series), series)
        return read_header(handle.instances[0].path)[0]
