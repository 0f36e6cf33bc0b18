"""``vqscript pacs listen``: a server of our own in front of a repository or a folder."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vqscript.cli.terminal import one_line

if TYPE_CHECKING:
    from vqscript.config import Config
    from vqscript.pacs.listen.callers import Callers
    from vqscript.pacs.listen.events import Event
    from vqscript.pacs.listen.server import Settings

_LOCAL = ("127.0.0.1", "::1", "localhost")


def add_subparser(subparsers: Any, common: argparse.ArgumentParser) -> None:
    """Add ``listen`` to the commands of ``pacs``."""
    text = "Take, find and send instances for whoever speaks DICOM: C-ECHO, C-STORE, C-FIND, C-GET, C-MOVE."
    parser = subparsers.add_parser("listen", help="be a DICOM server", description=text, parents=[common])
    parser.add_argument("repo", metavar="REPO", nargs="?", help="folder of the repository, or ipacs://name")
    parser.add_argument("--folder", metavar="DIR", type=Path, help="write plain files there instead; only takes")
    parser.add_argument("--aet", metavar="AE", help="our AE title; else the configuration's")
    parser.add_argument("--port", metavar="N", type=int, help="else the configuration's; 0 for any that is free")
    parser.add_argument("--bind", metavar="ADDRESS", default="127.0.0.1", help="0.0.0.0 to be reached from elsewhere")
    parser.add_argument(
        "--caller", metavar="AET@HOST:PORT", action="append", default=[], help="who may call, and be sent to by C-MOVE"
    )
    parser.add_argument("--any-caller", action="store_true", help="let others call as well; C-MOVE never sends to them")
    parser.add_argument("--certificate", metavar="PEM", type=Path, help="speak TLS, with this certificate")
    parser.add_argument("--key", metavar="PEM", type=Path, help="its key, if it is not in the same file")
    parser.add_argument(
        "--ca", metavar="PEM", type=Path, help="take only callers with a certificate that it has signed"
    )
    parser.add_argument("--max-associations", metavar="N", type=int, default=16, help="open at the same time")
    parser.add_argument(
        "--min-free", metavar="SIZE", default="1 GB", help="what is to stay free on the disk; 0 for nothing"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--durable", action="store_true", help="flush to the disk before answering (the default)")
    how.add_argument("--fast", action="store_true", help="leave that to the system: a failure of power may cost files")
    parser.add_argument("--json", action="store_true", help="print one JSON object for each event")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Listen until Ctrl-C, or until the process is told to end."""
    from vqscript.cli.ending import end_as_by_ctrl_c
    from vqscript.config import load
    from vqscript.pacs.listen.server import Server

    config = load(args.config and Path(args.config))
    server = Server(_settings(args, config), _json if args.json else _line)
    end_as_by_ctrl_c()
    try:
        server.serve()
    except KeyboardInterrupt:
        server.close()
    return 0


def _settings(args: argparse.Namespace, config: Config) -> Settings:
    from vqscript.errors import UsageError
    from vqscript.host.limits import size
    from vqscript.network.tls import Tls
    from vqscript.pacs.listen.filing import Store
    from vqscript.pacs.listen.server import Settings
    from vqscript.repository.opening import local_path

    if bool(args.repo) == bool(args.folder):
        raise UsageError("a repository or a folder is needed", hint="vqscript pacs listen REPO, or --folder DIR")
    root = args.folder.absolute() if args.folder else local_path(args.repo, config).absolute()
    if (args.key or args.ca) and not args.certificate:
        raise UsageError("--key and --ca go with --certificate", hint="TLS needs a certificate of ours")
    if args.max_associations < 1:
        raise UsageError(f"{args.max_associations} associations are none", hint="--max-associations 16")
    spare = size(args.min_free, "--min-free") if args.min_free.strip("0 ") else 0
    return Settings(
        Store(root, plain=bool(args.folder), durable=not args.fast, spare=spare),
        aet=args.aet or config.aet,
        port=config.port if args.port is None else args.port,
        bind=args.bind,
        callers=_callers(args, config),
        tls=Tls(args.ca, args.certificate, args.key) if args.certificate else None,
        associations=args.max_associations,
        connect_timeout=config.timeouts.connect,
        answer_timeout=config.timeouts.answer,
    )


def _callers(args: argparse.Namespace, config: Config) -> Callers:
    from vqscript.errors import UsageError
    from vqscript.pacs.listen.callers import Callers, parse_caller

    known = (*(parse_caller(text) for text in args.caller), *config.callers)
    if not known and not args.any_caller and args.bind not in _LOCAL:
        raise UsageError(
            f"nobody may call on {args.bind}",
            hint="--caller AET@HOST:PORT, [[callers]] in vqscript.toml, or --any-caller",
        )
    # On this machine alone, a list is needed only by who wants one.
    return Callers(known, anyone=args.any_caller or not known)


def _line(event: Event) -> None:
    print(f"{event.kind}: {one_line(event.text)}", flush=True)


def _json(event: Event) -> None:
    print(json.dumps(asdict(event), ensure_ascii=False), flush=True)
