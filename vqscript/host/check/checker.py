"""One walk over a script, in the order it runs: every name, member and call is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from vqscript.errors import did_you_mean
from vqscript.host.check.calls import Problem, problems
from vqscript.host.check.finding import Severity
from vqscript.host.check.habits import advice
from vqscript.host.check.inference import Inference, host_classes
from vqscript.host.check.kinds import SHOWN, Alternative, Known, ListOf, Of, Own, one
from vqscript.host.check.scopes import Scopes
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
    Vararg,
    While,
)
from vqscript.host.handbook import Entry, Handbook

COMPLETE = frozenset({"Study", "Series"})
"""Tables that have no fields but those in the handbook; others may have more."""


class Checker:
    """Looks at one file.

    Parameters
    ----------
    scopes : Scopes
    inference : Inference
    known : set of str
        Global variables that have a value somewhere.
    missing : mapping
        Calls of ``require`` and the like that find no file -> message and hint.
    complete : bool
        Whether the known variables are all: not where some may be assigned unseen.
    starts : bool
        Whether the run begins with this file.
    """

    def __init__(
        self,
        scopes: Scopes,
        inference: Inference,
        known: set[str],
        missing: Mapping[Call, tuple[str, str]],
        *,
        complete: bool,
        starts: bool,
    ) -> None:
        self.found: list[Problem] = []
        self._book = Handbook.load()
        self._host = host_classes()
        self._scopes = scopes
        self._inference = inference
        self._known = known
        self._missing = missing
        self._complete = complete
        # Class of what VQ.currentOp() returns here; "" where it is not known.
        self._operator = "Navigation" if starts else ""
        self._trying = False

    # Statements ---------------------------------------------------------------------------

    def block(self, statements: Iterable[Node]) -> None:
        """Look at statements in their order."""
        for statement in statements:
            self._statement(statement)

    def _statement(self, statement: Node) -> None:
        match statement:
            case Expression():
                self._expression(statement)
            case Local():
                self._expressions(statement.values)
            case Assign():
                self._expressions(statement.values)
                for target in statement.targets:
                    self._target(target)
            case If():
                self._if(statement)
            case For():
                self._expressions(statement.values)
                self._loop(statement.body)
            case While():
                self._loop(statement.body, statement.condition)
            case Repeat():
                self._loop(statement.body, statement.condition)
            case Do():
                self.block(statement.body)
            case Return():
                self._expressions(statement.values)

    def _if(self, statement: If) -> None:
        after = set()
        for condition, body in statement.branches:
            if condition is not None:
                self._expression(condition)
            before = self._operator
            self.block(body)
            after.add(self._operator)
            self._operator = before
        if statement.branches[-1][0] is not None:  # perhaps none of them is taken
            after.add(self._operator)
        self._operator = after.pop() if len(after) == 1 else ""

    def _loop(self, body: list[Node], condition: Expression | None = None) -> None:
        """Look at a loop: what holds before it need not hold when it comes round again."""
        self._operator = ""
        if condition is not None:
            self._expression(condition)
        self.block(body)
        self._operator = ""

    # Expressions --------------------------------------------------------------------------

    def _expressions(self, expressions: Iterable[Expression]) -> None:
        for expression in expressions:
            self._expression(expression)

    def _expression(self, expression: Expression) -> None:
        match expression:
            case Name():
                self._name(expression)
            case Index():
                self._index(expression)
            case Call():
                self._call(expression)
            case Operation():
                self._expressions(expression.operands)
            case Function():
                self._function(expression)
            case Table():
                for key, value in expression.items:
                    if key is not None:
                        self._expression(key)
                    self._expression(value)
            case Brackets():
                self._expression(expression.inner)

    def _function(self, function: Function) -> None:
        """Look at a function: it runs at another time than where it stands."""
        before, self._operator = self._operator, ""
        self.block(function.body)
        self._operator = before

    def _name(self, name: Name) -> None:
        if name in self._scopes.variables or name.text in self._known or not self._complete:
            return
        hint = advice(name.text, self._known | self._scopes.names)
        if name.text in self._scopes.names:
            hint = f'the local "{name.text}" is known only in the block where it is declared, from there on'
        self._add(name, "global", f'the variable "{name.text}" is never given a value', hint)

    def _index(self, index: Index, *, called: bool = False) -> None:
        self._expression(index.object)
        if not isinstance(index.key, Literal):
            self._expression(index.key)
        elif isinstance(index.key.value, str):
            self._member(index, index.key.value, called)

    # Members ------------------------------------------------------------------------------

    def _member(self, index: Index, name: str, called: bool) -> None:
        kind = self._inference.kind(index.object)
        if not kind or not all(self._lacks(alternative, name) for alternative in kind):
            return
        first = next(iter(kind))
        if isinstance(first, Known | Own):
            what = f"{first.entry.full_name} is" if isinstance(first, Known) else "this is"
            self._add(index, "member", f"{what} a function, which has no members", "call it, with brackets: f().x")
            return
        if isinstance(first, ListOf):
            hint = f"take one out of it, as in list[1].{name}"
            self._add(index, "member", f'a list has no member "{name}"', hint)
            return
        names = sorted({each.name for each in kind if isinstance(each, Of)})
        self._unknown_member(index, name, names, called)

    def _unknown_member(self, index: Index, name: str, owners: list[str], called: bool) -> None:
        entries = [entry for owner in owners if (entry := self._inference.entry_of(owner)) is not None]
        known = [key for entry in entries for key in (*entry.members, *entry.fields)]
        shown = " or ".join(SHOWN.get(owner, "the operator" if owner == "Operator" else owner) for owner in owners)
        hint = self._elsewhere(name, owners) or advice(f"{owners[0]}.{name}") or did_you_mean(name, known)
        harmless = not called and bool(entries) and all(entry.kind == "table" for entry in entries)  # it is nil
        severity: Severity = "warning" if harmless else "error"
        self._add(index, "member", f'{shown} has no member "{name}"', hint, severity)

    def _elsewhere(self, name: str, owners: list[str]) -> str:
        """Return which operator has a method that the chosen one does not have."""
        if not all(self._book.operator_of(owner) for owner in owners):
            return ""
        having = [title for title, owner in self._book.operators.items() if name in self._book.classes[owner].members]
        return f'"{having[0]}" has it: choose it with setViewMode("Slice View", "{having[0]}")' if having else ""

    def _lacks(self, alternative: Alternative, name: str) -> bool:
        """Whether a value surely has no such member."""
        if isinstance(alternative, Of):
            entry = self._inference.entry_of(alternative.name)
            if entry is None:  # a number
                return True
            if name in entry.members or name in entry.fields:
                return False
            if entry.kind == "table" and entry.name not in COMPLETE:
                return False
            return entry.kind in ("object", "choice") or not self._inference.is_assigned(name)
        return not (isinstance(alternative, ListOf) and self._inference.is_assigned(name))

    def _target(self, target: Expression) -> None:
        """Look at what is assigned to: a variable, or a member."""
        if not isinstance(target, Index):
            return
        self._expression(target.object)
        if not isinstance(target.key, Literal):
            self._expression(target.key)
        kind = self._inference.kind(target.object)
        if kind and all(isinstance(each, Of) and self._is_object(each.name) for each in kind):
            owner = " or ".join(sorted(each.name for each in kind if isinstance(each, Of)))
            message = f"{owner}.{_key(target)} cannot be assigned: the members of {owner} are fixed"
            self._add(target, "member", message)

    def _is_object(self, name: str) -> bool:
        entry = self._book.classes.get(name)
        return entry is not None and entry.kind in ("object", "choice")

    # Calls --------------------------------------------------------------------------------

    def _call(self, call: Call) -> None:
        if isinstance(call.function, Index):
            self._index(call.function, called=True)
        else:
            self._expression(call.function)
        kind = self._inference.kind(call.function)
        entries = [each.entry for each in kind or () if isinstance(each, Known)]
        with self._tried(any(entry.full_name in ("pcall", "xpcall") for entry in entries)):
            self._expressions(call.arguments)
        if call in self._missing:
            message, hint = self._missing[call]
            self._add(call.arguments[0], "module", message, hint)
        if kind and len(entries) == len(kind):
            if not self._colon_on_module(call, entries[0]):
                self._arguments(call, entries)
        elif kind and not any(isinstance(each, Known | Own) for each in kind):
            self._no_function(call, kind)
        self._follow(call, entries if kind and len(entries) == len(kind) else None)

    def _colon_on_module(self, call: Call, entry: Entry) -> bool:
        """Tell of ``csv:write(...)``: with a colon the module itself becomes the first argument."""
        function = call.function
        if not isinstance(function, Index) or not function.colon:
            return False
        owner = self._inference.kind(function.object)
        if owner != one(Of(entry.owner)) or self._is_object(entry.owner):
            return False
        message = f"{entry.full_name} is called with a colon, which makes {entry.owner} its first argument"
        self._add(function, "call", message, f"write {entry.owner}.{entry.name}(...)")
        return True

    def _no_function(self, call: Call, kind: frozenset[Alternative]) -> None:
        if any(isinstance(each, Of) and not self._is_object(each.name) and each.name not in SHOWN for each in kind):
            return  # a table may have been made callable
        hint = "write it without brackets" if isinstance(call.function, Index) else ""
        what = f'"{_key(call.function)}"' if isinstance(call.function, Index | Name) else "this"
        shown = {SHOWN.get(each.name, "an object") if isinstance(each, Of) else "a list" for each in kind}
        self._add(call.function, "call", f"{what} is {' or '.join(sorted(shown))}, no function", hint)

    def _arguments(self, call: Call, entries: list[Entry]) -> None:
        """Check the arguments; something is wrong only if it is so however the call is read."""
        at = call.function
        worst: list[Problem] = []
        for entry in entries:
            for arguments in self._readings(call, entry):
                wrong = problems(entry, arguments, at, self._inference.kind, lenient=entry.owner not in self._host)
                if not wrong:
                    return
                worst = worst or wrong
        if worst:
            for problem in worst:
                self._add(*problem)

    def _readings(self, call: Call, entry: Entry) -> list[list[Expression]]:
        """Return the arguments without the object that the function belongs to, in each way they may be meant."""
        function, arguments = call.function, call.arguments
        colon = isinstance(function, Index) and function.colon
        if not self._is_object(entry.owner):
            return [[function.object, *arguments]] if colon and isinstance(function, Index) else [arguments]
        if colon or not arguments:
            return [arguments]
        first = self._inference.kind(arguments[0])
        if first is None and not isinstance(arguments[0], Vararg):
            return [arguments, arguments[1:]]
        same = any(isinstance(each, Of) and each.name in (entry.owner, "Operator") for each in first or ())
        return [arguments[1:]] if same else [arguments]

    def _follow(self, call: Call, entries: list[Entry] | None) -> None:
        """Note which operator is chosen after a call, as far as that is known."""
        if entries is None:
            self._operator = ""
            return
        for entry in entries:
            if entry.full_name == "VQ.currentOp" and self._operator:
                self._inference.operators[call] = self._operator
            elif entry.full_name == "MainWin.setViewMode":
                self._operator = self._chosen(self._readings(call, entry)[0])
            elif not self._leaves_operator(entry):
                self._operator = ""

    def _leaves_operator(self, entry: Entry) -> bool:
        """Whether a function surely does not choose another operator."""
        calls_back = any("fun" in parameter.type_text for parameter in entry.parameters)
        if calls_back or entry.full_name in ("require", "MainWin.loadSession"):
            return False
        owner = self._book.classes.get(entry.owner)
        return owner is None or owner.kind == "library" or owner.name in self._host

    def _chosen(self, arguments: list[Expression]) -> str:
        if len(arguments) == 1 and not isinstance(arguments[0], Call | Vararg):
            return "Navigation"
        title = arguments[1].value if len(arguments) > 1 and isinstance(arguments[1], Literal) else None
        by_fold = {known.casefold(): name for known, name in self._book.operators.items()}
        return by_fold.get(title.casefold(), "") if isinstance(title, str) else ""

    # Findings -----------------------------------------------------------------------------

    def _add(self, at: Node, kind: str, message: str, hint: str = "", severity: Severity = "error") -> None:
        """Note a problem; where the script is ready for a failure, it is only worth a look."""
        self.found.append(
            Problem(at, kind, message, hint, "warning" if self._trying or at in self._scopes.tested else severity)
        )

    @contextmanager
    def _tried(self, trying: bool) -> Iterator[None]:
        before, self._trying = self._trying, self._trying or trying
        yield
        self._trying = before


def _key(expression: Index | Name) -> str:
    if isinstance(expression, Name):
        return expression.text
    return str(expression.key.value) if isinstance(expression.key, Literal) else "..."
