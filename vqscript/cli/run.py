"""``vqscript run``: run one script."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from vqscript.errors import UsageError

if TYPE_CHECKING:
    from vqscript.session.interaction import Interaction


def add_subparser(subparsers: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:  # type: ignore[type-arg]
    """Add ``run`` to the command line."""
    parser = subparsers.add_parser(
        "run",
        parents=[common],
        help="run a Lua script",
        description="Run a Lua script. It finds --repo, --project and every --arg in args, its folder in VQ.output.",
    )
    parser.add_argument("script", type=Path, help="the script, or the name of an example")
    parser.add_argument(
        "--repo", default="", metavar="URL", help="repository: a folder, or a name of the configuration"
    )
    parser.add_argument("--project", default="", metavar="P", help="project path, as in /oncology/pilot")
    parser.add_argument("--output", type=Path, default=Path("vq-output"), metavar="DIR", help="where results go")
    parser.add_argument("--arg", action="append", default=[], metavar="KEY=VALUE", help="args.KEY for the script")
    parser.add_argument("--answer", action="append", default=[], metavar="TITLE=VALUE", help="answer to a question")
    parser.add_argument("--user", default="", metavar="NAME", help="creator of what the script submits")
    parser.add_argument("--allow-read", action="append", default=[], type=Path, metavar="PATH", help="text to read")
    parser.add_argument("--allow-write", action="append", default=[], type=Path, metavar="PATH", help="where to write")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the script of the command line."""
    from vqscript.cli.terminal import TerminalInteraction

    run_script(
        _script(args.script),
        repo=args.repo,
        project=args.project,
        output=args.output,
        args=pairs(args.arg, "--arg"),
        user=args.user,
        config_path=args.config and Path(args.config),
        allow_read=args.allow_read,
        allow_write=args.allow_write,
        interaction=TerminalInteraction(pairs(args.answer, "--answer")),
    )
    return 0


def run_script(
    path: Path,
    *,
    repo: str = "",
    project: str = "",
    output: Path,
    args: Mapping[str, str] | None = None,
    user: str = "",
    config_path: Path | None = None,
    allow_read: list[Path] | None = None,
    allow_write: list[Path] | None = None,
    interaction: Interaction | None = None,
    write: Callable[[str], None] = print,
) -> None:
    """Run a script file in a fresh session and runtime.

    Raises
    ------
    ScriptError, Aborted, UsageError
    """
    from vqscript import config
    from vqscript.host.gate import Gate
    from vqscript.host.runtime import Runtime
    from vqscript.session import Session
    from vqscript.vq.root import VQ

    settings = config.load(config_path)
    if output.exists() and not output.is_dir():
        raise UsageError(f"{output} is a file, not a folder", hint="choose another --output", path=output)
    session = Session(output=output, creator=user, interaction=interaction, config=settings)
    gate = Gate(
        output,
        path.resolve().parent,
        read=allow_read or (),
        write=allow_write or (),
        protected=[settings.path or config.usual_place() / config.FILE_NAME],
    )
    session.protect = gate.protect
    gate.check_output()
    values = {**(args or {}), "repo": repo, "project": project}
    try:
        runtime = Runtime(VQ(session), gate, args=values, write=write)
        with runtime.interruptible():
            runtime.run_file(path)
    finally:
        session.close()


def pairs(texts: list[str], flag: str) -> dict[str, str]:
    """Read ``key=value`` texts of a flag that may be repeated."""
    found = {}
    for text in texts:
        key, separator, value = text.partition("=")
        if not separator or not key.strip():
            raise UsageError(f'{flag} takes KEY=VALUE, got "{text}"')
        found[key.strip()] = value
    return found


def _script(path: Path) -> Path:
    """Return the script; "examples/x.lua" means the one that comes along where there is no such file here."""
    from vqscript import resources

    if not path.exists() and path.parent in (Path("examples"), Path()) and (resources.examples() / path.name).is_file():
        return resources.example(path.name)
    return path
