"""A Lua script as a tree of small objects, each with its place in the text."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Node:
    """A part of a script.

    Attributes
    ----------
    row, column : int
        Where it begins, from 0; the column counts bytes of UTF-8.
    """

    row: int
    column: int


# Expressions ------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class Expression(Node):
    """What has a value; of this class itself: one that needs no closer look."""


@dataclass(slots=True, eq=False)
class Name(Expression):
    """A variable."""

    text: str


@dataclass(slots=True, eq=False)
class Literal(Expression):
    """nil, true, false, a number or a text that stands in the script."""

    value: str | float | bool | None


@dataclass(slots=True, eq=False)
class Vararg(Expression):
    """``...``: any number of values."""


@dataclass(slots=True, eq=False)
class Index(Expression):
    """``object.key``, ``object[key]`` or, with a colon, ``object:key``. Its place is that of the key."""

    object: Expression
    key: Expression
    colon: bool = False


@dataclass(slots=True, eq=False)
class Call(Expression):
    """A call; with a colon, its function is an :class:`Index` with one."""

    function: Expression
    arguments: list[Expression]


@dataclass(slots=True, eq=False)
class Function(Expression):
    """A function; ``self`` is its first parameter if it was declared with a colon."""

    parameters: list[Name]
    body: list[Node]


@dataclass(slots=True, eq=False)
class Table(Expression):
    """A table; an item without a key takes the next number."""

    items: list[tuple[Expression | None, Expression]]


@dataclass(slots=True, eq=False)
class Operation(Expression):
    """Operands and what is between them; ``a + b - c`` is one operation with the operator "-"."""

    operator: str
    operands: list[Expression]


@dataclass(slots=True, eq=False)
class Brackets(Expression):
    """``(inner)``: one value, however many the inner expression has."""

    inner: Expression


# Statements; a call is one too ------------------------------------------------------------


@dataclass(slots=True, eq=False)
class Local(Node):
    """``local a, b = x, y``; for ``local function f`` the name is known within the function."""

    names: list[Name]
    values: list[Expression] = field(default_factory=list)
    is_function: bool = False


@dataclass(slots=True, eq=False)
class Assign(Node):
    """``a.b, c = x, y`` and ``function a.b() end``."""

    targets: list[Expression]
    values: list[Expression]


@dataclass(slots=True, eq=False)
class Label(Node):
    """``::name::``: a place that a goto may lead back to."""


@dataclass(slots=True, eq=False)
class Do(Node):
    """A block of its own."""

    body: list[Node]


@dataclass(slots=True, eq=False)
class While(Node):
    """A loop with its condition first."""

    condition: Expression
    body: list[Node]


@dataclass(slots=True, eq=False)
class Repeat(Node):
    """A loop with its condition last, where the locals of the body are known."""

    body: list[Node]
    condition: Expression


@dataclass(slots=True, eq=False)
class If(Node):
    """Conditions with what belongs to them; that of ``else`` is None."""

    branches: list[tuple[Expression | None, list[Node]]]


@dataclass(slots=True, eq=False)
class For(Node):
    """Both kinds of ``for``: names, and the expressions that lead them."""

    names: list[Name]
    values: list[Expression]
    body: list[Node]
    counts: bool


@dataclass(slots=True, eq=False)
class Return(Node):
    """``return`` with its values."""

    values: list[Expression]


def beginning(expression: Expression) -> Expression:
    """Return the part of an expression where its text begins: ``a`` of ``a.b:c()``."""
    while isinstance(expression, Index | Call):
        expression = expression.object if isinstance(expression, Index) else expression.function
    return expression
