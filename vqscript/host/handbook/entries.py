"""The records of the handbook: what a script can name, whether Python or Lua implements it.

Types are written as Lua's language server writes them: ``integer``, ``string[]``, ``DataManager``, ``"x"|"y"``.
Texts are plain sentences with `code` in backquotes.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ParameterEntry:
    """One parameter of a function.

    Attributes
    ----------
    name : str
        As scripts read it; "..." for further arguments.
    type_text : str
        Its type; an alias such as ``path`` or ``unit`` says more than ``string``, see :attr:`Handbook.aliases`.
    optional : bool
        Whether a script may leave it out or give nil.
    doc : str
        What it means, with its unit.
    default : str
        What holds where it is left out, as Lua; "" where that is for the text to say.
    """

    name: str
    type_text: str
    optional: bool = False
    doc: str = ""
    default: str = ""


@dataclass(frozen=True)
class OptionEntry:
    """One option of a function: ``'-name', value``, or the field ``name`` of one table."""

    name: str
    type_text: str
    doc: str = ""


@dataclass(frozen=True)
class ResultEntry:
    """One value that a function returns."""

    type_text: str
    doc: str = ""


@dataclass(frozen=True)
class FieldEntry:
    """A value that is read by name: a property of an object, a field of a table."""

    owner: str
    name: str
    type_text: str
    doc: str = ""
    optional: bool = False
    example: str = ""
    since: str = ""


@dataclass(frozen=True)
class Entry:
    """A function or method.

    Attributes
    ----------
    owner : str
        Class, module or library it belongs to; "" for a global function.
    signature : str
        The call as a script writes it, as in ``saveImage(path [, mode])``.
    rest : ParameterEntry or None
        Further arguments (``...``), where it takes any number of them.
    options : dict or None
        Options by name, where it takes ``'-name', value`` pairs or one table behind its parameters.
    results : tuple of ResultEntry
        Empty for a function that returns nothing.
    doc : str
        The summary, one sentence, and after an empty line the rest.
    raises : tuple of (str, str)
        Kind of error (``e.type`` in pcall) and when it is raised.
    example : str
        Lua that runs.
    since : str
        Version that brought it.
    """

    owner: str
    name: str
    signature: str
    parameters: tuple[ParameterEntry, ...] = ()
    rest: ParameterEntry | None = None
    options: dict[str, OptionEntry] | None = None
    options_class: str = ""
    results: tuple[ResultEntry, ...] = ()
    doc: str = ""
    raises: tuple[tuple[str, str], ...] = ()
    example: str = ""
    since: str = ""

    @property
    def full_name(self) -> str:
        """``Owner.name``, or the name alone for a global function."""
        return f"{self.owner}.{self.name}" if self.owner else self.name

    @property
    def summary(self) -> str:
        """The first sentence of the documentation."""
        return self.doc.split("\n\n")[0]

    @property
    def text(self) -> str:
        """The documentation without its summary."""
        return self.doc.partition("\n\n")[2]

    @property
    def required(self) -> int:
        """How many arguments it needs at least."""
        return sum(not parameter.optional for parameter in self.parameters)

    @property
    def returns(self) -> str:
        """Type of what it returns: "" for nothing, types joined by ", " for several values."""
        return ", ".join(result.type_text for result in self.results)

    @property
    def returns_class(self) -> str | None:
        """The class of the first value it returns, where that is one object or table of a known class."""
        first = self.results[0].type_text if self.results else ""
        return first if first.isidentifier() and first not in PLAIN_TYPES else None


PLAIN_TYPES = frozenset({"any", "boolean", "function", "integer", "nil", "number", "string", "table", "path", "url"})
"""Types that have no class of their own."""


@dataclass(frozen=True)
class ClassEntry:
    """An object, a module, a library of Lua, or a table with known fields.

    Attributes
    ----------
    name : str
        As :attr:`Entry.returns_class` and ``tostring(object)`` say it; the word after ``require`` for a module.
    kind : str
        "object" (of the host, or written in Lua), "module" (of the standard library), "library" (``string`` ...),
        "table" (named fields only), or "choice" (one of several objects: what ``VQ.currentOp()`` returns).
    one_of : tuple of str
        The classes of a choice; its members are those of all.
    module : str
        The module of the standard library that declares it, "" for those of the host.
    """

    name: str
    kind: str
    doc: str = ""
    members: dict[str, Entry] = field(default_factory=dict)
    fields: dict[str, FieldEntry] = field(default_factory=dict)
    one_of: tuple[str, ...] = ()
    example: str = ""
    module: str = ""

    @property
    def summary(self) -> str:
        """The first sentence of the documentation."""
        return self.doc.split("\n\n")[0]

    @property
    def text(self) -> str:
        """The documentation without its summary."""
        return self.doc.partition("\n\n")[2]


@dataclass(frozen=True)
class AliasEntry:
    """A name for a type, with the words that fit where there is a fixed list of them."""

    name: str
    type_text: str
    doc: str = ""
    words: tuple[str, ...] = ()
