"""What the commands that run scripts share: their flags, and what is made from them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from vqscript.errors import UsageError

if TYPE_CHECKING:
    from vqscript.host.limits import Limits
    from vqscript.session.answers import Answers

OUTPUT = Path("vq-output")


def add_script_flags(parser: argparse.ArgumentParser) -> None:
    """Add what a script works on: ``--repo``, ``--project``, ``--output``, ``--arg``, ``--user``."""
    parser.add_argument(
        "--repo", default="", metavar="URL", help="repository: a folder, a server's URL, or a name of the configuration"
    )
    parser.add_argument("--project", default="", metavar="P", help="project path, as in /oncology/pilot")
    parser.add_argument("--output", type=a_path, default=OUTPUT, metavar="DIR", help="where results go")
    parser.add_argument("--arg", action="append", default=[], metavar="KEY=VALUE", help="args.KEY for the script")
    parser.add_argument("--user", default="", metavar="NAME", help="creator of what the script submits")


def add_permissions(parser: argparse.ArgumentParser) -> None:
    """Add ``--allow-read``, ``--allow-write`` and ``--allow-net``; each may be repeated."""
    group = parser.add_argument_group("permissions", "What the script may do beyond the usual; each may be repeated.")
    group.add_argument(
        "--allow-read", action="append", default=[], type=a_path, metavar="PATH", help="file or folder of text to read"
    )
    group.add_argument(
        "--allow-write",
        action="append",
        default=[],
        type=a_path,
        metavar="PATH",
        help="file or folder to write, or repository to store into",
    )
    group.add_argument(
        "--allow-net", action="append", default=[], metavar="HOST", help="host, or HOST:PORT, of repositories"
    )


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Add ``--time-limit`` and ``--memory-limit``."""
    group = parser.add_argument_group("limits", "A script that reaches one is stopped, with exit code 124.")
    group.add_argument(
        "--time-limit",
        default="",
        metavar="TIME",
        help="as in 90, 10m or 2h; waiting for your answers does not count (default: none)",
    )
    group.add_argument(
        "--memory-limit", default="", metavar="SIZE", help="of tables and texts, as in 256M or 2G (default: 512M)"
    )


def make_limits(args: argparse.Namespace) -> Limits:
    """Return the limits of the flags of :func:`add_limits`."""
    from vqscript.host.limits import read_limits

    return read_limits(args.time_limit, args.memory_limit)


def add_answers(parser: argparse.ArgumentParser) -> None:
    """Add ``--answer`` and ``--answers``."""
    group = parser.add_argument_group("questions", "Without a terminal, or instead of being asked.")
    group.add_argument(
        "--answer",
        action="append",
        default=[],
        metavar="TITLE=VALUE",
        help="answer to the question of this title; both may hold =, because the script knows its titles",
    )
    group.add_argument("--answers", type=a_path, metavar="FILE", help='TOML file, a line is "TITLE" = "VALUE"')


def make_answers(args: argparse.Namespace) -> Answers:
    """Return the answers of the flags of :func:`add_answers`; those of ``--answer`` come first."""
    from vqscript.session.answers import Answers, read_answers

    return Answers(read_answers(args.answers) if args.answers else None, args.answer)


def pairs(texts: list[str], flag: str) -> dict[str, str]:
    """Read ``key=value`` texts of a flag that may be repeated."""
    found = {}
    for text in texts:
        key, separator, value = text.partition("=")
        if not separator or not key.strip():
            raise UsageError(f'{flag} takes KEY=VALUE, got "{text}"')
        found[key.strip()] = value
    return found


def a_path(text: str) -> Path:
    """Return the path of a flag; an empty one, as of a shell variable that is not set, would be the current folder."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text).expanduser()
