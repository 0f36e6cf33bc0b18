"""``vqscript repl``: Lua typed line by line."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
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
from vqscript.errors import Aborted, UsageError, VqError

if TYPE_CHECKING:
    from vqscript.cli.colon import ColonCommands
    from vqscript.host.completion import Candidate
    from vqscript.host.repl import Repl, Stage

OPENING = ("local dm = VQ.dataManager()", "local mw = VQ.mainWin()")
"""Every session begins with these lines, and with the next ones where a repository is named."""

WITH_REPOSITORY = ('local ipacs = require "ipacs"', "local repo = ipacs.iPACS(args.repo, args.project)")


def add_subparser(subparsers: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:  # type: ignore[type-arg]
    """Add ``repl`` to the command line."""
    parser = subparsers.add_parser(
        "repl",
        parents=[common],
        help="type Lua line by line",
        description="Type Lua line by line: values are shown, Tab completes, :help lists what else there is. "
        "Lines that are piped in run without a prompt.",
    )
    add_script_flags(parser)
    add_permissions(parser)
    add_limits(parser)
    add_answers(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Hold the conversation; returns 1 if lines were piped in and one of them failed."""
    from vqscript.host.repl import Repl

    if args.project and not args.repo:
        raise UsageError("--project is a project of a repository", hint="name it with --repo")
    opening = OPENING + (WITH_REPOSITORY if args.repo else ())
    repl = Repl(lambda: _stage(args), opening, width=_width())
    talk = Conversation(repl, debug=args.debug)
    try:
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            return talk.hear_all(sys.stdin)
        _enable_escapes()
        _greet(repl, args)
        talk.hold()
        return 0
    finally:
        repl.close()


def _stage(args: argparse.Namespace) -> Stage:
    from vqscript import config
    from vqscript.cli.terminal import TerminalInteraction, terminal_writer
    from vqscript.host.permits import make_gate
    from vqscript.host.repl import Stage
    from vqscript.host.runtime import Runtime
    from vqscript.session import Session
    from vqscript.vq.root import VQ

    settings = config.load(args.config and Path(args.config))
    gate = make_gate(
        args.output,
        None,
        settings,
        repositories=[args.repo],
        allow_read=args.allow_read,
        allow_write=args.allow_write,
        allow_net=args.allow_net,
    )
    interaction = TerminalInteraction(make_answers(args))
    session = Session(output=args.output, creator=args.user, interaction=interaction, config=settings, permissions=gate)
    values = {**pairs(args.arg, "--arg"), "repo": args.repo, "project": args.project}
    return Stage(session, Runtime(VQ(session), gate, args=values, write=terminal_writer(), limits=make_limits(args)))


def _greet(repl: Repl, args: argparse.Namespace) -> None:
    from vqscript import __version__

    print(f"vqscript {__version__}, Lua 5.4. :help lists the commands, Tab completes, Ctrl-D ends.")
    if args.repo:
        studies = len(repl.session.repository(args.repo).find_studies(None, args.project))
        where = f"{args.repo} {args.project}".strip()
        print(f"repo is {where}: {studies} {'study' if studies == 1 else 'studies'}.")


def _width() -> int:
    return max(40, shutil.get_terminal_size((100, 24)).columns)


class Conversation:
    """Runs lines, shows what they give, and goes on after errors.

    Parameters
    ----------
    repl : Repl
    debug : bool
        Whether errors show their Python traceback.
    """

    def __init__(self, repl: Repl, *, debug: bool = False) -> None:
        from vqscript.cli.colon import ColonCommands

        self._repl = repl
        self._debug = debug
        self._commands: ColonCommands = ColonCommands(repl, self._lua)
        self._one_line = True  # whether that is all that was typed last

    # On a terminal ------------------------------------------------------------------------

    def hold(self) -> None:
        """Read, run and show until the user ends it."""
        from vqscript.cli.colon import Quit

        lines = _plain_lines(self._whole) if os.environ.get("TERM") == "dumb" else self._edited_lines()
        try:
            for text in lines:
                self._repl.width = _width()
                self._answer(text)
        except Quit:
            return

    def _edited_lines(self) -> Iterator[str]:
        from vqscript.cli.editor import Editor, history_file

        editor = Editor(self._whole, self._candidates, history_file())
        while True:
            try:
                yield editor.read()
            except KeyboardInterrupt:
                continue
            except EOFError:
                return

    def _whole(self, text: str) -> bool:
        return self._commands.is_command(text) or self._repl.read(text) is not None

    def _candidates(self, text: str) -> Iterable[Candidate]:
        from vqscript.host.completion import Completion

        if self._commands.is_command(text):
            return self._commands.candidates(text)
        return Completion(self._repl.runtime.bridge).candidates(text)

    def _answer(self, text: str) -> None:
        begun = time.perf_counter()
        self._one_line = "\n" not in text.strip()
        try:
            if self._commands.is_command(text):
                self._commands.run(text)
            else:
                self._lua(text)
        except (VqError, OSError) as error:
            self._tell(error)
        except KeyboardInterrupt:
            print(file=sys.stderr)
            _complain("interrupted")
        if self._commands.timing and not self._commands.is_command(text):
            from vqscript.cli.colon import elapsed

            print(elapsed(begun))

    def _lua(self, text: str, shown: str = "", first: int = 1) -> None:
        whole = self._repl.read(text, last=True)
        value = self._repl.run(whole, shown=shown, first=first) if whole and text.strip() else ""
        if value:
            print(value)

    def _tell(self, error: VqError | OSError) -> None:
        """Say what went wrong."""
        from vqscript.cli.main import show_traceback

        if self._debug:
            show_traceback()
        if isinstance(error, OSError):
            error = VqError(f"{error.strerror or error}" + (f": {error.filename}" if error.filename else ""))
        if isinstance(error, Aborted) and error.reason == "interrupted":
            print(file=sys.stderr)  # the terminal shows ^C
        _complain(self._placed(error.message))
        for frame in error.about.get("frames", ()):
            if not (self._one_line and frame.startswith(f"{self._repl.shown}:")):
                _complain(f"    {self._placed(frame)}", "")
        if error.hint:
            _complain(f"hint: {error.hint}", "")

    def _placed(self, message: str) -> str:
        """Return a message with "line 2: " for a place in what was just typed, or nothing if that was one line."""
        place, _, rest = message.partition(": ")
        if not place.startswith(f"{self._repl.shown}:"):
            return message
        return rest if self._one_line else f"line {place.rpartition(':')[2]}: {rest}"

    # Piped --------------------------------------------------------------------------------

    def hear_all(self, stream: Iterable[str]) -> int:
        """Run the lines of a stream, and go on after errors; returns 1 if there was one.

        Raises
        ------
        Aborted
            If the user or the script ended it.
        """
        from vqscript.cli.colon import Quit
        from vqscript.cli.main import report, show_traceback

        failed = 0
        for first, text in self._wholes(stream):
            try:
                if self._commands.is_command(text):
                    self._commands.run(text)
                else:
                    self._lua(text, "stdin", first)
            except Quit:
                break
            except Aborted:
                raise
            except VqError as error:
                sys.stdout.flush()  # what was printed before the error comes before it where both go to one file
                if self._debug:
                    show_traceback()
                report(error)
                failed = 1
            sys.stdout.flush()  # whoever is at the other end of the pipe may wait for the answer
        return failed

    def _wholes(self, stream: Iterable[str]) -> Iterator[tuple[int, str]]:
        """Yield the chunks of a stream with the number of their first line."""
        begun, text = 1, ""
        for number, line in enumerate(stream, start=1):
            text += line
            if self._whole(text):
                yield begun, text
                begun, text = number + 1, ""
        if text:
            yield begun, text


def _plain_lines(whole: Callable[[str], bool]) -> Iterator[str]:
    """Yield what is typed on a terminal that can do nothing but print."""
    text = ""
    while True:
        try:
            text += input("... " if text else "vq> ")
        except KeyboardInterrupt:
            print()
            text = ""
            continue
        except EOFError:
            print()
            return
        if whole(text):
            yield text
            text = ""
        else:
            text += "\n"


def _enable_escapes() -> None:
    """Have the console of Windows obey escape sequences, as its terminal and all others do."""
    if sys.platform == "win32":
        import ctypes

        console = ctypes.windll.kernel32
        for number in (-11, -12):  # standard output, standard error
            handle, mode = console.GetStdHandle(number), ctypes.c_uint32()
            if console.GetConsoleMode(handle, ctypes.byref(mode)):
                console.SetConsoleMode(handle, mode.value | 4)  # ENABLE_VIRTUAL_TERMINAL_PROCESSING


def _complain(text: str, color: str = "31") -> None:
    """Print a line about an error, in red where standard error has colours."""
    from vqscript.cli.terminal import printable

    text = printable(text)
    colored = color and sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    print(f"\x1b[{color}m{text}\x1b[0m" if colored else text, file=sys.stderr)
