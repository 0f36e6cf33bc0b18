"""The side of this machine in a ``pacs`` command: a repository or a tree of files, and the notes of transfers."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vqscript.cli.pacs_peer import config_of, look_at_find_json, read_find_json
from vqscript.cli.pacs_repack import add_template
from vqscript.cli.terminal import one_line

if TYPE_CHECKING:
    from vqscript.network.peer import Peer
    from vqscript.pacs.journal import Journal
    from vqscript.pacs.places import Place
    from vqscript.pacs.wanted import Wanted


def add_place(parser: argparse.ArgumentParser, *, filling: bool = True) -> None:
    """Add ``--repo`` and ``--folder``; filling is whether something is to be put there."""
    made = "; it is made if it is not there" if filling else " to look into"
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--repo", metavar="REPO", help=f"local repository{made}")
    group.add_argument("--folder", type=Path, metavar="DIR", help="readable tree of files instead, as repack makes it")
    add_template(parser)


def add_uids(parser: argparse.ArgumentParser) -> None:
    """Add ``--study``, ``--series`` and ``--instance``, each of which may be repeated."""
    for name, text in (("study", "all series of a study"), ("series", "a series"), ("instance", "an instance")):
        parser.add_argument(
            f"--{name}", action="append", default=[], metavar="UID", help=f"{text}, by its UID; may be repeated"
        )


def uids_of(args: argparse.Namespace) -> list[tuple[str, str, str]]:
    """Return what the command line names by UIDs, as study, series, instance; "" for a level that is not given."""
    from itertools import product

    from vqscript.errors import UsageError
    from vqscript.pacs.found import checked_uid

    levels = {"StudyInstanceUID": args.study, "SeriesInstanceUID": args.series, "SOPInstanceUID": args.instance}
    for keyword, uids in levels.items():
        for uid in uids:
            checked_uid(uid, keyword)
    given = [uids for uids in levels.values() if uids]
    if any(len(uids) > 1 for uids in given[:-1]):
        raise UsageError(
            "which belongs to which?", hint="several studies, or several series of one, or several instances of one"
        )
    return list(product(*(list(dict.fromkeys(uids)) or [""] for uids in levels.values()))) if given else []


@contextmanager
def place_of(args: argparse.Namespace, *, filling: bool = True) -> Iterator[Place]:
    """Open what ``--repo`` or ``--folder`` names; a repository is made once something is put into it.

    Parameters
    ----------
    filling : bool
        Whether something is to be put into it. If not, it is said that it is not there.

    Raises
    ------
    UsageError
        If none is named, or a folder is none or belongs to a repository.
    NotARepository
        If ``--repo`` is to be looked into, and is something else.
    """
    from vqscript.errors import UsageError
    from vqscript.pacs.places import RepositoryPlace, TreePlace
    from vqscript.pacs.template import TEMPLATE, Template
    from vqscript.repository.opening import local_path

    if args.folder is None and not args.repo:
        raise UsageError(
            "where to?" if filling else "where are they?", hint="--repo lab.repo, or --folder DIR for plain files"
        )
    place: Place
    if args.folder is not None:
        path = args.folder
        place = TreePlace(path, Template(args.template or TEMPLATE))
    else:
        config = config_of(args)
        path = local_path(config.repository(args.repo), config)
        place = RepositoryPlace(path, filling=filling)
    try:
        if not filling and not path.exists():
            print(one_line(f"vqscript: {path} does not exist: nothing is there"), file=sys.stderr)
        yield place
    finally:
        place.close()
        if isinstance(place, RepositoryPlace) and place.made:
            print(one_line(f"made repository {place.name}"), file=sys.stderr)


@contextmanager
def journal_of(args: argparse.Namespace) -> Iterator[Journal]:
    """Open the notes of transfers, which are kept beside the cache."""
    from vqscript.pacs.journal import Journal

    journal = Journal(config_of(args).cache.place())
    try:
        yield journal
    finally:
        journal.close()


def wanted_of(args: argparse.Namespace, peer: Peer, *, only_good: bool = True) -> list[Wanted]:
    """Return the series that find JSON or the UIDs of the command line stand for.

    Find JSON of a command that failed is refused, if only good one is wanted.
    """
    from vqscript.errors import UsageError
    from vqscript.pacs.wanted import of_found, of_uids

    by_uid = uids_of(args)
    if bool(by_uid) == bool(args.find):
        raise UsageError(
            "which series?" if not by_uid else "either find JSON or UIDs",
            hint="--study, --series or --instance UID, or - for what pacs find --json prints",
        )
    if by_uid:
        return [
            one
            for study, series, instance in by_uid
            for one in of_uids(peer, study=study, series=series, instance=instance)
        ]
    return of_found(peer, read_find_json(args.find) if only_good else look_at_find_json(args.find).studies)
