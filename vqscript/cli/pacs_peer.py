"""The server of a ``pacs`` command: its options, and opening it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vqscript.cli.terminal import one_line

if TYPE_CHECKING:
    from vqscript.config import Config
    from vqscript.network.dimse import Address
    from vqscript.network.peer import Peer
    from vqscript.pacs.found import Found, FoundStudy


def add_peer(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add ``--pacs`` and what belongs to it."""
    parser.add_argument(
        "--pacs",
        required=required,
        metavar="NAME-or-URL",
        help="server: a name of the configuration, dicom://AET@host:port, dicomweb+https://..., orthanc+http://...",
    )
    parser.add_argument("--aet", default="", metavar="AET", help="our own AE title, instead of the configuration's")
    parser.add_argument(
        "--port", type=int, default=0, metavar="N", help="our own port for C-MOVE, instead of the configuration's"
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="also print the DCMTK line that would do the same")
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_find_json(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    """Add the find JSON that a command reads."""
    parser.add_argument(
        "find",
        nargs=None if required else "?",
        metavar="FIND_JSON",
        help="file with the answers of pacs find --json; - reads them from standard input",
    )


def read_find_json(name: str) -> list[FoundStudy]:
    """Return the studies of find JSON for a command that goes on with them.

    Raises
    ------
    UsageError
        If the command that wrote it had failed, or it is no find JSON.
    """
    from vqscript.errors import UsageError

    found = look_at_find_json(name)
    if not found.good:
        raise UsageError(
            "the command that wrote this find JSON had failed",
            hint="run it again: what it was about may be incomplete; pacs status says what is missing",
        )
    return found.studies


def look_at_find_json(name: str) -> Found:
    """Return what a file with find JSON says, or standard input for ``-``, also that of a command that failed."""
    from vqscript.errors import UsageError
    from vqscript.pacs.found import from_json

    data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    try:
        return from_json(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UsageError("the find JSON is not UTF-8", hint="what vqscript pacs find --json prints is read") from error


def config_of(args: argparse.Namespace) -> Config:
    """Return the configuration of the command line."""
    from vqscript.config import load

    return load(args.config and Path(args.config))


@contextmanager
def opened(args: argparse.Namespace) -> Iterator[Peer]:
    """Open the server of ``--pacs``; its connections end with the block, whatever ends that."""
    from vqscript.pacs.opening import open_peer

    peer = open_peer(args.pacs, config_of(args), aet=args.aet, port=args.port)
    try:
        yield peer
    finally:
        peer.close()


def show_dcmtk(args: argparse.Namespace, peer: Peer, line: Callable[[Address], str]) -> None:
    """With ``-v``, print a line of DCMTK to standard error; it is never run."""
    if not args.verbose:
        return
    from vqscript.network.dimse import DimsePeer

    text = line(peer.address) if isinstance(peer, DimsePeer) else f"{peer.name} speaks HTTP, which DCMTK does not"
    print(one_line(f"dcmtk: {text}"), file=sys.stderr)
