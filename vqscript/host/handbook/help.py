"""``help(...)``: what a script or a person at the prompt is told."""

from __future__ import annotations

from vqscript.errors import VqError
from vqscript.host.handbook import layout
from vqscript.host.handbook.book import Handbook
from vqscript.host.handbook.entries import AliasEntry, ClassEntry, Entry, FieldEntry
from vqscript.host.handbook.finding import find
from vqscript.render.picture_modes import MODES


def explain(subject: str = "") -> list[str]:
    """Return the lines that explain a subject: the name of an object, function, option or topic; "" for an overview.

    Raises
    ------
    UsageError
        Nothing has that name; the hint names the closest.
    """
    book = Handbook.load()
    if not subject.strip():
        return overview(book)
    found = find(book, subject)
    entries = [each for each in found if isinstance(each, Entry | FieldEntry)]
    if len(entries) > 1 or (entries and subject.startswith("-")):
        return layout.of_several(subject.strip(), entries)
    first = found[0]
    if isinstance(first, ClassEntry):
        return layout.of_class(first, book)
    if isinstance(first, Entry):
        return layout.of_function(first, book)
    if isinstance(first, FieldEntry):
        return layout.of_field(first)
    if isinstance(first, AliasEntry):
        return layout.of_alias(first)
    return _topic(first, book)


def overview(book: Handbook) -> list[str]:
    """Return what there is, on one page."""
    objects = [
        (member.signature, layout.plain(book.classes[member.returns_class].summary))
        for member in book.classes["VQ"].members.values()
        if member.returns_class in book.classes and member.name != "controller"
    ]
    operators = [(name, layout.plain(book.classes[owner].summary)) for name, owner in book.operators.items()]
    return [
        "Everything begins with VQ. Its objects:",
        *layout.table([(f"VQ.{call}", said) for call, said in objects]),
        "",
        'Operators, which VQ.currentOp() gives after VQ.mainWin():setViewMode("Slice View", name):',
        *layout.table(operators),
        "",
        'Modules of the standard library, as in require "ipacs":',
        *layout.table([(name, layout.plain(entry.summary)) for name, entry in book.modules.items()]),
        "",
        "Ask further:",
        *layout.table(
            [
                ("help(VQ)", "an object and its methods"),
                ("help(VQ.dataManager().save)", 'a method; its name will do: help "save"'),
                ('help "-namefilter"', "an option"),
                ('help "units"', "also: palettes, operators, modes, options, paths, include, errors, globals"),
            ]
        ),
    ]


def _topic(topic: str, book: Handbook) -> list[str]:
    if topic == "globals":
        rows = []
        for name, each in sorted(book.globals.items(), key=lambda item: item[0].casefold()):
            entry = book.classes[each] if isinstance(each, str) else each
            shown = entry.signature if isinstance(entry, Entry) else name
            rows.append((shown, layout.plain(entry.doc.split("\n\n")[0])))
        return ["What a script finds without including anything:", *layout.table(rows)]
    if topic == "modules":
        rows = [(name, layout.plain(entry.summary)) for name, entry in book.modules.items()]
        return ['Modules of the standard library, as in require "ipacs":', *layout.table(rows)]
    if topic == "modes":
        rows = [(f'{number} or "{name}"', MODE_TEXTS[name]) for number, name in MODES.items()]
        return ["Pictures that saveImage makes:", *layout.table(rows)]
    if topic == "errors":
        rows = [(kind.__name__, (kind.__doc__ or "").splitlines()[0]) for kind in _kinds(VqError)]
        return ["Kinds of errors: e.type after local ok, e = pcall(...)", *layout.table(rows)]
    return [line for paragraph in TEXTS[topic] for line in (*layout.prose(paragraph), "")][:-1]


def _kinds(kind: type[VqError]) -> list[type[VqError]]:
    below = [each for each in kind.__subclasses__() if each.__module__ == kind.__module__]
    return [*below, *(deeper for each in below for deeper in _kinds(each))]


MODE_TEXTS = {
    "mip": "the projection from the front; saveMovie rotates it",
    "transverse": "one slice through the cursor",
    "coronal": "one slice through the cursor",
    "sagittal": "one slice through the cursor",
    "montage": "transverse slices, side by side",
    "composite": "the slice view: three planes through the cursor and the projection",
}

TEXTS = {
    "options": (
        'Options come behind the other arguments, as "-name", value pairs in any order, or as one table:',
        '    repo:getStudies("-namefilter", "*S1*", "-sort", "StudyDate")',
        '    repo:getStudies{namefilter = "*S1*", sort = "StudyDate"}',
        'An unknown option is an error that names the closest one. help "-namefilter" explains one option.',
        'Functions of your own read them by require "options": help "options.read"',
    ),
    "paths": (
        "Files that a script writes lie under the output folder (VQ.output, set by --output); a relative path begins "
        "there. --allow-write FOLDER adds another folder.",
        "Text is read in the folder of the script, the current folder and the output; --allow-read FOLDER adds "
        "another. Images are read anywhere.",
    ),
    "include": (
        '#include "name.lua" on a line of its own runs that file in the same globals, at that place. It is sought '
        "beside the script, then in the standard library, whose functions become globals.",
        'local name = require "name" runs it once and returns what it returns.',
    ),
}
