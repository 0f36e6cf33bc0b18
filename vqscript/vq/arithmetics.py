"""The Arithmetics operator."""

from __future__ import annotations

from vqscript.vq.catalog import script
from vqscript.vq.operator import Operator


class Arithmetics(Operator):
    """Arithmetic on inputs, in place.

    An operation with a number takes the new unit as its last argument; without one the unit is
    unknown from then on.
    """

    @script(example='op:scalarAdd(1, 10, "HU")')
    def scalarAdd(self, input: int, number: float, unit: str | None = None) -> None:
        """Add a number to every voxel."""
        self._session.arithmetics.scalar("add", input, number, unit)

    @script(example='op:scalarSub(1, 10, "HU")')
    def scalarSub(self, input: int, number: float, unit: str | None = None) -> None:
        """Subtract a number from every voxel."""
        self._session.arithmetics.scalar("sub", input, number, unit)

    @script(example='op:scalarMult(1, 100 / dose, "%ID")')
    def scalarMult(self, input: int, number: float, unit: str | None = None) -> None:
        """Multiply every voxel by a number."""
        self._session.arithmetics.scalar("mult", input, number, unit)

    @script(example='op:scalarDiv(1, voxel_ml, "%ID/g")')
    def scalarDiv(self, input: int, number: float, unit: str | None = None) -> None:
        """Divide every voxel by a number."""
        self._session.arithmetics.scalar("div", input, number, unit)

    @script(example="op:add(0, 1)")
    def add(self, a: int, b: int, out: int | None = None, unit: str | None = None) -> None:
        """Add input ``b`` to ``a``, into ``out`` (default ``a``); ``b`` is resampled to the grid of ``a``."""
        self._session.arithmetics.binary("add", a, b, out, unit)

    @script(example="op:sub(1, 2)")
    def sub(self, a: int, b: int, out: int | None = None, unit: str | None = None) -> None:
        """Subtract input ``b`` from ``a``, into ``out`` (default ``a``); ``b`` is resampled to the grid of ``a``."""
        self._session.arithmetics.binary("sub", a, b, out, unit)

    @script(example="op:mult(1, 2)")
    def mult(self, a: int, b: int, out: int | None = None, unit: str | None = None) -> None:
        """Multiply input ``a`` by ``b``, into ``out`` (default ``a``); ``b`` is resampled to the grid of ``a``."""
        self._session.arithmetics.binary("mult", a, b, out, unit)

    @script(example="op:div(1, 2)")
    def div(self, a: int, b: int, out: int | None = None, unit: str | None = None) -> None:
        """Divide input ``a`` by ``b``, into ``out`` (default ``a``).

        A division by 0 gives NaN, which measurements leave out; ``b`` is resampled to the grid of ``a``.
        """
        self._session.arithmetics.binary("div", a, b, out, unit)

    @script(example="op:abs(1)")
    def abs(self, input: int) -> None:
        """Take absolute values; the unit stays."""
        self._session.arithmetics.unary("abs", input)

    @script(example="op:log(1)")
    def log(self, input: int, unit: str | None = None) -> None:
        """Take natural logarithms; values of 0 or less are refused."""
        self._session.arithmetics.unary("log", input, unit=unit)

    @script(example="op:exp(1)")
    def exp(self, input: int, unit: str | None = None) -> None:
        """Take exponentials."""
        self._session.arithmetics.unary("exp", input, unit=unit)

    @script(example="op:sqrt(1)")
    def sqrt(self, input: int, unit: str | None = None) -> None:
        """Take square roots; negative values are refused."""
        self._session.arithmetics.unary("sqrt", input, unit=unit)

    @script(example="op:pow(1, 2)")
    def pow(self, input: int, exponent: float, unit: str | None = None) -> None:
        """Raise every voxel to a power."""
        self._session.arithmetics.unary("pow", input, exponent, unit=unit)

    @script(example="op:clip(1, 0, 100)")
    def clip(self, input: int, min: float, max: float) -> None:
        """Limit values to a range; the unit stays."""
        self._session.arithmetics.unary("clip", input, min, max)

    @script(example="op:threshold(1, 10, 100)")
    def threshold(self, input: int, min: float, max: float) -> None:
        """Keep values within a range and set all others to 0; the unit stays."""
        self._session.arithmetics.unary("threshold", input, min, max)

    @script(example="op:invert(1)")
    def invert(self, input: int) -> None:
        """Turn the scale around: maximum plus minimum minus value; the unit stays."""
        self._session.arithmetics.unary("invert", input)

    @script(example='op:expression("100 * a / b", {a = 0, b = 1}, 2, "%")')
    def expression(self, text: str, inputs: dict[str, int], out: int, unit: str | None = None) -> None:
        """Put the value of an expression over inputs into input ``out``.

        Knows ``+ - * / ^``, comparisons (1 or 0), brackets, ``pi``, ``e`` and functions such as ``abs sqrt exp log
        min max where``. Inputs on another grid are resampled to that of the first by name.
        """
        self._session.arithmetics.expression(text, inputs, out, unit)
