"""The way out for names that scripts do not have: what people write who know other places."""

from __future__ import annotations

from collections.abc import Iterable

from vqscript.errors import did_you_mean
from vqscript.host.handbook import Handbook

_FILES = "files are read and written through VQ, as in VQ.readFile and VQ.writeFile"
_AWAY = "scripts do not have it"

_NAMES = {
    "io": _FILES,
    "dofile": 'another file is run by require "name" or #include "name.lua"',
    "loadfile": 'another file is run by require "name" or #include "name.lua"',
    "package": _AWAY,
    "debug": _AWAY,
    "coroutine": _AWAY,
    "collectgarbage": _AWAY,
    "setfenv": _AWAY,
    "getfenv": _AWAY,
    "module": "a module is a file that returns a table",
    "unpack": "it is table.unpack in Lua 5.4",
    "loadstring": "it is load in Lua 5.4",
    "printf": 'write print(("%.2f"):format(x))',
    "len": "the length of a list or text is #x",
    "null": "it is nil in Lua",
    "None": "it is nil in Lua",
    "NULL": "it is nil in Lua",
    "True": "it is true in Lua",
    "False": "it is false in Lua",
    "dm": "begin with: local dm = VQ.dataManager()",
    "mw": "begin with: local mw = VQ.mainWin()",
    "iPACS": 'begin with: local ipacs = require "ipacs", and call ipacs.iPACS',
    "os.execute": _AWAY,
    "os.exit": "VQ.abort() ends a script, VQ.fail(message) does so with an error",
    "os.getenv": "what a script is told stands in args, as in --arg name=value",
    "os.remove": _FILES,
    "os.rename": _FILES,
    "os.tmpname": _FILES,
    "table.getn": "the length of a list is #list",
    "table.foreach": "write for key, value in pairs(t) do ... end",
    "table.foreachi": "write for i, value in ipairs(t) do ... end",
    "math.pow": "write x ^ y",
    "math.mod": "write x % y",
    "string.gfind": "it is string.gmatch in Lua 5.4",
}


def advice(name: str, known: Iterable[str] = ()) -> str:
    """Return what to write for an unknown global or member of a library (``os.execute``), "" if nothing comes close.

    Parameters
    ----------
    name : str
    known : iterable of str
        Variables that could be meant.
    """
    if name in _NAMES:
        return _NAMES[name]
    book = Handbook.load()
    if name in book.modules:
        return f'begin with: local {name} = require "{name}"'
    if name in book.classes["VQ"].members:
        return f"it is VQ.{name}"
    hint = did_you_mean(name, (each for each in known if len(each) > 2))  # "os" is close to too much
    return hint if hint.startswith("did you mean") else ""
