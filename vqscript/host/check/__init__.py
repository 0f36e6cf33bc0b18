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
    """Return what a look at a script tells beyond the error that it just ended with, "" for nothing.

    That is advice on the very line where the error does not say what to do, else the first other mistake.
    """
    try:
        found = check_files([script])
    except UsageError:  # a file went away meanwhile, and the error of the run is the one to report
        return ""
    mistakes = [each for each in found if each.severity == "error" and each.message not in error.message]
    here = [each for each in mistakes if (each.file, each.line) == (error.file, error.line)]
    if here:
        return "" if error.hint else here[0].hint or here[0].message
    more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
    return f"vqscript check also finds {mistakes[0]}{more}" if mistakes else ""


def check_text(text: str, shown: str = "script", folder: Path | None = None) -> list[Finding]:
    """Return what is wrong with a script that is given as text; ``folder`` is where its modules lie."""
    script = read_text(text, shown, (folder or Path.cwd()) / "script.lua")
    return _ordered(list(check(Files().of_script(script))))


def _ordered(found: list[Finding]) -> list[Finding]:
    files = list(dict.fromkeys(finding.file for finding in found))
    return sorted(dict.fromkeys(found), key=lambda each: (files.index(each.file), each.line, each.column))
