"""A script with the files it includes, and what is found in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vqscript import resources
from vqscript.errors import UsageError, did_you_mean
from vqscript.host import source as scripts
from vqscript.host.check.checker import Checker
from vqscript.host.check.finding import Finding, Problem
from vqscript.host.check.inference import Globals, Inference, global_kind
from vqscript.host.check.kinds import Kind, Known, Of, one
from vqscript.host.check.parse import parse
from vqscript.host.check.scopes import Scopes, Source
from vqscript.host.check.syntax import complaint
from vqscript.host.check.tree import Call, Function, Literal, Node
from vqscript.host.handbook import Handbook

CALLED_BY_BATCH = {"process": ("iPACS", "Study")}
"""Global functions that ``vqscript batch`` calls -> types of their first parameters."""


@dataclass
class File:
    """One file of a script, read and parsed.

    Attributes
    ----------
    shown : str
        Its name in findings.
    statements : list of Node or None
        None if it cannot be looked at any further; `findings` say why.
    loads : dict
        Calls of ``require`` and ``#include`` lines -> the file they mean.
    missing : dict
        Those that find no file -> message and hint.
    """

    path: Path
    shown: str
    lines: list[str] = field(default_factory=list)
    statements: list[Node] | None = None
    scopes: Scopes = field(default_factory=lambda: Scopes(()))
    findings: list[Finding] = field(default_factory=list)
    loads: dict[Call, Path] = field(default_factory=dict)
    missing: dict[Call, tuple[str, str]] = field(default_factory=dict)


class Files:
    """Files by path; each is read once, however many scripts include it."""

    def __init__(self) -> None:
        self._known: dict[Path, File] = {}

    def read(self, path: Path, shown: str) -> File:
        """Return a file from disk.

        Raises
        ------
        UsageError
            There is no such file, or it is too large for a script.
        """
        resolved = path.resolve()
        if resolved not in self._known:
            self._known[resolved] = _read(path, shown)
        return self._known[resolved]

    def of_script(self, first: File) -> list[File]:
        """Return a script's own files, the script first: all that it includes, and what these include."""
        found = [first]
        for file in found:
            for path in file.loads.values():
                if _is_library(path):
                    continue
                included = self.read(path, _short(path.resolve()))
                if included not in found:
                    found.append(included)
        return found


def read_text(text: str, shown: str, path: Path) -> File:
    """Return a script that is given as text."""
    file = File(path, shown, text.split("\n"))
    found = complaint(text)
    if found is not None:
        line, column, message, hint = found
        file.findings.append(Finding(shown, line, column, "error", "syntax", message, hint))
        return file
    try:
        file.statements = parse(scripts.prepare(text).removeprefix(scripts.OPENING))
        file.scopes = Scopes(file.statements or ())
    except RecursionError:
        file.statements = None
        message = "nested so deeply that it cannot be looked at any further"
        file.findings.append(Finding(shown, 1, 1, "warning", "depth", message))
    _find_loads(file)
    return file


def check(files: Sequence[File]) -> Iterable[Finding]:
    """Yield what is wrong with a script.

    Parameters
    ----------
    files : sequence of File
        The script first, then what it includes.
    """
    _type_parameters(files)
    variables = Globals(_given(files))
    fields = frozenset().union(*(file.scopes.fields for file in files))
    known = {"__include", *_given(files)}.union(*(file.scopes.assigned for file in files))
    complete = not any(file.scopes.dynamic or file.statements is None or file.missing for file in files)
    inferences = []
    for file in files:
        inference = Inference(file.scopes, variables, _modules(file), fields)
        inferences.append(inference)
        for name, sources in file.scopes.assigned.items():
            for each in sources:
                variables.assign(name, inference, each)
    for i, (file, inference) in enumerate(zip(files, inferences, strict=True)):
        yield from file.findings
        if "_ENV" in file.scopes.names:  # its globals are those of a table of its own
            continue
        checker = Checker(file.scopes, inference, known, fields, file.missing, complete=complete, starts=i == 0)
        try:
            checker.block(file.statements or ())
        except RecursionError:
            yield Finding(file.shown, 1, 1, "warning", "depth", "nested so deeply that not all of it was looked at")
        yield from (_finding(file, problem) for problem in checker.found)


# Reading ----------------------------------------------------------------------------------


def _read(path: Path, shown: str) -> File:
    try:
        text = scripts.read_script(path)
    except UsageError as error:
        if not isinstance(error.__cause__, UnicodeDecodeError):
            raise
        cause = error.__cause__
        before = cause.object[: cause.start]
        line, start = before.count(b"\n") + 1, before.rfind(b"\n") + 1
        column = len(before[start:].decode("utf-8", "replace")) + 1
        hint = "save it as UTF-8"
        finding = Finding(shown, line, column, "error", "encoding", "the file is not UTF-8 text from here on", hint)
        return File(path, shown, findings=[finding])
    return read_text(text, shown, path)


def _find_loads(file: File) -> None:
    """Find the files that a file includes."""
    home = file.path.resolve().parent
    for call in file.scopes.loads:
        name = call.arguments[0].value if isinstance(call.arguments[0], Literal) else None
        if not isinstance(name, str) or (name == "object" and _is_library(file.path)):
            continue
        try:
            path = scripts.find(name, home)
        except UsageError as error:
            file.missing[call] = error.message, error.hint
            continue
        if path is not None:
            file.loads[call] = path
        else:
            message = f'there is no module "{name}": neither beside the script nor in the standard library'
            file.missing[call] = message, did_you_mean(scripts.module_name(name), scripts.modules(home))


def _is_library(path: Path) -> bool:
    return path.resolve().parent == resources.stdlib().resolve()


def _short(path: Path) -> str:
    """Return an included file as the runtime's errors show it: relative to the current folder, if it lies there."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


# Globals and modules ----------------------------------------------------------------------


def _given(files: Iterable[File]) -> dict[str, Kind]:
    """Return the globals that a script does not assign itself."""
    book = Handbook.load()
    found = {name: global_kind(known) for name, known in book.globals.items()}
    for file in files:
        for call, path in file.loads.items():
            module = book.modules.get(path.stem) if _is_library(path) and _is_include(call) else None
            if module is not None:
                named = {name: one(Known(entry)) for name, entry in module.members.items() if name.lower() == path.stem}
                found |= {path.stem: one(Of(path.stem)), **named}
    return found


def _modules(file: File) -> dict[Call, Kind]:
    """Return what the calls of ``require`` return, where it is a module of the standard library."""
    known = Handbook.load().modules
    return {
        call: one(Of(path.stem)) if _is_library(path) and path.stem in known else None
        for call, path in file.loads.items()
        if not _is_include(call)
    }


def _type_parameters(files: Sequence[File]) -> None:
    """Say what a batch gives its functions; where the script calls such a function itself, nobody knows."""
    for file in files:
        for name, types in CALLED_BY_BATCH.items():
            if any(read.text == name for each in files for read in each.scopes.reads):
                continue
            for given in file.scopes.assigned.get(name, ()):
                if isinstance(given.expression, Function):
                    for parameter, type_text in zip(given.expression.parameters, types, strict=False):
                        file.scopes.variables[parameter].sources[0] = Source(None, type_text=type_text)


def _is_include(call: Call) -> bool:
    return getattr(call.function, "text", "") == "__include"


# Findings ---------------------------------------------------------------------------------


def _finding(file: File, problem: Problem) -> Finding:
    line = file.lines[problem.at.row] if problem.at.row < len(file.lines) else ""
    if line.lstrip().startswith("#") and not line.startswith("#!"):  # an include, which was replaced
        column = len(line) - len(line.lstrip())
    else:
        column = len(line.encode()[: problem.at.column].decode("utf-8", "replace"))
    return Finding(
        file.shown, problem.at.row + 1, column + 1, problem.severity, problem.kind, problem.message, problem.hint
    )
