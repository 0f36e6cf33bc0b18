"""The handbook: every name that scripts know, from the declarations of vq and the comments of Lua modules."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from vqscript import resources
from vqscript.host.handbook.declared import classes_from
from vqscript.host.handbook.entries import AliasEntry, ClassEntry, Entry, FieldEntry
from vqscript.host.handbook.luals import read_module
from vqscript.host.handbook.words import aliases
from vqscript.vq.main_win import OPERATORS
from vqscript.vq.root import VQ

ENVIRONMENT = Path(__file__).with_name("environment.lua")
"""Lua's own library as far as scripts have it, and the globals of the host, declared in comments."""


@dataclass(frozen=True)
class Handbook:
    """What scripts can name.

    Attributes
    ----------
    classes : dict
        Every class by name: objects of the host (``DataManager``) and of Lua modules (``iPACS``), modules of the
        standard library by the name that ``require`` takes, libraries of Lua (``string``), tables with known fields
        (``Study``), and ``Operator``, the choice that ``VQ.currentOp()`` returns.
    globals : dict
        What a script finds without including anything: a function's entry, a plain value's, or the name of a class.
        Including a module makes its members global as well.
    operators : dict
        Operator as ``setViewMode`` takes it -> name of its class.
    aliases : dict
        Names of types that mean more than ``string``: ``path``, ``unit``, ``palette`` ..., with the words that fit.
    """

    classes: dict[str, ClassEntry]
    globals: dict[str, str | Entry | FieldEntry]
    operators: dict[str, str]
    aliases: dict[str, AliasEntry]

    @staticmethod
    def load() -> Handbook:
        """Return the handbook of this installation; it is read once."""
        return _load()

    @property
    def modules(self) -> dict[str, ClassEntry]:
        """The modules of the standard library."""
        return {name: entry for name, entry in self.classes.items() if entry.kind == "module"}

    def operator_of(self, class_name: str) -> str:
        """Return the operator that a class is, as ``setViewMode`` takes it; "" for other classes."""
        return next((operator for operator, name in self.operators.items() if name == class_name), "")


@cache
def _load() -> Handbook:
    classes = classes_from([VQ, *OPERATORS.values()])
    operators = {name: owner.__name__ for name, owner in OPERATORS.items()}
    classes["Operator"] = _choice(classes, list(operators.values()))
    for path in sorted(resources.stdlib().glob("*.lua")):
        read = read_module(path.stem, path.read_text(encoding="utf-8"), known=classes)
        classes |= {**read.classes, path.stem: read.module}
    host = read_module("", ENVIRONMENT.read_text(encoding="utf-8"), known=classes)
    named: dict[str, str | Entry | FieldEntry] = {"VQ": "VQ", "args": "args"}
    for entry in host.classes.values():
        library = entry.kind == "object"
        classes[entry.name] = replace(entry, kind="library") if library else entry
        if library:
            named[entry.name] = entry.name
    named |= {**host.module.members, **host.module.fields}
    root = classes["VQ"]
    root.fields["args"] = FieldEntry("VQ", "args", "args", classes["args"].doc, example="print(VQ.args.repo)")
    root.members["help"] = replace(host.module.members["help"], owner="VQ", example="VQ.help(VQ.dataManager())")
    return Handbook(classes, named, operators, aliases())


def _choice(classes: dict[str, ClassEntry], names: list[str]) -> ClassEntry:
    members: dict[str, Entry] = {}
    for name in names:
        members = {**classes[name].members, **members}
    doc = "The operator that `setViewMode` chose last: one of several objects."
    return ClassEntry("Operator", "choice", doc, members=members, one_of=tuple(names))
