"""A reader of docstrings in numpydoc form."""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import dataclass, field
from functools import cache
from itertools import zip_longest
from types import ModuleType


@dataclass(frozen=True)
class Docstring:
    """What a docstring says.

    Attributes
    ----------
    doc : str
        Summary and text, without the sections.
    parameters : dict
        Name -> what it means; also of a section "Attributes" or "Other Parameters".
    returns : list of (str, str)
        For each value a name or type, and what it means.
    raises : list of (str, str)
        Kind of error and when.
    """

    doc: str
    parameters: dict[str, str] = field(default_factory=dict)
    returns: list[tuple[str, str]] = field(default_factory=list)
    raises: list[tuple[str, str]] = field(default_factory=list)


def read_docstring(raw: str) -> Docstring:
    """Read a docstring as ``inspect.cleandoc`` leaves it."""
    head, sections = _split(raw.splitlines())
    parameters = {}
    for title in ("Parameters", "Other Parameters", "Attributes"):
        for names, text in _items(sections.get(title, [])):
            for name in names.partition(" : ")[0].split(","):
                parameters[name.strip().rstrip("_")] = text
    return Docstring(
        doc=paragraphs(head),
        parameters=parameters,
        returns=_items(sections.get("Returns", [])),
        raises=_items(sections.get("Raises", [])),
    )


def paragraphs(lines: list[str]) -> str:
    """Join the lines of each paragraph; items of a list keep a line each."""
    blocks: list[str] = []
    fresh = True
    for line in lines:
        text = _plain(line.strip())
        if not text:
            fresh = True
        elif fresh:
            blocks.append(text)
            fresh = False
        else:
            blocks[-1] += ("\n" if text.startswith(("- ", "* ")) else " ") + text
    return "\n\n".join(blocks)


@cache
def attribute_docs(module: ModuleType) -> dict[str, str]:
    """Return the strings below the assignments of a module and of its classes: ``Class.name`` or ``name`` -> text."""
    try:
        tree = ast.parse(inspect.getsource(module))
    except OSError:  # installed without sources
        return {}
    return dict(_below("", tree.body))


def _below(prefix: str, body: list[ast.stmt]) -> list[tuple[str, str]]:
    found = []
    for statement, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(statement, ast.ClassDef):
            found += _below(f"{statement.name}.", statement.body)
        target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
        if not isinstance(target, ast.Name) or not isinstance(after, ast.Expr):
            continue
        if isinstance(after.value, ast.Constant) and isinstance(after.value.value, str):
            found.append((prefix + target.id, paragraphs(inspect.cleandoc(after.value.value).splitlines())))
    return found


def _plain(text: str) -> str:
    """Turn reStructuredText's marks into plain backquotes."""
    text = re.sub(r":\w+:`~?(?:\w+\.)*(\w+)`", r"`\1`", text)
    return text.replace("``", "`")


def _split(lines: list[str]) -> tuple[list[str], dict[str, list[str]]]:
    """Return what comes before the first section, and the lines of each section."""
    head: list[str] = []
    sections: dict[str, list[str]] = {}
    current = head
    skip = False
    for line, after in zip_longest(lines, lines[1:], fillvalue=""):
        if skip:
            skip = False
        elif line and re.fullmatch(r"-{3,}", after.strip()):
            current = sections.setdefault(line.strip(), [])
            skip = True
        else:
            current.append(line)
    return head, sections


def _items(lines: list[str]) -> list[tuple[str, str]]:
    """Return the terms of a section, each with the indented text below it."""
    found: list[tuple[str, list[str]]] = []
    for line in lines:
        if line and not line[0].isspace():
            found.append((_plain(line.strip()), []))
        elif found:
            found[-1][1].append(line)
    return [(term, paragraphs(text)) for term, text in found]
