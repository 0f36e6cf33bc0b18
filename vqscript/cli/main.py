"""The ``vqscript`` command: parse, hand over, and turn errors into one clear message."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from vqscript.errors import Aborted, ConfigError, ScriptError, UsageError, VqError

COMMANDS = ("run", "repl", "batch", "check", "new", "types", "repo", "pacs", "inspect", "config", "health", "demo")
"""Modules of :mod:`vqscript.cli` that are commands; each has ``add_subparser`` and ``run``."""

EXIT_FAILURE, EXIT_USAGE, EXIT_LIMIT, EXIT_INTERRUPTED = 1, 2, 124, 130


def build_parser(commands: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """Return the parser of these commands; imports nothing that takes time."""
    parser = argparse.ArgumentParser(
        prog="vqscript",
        description="Run Lua scripts over projects of PET, SPECT, CT and RT studies.",
        epilog="Start with: vqscript demo",
    )
    parser.add_argument("--version", action=_ShowVersion, nargs=0, help="show the version and exit")
    # Every command takes --debug as well, so that it can be added at the end of a line that failed.
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--debug", action="store_true", help="show the Python traceback of an error")
    common.add_argument("--config", metavar="FILE", help="configuration file instead of the usual vqscript.toml")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in commands:
        importlib.import_module(f"vqscript.cli.{name}").add_subparser(subparsers, common)
    return parser


class _ShowVersion(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from vqscript import __version__

        print(f"vqscript {__version__}")
        parser.exit()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code (0 done, 1 failed, 2 wrong use, 130 interrupted).

    A script that reached its time or memory limit is 124. One that could not be stopped, so that the process was
    ended around it, is 125 (:mod:`vqscript.host.watchdog`).
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A console without UTF-8 must not turn "µ" into a crash; what goes into a file or a pipe is UTF-8 always.
            encoding = None if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="replace")
    words = sys.argv[1:] if argv is None else list(argv)
    # The others need not be imported to run one of them.
    args = build_parser(words[:1] if words and words[0] in COMMANDS else COMMANDS).parse_args(words)
    try:
        code: int = args.run(args)
        sys.stdout.flush()  # here, where a reader who went away can be answered
        return code
    except KeyboardInterrupt:
        if args.debug:
            show_traceback()
        print("vqscript: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except (VqError, OSError) as error:
        if _reader_gone(error):
            return EXIT_FAILURE
        if args.debug:
            show_traceback()
        if not isinstance(error, VqError):
            error = VqError(f"{error.strerror or error}" + (f": {error.filename}" if error.filename else ""))
        report(error)
        return exit_code(error)


def show_traceback() -> None:
    """Print the traceback of the exception that is handled."""
    import traceback

    traceback.print_exc()


def _reader_gone(error: BaseException) -> bool:
    """Whether the reader of our output closed it ("vqscript repo ls | head"); what is left to write goes nowhere."""
    if not isinstance(error, BrokenPipeError) and not isinstance(error.__cause__, BrokenPipeError):
        return False
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True


def report(error: VqError) -> None:
    """Print an error as a person reads it: what, where, the way out."""
    from vqscript.cli.terminal import printable

    lines = [str(error) if isinstance(error, ScriptError) else f"vqscript: {error}"]
    lines += [f"    {frame}" for frame in error.about.get("frames", ())]
    lines += [f"hint: {error.hint}"] if error.hint else []
    for line in lines:
        print(printable(line), file=sys.stderr)


def exit_code(error: VqError) -> int:
    """Return the process exit code for an error."""
    if isinstance(error, Aborted):
        return EXIT_LIMIT if error.reason in ("time", "memory") else EXIT_INTERRUPTED
    if isinstance(error, UsageError | ConfigError):
        return EXIT_USAGE
    return EXIT_FAILURE


if __name__ == "__main__":
    sys.exit(main())
