"""The side of this machine in a ``pacs`` command: a repository or a tree of files, and the notes of transfers."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vqscript.cli.pacs_peer import config_of, read_find_json
from vqscript.cli.pacs_repack import add_template

if TYPE_CHECKING:
    from vqscript.network.peer import Peer
    from vqscript.pacs.journal import Journal
    from vqscript.pacs.places import Place
    from vqscript.pacs.wanted import Wanted


def add_place(parser: argparse.ArgumentParser) -> None:
    """Add ``--repo`` and ``--folder``."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--repo", metavar="REPO", help="local repository; it is made if it is not there")
    group.add_argument("--folder", type=Path, metavar="DIR", help="readable tree of files instead, as repack makes it")
    add_template(parser)


def add_uids(parser: argparse.ArgumentParser) -> None:
    """Add ``--study``, ``--series`` and ``--instance``."""
    for name, text in (("study", "all series of a study"), ("series", "a series"), ("instance", "an instance")):
        parser.add_argument(f"--{name}", default="", metavar="UID", help=f"{text}, by its UID")


@contextmanager
def place_of(args: argparse.Namespace) -> Iterator[Place]:
    """Open what ``--repo`` or ``--folder`` names."""
    from vqscript.errors import UsageError
    from vqscript.pacs.places import RepositoryPlace, TreePlace
    from vqscript.pacs.template import TEMPLATE, Template
    from vqscript.repository.opening import local_path

    if args.folder is None and not args.repo:
        raise UsageError("where to?", hint="--repo lab.repo, or --folder DIR for plain files")
    place: Place
    if args.folder is not None:
        place = TreePlace(args.folder, Template(args.template or TEMPLATE))
    else:
        config = config_of(args)
        place = RepositoryPlace(local_path(config.repository(args.repo), config))
    try:
        yield place
    finally:
        place.close()


@contextmanager
def journal_of(args: argparse.Namespace) -> Iterator[Journal]:
    """Open the notes of transfers, which are kept beside the cache."""
    from vqscript.pacs.journal import Journal

    journal = Journal(config_of(args).cache.place())
    try:
        yield journal
    finally:
        journal.close()


def wanted_of(args: argparse.Namespace, peer: Peer) -> list[Wanted]:
    """Return the series that find JSON or the UIDs of the command line stand for."""
    from vqscript.errors import UsageError
    from vqscript.pacs.wanted import of_found, of_uids

    by_uid = args.study or args.series or args.instance
    if bool(by_uid) == bool(args.find):
        raise UsageError(
            "which series?" if not by_uid else "either find JSON or UIDs",
            hint="--study, --series or --instance UID, or - for what pacs find --json prints",
        )
    if by_uid:
        return of_uids(peer, study=args.study, series=args.series, instance=args.instance)
    return of_found(peer, read_find_json(args.find))
