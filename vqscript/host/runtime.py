"""A fresh Lua runtime per script: environment, driver, and errors with the user's file and line."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from lupa.lua54 import LuaRuntime

from vqscript.errors import Aborted, ScriptError, UsageError, did_you_mean
from vqscript.host import source
from vqscript.host.bridge import Bridge
from vqscript.host.convert import Mismatch, converter, lua_text, readable, text
from vqscript.host.driver import make_driver
from vqscript.host.gate import Gate
from vqscript.host.limits import Limits, size_text
from vqscript.host.memory import Memory
from vqscript.host.watchdog import Watchdog


def _refuse(obj: object, name: object, setting: bool) -> str:
    """Attribute filter: no Python object is ever handed to a script, and if one were it would be opaque."""
    raise AttributeError("not available to scripts")


class Runtime:
    """Runs scripts on the objects it is given.

    One runtime serves one script: nothing of one run is left for the next.

    Parameters
    ----------
    root : object
        The object that scripts know as ``VQ``.
    gate : Gate
        Decides on paths.
    args : mapping
        What the script sees as ``args`` (``args.repo``, ``args.project`` ...).
    write : callable
        Takes each line that the script prints.
    limits : Limits
        Time of each run, and memory. Outside :meth:`interruptible` a script that cannot be stopped at its time limit,
        because it is in a search or a calculation, is stopped after that.
    """

    def __init__(
        self,
        root: Any,
        gate: Gate,
        *,
        args: Mapping[str, str] | None = None,
        write: Callable[[str], None] = print,
        limits: Limits | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self._lua = LuaRuntime(
            encoding="latin-1",
            register_eval=False,
            register_builtins=False,
            unpack_returned_tuples=True,
            attribute_filter=_refuse,
            max_memory=0,  # it counts; what the limit is, Memory says
        )
        self._memory = Memory(self._lua, self.limits, self.stop)
        self._sources = source.Sources()
        self._write = write
        self._aborted: Aborted | None = None
        self._place = ""
        self._ends_process = False
        self._presses = 1
        self._watchdog: Watchdog | None = None
        self.bridge = Bridge(self._lua, gate, self.stop, self._memory.border_room, self._waiting)
        host = {
            "print": self.bridge.shielded(self._print),
            "source": self.bridge.shielded(self._source),
            "unknown": self.bridge.shielded(self._unknown),
            "help": self.bridge.shielded(self._help),
            "stopped": self._border_stopped,
            "exhausted": self._memory.border_exhausted,
            "relieve": self._memory.border_relieve,
            "at": self._border_at,
            "memory": self.limits.lua_memory / 1024,
            "no_memory": f"not enough memory: the limit is {size_text(self.limits.lua_memory)}",
        }
        self._driver = make_driver(self._lua, host)
        self.bridge.connect(self._driver)
        given = self.bridge.to_lua(dict(args or {}))
        self._driver["global"]("VQ", self.bridge.facade(root, {"args": given, "help": self._driver["help"]}))
        self._driver["global"]("args", given)

    @contextmanager
    def interruptible(self, presses: int = 1) -> Iterator[None]:
        """Let Ctrl-C and the time limit end the script for certain while the block runs, if need be with the process.

        ``presses`` is how many times Ctrl-C has to be pressed to end the process: more than once where it holds what
        would be lost.

        Only the main thread hears Ctrl-C; in another thread the block changes nothing. The abort is noted first:
        wherever the exception ends up, the script goes no further. It is raised only where the border catches it,
        because an exception that passes into Lua is an object in the script's hands.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def interrupt(number: int, frame: FrameType | None) -> None:
            self.stop(Aborted("interrupted", reason="interrupted"))
            if frame is None or not frame.f_code.co_name.startswith(("border_", "_border_")):
                raise KeyboardInterrupt

        before = signal.signal(signal.SIGINT, interrupt)
        self._ends_process, self._presses = True, presses
        try:
            yield
        finally:
            self._ends_process = False
            signal.signal(signal.SIGINT, before)

    @contextmanager
    def ending_the_process(self) -> Iterator[None]:
        """Let the time limit end the process while the block runs, if the script cannot be stopped otherwise.

        For a worker, which is replaced then; who presses Ctrl-C means its parent.
        """
        self._ends_process = True
        try:
            yield
        finally:
            self._ends_process = False

    def stop(self, why: Aborted) -> None:
        """Stop the script as soon as it can be, from any thread; the first reason is the one that is told."""
        self._aborted = self._aborted or why
        self.bridge.halted = True

    def run_file(self, path: Path) -> None:
        """Run a script file.

        Raises
        ------
        ScriptError
            With the user's file and line.
        Aborted
            On Ctrl-C, at a limit, or if the script called ``VQ.abort()``.
        """
        self.run_text(source.read_script(path), shown=str(path), folder=path.resolve().parent)

    def run_text(self, code: str, *, shown: str = "script", folder: Path | None = None) -> None:
        """Run a script that is given as text; ``shown`` is its name in messages."""
        self._run(self._driver.run, source.prepare(code), shown, folder)

    def run_line(
        self, code: str, *, shown: str, names: Sequence[str] | None = (), folder: Path | None = None
    ) -> list[Any]:
        """Run what was typed at a prompt, after the lines before it; an abort of these is over.

        Parameters
        ----------
        code : str
            Lua as :func:`vqscript.host.source.prepare` returns it.
        shown : str
            The line's name in messages, another one for each line.
        names : sequence of str, optional
            What it declares for the lines that follow; they see it, scripts and modules do not. None for a whole
            script among the lines.
        folder : Path, optional
            Where includes are sought; default the current one.

        Returns
        -------
        list
            Lua values of its ``return``.

        Raises
        ------
        ScriptError, Aborted
        """
        self._aborted, self.bridge.halted, self._place = None, False, ""
        declared = None if names is None else self._lua.table_from([*map(lua_text, names)])
        return self._run(self._driver.line, code, shown, folder, declared)

    @property
    def aborted(self) -> Aborted | None:
        """Why the last run was stopped, None if it was not."""
        return self._aborted

    def syntax(self, code: str) -> str:
        """Return what is wrong with a piece of Lua, "" if nothing is; it ends in ``<eof>`` if the rest is missing."""
        return readable(self._driver.syntax(lua_text(code)) or "")

    def defines(self, name: str) -> bool:
        """Whether the script defined a global function of this name."""
        return bool(self._driver.defines(lua_text(name)))

    def call(self, name: str, *arguments: Any) -> list[Any]:
        """Call a global function that the script defined.

        Parameters
        ----------
        name : str
        *arguments
            Plain values, lists and dicts of them, host objects, or what :meth:`from_module` returned.

        Returns
        -------
        list
            What it returned, as plain values: a table with keys 1..n as a list, any other as a dict.

        Raises
        ------
        ScriptError, Aborted
        """
        convert = converter(Any)
        try:
            return [convert(value, self.bridge) for value in self._call(self._driver.call, name, *arguments)]
        except Mismatch as problem:
            raise UsageError(f"what {name} returned {problem.message}", hint=problem.hint) from None

    def from_module(self, name: str, member: str, *arguments: Any) -> Any:
        """Return the Lua value that a function of a module of the standard library returns."""
        return self._call(self._driver.from_module, name, lua_text(member), *arguments)[0]

    def _call(self, function: Callable[..., Any], name: str, *arguments: Any) -> list[Any]:
        given = [each if self.bridge.is_table(each) else self.bridge.to_lua(each) for each in arguments]
        return self._supervised(function, lua_text(name), *given)

    def _run(self, run: Callable[..., Any], code: str, shown: str, folder: Path | None, *more: Any) -> list[Any]:
        home = (folder or Path.cwd()).resolve()
        chunk = self._sources.chunk(home / Path(shown).name)
        return self._supervised(run, lua_text(code), lua_text(chunk), lua_text(shown), lua_text(str(home)), *more)

    def _supervised(self, run: Callable[..., Any], *given: Any) -> list[Any]:
        """Return the Lua values of a function of the driver that runs the script's code."""
        self._memory.begin()
        self._memory.border_room(sum(len(each) for each in given if isinstance(each, str | bytes)))
        try:
            with self._watched():
                done, *found = run(*given)
        except KeyboardInterrupt:  # before or after the script proper
            raise self._aborted or Aborted("interrupted", reason="interrupted") from None
        if not done:
            self._fail(*found)
        results = found[0]
        return [results[i] for i in range(1, results["n"] + 1)]

    @contextmanager
    def _watched(self) -> Iterator[None]:
        if self.limits.time is None and not self._ends_process:
            yield
            return
        watchdog = Watchdog(
            self.limits, self.stop, lambda: self._place, ends_process=self._ends_process, presses=self._presses
        )
        try:
            with watchdog as self._watchdog:
                yield
        finally:
            self._watchdog = None

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        """Waiting for a person is not the script's time."""
        if self._watchdog is None:
            yield
        else:
            with self._watchdog.waiting():
                yield

    @property
    def files(self) -> tuple[Path, ...]:
        """The user's Lua files that were run so far: the script, and what it included or required."""
        return tuple(self._sources.by_chunk.values())

    # What the driver asks ------------------------------------------------------------------

    def _print(self, line: str) -> tuple[bool]:
        self._write(readable(line))
        return (True,)

    def _help(self, subject: str) -> tuple[bool]:
        from vqscript.host.handbook.help import explain

        for line in explain(text(subject)):
            self._write(line)
        return (True,)

    def _source(self, name: str, folder: str) -> tuple[Any, ...]:
        found = self._sources.module(text(name), Path(text(folder)))
        return True, *(lua_text(each) for each in found)

    def _unknown(self, owner: str, key: str, names: str) -> tuple[Any, ...]:
        """Refuse a member that an object does not have."""
        from vqscript.host.handbook import Handbook
        from vqscript.host.handbook.ways import elsewhere

        name, known = readable(key), readable(names).split("\n")
        raise UsageError(
            f'{readable(owner)} has no member "{name}"',
            hint=elsewhere(Handbook.load(), name, [readable(owner)]) or did_you_mean(name, known),
        )

    def _border_stopped(self) -> bool:
        """Whether the script has to stop; asked by the hook every 1,000 instructions, which lets Ctrl-C in."""
        return self._aborted is not None

    def _border_at(self, shown: str, line: int) -> None:
        """Note where the script is."""
        self._place = f"{readable(shown)}:{line}"

    # Outcomes ------------------------------------------------------------------------------

    def _fail(self, kind: str, message: str, hint: str, file: str, line: int, frames: Any, cause: int) -> None:
        where = f"{readable(file)}:{line}: " if file else ""
        if self._aborted is not None and not where and self._place:  # Lua keeps no line where its memory ended
            where = f"{self._place}: "
        shown = tuple(readable(frame) for frame in frames.values())
        if shown and shown[0].startswith(where):  # the message has it already
            shown = shown[1:]
        behind = self.bridge.cause(cause)
        if self._aborted is not None:
            why = self._aborted
            raise Aborted(where + why.message, hint=why.hint, **{**why.about, "frames": shown}) from behind
        way_out = readable(hint) or (self._remedy(readable(message)) if kind == "LuaError" else "")
        raise ScriptError(
            where + readable(message),
            hint=way_out,
            kind=kind,
            file=readable(file),
            line=int(line),
            frames=shown,
        ) from behind

    def _remedy(self, message: str) -> str:
        from vqscript.host.remedies import remedy

        return remedy(message, [readable(key) for key in self._driver["env"] if isinstance(key, str)])
