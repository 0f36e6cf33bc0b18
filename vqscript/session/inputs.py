"""The inputs: numbered volumes with their place in the display and their history."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vqscript.errors import UsageError

if TYPE_CHECKING:
    from vqscript.imaging.administration import Administration
    from vqscript.imaging.volume import Volume
    from vqscript.repository.base import Repository, Series, Study

DEFAULT_PALETTES = ("gray", "hot", "viridis")
MAX_INPUTS = 256


@dataclass(eq=False)
class Input:
    """A loaded volume.

    Attributes
    ----------
    volume : Volume
    name : str
        What it was opened from, for messages.
    study, series : Study, Series, optional
        Where the repository has it.
    repository : Repository, optional
    image : int
        Which of the separate images of its series it is, from 0.
    palette : str
    limits : (float, float) or None
        The ends of the display scale in image units; None follows the data.
    fractions : (float, float)
        The part of the scale that the palette spans.
    show : bool
    opacity : float or None
        0 to 1; None is the default of its place (0 opaque, others let the reference through).
    provenance : list of str
        What was done to the values, oldest first.
    modified : bool
        Whether the values are no longer those of the file.
    given : Administration, optional
        What the user said of dose, weight and times in a conversion; later ones, the way back among them, know it.
    """

    volume: Volume
    name: str = ""
    study: Study | None = None
    series: Series | None = None
    repository: Repository | None = None
    image: int = 0
    palette: str = "gray"
    limits: tuple[float, float] | None = None
    fractions: tuple[float, float] = (0.0, 1.0)
    show: bool = True
    opacity: float | None = None
    provenance: list[str] = field(default_factory=list)
    modified: bool = False
    given: Administration | None = None
    _range: tuple[float, float] | None = None

    @property
    def range(self) -> tuple[float, float]:
        """Minimum and maximum of the data, computed once until the data change."""
        if self._range is None:
            self._range = self.volume.range()
        return self._range

    @property
    def scale(self) -> tuple[float, float]:
        """The ends of the display scale in image units."""
        return self.limits or self.range

    @property
    def window(self) -> tuple[float, float]:
        """The values at which the palette begins and ends."""
        low, high = self.scale
        return low + (high - low) * self.fractions[0], low + (high - low) * self.fractions[1]

    def set_scale(self, low: float, high: float) -> None:
        """Set the ends of the display scale in image units."""
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise UsageError(f"a scale from {low:g} to {high:g} has no extent", hint="min first, then a larger max")
        self.limits = (low, high)

    def set_fractions(self, first: float, last: float) -> None:
        """Set the part of the display scale that the palette spans."""
        if not 0 <= first < last <= 1:
            raise UsageError(
                f"{first:g} to {last:g} is no part of a scale", hint="fractions from 0 to 1, smaller first"
            )
        self.fractions = (first, last)

    def set_palette(self, name: str) -> None:
        """Choose the palette, by its name in any case."""
        from vqscript.render.palette_names import palette_name

        self.palette = palette_name(name)

    def changed(self, what: str, *, keeps_scale: bool = False) -> None:
        """Note that the values changed, and how; the display scale follows the new data unless it is to stay."""
        self.provenance.append(what)
        self.modified = True
        self._range = None
        if not keeps_scale:
            self.limits = None


class Inputs:
    """Inputs by number, 0-based; input 0 is the reference. Numbers need not be contiguous."""

    def __init__(self) -> None:
        self._by_number: dict[int, Input] = {}

    def __getitem__(self, i: int) -> Input:
        self.check(i)
        return self._by_number[i]

    def __setitem__(self, i: int, item: Input) -> None:
        self.check_room(i)
        self._by_number[i] = item

    def __contains__(self, i: int) -> bool:
        return i in self._by_number

    def __iter__(self) -> Iterator[tuple[int, Input]]:
        return iter(sorted(self._by_number.items()))

    def __len__(self) -> int:
        """One more than the highest number in use, as scripts count inputs."""
        return max(self._by_number, default=-1) + 1

    def check(self, i: int) -> None:
        """Raise UsageError if there is no input ``i``."""
        if i not in self._by_number:
            loaded = ", ".join(str(k) for k, _ in self) or "none"
            raise UsageError(f"there is no input {i}; loaded: {loaded}", hint="inputs are numbered from 0")

    def check_room(self, i: int, count: int = 1) -> None:
        """Raise UsageError unless ``count`` inputs from ``i`` on can be filled."""
        last = i + count - 1
        if i < 0 or last >= MAX_INPUTS:
            wrong = i if i < 0 or count == 1 else last
            raise UsageError(f"input {wrong} is out of range", hint=f"inputs are numbered 0 to {MAX_INPUTS - 1}")

    def remove(self, i: int) -> None:
        """Take one input out; the others keep their numbers."""
        self.check(i)
        del self._by_number[i]

    def clear(self) -> None:
        """Take all inputs out."""
        self._by_number.clear()
