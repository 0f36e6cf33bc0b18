"""Checking scripts without running them: syntax, names, arguments, options, words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vqscript.errors import ScriptError, UsageError
from vqscript.host.check.finding import Finding as Finding
from vqscript.host.check.script import Files, check, read_text


def check_files(paths: Sequence[Path]) -> list[Finding]:
    """Return what is wrong with scripts and the files they include, in the order of files and lines.

    Nothing of the scripts runs. A file that another one includes is looked at as a part of that one.

    Raises
    ------
    UsageError
        There is no such script.
    """
    files = Files()
    scripts = [files.of_script(files.read(path, str(path))) for path in paths]
    included = [file for script in scripts for file in script[1:]]
    found = [finding for script in scripts if script[0] not in included for finding in check(script)]
    return _ordered(found)


def beyond(error: ScriptError, script: Path) -> str:
    """Return the hint of an error that a script just ended with, and what a look at the script tells beyond it.

    That is advice on the very line where the error does not say what to do, else the first other mistake.
    """
    try:
        found = check_files([script])
    except UsageError:  # a file went away meanwhile, and the error of the run is the one to report
        return error.hint
    mistakes = [each for each in found if each.severity == "error"]
    here = [each for each in mistakes if (each.file, each.line) == (error.file, error.line)]
    of_lua = error.kind in ("LuaError", "SyntaxError")  # what Lua says is short, and its hint goes for any script
    if here and (of_lua or not error.hint):
        message = here[0].message if of_lua and here[0].message not in error.message else ""
        return here[0].hint or error.hint or message
    if here or not mistakes:
        return error.hint
    more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
    return "\n".join(filter(None, (error.hint, f"vqscript check also finds {mistakes[0]}{more}")))


def check_text(text: str, shown: str = "script", folder: Path | None = None) -> list[Finding]:
    """Return what is wrong with a script that is given as text; ``folder`` is where its modules lie."""
    script = read_text(text, shown, (folder or Path.cwd()) / "script.lua")
    return _ordered(list(check(Files().of_script(script))))


def _ordered(found: list[Finding]) -> list[Finding]:
    files = list(dict.fromkeys(finding.file for finding in found))
    return sorted(dict.fromkeys(found), key=lambda each: (files.index(each.file), each.line, each.column))
