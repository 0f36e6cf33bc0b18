"""The commands of a prompt that are no Lua: ``:help``, ``:inputs``, ``:show`` ..."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from vqscript.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from vqscript.host.completion import Candidate
    from vqscript.host.repl import Repl

MODES = ("composite", "mip", "transverse", "coronal", "sagittal", "montage")

KEYS = """\
Anything else is Lua: an expression shows its value, and _ is the last one. help(dm) explains an object.
Tab completes, Ctrl-C stops the line that runs or drops the one begun, Ctrl-D ends the session."""


class Quit(Exception):
    """The session is to end."""


class ColonCommands:
    """Carries out lines that begin with a colon.

    Parameters
    ----------
    repl : Repl
    lua : callable
        Runs a line of Lua.
    """

    def __init__(self, repl: Repl, lua: Callable[[str], None]) -> None:
        self._repl = repl
        self._lua = lua
        self._saved: Path | None = None
        self.timing = False
        self._commands: dict[str, tuple[str, str, Callable[[str], None]]] = {
            "help": ("", "this list", self._help),
            "inputs": ("", "the inputs: size, spacing, unit, range", self._inputs),
            "rois": ("", "the ROIs: name, colour, layer, volume", self._rois),
            "show": ("[MODE]", f"a picture in the terminal: {', '.join(MODES)}", self._show),
            "run": ("FILE", "run a script in this session", self._run),
            "save": ("FILE", "write the lines that worked as a script", self._save),
            "time": ("[LUA]", "how long a line takes; alone, it times all lines, or no longer", self._time),
            "reset": ("", "begin anew: no inputs, names or lines", self._reset),
            "quit": ("", "end the session", self._quit),
        }

    @staticmethod
    def is_command(text: str) -> bool:
        """Whether a line is meant for us; "::name::" is a label of Lua."""
        return text.lstrip().startswith(":") and not text.lstrip().startswith("::")

    def run(self, text: str) -> None:
        """Carry out a line.

        Raises
        ------
        UsageError
            If there is no such command, or its argument does not fit.
        Quit
        """
        name, _, rest = text.strip()[1:].partition(" ")
        if name not in self._commands:
            raise UsageError(f"there is no command :{name}", hint=did_you_mean(name, self._commands))
        takes, _, command = self._commands[name]
        rest = rest.strip()
        if rest and not takes:
            raise UsageError(f':{name} takes nothing, got "{rest}"', hint=f":{name}")
        if not rest and takes == "FILE":
            raise UsageError(f":{name} needs a file", hint=f":{name} analysis.lua")
        command(rest)

    def candidates(self, text: str) -> list[Candidate]:
        """Return what can follow the beginning of a line."""
        from vqscript.host.completion import Candidate, files

        name, space, rest = text.lstrip()[1:].partition(" ")
        if not space:
            return [
                Candidate(each, len(name), f":{each} {takes}".rstrip(), told)
                for each, (takes, told, _) in self._commands.items()
                if each.startswith(name)
            ]
        if name == "show":
            return [Candidate(mode, len(rest)) for mode in MODES if mode.startswith(rest)]
        return files(rest.lstrip()) if name in ("run", "save") else []

    # Commands -----------------------------------------------------------------------------

    def _help(self, rest: str) -> None:
        for name, (takes, told, _) in self._commands.items():
            print(f"  {f':{name} {takes}':<14} {told}")
        print(KEYS)

    def _inputs(self, rest: str) -> None:
        print(self._repl.inputs())

    def _rois(self, rest: str) -> None:
        print(self._repl.rois())

    def _show(self, mode: str) -> None:
        from vqscript.cli import graphics

        how = graphics.terminal_graphics()
        wanted = int(mode) if mode.isdecimal() else mode or MODES[0]
        if how != "none":
            graphics.show(self._repl.picture(wanted, words=how != "blocks"), how)
            return
        number = 1
        while (path := self._repl.session.output / f"show-{number}.png").exists():
            number += 1
        print(self._repl.session.save_image(path, wanted))

    def _run(self, rest: str) -> None:
        self._repl.run_file(Path(rest).expanduser())

    def _save(self, rest: str) -> None:
        from vqscript.files import whole_file

        path = Path(rest).expanduser()
        path = path if path.suffix else path.with_suffix(".lua")
        if path.exists() and path != self._saved:
            raise UsageError(f"{path} is there already", hint="choose another name", path=path)
        with whole_file(path) as made:
            made.write(self._repl.script(path.name).encode())
        self._saved = path
        print(path)

    def _time(self, rest: str) -> None:
        if not rest:
            self.timing = not self.timing
            print(f"lines are {'timed' if self.timing else 'no longer timed'}")
            return
        begun = time.perf_counter()
        self._lua(rest)
        print(elapsed(begun))

    def _reset(self, rest: str) -> None:
        self._repl.reset()

    def _quit(self, rest: str) -> None:
        raise Quit


def elapsed(begun: float) -> str:
    """Return how long ago a moment of ``time.perf_counter`` was."""
    seconds = time.perf_counter() - begun
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"
