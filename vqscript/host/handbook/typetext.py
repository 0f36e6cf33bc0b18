"""Type hints of script-visible methods as Lua's language server writes them."""

from __future__ import annotations

import sys
import types
from typing import Any, Literal, Union, get_args, get_origin, is_typeddict

from vqscript.host.handbook.numpydoc import attribute_docs
from vqscript.vq import types as vq_types

_NAMES: dict[Any, str] = {
    int: "integer",
    float: "number",
    str: "string",
    bool: "boolean",
    type(None): "nil",
    Any: "any",
    vq_types.Unit: "unit",
    vq_types.NewUnit: "unit",
    vq_types.Palette: "palette",
    vq_types.PictureName: "picture",
    vq_types.View: "view",
    vq_types.OperatorName: "operator",
    vq_types.ImagePath: "path",
    vq_types.ReadPath: "path",
    vq_types.WritePath: "path",
    vq_types.WriteFolder: "path",
    vq_types.RepoUrl: "url",
    vq_types.Switch: "boolean|0|1",
    vq_types.StudyRef: "Study|string",
    vq_types.SeriesRef: "Series|string",
}


def type_text(hint: Any) -> str:
    """Return a type as scripts read it: ``int`` is ``integer``, ``list[str]`` is ``string[]``."""
    if hint in _NAMES:
        return _NAMES[hint]
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        parts = [type_text(arg) for arg in args if arg is not type(None)]
        optional = "?" if len(parts) == 1 and "|" not in parts[0] else "|nil"
        return "|".join(parts) + (optional if type(None) in args else "")
    if origin is Literal:
        return "|".join(f'"{word}"' if isinstance(word, str) else str(word) for word in args)
    if origin is list:
        item = type_text(args[0])
        return f"({item})[]" if "|" in item else f"{item}[]"
    if origin is dict:
        item = type_text(args[1])
        return "table" if item == "any" else f"table<string, {item}>"
    if hasattr(hint, "__supertype__"):
        return type_text(hint.__supertype__)
    if isinstance(hint, type) or is_typeddict(hint):
        return str(hint.__name__)
    raise TypeError(f"{hint!r} has no name in Lua")


def type_doc(hint: Any) -> str:
    """Return what a type of :mod:`vqscript.vq.types` says of every parameter that has it, "" for others."""
    for each in (hint, *get_args(hint)):
        if hasattr(each, "__supertype__"):
            return attribute_docs(sys.modules[each.__module__]).get(each.__name__, "")
    return ""


def default_text(value: Any) -> str:
    """Return a default as Lua; "" for one that says nothing."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else f"{value:g}"
