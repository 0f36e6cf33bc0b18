"""Arithmetic that users write as text, ``100 * a / b``, on arrays."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import UsageError, did_you_mean
from vqscript.imaging.expression_syntax import CONSTANTS, FUNCTIONS, Parser, Step, shown

Array = NDArray[Any]
Values = NDArray[np.float32]

# Voxels worked on at a time: a few slabs of this size stay in the processor's cache.
_SLAB = 1 << 15


@dataclass(frozen=True)
class Expression:
    """An expression that has been read; :func:`parse` makes it.

    Attributes
    ----------
    text : str
        As it was written.
    names : frozenset of str
        The operands it asks for.
    """

    text: str
    names: frozenset[str]
    _steps: tuple[Step, ...]

    def evaluate(self, operands: Mapping[str, Array | float]) -> Values:
        """Return the value, voxel by voxel.

        Parameters
        ----------
        operands : mapping of str to ndarray or float
            Arrays of one shape; one without a frame axis serves every frame of the others. More operands than
            the expression has are no error.

        Returns
        -------
        float32 array
            Of the arrays' shape; 0-dimensional if there is none. Where there is no finite value (division by
            zero, logarithm of 0) it is NaN, which leaves statistics.

        Raises
        ------
        UsageError
            For a missing operand, one named like a function or constant, shapes that do not fit, or a number
            beyond float32.
        """
        for name in operands:
            if name in CONSTANTS or name in FUNCTIONS:
                what = "constant" if name in CONSTANTS else "function"
                raise UsageError(
                    f'an operand cannot be named "{name}": that is a {what} of expressions',
                    hint="give it another name",
                    expression=self.text,
                )
        values = {name: self._operand(name, operands) for name in sorted(self.names)}
        shape = self._shape(values)
        arrays = {
            name: np.broadcast_to(value, shape) for name, value in values.items() if isinstance(value, np.ndarray)
        }
        numbers = {name: value for name, value in values.items() if not isinstance(value, np.ndarray)}
        result = np.empty(shape, dtype=np.float32)
        with np.errstate(all="ignore"):  # what is not finite becomes NaN below
            for slab in _slabs(shape):
                parts = {name: array[slab].astype(np.float32, copy=False) for name, array in arrays.items()}
                part = result[slab]
                part[...] = self._run({**numbers, **parts})
                if not np.isfinite(part).all():
                    part[~np.isfinite(part)] = np.nan
        return result

    def _operand(self, name: str, operands: Mapping[str, Array | float]) -> Array | np.float64:
        if name not in operands:
            raise UsageError(
                f'the expression "{shown(self.text)}" has "{name}", and there is no operand of that name',
                hint=did_you_mean(name, operands),
                expression=self.text,
            )
        value = operands[name]
        return value if isinstance(value, np.ndarray) and value.ndim else np.float64(value)

    def _shape(self, values: Mapping[str, Array | np.float64]) -> tuple[int, ...]:
        shapes = {name: value.shape for name, value in values.items() if value.ndim}
        if not shapes:
            return ()
        longest = max(shapes, key=lambda name: len(shapes[name]))
        for name, shape in shapes.items():
            if shape != shapes[longest][-len(shape) :]:
                raise UsageError(
                    f'operands of "{shown(self.text)}" differ in size: {name} is {_size(shape)}, '
                    f"{longest} is {_size(shapes[longest])}",
                    hint="resample one to the other first",
                    expression=self.text,
                )
        return shapes[longest]

    def _run(self, operands: Mapping[str, Values | np.float64]) -> Any:
        stack: list[Any] = []
        for step in self._steps:
            if step.run is None:
                stack.append(operands[step.push] if isinstance(step.push, str) else np.float64(step.push))
                continue
            taken = stack[-step.takes :]
            del stack[-step.takes :]
            # Numbers among themselves are reckoned in float64, and become float32 where they meet voxels.
            if any(np.ndim(value) for value in taken):
                stack.append(step.run(*map(self._narrow, taken)))
            else:
                stack.append(np.float64(step.run(*taken)))
        return self._narrow(stack[0])

    def _narrow(self, value: Any) -> Any:
        if np.ndim(value):
            return value.astype(np.float32, copy=False)
        narrow = np.float32(value)
        if math.isinf(narrow) and math.isfinite(value):
            raise UsageError(
                f'{value:g} in "{shown(self.text)}" is beyond float32, the type of voxels',
                hint="numbers up to 3e38 are possible",
                expression=self.text,
            )
        return narrow


def evaluate(text: str, operands: Mapping[str, Array | float]) -> Values:
    """Return the value of an expression: :func:`parse`, then :meth:`Expression.evaluate`."""
    return parse(text).evaluate(operands)


def names(text: str) -> set[str]:
    """Return the operands that an expression asks for; raises as :func:`parse`."""
    return set(parse(text).names)


def parse(text: str) -> Expression:
    """Read an expression.

    Parameters
    ----------
    text : str
        Numbers, operands, ``+ - * / ^`` (also ``**``), comparisons, brackets, and the constants and functions of
        :mod:`vqscript.imaging.expression_syntax`. An operand is a letter or ``_``, then letters, digits and ``_``.

    Raises
    ------
    UsageError
        Naming the position (``position=``, 1-based) and what stands there.
    """
    parser = Parser(text)
    steps = parser.read()
    return Expression(text, frozenset(parser.names), steps)


def _slabs(shape: tuple[int, ...]) -> Iterator[tuple[Any, ...]]:
    """Yield indices of parts along the leading axes that hold about ``_SLAB`` voxels each."""
    if not shape:
        yield (...,)
        return
    inner = math.prod(shape[1:])
    if inner > _SLAB:
        for i in range(shape[0]):
            for rest in _slabs(shape[1:]):
                yield i, *rest
        return
    step = max(1, _SLAB // max(inner, 1))
    for first in range(0, shape[0], step):
        yield (slice(first, first + step),)


def _size(shape: tuple[int, ...]) -> str:
    """Return a shape as people read it: x, y, z, and frames last."""
    return " x ".join(map(str, reversed(shape)))
