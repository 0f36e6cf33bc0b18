"""Entries for the classes of vq, read off their declarations: hints, docstrings and marks."""

from __future__ import annotations

import inspect
import sys
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict

from vqscript.host.handbook.entries import ClassEntry, Entry, FieldEntry, OptionEntry, ParameterEntry, ResultEntry
from vqscript.host.handbook.numpydoc import Docstring, attribute_docs, read_docstring
from vqscript.host.handbook.typetext import default_text, type_doc, type_text
from vqscript.vq.catalog import Member, Parameter, fields, members


def classes_from(roots: list[type]) -> dict[str, ClassEntry]:
    """Return the classes that scripts can reach from some, by what their methods take and return."""
    found: dict[str, ClassEntry] = {}
    waiting: list[Any] = list(roots)
    while waiting:
        hint = waiting.pop(0)
        waiting += get_args(hint)
        if get_origin(hint) is not None or not isinstance(hint, type) or hint.__name__ in found:
            continue
        if is_typeddict(hint):
            found[hint.__name__] = table_entry(hint)
            waiting += get_type_hints(hint).values()
        elif members(hint) or fields(hint):
            found[hint.__name__] = class_entry(hint)
            for member in members(hint).values():
                waiting += [parameter.type for parameter in member.parameters]
                waiting += [member.returns, *([member.options_type] if member.options_type else [])]
    return found


def class_entry(owner: type) -> ClassEntry:
    """Return the entry of a class with script-visible members."""
    return ClassEntry(
        name=owner.__name__,
        kind="object",
        doc=read_docstring(inspect.getdoc(owner) or "").doc,
        members={name: _method(member) for name, member in members(owner).items()},
        fields={name: _property(owner, name) for name in fields(owner)},
    )


def table_entry(declared: Any) -> ClassEntry:
    """Return the entry of a table whose fields a TypedDict declares, each with a string below it."""
    found = {}
    for name, hint in get_type_hints(declared).items():
        optional = name in declared.__optional_keys__
        found[name] = FieldEntry(declared.__name__, name, type_text(hint), field_doc(declared, name), optional)
    return ClassEntry(declared.__name__, "table", read_docstring(inspect.getdoc(declared) or "").doc, fields=found)


def field_doc(declared: Any, name: str) -> str:
    """Return what is written below a field of a TypedDict."""
    return attribute_docs(sys.modules[declared.__module__]).get(f"{declared.__name__}.{name}", "")


def _method(member: Member) -> Entry:
    said = read_docstring(member.doc)
    options = None
    if member.options is not None:
        options = {
            name: OptionEntry(name, type_text(hint), field_doc(member.options_type, name))
            for name, hint in member.options.items()
        }
    return Entry(
        owner=member.owner,
        name=member.name,
        signature=member.signature,
        parameters=tuple(_parameter(each, said) for each in member.parameters),
        rest=None if member.rest is None else ParameterEntry("...", type_text(member.rest), True, _rest_doc(said)),
        options=options,
        options_class=member.options_type.__name__ if member.options_type else "",
        results=_results(member.returns, said),
        doc=said.doc,
        raises=tuple(said.raises),
        example=member.example,
        since=member.since,
    )


def _parameter(parameter: Parameter, said: Docstring) -> ParameterEntry:
    text = type_text(parameter.type)
    return ParameterEntry(
        name=parameter.name,
        type_text=text.removesuffix("?").removesuffix("|nil"),
        optional=not parameter.required,
        doc=said.parameters.get(parameter.name) or type_doc(parameter.type),
        default="" if parameter.required else default_text(parameter.default),
    )


def _rest_doc(said: Docstring) -> str:
    return next((text for name, text in said.parameters.items() if name.startswith("*")), "")


def _results(hint: Any, said: Docstring) -> tuple[ResultEntry, ...]:
    if hint is type(None):
        return ()
    hints = get_args(hint) if get_origin(hint) is tuple else (hint,)
    texts = [text for _, text in said.returns]
    texts += [""] * (len(hints) - len(texts))
    return tuple(ResultEntry(type_text(each), text) for each, text in zip(hints, texts, strict=False))


def _property(owner: type, name: str) -> FieldEntry:
    getter = getattr(owner, name).fget
    mark = getter.__script__
    return FieldEntry(
        owner=owner.__name__,
        name=name,
        type_text=type_text(get_type_hints(getter).get("return", Any)),
        doc=read_docstring(inspect.getdoc(getter) or "").doc,
        example=mark.example,
        since=mark.since,
    )
