"""A fresh Lua runtime per script: environment, driver, and errors with the user's file and line."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lupa.lua54 import LuaRuntime

from vqscript import resources
from vqscript.errors import Aborted, ScriptError, UsageError, did_you_mean
from vqscript.host import source
from vqscript.host.bridge import Bridge
from vqscript.host.convert import lua_text, text
from vqscript.host.gate import Gate

DRIVER = Path(__file__).with_name("driver.lua")


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
    """

    def __init__(
        self,
        root: Any,
        gate: Gate,
        *,
        args: Mapping[str, str] | None = None,
        write: Callable[[str], None] = print,
    ) -> None:
        self._lua = LuaRuntime(
            encoding="latin-1",
            register_eval=False,
            register_builtins=False,
            unpack_returned_tuples=True,
            attribute_filter=_refuse,
        )
        self._write = write
        self._aborted: Aborted | None = None
        self.bridge = Bridge(self._lua, gate, self._abort)
        host = {
            "print": self.bridge.shielded(self._print),
            "source": self.bridge.shielded(self._source),
            "unknown": self._unknown,
            "tick": self._tick,
        }
        self._driver = self._lua.execute(DRIVER.read_text(encoding="ascii"), self._lua.table_from(host))
        self.bridge.driver = self._driver
        self._driver["global"]("VQ", self.bridge.facade(root))
        self._driver["global"]("args", self.bridge.to_lua(dict(args or {})))

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let Ctrl-C end the script for certain while the block runs; only the main thread hears it.

        The abort is noted before the exception is raised: wherever that ends up, the script goes no further.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def interrupt(number: int, frame: object) -> None:
            self._aborted = self._aborted or Aborted("interrupted", interrupted=True)
            raise KeyboardInterrupt

        before = signal.signal(signal.SIGINT, interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def run_file(self, path: Path) -> None:
        """Run a script file.

        Raises
        ------
        ScriptError
            With the user's file and line.
        Aborted
            On Ctrl-C, or if the script called ``VQ.abort()``.
        """
        self.run_text(source.read_script(path), shown=str(path), folder=path.resolve().parent)

    def run_text(self, code: str, *, shown: str = "script", folder: Path | None = None) -> None:
        """Run a script that is given as text; ``shown`` is its name in messages."""
        home = str(folder or Path.cwd())
        try:
            found = self._driver.run(
                lua_text(source.prepare(code)), lua_text("@" + shown), lua_text(shown), lua_text(home)
            )
        except KeyboardInterrupt:
            raise self._aborted or Aborted("interrupted", interrupted=True) from None
        if found is not True:
            self._fail(*found[1:])

    # What the driver asks ------------------------------------------------------------------

    def _print(self, line: str) -> tuple[bool]:
        self._write(line.encode("latin-1").decode("utf-8", "replace"))
        return (True,)

    def _source(self, name: str, folder: str) -> tuple[Any, ...]:
        """Find, read and prepare what an include or require means."""
        wanted, home = text(name), Path(text(folder))
        path = source.find(wanted, home)
        if path is None:
            raise UsageError(
                f'there is no module "{wanted}": neither beside the script nor in the standard library',
                hint=did_you_mean(source.module_name(wanted), source.modules()),
            )
        library = path.parent == resources.stdlib()
        chunk = "[vqscript]/" + path.name if library else _short(path)
        shown = "" if library else chunk
        code = source.prepare(source.read_script(path))
        return True, lua_text(code), lua_text("@" + chunk), lua_text(shown), lua_text(str(path.parent)), str(path)

    def _unknown(self, owner: str, key: str, names: Any) -> tuple[str, str]:
        """Return message and hint for a member that an object does not have."""
        hint = did_you_mean(text(key), [text(name) for name in names.values()])
        return f'{owner} has no member "{key}"', hint

    def _tick(self) -> bool:
        """Called by the hook every 10,000 instructions, so that Python sees Ctrl-C."""
        return self._aborted is not None

    # Outcomes ------------------------------------------------------------------------------

    def _abort(self, why: Aborted) -> None:
        self._aborted = self._aborted or why
        self._driver.abort(lua_text(why.message))

    def _fail(self, kind: str, message: str, hint: str, file: str, line: int, frames: Any, cause: int) -> None:
        where = f"{text(file)}:{line}: " if file else ""
        shown = tuple(text(frame) for frame in frames.values())
        behind = self.bridge.causes[cause - 1] if cause else None
        if self._aborted is not None:
            raise Aborted(where + self._aborted.message, **{**self._aborted.about, "frames": shown}) from behind
        raise ScriptError(
            where + _readable(message),
            hint=_readable(hint),
            kind=kind,
            file=text(file),
            line=int(line),
            frames=shown[1:],  # the first one is named in the message
        ) from behind


def _readable(value: str) -> str:
    return value.encode("latin-1").decode("utf-8", "replace")


def _short(path: Path) -> str:
    """Return a path as the user would write it: relative to the current folder where that is shorter."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
