"""A session that is typed: lines run one after another, their values shown, the lines that worked kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vqscript.host import chunk, source, summary
from vqscript.host.chunk import Chunk
from vqscript.host.runtime import Runtime
from vqscript.host.script import Line, as_script
from vqscript.host.showing import Showing

if TYPE_CHECKING:
    from PIL.Image import Image

    from vqscript.session import Session

LAST = "_"
"""The name of the last value."""

PRESSES = 2
"""How often Ctrl-C has to be pressed where a line cannot be stopped: with it the whole session ends."""


@dataclass(frozen=True)
class Stage:
    """What lines run on."""

    session: Session
    runtime: Runtime


class Repl:
    """Runs what is typed.

    Parameters
    ----------
    prepare : callable
        Makes a fresh session and runtime.
    opening : sequence of str
        Lines of Lua that run first, as if they had been typed.
    width : int
        Characters in a line of what is shown.
    """

    def __init__(self, prepare: Callable[[], Stage], opening: Sequence[str] = (), *, width: int = 100) -> None:
        self._prepare = prepare
        self._opening = opening
        self.width = width
        self._begin()

    def _begin(self) -> None:
        self._stage = self._prepare()
        self._count = 0
        self.lines: list[Line] = []
        self.showing = Showing(self.runtime.bridge, self._facts, self._signature, self.width)
        for text in self._opening:
            whole = self.read(text)
            assert whole is not None
            self.runtime.run_line(whole.code, shown=f"opening {len(self.lines) + 1}", names=whole.names)
            self.lines.append(Line(whole, opening=True))

    @property
    def session(self) -> Session:
        """What the lines work on."""
        return self._stage.session

    @property
    def runtime(self) -> Runtime:
        """What runs them."""
        return self._stage.runtime

    def reset(self) -> None:
        """Begin anew: no inputs, no names, no lines."""
        self.close()
        self._begin()

    def close(self) -> None:
        """Close what the session opened."""
        self.session.close()

    # Lines --------------------------------------------------------------------------------

    def read(self, text: str, *, last: bool = False) -> Chunk | None:
        """Return what was typed as a chunk, or None while it is incomplete; ``last`` says that nothing follows."""
        return chunk.read(text, self.runtime.syntax, last=last)

    @property
    def shown(self) -> str:
        """The name of the line that ran last in messages: "input 1", "input 2" ..."""
        return f"input {self._count}"

    def run(self, typed: Chunk, *, shown: str = "", first: int = 1) -> str:
        """Run a chunk and return what is to be shown of its values, "" for nothing.

        Parameters
        ----------
        typed : Chunk
        shown : str
            Its name in messages; by default :attr:`shown`.
        first : int
            Number of its first line in messages.

        Raises
        ------
        ScriptError, Aborted
        """
        self._count += 1
        code = "\n" * (first - 1) + typed.code
        with self.runtime.interruptible(PRESSES):
            values = self.runtime.run_line(code, shown=shown or self.shown, names=typed.names)
            self.lines.append(Line(typed))
            return self._show(typed, values)

    def run_file(self, path: Path) -> None:
        """Run a script among the lines; it sees their globals, but not their locals."""
        code = source.prepare(source.read_script(path))
        self._count += 1
        with self.runtime.interruptible(PRESSES):
            self.runtime.run_line(code, shown=str(path), names=None, folder=path.resolve().parent)
        self.lines.append(Line(Chunk(f'#include "{path.as_posix()}"', code), file=True))

    def _facts(self, obj: Any) -> str:
        return summary.facts(obj, self.session)

    def _signature(self, function: Any) -> str:
        from vqscript.host.handbook import Handbook
        from vqscript.host.naming import Naming

        entry = Naming(self.runtime.bridge, Handbook.load()).described(function)
        return "function" if entry is None else f"function {entry.signature}"

    def _show(self, typed: Chunk, values: list[Any]) -> str:
        if typed.call and all(value is None for value in values):  # "mw:setViewMode(...)" has nothing to say
            return ""
        if not values:
            return ""
        if values[0] is not None:
            self.runtime.bridge.driver["kept"][LAST] = values[0]
        self.showing.width = self.width
        shown = self.showing.values(values)
        if self.runtime.aborted is not None:  # in a __tostring
            raise self.runtime.aborted
        return shown

    def script(self, name: str) -> str:
        """Return the lines that worked as a script.

        Parameters
        ----------
        name : str
            Of the file it will be, for its heading.
        """
        return as_script(self.lines, name, self.runtime.syntax)

    # The session --------------------------------------------------------------------------

    def inputs(self) -> str:
        """Return the inputs, a line each."""
        return "\n".join(summary.inputs(self.session))

    def rois(self) -> str:
        """Return the ROIs, a line each."""
        return "\n".join(summary.rois(self.session))

    def picture(self, mode: int | str, *, words: bool = True) -> Image:
        """Return a picture of the session; modes as of ``mw:saveImage``. ``words`` in the corners can be left out."""
        from vqscript.render.picture import draw
        from vqscript.session.display import scene

        shown = scene(self.session)
        return draw(replace(shown, corner_info=shown.corner_info and words), mode)
