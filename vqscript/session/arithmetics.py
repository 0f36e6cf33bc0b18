"""Arithmetic on inputs: in place, with the unit carried along."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
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
    An operation that is refused leaves the inputs as they were.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def scalar(self, name: str, i: int, number: float, unit: str | None = None) -> None:
        """Apply ``add``, ``sub``, ``mult`` or ``div`` with a number to input ``i``, in place.

        Integer voxels stay as they are: the number goes into slope and intercept.

        Raises
        ------
        UsageError
            For a division by zero, or a number that is not finite in float32.
        """
        operation, title = _SCALAR[name]
        item = self._session.inputs[i]
        volume = item.volume
        if name == "div" and number == 0:
            raise UsageError(f"input {i} cannot be divided by zero", hint="is a dose or a size missing?")
        factor = _in_float32(number, title)
        before = volume.unit
        new_unit = self._unit(item, unit, title, i)
        if np.issubdtype(volume.stored.dtype, np.integer) and (number or name in ("add", "sub")):
            if name in ("mult", "div"):
                volume.slope = float(operation(volume.slope, number))
            volume.intercept = float(operation(volume.intercept, number))
        else:
            values = volume.as_float()
            with np.errstate(over="ignore", invalid="ignore"):  # beyond float32 it is infinite, which is what it is
                operation(values, factor, out=values)
        volume.unit = new_unit
        item.changed(f"{title} by {number:.9g} ({before or 'no unit'} -> {new_unit or 'no unit'})")

    def binary(self, name: str, a: int, b: int, out: int | None = None, unit: str | None = None) -> None:
        """Combine inputs ``a`` and ``b`` voxel by voxel into ``out`` (default ``a``), on the grid of ``a``.

        ``b`` is resampled linearly to the grid of ``a`` where they differ; outside of it, it counts
        as 0, and the log says so. An image without frames is combined with each frame of the other.
        A division by zero gives NaN, which leaves statistics.

        Raises
        ------
        UnitError
            If units differ in a sum or difference.
        UsageError
            If both have frames, and not as many, or there can be no input ``out``.
        """
        operation = _BINARY[name]
        target = a if out is None else out
        first, second = self._session.inputs[a], self._session.inputs[b]
        self._session.inputs.check_room(target)
        units = (first.volume.unit, second.volume.unit)
        if name in ("add", "sub") and units[0] and units[1] and units[0] != units[1]:
            raise UnitError(
                f"input {a} is in {units[0]} and input {b} in {units[1]}", hint="convert one of them with convertUnit"
            )
        counts = (first.volume.frames, second.volume.frames)
        if min(counts) > 1 and counts[0] != counts[1]:
            raise UsageError(f"input {a} has {counts[0]} frames and input {b} has {counts[1]}")
        if name in ("add", "sub") and unit is None:
            new_unit = units[0]
        else:
            new_unit = self._unit(first, unit, f"{name}({a}, {b})", target)
        for i in (a, b):
            self._session.look_at(i)
        other = self._aligned(second.volume, first.volume, b)
        shape = np.broadcast_shapes(first.volume.stored.shape, other.stored.shape)
        in_place = target == a and shape == first.volume.stored.shape
        values = first.volume.as_float() if in_place else np.empty(shape, dtype=np.float32)
        result = replace(first.volume, stored=values, slope=1.0, intercept=0.0)
        with np.errstate(all="ignore"):
            for t in range(result.frames):
                one, two = (v.frame(t if v.frames > 1 else 0) for v in (first.volume, other))
                for plane, left, right in zip(result.frame(t), one, two, strict=True):
                    operation(first.volume.scaled(left), other.scaled(right), out=plane)
                    if name == "div":
                        plane[~np.isfinite(plane)] = np.nan
        timed = first.volume if counts[0] >= counts[1] else other
        volume = replace(result, unit=new_unit, frame_times=timed.frame_times, timing=timed.timing)
        self._store(target, first, volume, f"{name} of inputs {a} and {b}")

    def unary(self, name: str, i: int, *numbers: float, unit: str | None = None) -> None:
        """Apply ``abs log exp sqrt pow clip threshold invert`` to input ``i``, in place.

        ``abs``, ``clip``, ``threshold`` and ``invert`` (maximum + minimum - value) keep the unit.

        Raises
        ------
        UsageError
            If voxels would have no finite value (the logarithm of 0), or a range is upside down.
        """
        item = self._session.inputs[i]
        if name in ("clip", "threshold") and not numbers[0] <= numbers[1]:
            raise UsageError(f"{name}: {numbers[0]:g} to {numbers[1]:g} is no range", hint="min first, then max")
        volume, limits = item.volume, item.range
        with np.errstate(all="ignore"):
            if name in _PARTIAL:  # all is tried before anything is changed
                tried = (volume.scaled(plane) for plane in _planes(volume))
                bad = sum(_lost(plane, _UNARY[name](plane, limits, *numbers)) for plane in tried)
                if bad:
                    raise UsageError(
                        f"{name} of input {i}: {bad} voxels have no finite result; "
                        "the values go from {:g} to {:g}".format(*limits),
                        hint="clip(input, min, max) limits them first",
                    )
            volume.as_float()
            for plane in _planes(volume):
                plane[...] = _UNARY[name](plane, limits, *numbers)
        keeps = name in ("abs", "clip", "threshold", "invert")
        volume.unit = volume.unit if keeps and unit is None else self._unit(item, unit, f"{name}({i})", i)
        item.changed(" ".join([name, *(f"{number:g}" for number in numbers)]))

    def expression(self, text: str, inputs: Mapping[str, int], out: int, unit: str | None = None) -> None:
        """Put the value of an expression over inputs into input ``out``, on the grid of the first of them.

        Parameters
        ----------
        text : str
            As in ``100*a/b``; see :mod:`vqscript.imaging.expression_syntax`.
        inputs : mapping
            Name in the expression -> number of the input. Those on another grid are resampled linearly to
            that of the first by name.
        out : int
        unit : str, optional
            Of the result; without it the unit is unknown.

        Raises
        ------
        UsageError
            For a text that is no expression, or a name that no input is given for.
        """
        from vqscript.imaging.expression import parse

        expression = parse(text)
        missing = sorted(expression.names - set(inputs))
        if missing:
            raise UsageError(
                f'expression "{text}" asks for {", ".join(missing)}, which no input is named', hint="{a = 0, b = 1}"
            )
        if not inputs:
            raise UsageError("an expression needs an input", hint="{a = 0}")
        used = sorted(expression.names) or sorted(inputs)
        self._session.inputs.check_room(out)
        for name in used:
            self._session.look_at(inputs[name])
        like = self._session.inputs[inputs[used[0]]]
        volumes = {name: self._session.inputs[inputs[name]].volume for name in used}
        aligned = {name: self._aligned(volume, like.volume, inputs[name]) for name, volume in volumes.items()}
        values = expression.evaluate({name: volume.scaled(volume.stored) for name, volume in aligned.items()})
        timed = max(aligned.values(), key=lambda volume: volume.frames)
        volume = replace(
            like.volume,
            stored=np.broadcast_to(values, timed.stored.shape).copy() if values.ndim < timed.stored.ndim else values,
            slope=1.0,
            intercept=0.0,
            unit="" if unit is None else label(unit),
            frame_times=timed.frame_times,
            timing=timed.timing,
        )
        named = ", ".join(f"{name} = input {inputs[name]}" for name in used)
        self._store(out, like, volume, f"{text} with {named}")

    def clip_to_zero(self, i: int, *, below: float | None = None, above: float | None = None) -> None:
        """Set the values of input ``i`` that lie below or above a limit to 0; unit and display scale stay."""
        item = self._session.inputs[i]
        scale = item.scale
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

    def _aligned(self, volume: Volume, target: Volume, b: int) -> Volume:
        if volume.grid.matches(target.grid):
            return volume
        from vqscript.imaging.resampled import to_grid

        self._session.say_once(f"input {b} was resampled to the grid of the other input; outside of it, it counts as 0")
        return to_grid(volume, target.grid)

    def _store(self, out: int, like: Input, volume: Volume, what: str) -> None:
        if out in self._session.inputs and self._session.inputs[out] is like:
            like.volume = volume
            like.changed(what)
            return
        made = Input(
            volume, name=what, study=like.study, series=like.series, repository=like.repository, image=like.image
        )
        made.given = like.given
        made.provenance = list(like.provenance)
        made.changed(what)
        self._session.place(out, made)


def _in_float32(number: float, title: str) -> np.float32:
    with np.errstate(over="ignore"):
        factor = np.float32(number)
    if not math.isfinite(factor) or (number and not factor):
        raise UsageError(f"{title} takes a finite number, got {number:g}", hint="about 1e-45 to 3e38 are possible")
    return factor


def _planes(volume: Volume) -> Iterator[NDArray[Any]]:
    """Yield the stored slices of all frames, as views: one at a time costs little memory."""
    for t in range(volume.frames):
        yield from volume.frame(t)


def _lost(before: Values, after: Values) -> int:
    """Return how many finite values have become others."""
    return int((np.isfinite(before) & ~np.isfinite(after)).sum())


Ufunc = Callable[..., Any]
_SCALAR: dict[str, tuple[Ufunc, str]] = {
    "add": (np.add, "scalarAdd"),
    "sub": (np.subtract, "scalarSub"),
    "mult": (np.multiply, "scalarMult"),
    "div": (np.divide, "scalarDiv"),
}
_BINARY: dict[str, Ufunc] = {"add": np.add, "sub": np.subtract, "mult": np.multiply, "div": np.divide}
_PARTIAL = frozenset({"log", "exp", "sqrt", "pow"})  # without a finite value for some numbers
_UNARY: dict[str, Ufunc] = {
    "abs": lambda v, r: np.abs(v),
    "log": lambda v, r: np.log(v),
    "exp": lambda v, r: np.exp(v),
    "sqrt": lambda v, r: np.sqrt(v),
    "pow": lambda v, r, exponent: np.power(v, np.float32(exponent)),
    "clip": lambda v, r, low, high: np.clip(v, low, high),
    "threshold": lambda v, r, low, high: np.where((v < low) | (v > high), 0, v),
    "invert": lambda v, r: r[0] + r[1] - v,
}
