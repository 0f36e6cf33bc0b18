"""Arithmetic on inputs: in place, in float32, with the unit carried along."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import UnitError, UsageError
from vqscript.imaging.units import label
from vqscript.imaging.volume import Volume
from vqscript.session.inputs import Input

if TYPE_CHECKING:
    from vqscript.session.session import Session

Values = NDArray[np.float32]


class Arithmetics:
    """Operators on the values of inputs.

    An operation with a number works in place. The result's unit is the one that is named; without
    one it is unknown ("") and the log says so once, because vqscript cannot know what a factor means.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def scalar(self, name: str, i: int, number: float, unit: str | None = None) -> None:
        """Apply ``add``, ``sub``, ``mult`` or ``div`` with a number to input ``i``, in place.

        Raises
        ------
        UsageError
            For a division by zero or a number that is not finite; nothing is changed.
        """
        if not math.isfinite(number):
            raise UsageError(f"{_SCALAR[name][1]} takes a finite number, got {number}")
        if name == "div" and number == 0:
            raise UsageError(f"input {i} cannot be divided by zero", hint="is a dose or a size missing?")
        operation, title = _SCALAR[name]
        item = self._session.inputs[i]
        before = item.volume.unit
        new_unit = self._unit(item, unit, f"{title}({i}, {number:g})", i)
        values = item.volume.as_float()
        operation(values, np.float32(number), out=values)
        item.volume.unit = new_unit
        item.changed(f"{title} by {number:.9g} ({before or 'no unit'} -> {new_unit or 'no unit'})")

    def binary(self, name: str, a: int, b: int, out: int | None = None, unit: str | None = None) -> None:
        """Combine inputs ``a`` and ``b`` voxel by voxel into ``out`` (default ``a``).

        ``b`` is resampled linearly to the grid of ``a`` where they differ; outside of it, it counts
        as 0 (and the log says so). Division by zero gives 0 where both are 0, else refuses nothing:
        the voxel becomes NaN and leaves statistics.

        Raises
        ------
        UnitError
            If units differ in a sum or difference.
        """
        operation = _BINARY[name]
        first, second = self._session.inputs[a], self._session.inputs[b]
        units = (first.volume.unit, second.volume.unit)
        if name in ("add", "sub") and units[0] and units[1] and units[0] != units[1]:
            raise UnitError(
                f"input {a} is in {units[0]} and input {b} in {units[1]}", hint="convert one of them with convertUnit"
            )
        if name in ("add", "sub") and unit is None:
            new_unit = units[0] or units[1]
        else:
            new_unit = self._unit(first, unit, f"{name}({a}, {b})", a if out is None else out)
        other = self._aligned(second.volume, first.volume, b)
        values = first.volume.scaled(first.volume.stored)
        with np.errstate(divide="ignore", invalid="ignore"):
            result: Values = operation(values, other).astype(np.float32, copy=False)
        if name == "div":
            result[~np.isfinite(result)] = np.nan
        self._store(a if out is None else out, first, result, new_unit, f"{name} of inputs {a} and {b}")

    def unary(self, name: str, i: int, *numbers: float, unit: str | None = None) -> None:
        """Apply ``abs log exp sqrt pow clip threshold invert`` to input ``i``, in place.

        ``abs``, ``clip`` and ``threshold`` keep the unit, ``invert`` (maximum + minimum - value) as well.
        """
        item = self._session.inputs[i]
        values = item.volume.as_float()
        if name in ("log", "sqrt"):
            bad = int((values <= 0).sum()) if name == "log" else int((values < 0).sum())
            if bad:
                raise UsageError(
                    f"{name} of input {i}: {bad} voxels are {'0 or less' if name == 'log' else 'negative'}"
                )
        keeps = name in ("abs", "clip", "threshold", "invert")
        new_unit = item.volume.unit if keeps and unit is None else self._unit(item, unit, f"{name}({i})", i)
        result = _UNARY[name](values, item.range, *numbers)
        values[...] = result
        item.volume.unit = new_unit
        item.changed(f"{name}{numbers or ''}")

    def clip_to_zero(self, i: int, *, below: float | None = None, above: float | None = None) -> None:
        """Set the values of input ``i`` that lie below or above a limit to 0; unit and display scale stay."""
        item = self._session.inputs[i]
        scale = item.limits
        values = item.volume.as_float()
        if below is not None:
            values[values < below] = 0
        if above is not None:
            values[values > above] = 0
        limit = f"below {below:g}" if below is not None else f"above {above:g}"
        item.changed(f"values {limit} set to 0")
        item.limits = scale

    def _unit(self, item: Input, unit: str | None, what: str, i: int) -> str:
        if unit is not None:
            return label(unit)
        if item.volume.unit:
            self._session.say_once(
                f"input {i}: after {what} its unit is no longer {item.volume.unit}; "
                "name the new one as the last argument, or with setUnit"
            )
        return ""

    def _aligned(self, volume: Volume, target: Volume, b: int) -> Values:
        if volume.grid.matches(target.grid):
            return volume.scaled(volume.stored)
        from vqscript.imaging.resample import resample

        if volume.stored.ndim == 4:
            raise UsageError(f"input {b} has frames and another grid; resample it first")
        self._session.say_once(f"input {b} was resampled to the grid of the other input; outside of it, it counts as 0")
        resampled: Values = resample(volume.values(), volume.grid, target.grid)
        return resampled

    def _store(self, out: int, like: Input, values: Values, unit: str, what: str) -> None:
        volume = replace(like.volume, stored=values, slope=1.0, intercept=0.0, unit=unit)
        if out in self._session.inputs and self._session.inputs[out] is like:
            like.volume = volume
            like.changed(what)
            return
        made = Input(volume, name=what, study=like.study, series=like.series, repository=like.repository)
        made.provenance = list(like.provenance)
        self._session.place(out, made)
        made.changed(what)


Ufunc = Callable[..., Any]
_SCALAR: dict[str, tuple[Ufunc, str]] = {
    "add": (np.add, "scalarAdd"),
    "sub": (np.subtract, "scalarSub"),
    "mult": (np.multiply, "scalarMult"),
    "div": (np.divide, "scalarDiv"),
}
_BINARY: dict[str, Ufunc] = {"add": np.add, "sub": np.subtract, "mult": np.multiply, "div": np.divide}
_UNARY: dict[str, Ufunc] = {
    "abs": lambda v, r: np.abs(v),
    "log": lambda v, r: np.log(v),
    "exp": lambda v, r: np.exp(v),
    "sqrt": lambda v, r: np.sqrt(v),
    "pow": lambda v, r, exponent: np.power(v, np.float32(exponent)),
    "clip": lambda v, r, low, high: np.clip(v, low, high),
    "threshold": lambda v, r, low, high: np.where((v >= low) & (v <= high), v, 0),
    "invert": lambda v, r: r[0] + r[1] - v,
}
