"""The memory of Lua: its limit, and what the host needs beyond it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vqscript.errors import Aborted
from vqscript.host.limits import Limits

HARD, SPARE, RELIEF = 2, 64 * 2**20, 32 * 2**20
"""Where Lua gets no more memory: so many times the limit, and what the host itself takes; and what there is beyond
for telling where that was."""

ARGUMENTS_HELD = 512
"""Tables that may be arguments of one call: the room for them is made at the start, because Lua may not run out of
memory while Python holds them."""


class Memory:
    """Holds a Lua runtime to its limit.

    The hook of the Lua half finds a script that is above the limit; what is here is for where Lua itself ends.

    Parameters
    ----------
    lua : lupa.LuaRuntime
        Made with ``max_memory=0``, so that it counts.
    limits : Limits
    stop : callable
        Stops the script, told why.
    """

    def __init__(self, lua: Any, limits: Limits, stop: Callable[[Aborted], None]) -> None:
        self._lua, self._limits, self._stop = lua, limits, stop
        self._hard = HARD * limits.lua_memory + SPARE
        self._most = self._hard - SPARE // 2
        self.begin()
        _held = [lua.table() for _ in range(ARGUMENTS_HELD)]
        del _held

    def begin(self) -> None:
        """Take back what :meth:`border_relieve` gave."""
        self._lua.set_max_memory(self._hard)

    def border_exhausted(self, kilobytes: float, asked: bool = False) -> None:
        """Stop the script at its memory limit; ``asked`` is whether it asked for more than Lua could get."""
        self._stop(self._limits.out_of_memory(int(kilobytes * 1024), asked=asked))

    def border_relieve(self) -> None:
        """Give Lua the memory that the end of a run takes."""
        self._lua.set_max_memory(self._hard + RELIEF)

    def border_room(self, count: int) -> None:
        """Make sure that so many bytes can be handed to Lua, with something left.

        Where Lua gets no memory while Python hands it something, the process ends or hangs.

        Raises
        ------
        Aborted
        """
        if self._lua.get_memory_used() + count < self._most:
            return
        self._lua.gccollect()
        if self._lua.get_memory_used() + count >= self._most:
            raise self._limits.out_of_memory(self._lua.get_memory_used() + count)
