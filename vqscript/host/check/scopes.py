"""Which variable each name of a script means, and what is ever assigned to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from vqscript.host.check.tree import (
    Assign,
    Brackets,
    Call,
    Do,
    Expression,
    For,
    Function,
    If,
    Index,
    Literal,
    Local,
    Name,
    Node,
    Operation,
    Repeat,
    Return,
    Table,
    While,
)

LOADERS = frozenset({"require", "__include"})
"""Functions that run another file; ``__include`` is what an ``#include`` line becomes."""

UNSEEN = frozenset({"_G", "_ENV", "load"}) | LOADERS
"""Globals that let others be assigned unseen, unless they are used in a plain way."""


class Source(NamedTuple):
    """Where a variable has a value from: the ``nth`` value of an expression, counted from 0.

    Without an expression the handbook knows its type, or nobody knows, as for most parameters.
    """

    expression: Expression | None
    nth: int = 0
    type_text: str = "any"


@dataclass(slots=True, eq=False)
class Variable:
    """A local variable, parameters and those of loops included.

    Attributes
    ----------
    sources : list of Source
        All that is assigned to it, anywhere; empty for one that stays nil.
    """

    declared: Name
    sources: list[Source] = field(default_factory=list)


class Scopes:
    """What the names of one file mean.

    Attributes
    ----------
    variables : dict
        Each name that is a local variable.
    names : set of str
        The names of all local variables.
    reads : list of Name
        Each name of a global variable that is read.
    assigned : dict
        Global variable -> what is assigned to it.
    tested : set of Expression
        Names and members that are only asked whether they have a value, as in ``if DEBUG then``.
    fields : set of str
        Every key that is assigned in any table.
    returns : dict
        Function -> its ``return`` statements.
    loads : list of Call
        Calls of ``require`` with a name, and ``#include`` lines.
    dynamic : bool
        Whether globals may be assigned in a way that cannot be seen: through ``_G[name]``, ``_ENV``, ``load``, or in
        a module whose name is not known.
    """

    def __init__(self, statements: Sequence[Node]) -> None:
        self.variables: dict[Name, Variable] = {}
        self.names: set[str] = set()
        self.reads: list[Name] = []
        self.assigned: dict[str, list[Source]] = defaultdict(list)
        self.tested: set[Expression] = set()
        self.fields: set[str] = set()
        self.returns: dict[Function, list[Return]] = defaultdict(list)
        self.loads: list[Call] = []
        self.dynamic = False
        self._visible: dict[str, list[Variable]] = defaultdict(list)
        self._functions: list[Function] = []
        self._block(statements)

    # Blocks and statements ----------------------------------------------------------------

    def _block(self, statements: Iterable[Node], opening: Sequence[Variable] = (), until: Node | None = None) -> None:
        """Walk a block; ``opening`` are the variables it begins with, ``until`` the condition that ends it."""
        known = list(opening)
        for variable in opening:
            self._visible[variable.declared.text].append(variable)
        for statement in statements:
            if type(statement) is Local:
                known += self._declare(statement)
            else:
                self._statement(statement)
        if isinstance(until, Expression):
            self._condition(until)
        for variable in known:
            self._visible[variable.declared.text].pop()

    def _variable(self, name: Name, sources: list[Source]) -> Variable:
        variable = Variable(name, sources)
        self.variables[name] = variable
        self.names.add(name.text)
        return variable

    def _declare(self, statement: Local) -> list[Variable]:
        if not statement.is_function:
            self._expressions(statement.values)
        found = [
            self._variable(name, [source] if source else [])
            for name, source in zip(statement.names, sources(len(statement.names), statement.values), strict=True)
        ]
        for variable in found:
            self._visible[variable.declared.text].append(variable)
        if statement.is_function:
            self._expressions(statement.values)
        return found

    def _statement(self, statement: Node) -> None:
        match statement:
            case Expression():
                self._expression(statement)
            case Assign():
                self._assign(statement)
            case If():
                for condition, body in statement.branches:
                    if condition is not None:
                        self._condition(condition)
                    self._block(body)
            case For():
                self._expressions(statement.values)
                self._block(statement.body, self._loop_variables(statement))
            case Return():
                self._expressions(statement.values)
                if self._functions:
                    self.returns[self._functions[-1]].append(statement)
            case Do():
                self._block(statement.body)
            case While():
                self._condition(statement.condition)
                self._block(statement.body)
            case Repeat():
                self._block(statement.body, until=statement.condition)

    def _assign(self, statement: Assign) -> None:
        self._expressions(statement.values)
        for target, source in zip(statement.targets, sources(len(statement.targets), statement.values), strict=True):
            given = source or Source(Literal(target.row, target.column, None))
            if isinstance(target, Name):
                variable = self._find(target)
                if variable is None:
                    self.assigned[target.text].append(given)
                else:
                    variable.sources.append(given)
            elif isinstance(target, Index):
                self._set(target, given)

    def _set(self, target: Index, given: Source) -> None:
        key = target.key.value if isinstance(target.key, Literal) else None
        if isinstance(key, str):
            self.fields.add(key)
            if isinstance(target.object, Name) and target.object.text == "_G" and not self._visible["_G"]:
                self.assigned[key].append(given)
                return
        self._expression(target.object)
        self._expression(target.key)

    def _loop_variables(self, loop: For) -> list[Variable]:
        """Return the variables of a loop; the second one of ``ipairs(list)`` is an item of the list."""
        if loop.counts:
            return [self._variable(loop.names[0], [Source(None)])]
        items = Source(None)
        if len(loop.values) == 1 and isinstance(loop.values[0], Call):
            items = Source(self._item(loop.values[0]))
        return [self._variable(name, [items if i == 1 else Source(None)]) for i, name in enumerate(loop.names)]

    def _item(self, call: Call) -> Expression | None:
        """Return ``list[...]`` for ``ipairs(list)``: any item of the list."""
        iterates = isinstance(call.function, Name) and call.function.text == "ipairs" and not self._visible["ipairs"]
        if iterates and len(call.arguments) == 1:
            return Index(call.row, call.column, call.arguments[0], Expression(call.row, call.column))
        return None

    # Expressions --------------------------------------------------------------------------

    def _expressions(self, expressions: Iterable[Expression]) -> None:
        for expression in expressions:
            self._expression(expression)

    def _expression(self, expression: Expression) -> None:
        match expression:
            case Name():
                self._read(expression)
            case Index():
                self._index(expression)
            case Call():
                self._call(expression)
            case Operation():
                self._operation(expression)
            case Function():
                self._function(expression)
            case Table():
                for key, value in expression.items:
                    if key is not None:
                        self._expression(key)
                    self._expression(value)
            case Brackets():
                self._expression(expression.inner)

    def _find(self, name: Name) -> Variable | None:
        visible = self._visible[name.text]
        if not visible:
            return None
        self.variables[name] = visible[-1]
        return visible[-1]

    def _read(self, name: Name) -> None:
        if self._find(name) is not None:
            return
        self.reads.append(name)
        if name.text in UNSEEN:
            self.dynamic = True

    def _index(self, expression: Index) -> None:
        if isinstance(expression.key, Literal) and isinstance(expression.object, Name):
            if expression.object.text == "_G" and not self._visible["_G"]:
                return  # _G.name says by itself that the name may be nil
        else:
            self._expression(expression.key)
        self._expression(expression.object)

    def _call(self, call: Call) -> None:
        name = call.function.text if isinstance(call.function, Name) and self._find(call.function) is None else ""
        plain = len(call.arguments) == 1 and isinstance(call.arguments[0], Literal)
        if name in LOADERS and plain:
            self.loads.append(call)
        else:
            self._expression(call.function)
        if name == "type":
            self._test(call.arguments)
        self._expressions(call.arguments)

    def _operation(self, operation: Operation) -> None:
        operands = operation.operands
        compared = operation.operator in ("==", "~=") and any(
            isinstance(operand, Literal) and operand.value is None for operand in operands
        )
        if compared or operation.operator in ("and", "or", "unary not"):
            self._test(operands)
        self._expressions(operands)

    def _condition(self, condition: Expression) -> None:
        self._test([condition])
        self._expression(condition)

    def _test(self, expressions: Iterable[Expression]) -> None:
        self.tested.update(expression for expression in expressions if isinstance(expression, Name | Index))

    def _function(self, function: Function) -> None:
        self._functions.append(function)
        parameters = [self._variable(name, [Source(None)]) for name in function.parameters]
        self._block(function.body, parameters)
        self._functions.pop()


def sources(count: int, values: Sequence[Expression]) -> list[Source | None]:
    """Return where each of several variables has its value from; None for one that stays nil.

    The last expression may have several values, the others give one each.
    """
    last = len(values) - 1
    found: list[Source | None] = []
    for i in range(count):
        if i <= last:
            found.append(Source(values[i]))
        elif last >= 0 and not isinstance(values[last], Literal | Table | Function | Operation | Brackets):
            found.append(Source(values[last], i - last))
        else:
            found.append(None)
    return found
