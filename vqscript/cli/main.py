"""The ``vqscript`` command: parse, hand over, and turn errors into one clear message."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from vqscript.errors import Aborted, ConfigError, ScriptError, UsageError, VqError

COMMANDS = ("run", "repo", "demo")
"""Modules of :mod:`vqscript.cli` that are commands; each has ``add_subparser`` and ``run``."""

EXIT_FAILURE, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; imports nothing that takes time."""
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
    for name in COMMANDS:
        importlib.import_module(f"vqscript.cli.{name}").add_subparser(subparsers, common)
    return parser


class _ShowVersion(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from vqscript import __version__

        print(f"vqscript {__version__}")
        parser.exit()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code (0 done, 1 failed, 2 wrong use, 130 interrupted)."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a console without UTF-8 must not turn "µ" into a crash
            stream.reconfigure(errors="replace")
    args = build_parser().parse_args(argv)
    try:
        code: int = args.run(args)
        return code
    except VqError as error:
        if args.debug:
            raise
        report(error)
        return exit_code(error)
    except KeyboardInterrupt:
        if args.debug:
            raise
        print("vqscript: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # "vqscript repo ls | head"
        sys.stderr.close()
        return EXIT_FAILURE
    except OSError as error:
        if args.debug:
            raise
        report(VqError(f"{error.strerror or error}" + (f": {error.filename}" if error.filename else "")))
        return EXIT_FAILURE


def report(error: VqError) -> None:
    """Print an error as a person reads it: what, where, the way out."""
    print(str(error) if isinstance(error, ScriptError) else f"vqscript: {error}", file=sys.stderr)
    for frame in error.about.get("frames", ()):
        print(f"    {frame}", file=sys.stderr)
    if error.hint:
        print(f"hint: {error.hint}", file=sys.stderr)


def exit_code(error: VqError) -> int:
    """Return the process exit code for an error."""
    if isinstance(error, Aborted):
        return EXIT_INTERRUPTED
    if isinstance(error, UsageError | ConfigError):
        return EXIT_USAGE
    return EXIT_FAILURE


if __name__ == "__main__":
    sys.exit(main())
