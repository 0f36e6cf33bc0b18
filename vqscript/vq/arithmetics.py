"""The Arithmetics operator."""

from __future__ import annotations

from vqscript.vq.catalog import script
from vqscript.vq.operator import Operator
from vqscript.vq.types import Input, NewUnit


class Arithmetics(Operator):
    """Arithmetic on inputs, in place.

    An operation with a number takes the new unit as its last argument; without one the unit is
    unknown from then on.
    """

    @script(example='op:scalarAdd(1, 10, "HU")')
    def scalarAdd(self, input: Input, number: float, unit: NewUnit | None = None) -> None:
        """Add a number to every voxel.

        Parameters
        ----------
        number : float
            In the unit of the input, as far as it has one.
        """
        self._session.arithmetics.scalar("add", input, number, unit)

    @script(example='op:scalarSub(1, 10, "HU")')
    def scalarSub(self, input: Input, number: float, unit: NewUnit | None = None) -> None:
        """Subtract a number from every voxel.

        Parameters
        ----------
        number : float
            In the unit of the input, as far as it has one.
        """
        self._session.arithmetics.scalar("sub", input, number, unit)

    @script(example='op:scalarMult(1, 100 / dose, "%ID")')
    def scalarMult(self, input: Input, number: float, unit: NewUnit | None = None) -> None:
        """Multiply every voxel by a number.

        Parameters
        ----------
        number : float
            Any finite number.
        """
        self._session.arithmetics.scalar("mult", input, number, unit)

    @script(example='op:scalarDiv(1, voxel_ml, "%ID/g")')
    def scalarDiv(self, input: Input, number: float, unit: NewUnit | None = None) -> None:
        """Divide every voxel by a number.

        Parameters
        ----------
        number : float
            Any finite number but 0.

        Raises
        ------
        UsageError
            The number is 0.
        """
        self._session.arithmetics.scalar("div", input, number, unit)

    @script(example="op:add(1, 2)")
    def add(self, a: Input, b: Input, out: Input | None = None, unit: NewUnit | None = None) -> None:
        """Add input `b` to `a`.

        `b` is resampled to the grid of `a` where they differ; outside of it, it counts as 0.

        Parameters
        ----------
        a : int
            Input to add to.
        b : int
            The other input, which stays as it is.
        out : int
            Where the result goes; left out, it replaces `a`.
        unit : str
            Unit of the result; left out, that of `a`.

        Raises
        ------
        UsageError
            Both have frames, and not as many.
        UnitError
            The inputs are in different units.
        """
        self._session.arithmetics.binary("add", a, b, out, unit)

    @script(example="op:sub(1, 2)")
    def sub(self, a: Input, b: Input, out: Input | None = None, unit: NewUnit | None = None) -> None:
        """Subtract input `b` from `a`.

        `b` is resampled to the grid of `a` where they differ; outside of it, it counts as 0.

        Parameters
        ----------
        a : int
            Input to subtract from.
        b : int
            The other input, which stays as it is.
        out : int
            Where the result goes; left out, it replaces `a`.
        unit : str
            Unit of the result; left out, that of `a`.

        Raises
        ------
        UsageError
            Both have frames, and not as many.
        UnitError
            The inputs are in different units.
        """
        self._session.arithmetics.binary("sub", a, b, out, unit)

    @script(example="op:mult(1, 2)")
    def mult(self, a: Input, b: Input, out: Input | None = None, unit: NewUnit | None = None) -> None:
        """Multiply input `a` by `b`.

        `b` is resampled to the grid of `a` where they differ; outside of it, it counts as 0.

        Parameters
        ----------
        a : int
            Input to multiply.
        b : int
            The other input, which stays as it is.
        out : int
            Where the result goes; left out, it replaces `a`.

        Raises
        ------
        UsageError
            Both have frames, and not as many.
        """
        self._session.arithmetics.binary("mult", a, b, out, unit)

    @script(example="op:div(1, 2)")
    def div(self, a: Input, b: Input, out: Input | None = None, unit: NewUnit | None = None) -> None:
        """Divide input `a` by `b`.

        A division by 0 gives NaN, which measurements leave out.

        `b` is resampled to the grid of `a` where they differ; outside of it, it counts as 0.

        Parameters
        ----------
        a : int
            Input to divide.
        b : int
            The other input, which stays as it is.
        out : int
            Where the result goes; left out, it replaces `a`.

        Raises
        ------
        UsageError
            Both have frames, and not as many.
        """
        self._session.arithmetics.binary("div", a, b, out, unit)

    @script(example="op:abs(1)")
    def abs(self, input: Input) -> None:
        """Take absolute values; the unit stays."""
        self._session.arithmetics.unary("abs", input)

    @script(example="op:clip(1, 0.001, 1000) op:log(1)")
    def log(self, input: Input, unit: NewUnit | None = None) -> None:
        """Take natural logarithms.

        Raises
        ------
        UsageError
            A value is 0 or less; nothing is changed.
        """
        self._session.arithmetics.unary("log", input, unit=unit)

    @script(example="op:exp(1)")
    def exp(self, input: Input, unit: NewUnit | None = None) -> None:
        """Take exponentials."""
        self._session.arithmetics.unary("exp", input, unit=unit)

    @script(example="op:sqrt(1)")
    def sqrt(self, input: Input, unit: NewUnit | None = None) -> None:
        """Take square roots.

        Raises
        ------
        UsageError
            A value is negative; nothing is changed.
        """
        self._session.arithmetics.unary("sqrt", input, unit=unit)

    @script(example="op:pow(1, 2)")
    def pow(self, input: Input, exponent: float, unit: NewUnit | None = None) -> None:
        """Raise every voxel to a power.

        Parameters
        ----------
        exponent : float
            Any finite number.
        """
        self._session.arithmetics.unary("pow", input, exponent, unit=unit)

    @script(example="op:clip(1, 0, 100)")
    def clip(self, input: Input, min: float, max: float) -> None:
        """Limit values to a range; the unit stays.

        Parameters
        ----------
        min, max : float
            Ends of the range, in the unit of the input: what lies outside takes the value of the end.
        """
        self._session.arithmetics.unary("clip", input, min, max)

    @script(example="op:threshold(1, 10, 100)")
    def threshold(self, input: Input, min: float, max: float) -> None:
        """Keep values within a range and set all others to 0; the unit stays.

        Parameters
        ----------
        min, max : float
            Ends of the range, both included, in the unit of the input.
        """
        self._session.arithmetics.unary("threshold", input, min, max)

    @script(example="op:invert(1)")
    def invert(self, input: Input) -> None:
        """Turn the scale around: maximum plus minimum minus value; the unit stays."""
        self._session.arithmetics.unary("invert", input)

    @script(example='op:expression("100 * a / b", {a = 0, b = 1}, 2, "%")')
    def expression(self, text: str, inputs: dict[str, Input], out: Input, unit: NewUnit | None = None) -> None:
        """Put the value of an expression over inputs into an input.

        Knows `+ - * / ^`, comparisons (1 or 0), brackets, `pi`, `e` and functions such as `abs sqrt exp log min max
        where`. Inputs on another grid are resampled to that of the first by name.

        Parameters
        ----------
        text : str
            The expression, over the names of `inputs`.
        inputs : dict
            Name to number of an input.
        out : int
            Input that takes the result: a new one or one that is replaced.

        Raises
        ------
        UsageError
            The expression cannot be read, or has a name that is none of the inputs; the position is named.
        """
        self._session.arithmetics.expression(text, inputs, out, unit)
