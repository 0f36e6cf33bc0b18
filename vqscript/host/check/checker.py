"""One walk over a script, in the order it runs: every name, member and call is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from vqscript.host.check.calls import problems
from vqscript.host.check.finding import Problem
from vqscript.host.check.habits import advice
from vqscript.host.check.inference import Inference, host_classes
from vqscript.host.check.kinds import SHOWN, Alternative, Known, Of, Own, is_object, one
from vqscript.host.check.members import fixed_member, shown_key, unknown_member
from vqscript.host.check.operators import AT_THE_START, ChosenOperator
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
    Label,
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
from vqscript.host.handbook import Entry


class Checker:
    """Looks at one file.

    Parameters
    ----------
    scopes : Scopes
    inference : Inference
    known : set of str
        Global variables that have a value somewhere.
    fields : set of str
        Members that the script assigns, in whatever table.
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
        fields: frozenset[str],
        missing: Mapping[Call, tuple[str, str]],
        *,
        complete: bool,
        starts: bool,
    ) -> None:
        self.found: list[Problem] = []
        self._host = host_classes()
        self._scopes = scopes
        self._inference = inference
        self._known = known
        self._fields = fields
        self._missing = missing
        self._complete = complete
        self._operator = ChosenOperator(AT_THE_START if starts else "")
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
            case Label():
                self._operator.forget()
            case Return():
                self._expressions(statement.values)

    def _if(self, statement: If) -> None:
        after = set()
        for condition, body in statement.branches:
            if condition is not None:
                self._expression(condition)
            before = self._operator.name
            self.block(body)
            after.add(self._operator.name)
            self._operator.name = before
        if statement.branches[-1][0] is not None:  # perhaps none of them is taken
            after.add(self._operator.name)
        self._operator.name = after.pop() if len(after) == 1 else ""

    def _loop(self, body: list[Node], condition: Expression | None = None) -> None:
        """Look at a loop: what holds before it need not hold when it comes round again."""
        self._operator.forget()
        if condition is not None:
            self._expression(condition)
        self.block(body)
        self._operator.forget()

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
        before = self._operator.name
        self._operator.forget()
        self.block(function.body)
        self._operator.name = before

    def _name(self, name: Name) -> None:
        if name in self._scopes.variables or name.text in self._known or not self._complete:
            return
        hint = advice(name.text, self._known | self._scopes.names)
        if name.text in self._scopes.names:
            hint = f'the local "{name.text}" is known only in the block where it is declared, from there on'
        message = f'the variable "{name.text}" is never given a value'
        self._add(Problem(name, "global", message, hint, "warning" if name in self._scopes.tested else "error"))

    def _index(self, index: Index, *, called: bool = False) -> None:
        self._expression(index.object)
        if not isinstance(index.key, Literal):
            self._expression(index.key)
        elif isinstance(index.key.value, str):
            kind, tested = self._inference.kind(index.object), index in self._scopes.tested
            self._add(unknown_member(index, index.key.value, kind, self._fields, called=called, tested=tested))

    def _target(self, target: Expression) -> None:
        """Look at what is assigned to: a variable, or a member."""
        if not isinstance(target, Index):
            return
        self._expression(target.object)
        if not isinstance(target.key, Literal):
            self._expression(target.key)
        self._add(fixed_member(target, self._inference.kind(target.object)))

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
            self._add(Problem(call.arguments[0], "module", message, hint))
        if kind and len(entries) == len(kind):
            if not self._colon_on_module(call, entries[0]):
                self._arguments(call, entries)
            self._follow(call, entries)
            return
        if kind and not any(isinstance(each, Known | Own) for each in kind):
            self._no_function(call, kind)
        self._follow(call, [])

    def _colon_on_module(self, call: Call, entry: Entry) -> bool:
        """Tell of ``csv:write(...)``: with a colon the module itself becomes the first argument."""
        function = call.function
        if not isinstance(function, Index) or not function.colon:
            return False
        owner = self._inference.kind(function.object)
        if owner != one(Of(entry.owner)) or is_object(entry.owner):
            return False
        message = f"{entry.full_name} is called with a colon, which makes {entry.owner} its first argument"
        self._add(Problem(function, "call", message, f"write {entry.owner}.{entry.name}(...)"))
        return True

    def _no_function(self, call: Call, kind: frozenset[Alternative]) -> None:
        if any(isinstance(each, Of) and not is_object(each.name) and each.name not in SHOWN for each in kind):
            return  # a table may have been made callable
        hint = "write it without brackets" if isinstance(call.function, Index) else ""
        what = f'"{shown_key(call.function)}"' if isinstance(call.function, Index | Name) else "this"
        shown = {SHOWN.get(each.name, "an object") if isinstance(each, Of) else "a list" for each in kind}
        message = f"{what} is {' or '.join(sorted(shown))}, no function"
        self._add(Problem(call.function, "call", message, hint))

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
        for problem in worst:
            self._add(problem)

    def _readings(self, call: Call, entry: Entry) -> list[list[Expression]]:
        """Return the arguments without the object that the function belongs to, in each way they may be meant."""
        function, arguments = call.function, call.arguments
        colon = isinstance(function, Index) and function.colon
        if not is_object(entry.owner):
            return [[function.object, *arguments]] if colon and isinstance(function, Index) else [arguments]
        if colon or not arguments:
            return [arguments]
        first = self._inference.kind(arguments[0])
        if first is None and not isinstance(arguments[0], Vararg):
            return [arguments, arguments[1:]]
        same = any(isinstance(each, Of) and each.name in (entry.owner, "Operator") for each in first or ())
        return [arguments[1:]] if same else [arguments]

    def _follow(self, call: Call, entries: list[Entry]) -> None:
        """Note which operator is chosen after a call; ``entries`` is empty for a function that is not known."""
        if not entries:
            self._operator.forget()
        for entry in entries:
            if entry.full_name == "VQ.currentOp" and self._operator.name:
                self._inference.operators[call] = self._operator.name
            self._operator.after(entry, self._readings(call, entry)[0])

    # Findings -----------------------------------------------------------------------------

    def _add(self, problem: Problem | None) -> None:
        """Note a problem; where the script is ready for a failure, it is only worth a look."""
        if problem is not None:
            self.found.append(problem._replace(severity="warning") if self._trying else problem)

    @contextmanager
    def _tried(self, trying: bool) -> Iterator[None]:
        before, self._trying = self._trying, self._trying or trying
        yield
        self._trying = before
