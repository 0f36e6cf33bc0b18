"""What expressions are: the kind of a value from where it comes from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cache

from vqscript.host.check.kinds import NOTHING, Kind, Known, ListOf, Of, Own, is_object, of_type, one, parts, union
from vqscript.host.check.scopes import Scopes, Source, sources
from vqscript.host.check.tree import Brackets, Call, Expression, Function, Index, Literal, Name, Operation
from vqscript.host.handbook import Entry, FieldEntry, Handbook

COMPARISONS = frozenset({"==", "~=", "<", ">", "<=", ">=", "unary not"})


class Inference:
    """Tells what the expressions of one file are.

    Parameters
    ----------
    scopes : Scopes
        Of the file.
    variables : Globals
    modules : mapping
        Call of ``require`` -> kind of what it returns.
    fields : set of str
        Every key that is assigned in any table of the script.

    Attributes
    ----------
    operators : dict
        Call of ``VQ.currentOp`` -> class of the operator it returns there; the check fills it as it goes.
    """

    def __init__(
        self, scopes: Scopes, variables: Globals, modules: Mapping[Call, Kind], fields: frozenset[str]
    ) -> None:
        self.operators: dict[Call, str] = {}
        self._book = Handbook.load()
        self._scopes = scopes
        self._globals = variables
        self._modules = modules
        self._fields = fields
        self._known: dict[Expression, Kind] = {}

    def kind(self, expression: Expression) -> Kind:
        """Return what an expression is."""
        if expression in self._known:
            return self._known[expression]
        self._known[expression] = None  # what is defined by itself is not known
        self._known[expression] = kind = self._find(expression)
        return kind

    def member(self, kind: Kind, name: str) -> Kind:
        """Return what a member of a value is."""
        if not kind:
            return None
        return union(self._member(alternative, name) for alternative in kind)

    def value(self, source: Source) -> Kind:
        """Return what a variable gets from one place."""
        if source.expression is None:
            return of_type(source.type_text)
        if source.nth == 0:
            return self.kind(source.expression)
        if isinstance(source.expression, Call):
            return self._result(source.expression, source.nth)
        return None

    def _find(self, expression: Expression) -> Kind:
        match expression:
            case Name():
                variable = self._scopes.variables.get(expression)
                if variable is None:
                    return self._globals.kind(expression.text)
                return union(self.value(source) for source in variable.sources)
            case Index():
                return self._index(expression)
            case Call():
                return self._result(expression, 0)
            case Brackets():
                return self.kind(expression.inner)
            case Literal():
                return _literal(expression.value)
            case Function():
                return one(Own(expression))
            case Operation():
                return self._operation(expression)
        return None

    def _index(self, index: Index) -> Kind:
        kind = self.kind(index.object)
        if isinstance(index.key, Literal) and isinstance(index.key.value, str):
            return self.member(kind, index.key.value)
        if kind and all(isinstance(alternative, ListOf) for alternative in kind):
            return union(each.item for each in kind if isinstance(each, ListOf))
        return None

    def _member(self, alternative: object, name: str) -> Kind:
        if not isinstance(alternative, Of):
            return None
        entry = self._book.classes.get("string" if alternative.name == "text" else alternative.name)
        if entry is None or (name in self._fields and not is_object(entry.name)):
            return None
        if name in entry.members:
            # Two operators may have a method of one name; which one is meant is not known.
            return None if entry.one_of else one(Known(entry.members[name]))
        return of_type(entry.fields[name].type_text) if name in entry.fields else None

    def _result(self, call: Call, index: int) -> Kind:
        if call in self._modules and index == 0:
            return self._modules[call]
        function = self.kind(call.function)
        if not function:
            return None
        return union(self._returned(call, alternative, index) for alternative in function)

    def _returned(self, call: Call, function: object, index: int) -> Kind:
        if isinstance(function, Known):
            entry = function.entry
            if entry.full_name == "VQ.currentOp" and index == 0:
                return one(Of(self.operators.get(call, "Operator")))
            if entry.full_name == "assert" and index == 0 and call.arguments:
                return self.kind(call.arguments[0])
            return of_type(entry.results[index].type_text) if index < len(entry.results) else NOTHING
        if isinstance(function, Own):
            return union(
                self.value(source)
                for statement in self._scopes.returns.get(function.function, ())
                for source in _returned(statement.values, index)
            )
        return None

    def _operation(self, operation: Operation) -> Kind:
        operator, operands = operation.operator, operation.operands
        if operator == "or":
            return union(self.kind(operand) for operand in operands)
        if operator == "and":
            return self.kind(operands[-1])
        if operator in COMPARISONS:
            return one(Of("boolean"))
        # Where neither side is a text that stands there, an object of the script could decide what ".." returns.
        if operator == ".." and (not operands or any(_is_text(operand) for operand in operands)):
            return one(Of("text"))
        return None


class Globals:
    """What the global variables are that the files of a script share.

    Parameters
    ----------
    given : dict
        Those that the script does not assign itself: of the host, and of included modules.
    """

    def __init__(self, given: dict[str, Kind]) -> None:
        self._given = given
        self._assigned: dict[str, list[tuple[Inference, Source]]] = defaultdict(list)
        self._found: dict[str, Kind] = {}

    def assign(self, name: str, inference: Inference, source: Source) -> None:
        """Note that a file assigns a variable."""
        self._assigned[name].append((inference, source))

    def kind(self, name: str) -> Kind:
        """Return what a variable is."""
        if name not in self._found:
            self._found[name] = None  # what is defined by itself is not known
            kinds = [inference.value(source) for inference, source in self._assigned[name]]
            if name in self._given:
                kinds.append(self._given[name])
            self._found[name] = union(kinds)
        return self._found[name]


@cache
def host_classes() -> frozenset[str]:
    """Return the classes that Python implements: those that can be reached from VQ."""
    book = Handbook.load()
    found: set[str] = set()
    waiting = ["VQ", *book.operators.values()]
    while waiting:
        name = waiting.pop()
        if name in found or name not in book.classes:
            continue
        found.add(name)
        for member in book.classes[name].members.values():
            waiting += [part for result in member.results for part in parts(result.type_text)]
    return frozenset(found)


def global_kind(known: str | Entry | FieldEntry) -> Kind:
    """Return the kind of a global of the host."""
    if isinstance(known, Entry):
        return one(Known(known))
    return of_type(known.type_text) if isinstance(known, FieldEntry) else one(Of(known))


def _returned(values: list[Expression], index: int) -> list[Source]:
    found = sources(index + 1, values)[index]
    return [found] if found is not None else []


def _literal(value: str | float | bool | None) -> Kind:
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return one(Of("text"))
    return one(Of("boolean" if isinstance(value, bool) else "number"))


def _is_text(expression: Expression) -> bool:
    return isinstance(expression, Literal) and isinstance(expression.value, str)
