"""The driver: the Lua half of the host, whose chunks lie in the folder ``lua``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("lua")


@cache
def chunks() -> Mapping[str, str]:
    """Return the text of each chunk by its name; ``driver`` is the one that puts the others together."""
    return {path.stem: path.read_text(encoding="ascii") for path in FOLDER.glob("*.lua")}


def make_driver(lua: Any, host: Mapping[str, Any]) -> Any:
    """Start the Lua half in a fresh runtime.

    Parameters
    ----------
    lua : lupa.LuaRuntime
    host : mapping
        What it asks of the Python half, by the names that the chunks use.

    Returns
    -------
    Lua table
        Its functions and tables, as ``lua/driver.lua`` lists them.
    """
    texts = dict(chunks())
    return lua.execute(texts.pop("driver"), lua.table_from(host), lua.table_from(texts), name="=host")
