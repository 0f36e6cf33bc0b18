"""``vqscript run``: run one script."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from vqscript.cli.scripting import (
    add_answers,
    add_limits,
    add_permissions,
    add_script_flags,
    make_answers,
    make_limits,
    pairs,
)
from vqscript.errors import ScriptError

if TYPE_CHECKING:
    from vqscript.host.limits import Limits
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
    add_script_flags(parser)
    add_permissions(parser)
    add_limits(parser)
    add_answers(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the script of the command line."""
    from vqscript.cli.terminal import TerminalInteraction, terminal_writer

    script = find_script(args.script)
    try:
        run_script(
            script,
            repo=args.repo,
            project=args.project,
            output=args.output,
            args=pairs(args.arg, "--arg"),
            user=args.user,
            config_path=args.config and Path(args.config),
            allow_read=args.allow_read,
            allow_write=args.allow_write,
            allow_net=args.allow_net,
            limits=make_limits(args),
            interaction=TerminalInteraction(make_answers(args)),
            write=terminal_writer(),
        )
    except ScriptError as error:
        from vqscript.host.check import beyond

        error.hint = beyond(error, script)
        raise
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
    allow_read: Iterable[Path] = (),
    allow_write: Iterable[Path] = (),
    allow_net: Iterable[str] = (),
    limits: Limits | None = None,
    interaction: Interaction | None = None,
    write: Callable[[str], None] = print,
) -> None:
    """Run a script file in a fresh session and runtime.

    Raises
    ------
    ScriptError, Aborted, UsageError
    """
    from vqscript import config
    from vqscript.host.permits import make_gate
    from vqscript.host.runtime import Runtime
    from vqscript.session import Session
    from vqscript.vq.root import VQ

    settings = config.load(config_path)
    gate = make_gate(
        output,
        path.resolve().parent,
        settings,
        repositories=[repo],
        allow_read=allow_read,
        allow_write=allow_write,
        allow_net=allow_net,
    )
    session = Session(output=output, creator=user, interaction=interaction, config=settings, permissions=gate)
    values = {**(args or {}), "repo": repo, "project": project}
    try:
        runtime = Runtime(VQ(session), gate, args=values, write=write, limits=limits)
        with runtime.interruptible():
            runtime.run_file(path)
    finally:
        session.close()


def find_script(path: Path) -> Path:
    """Return the script; "examples/x.lua" means the one that comes along where there is no such file here."""
    from vqscript import resources

    if not path.exists() and path.parent in (Path("examples"), Path()) and (resources.examples() / path.name).is_file():
        return resources.example(path.name)
    return path
