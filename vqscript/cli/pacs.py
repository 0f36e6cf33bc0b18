"""``vqscript pacs``: ask servers, fetch from them completely, send to them, and serve."""

from __future__ import annotations

import argparse
import importlib
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from vqscript.errors import VqError

COMMANDS = (
    "echo",
    "find",
    "report",
    "get",
    "move",
    "store",
    "push",
    "status",
    "tags",
    "rt-package",
    "repack",
    "query-db",
    "listen",
)
"""Modules ``vqscript.cli.pacs_...``; each has ``add_subparser`` and ``run``."""

_OTHERWISE = {"listen", "tags"}
"""Those whose JSON is another: an object a line, an envelope of their own."""

_KEY = re.compile(r"--([A-Z][A-Za-z0-9]*)(?:=(.*))?", re.DOTALL)


class KeyedParser(argparse.ArgumentParser):
    """A parser that also takes ``--PatientID 7654321``: any DICOM keyword, which begins with a capital letter.

    They are in ``keys`` of what it returns, where the command takes them (``takes_keys``).
    """

    takes_keys = False

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Take the keywords out, and parse the rest as usual."""
        words = list(args or ())
        if not self.takes_keys:
            return super().parse_known_args(words, namespace)
        keys: dict[str, str] = {}
        rest = []
        while words:
            word = words.pop(0)
            found = _KEY.fullmatch(word)
            if not found:
                rest.append(word)
            elif found[2] is not None:
                keys[found[1]] = found[2]
            elif words:
                keys[found[1]] = words.pop(0)  # also one that begins with a dash: -20240131 is a range of dates
            else:
                self.error(f"{word} needs a value")
        parsed, unknown = super().parse_known_args(rest, namespace)
        parsed.keys = keys
        return parsed, unknown


def add_subparser(subparsers: Any, common: argparse.ArgumentParser) -> None:
    """Add ``pacs`` and its commands to the parser."""
    parser = subparsers.add_parser(
        "pacs",
        help="ask a PACS, fetch from it, send to it",
        description="Find, fetch, send: with a PACS, a DICOMweb server or Orthanc.",
        epilog="As in: vqscript pacs find --pacs archive --PatientID 7654321 --json "
        "| vqscript pacs get --pacs archive --repo lab.repo -",
    )
    commands = parser.add_subparsers(dest="pacs_command", metavar="COMMAND", required=True, parser_class=KeyedParser)
    for name in COMMANDS:
        importlib.import_module(f"vqscript.cli.pacs_{name.replace('-', '_')}").add_subparser(commands, common)
        command = commands.choices[name]
        command.set_defaults(run=partial(_run, command.get_default("run")))


def _run(run: Callable[[argparse.Namespace], int], args: argparse.Namespace) -> int:
    """Run a command; with ``--json``, what makes it fail is find JSON as well, for whoever reads that."""
    try:
        return run(args)
    except VqError as error:
        if args.json and args.pacs_command not in _OTHERWISE:
            from vqscript.cli.terminal import print_json
            from vqscript.pacs.found import to_json

            failed = to_json((), command=args.pacs_command, args={}, good=False)
            print_json({**failed, "message": error.message, "hint": error.hint})
        raise
