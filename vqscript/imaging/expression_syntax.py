"""How expressions are written: the grammar, the functions, and the parser that makes steps for a stack of them.

::

    comparison  sum [("<" | "<=" | ">" | ">=" | "==" | "!=" | "~=") sum]      1 where it holds, else 0
    sum         product {("+" | "-") product}
    product     sign {("*" | "/") sign}
    sign        {"+" | "-"} power                                            -a^2 is -(a^2)
    power       value [("^" | "**") sign]                                    2^3^2 is 2^(3^2)
    value       number | name | function "(" comparison {"," comparison} ")" | "(" comparison ")"

Steps for a stack instead of a tree: a long sum costs no recursion. Nothing in a text is ever handed to Python.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from vqscript.errors import UsageError, did_you_mean

MAX_LENGTH = 2000
"""Characters that an expression may have."""

MAX_DEPTH = 50
"""Brackets, signs and powers that may be open at a time; each holds a slab in memory."""

CONSTANTS = {"pi": math.pi, "e": math.e}


class Function(NamedTuple):
    """A function of expressions: what it does, and how many arguments it takes (``most`` None: any number)."""

    run: Callable[..., Any]
    least: int
    most: int | None
    text: str


def _chained(ufunc: Callable[..., Any]) -> Callable[..., Any]:
    def run(first: Any, *others: Any) -> Any:
        for other in others:
            first = ufunc(first, other)
        return first

    return run


def _power(base: Any, exponent: Any) -> Any:
    # numpy's general power is some 20 times slower than a product.
    return np.square(base) if np.ndim(exponent) == 0 and exponent == 2 else np.power(base, exponent)


FUNCTIONS: dict[str, Function] = {
    "abs": Function(np.abs, 1, 1, "absolute value"),
    "sqrt": Function(np.sqrt, 1, 1, "square root"),
    "exp": Function(np.exp, 1, 1, "e to the power of"),
    "log": Function(np.log, 1, 1, "natural logarithm"),
    "log10": Function(np.log10, 1, 1, "logarithm to base 10"),
    "sin": Function(np.sin, 1, 1, "sine of radians"),
    "cos": Function(np.cos, 1, 1, "cosine of radians"),
    "tan": Function(np.tan, 1, 1, "tangent of radians"),
    "atan2": Function(np.arctan2, 2, 2, "angle of (y, x) in radians"),
    "floor": Function(np.floor, 1, 1, "next whole number below"),
    "ceil": Function(np.ceil, 1, 1, "next whole number above"),
    "round": Function(np.rint, 1, 1, "nearest whole number, halves to the even one"),
    "pow": Function(_power, 2, 2, "pow(a, b) is a^b"),
    "min": Function(_chained(np.minimum), 2, None, "the smallest of its arguments, voxel by voxel"),
    "max": Function(_chained(np.maximum), 2, None, "the largest of its arguments, voxel by voxel"),
    "clip": Function(lambda v, low, high: np.minimum(np.maximum(v, low), high), 3, 3, "clip(a, low, high)"),
    "where": Function(lambda test, yes, no: np.where(test != 0, yes, no), 3, 3, "where(test, then, else)"),
}
"""Every function that an expression may call."""

_OPERATORS: dict[str, Callable[..., Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": _power,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}
_SPELLINGS = {"**": "^", "~=": "!="}  # of Python and of Lua
_COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign>\*\*|[<>=!~]=|[-+*/^<>(),]))",
    re.ASCII,
)


class _Token(NamedTuple):
    kind: str
    """``number``, ``name``, ``sign`` or ``end``."""
    text: str
    at: int
    """Position of its first character, 1-based."""


class Step(NamedTuple):
    """One move of the stack: push a number or an operand, or replace ``takes`` values by one."""

    push: float | str | None = None
    run: Callable[..., Any] | None = None
    takes: int = 0


class Parser:
    """Reads by recursive descent, and writes the steps down in the order in which they are carried out.

    Raises
    ------
    UsageError
        Naming the position (``position=``, 1-based) and what stands there.
    """

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise UsageError(
                f"an expression of {len(text)} characters", hint=f"at most {MAX_LENGTH}; do it in several steps"
            )
        self.text = text
        self.tokens = self._tokens()
        self.next = 0
        self.depth = 0
        self.names: set[str] = set()
        self.steps: list[Step] = []

    def read(self) -> tuple[Step, ...]:
        """Return the steps of the whole text; ``names`` are then the operands that it asks for."""
        self._comparison()
        if self._token.kind != "end":
            raise self._unexpected("an operator")
        return tuple(self.steps)

    def _tokens(self) -> list[_Token]:
        found: list[_Token] = []
        at, end = 0, len(self.text.rstrip())
        while at < end:
            match = _TOKEN.match(self.text, at)
            if match is None:
                start = at + len(self.text[at:]) - len(self.text[at:].lstrip())
                raise self._error(f"{self.text[start]!r} means nothing", start + 1, _advice(self.text[start]))
            kind = match.lastgroup or ""
            found.append(_Token(kind, match[kind], match.start(kind) + 1))
            at = match.end()
        return [*found, _Token("end", "", end + 1)]

    @property
    def _token(self) -> _Token:
        return self.tokens[self.next]

    def _take(self, *signs: str) -> str:
        """Take the next token if it is one of these signs, and return its one spelling; "" if it is another."""
        token = self._token
        sign = _SPELLINGS.get(token.text, token.text)
        if token.kind != "sign" or sign not in signs:
            return ""
        self.next += 1
        return sign

    def _comparison(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self._error(f"more than {MAX_DEPTH} levels of brackets", self._token.at, "do it in several steps")
        self._sum()
        if sign := self._take(*_COMPARISONS):
            self._sum()
            self._operator(sign)
            if self._take(*_COMPARISONS):
                at = self.tokens[self.next - 1].at
                raise self._error("a second comparison", at, "write (a < b) * (b < c) for a < b < c")
        self.depth -= 1

    def _sum(self) -> None:
        self._product()
        while sign := self._take("+", "-"):
            self._product()
            self._operator(sign)

    def _product(self) -> None:
        self._sign()
        while sign := self._take("*", "/"):
            self._sign()
            self._operator(sign)

    def _sign(self) -> None:
        negative = False
        while sign := self._take("+", "-"):
            negative ^= sign == "-"
        self._power()
        if negative:
            self.steps.append(Step(run=np.negative, takes=1))

    def _power(self) -> None:
        self._value()
        if self._take("^"):
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise self._error(f"more than {MAX_DEPTH} powers", self._token.at, "do it in several steps")
            self._sign()
            self.depth -= 1
            self._operator("^")

    def _value(self) -> None:
        token = self._token
        if token.kind == "number":
            self.next += 1
            self._number(token)
        elif token.kind == "name":
            self.next += 1
            self._name(token)
        elif self._take("("):
            self._comparison()
            self._close(token)
        else:
            raise self._unexpected("a number, a name or a bracket")

    def _number(self, token: _Token) -> None:
        value = float(token.text)
        if math.isinf(value):
            raise self._error(f"{shown(token.text)} is too large a number", token.at, "up to 3e38 is possible")
        self.steps.append(Step(push=value))

    def _name(self, token: _Token) -> None:
        if self._take("("):
            self._call(token)
        elif token.text in FUNCTIONS:
            hint = f"write {token.text}(...): {FUNCTIONS[token.text].text}"
            raise self._error(f'"{token.text}" is a function, and has no arguments', token.at, hint)
        elif token.text in CONSTANTS:
            self.steps.append(Step(push=CONSTANTS[token.text]))
        else:
            self.names.add(token.text)
            self.steps.append(Step(push=token.text))

    def _call(self, token: _Token) -> None:
        function = FUNCTIONS.get(token.text)
        if function is None:
            hint = did_you_mean(token.text, FUNCTIONS, limit=len(FUNCTIONS))
            raise self._error(f'there is no function "{shown(token.text)}"', token.at, hint)
        count = 0
        if not (self._token.kind == "sign" and self._token.text == ")"):
            self._comparison()
            count = 1
            while self._take(","):
                self._comparison()
                count += 1
        self._close(token)
        if count < function.least or (function.most is not None and count > function.most):
            wanted = f"{function.least}" if function.most else f"{function.least} or more"
            raise self._error(f"{token.text} takes {wanted} arguments, got {count}", token.at, function.text)
        self.steps.append(Step(run=function.run, takes=count))

    def _close(self, opened: _Token) -> None:
        if not self._take(")"):
            raise self._unexpected(f'")" for "{opened.text}" of position {opened.at}')

    def _operator(self, sign: str) -> None:
        self.steps.append(Step(run=_OPERATORS[sign], takes=2))

    def _unexpected(self, wanted: str) -> UsageError:
        token = self._token
        if token.kind == "end":
            return self._error(f"it ends where {wanted} is wanted", token.at, "")
        before = self.tokens[self.next - 1].text if self.next else ""
        product = wanted == "an operator" and (token.kind != "sign" or token.text == "(")
        hint = f"is it a product? write {shown(before)} * {shown(token.text)}" if product else ""
        return self._error(f'"{shown(token.text)}" where {wanted} is wanted', token.at, hint)

    def _error(self, found: str, at: int, hint: str) -> UsageError:
        message = f'expression "{shown(self.text)}", position {at}: {found}'
        return UsageError(message, hint=hint, expression=self.text, position=at)


def _advice(character: str) -> str:
    return {"=": "equality is ==", "%": "percent is a number: 100 * a / b", "!": "unequal is !="}.get(
        character, "numbers, names, + - * / ^, comparisons and brackets are known"
    )


def shown(text: str) -> str:
    """Return a text short enough for a message."""
    return text if len(text) <= 60 else text[:57] + "..."
