"""What a check found: where, what, and the way out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

from vqscript.host.check.tree import Node

Severity = Literal["error", "warning"]


class Problem(NamedTuple):
    """What is wrong at a part of the tree; it becomes a :class:`Finding` where the text is at hand."""

    at: Node
    kind: str
    message: str
    hint: str = ""
    severity: Severity = "error"


@dataclass(frozen=True)
class Finding:
    """One mistake in a script.

    Attributes
    ----------
    file : str
        As the user would write it.
    line, column : int
        From 1; columns count characters.
    severity : {"error", "warning"}
        An error would end the script, or change what it does, where the line is reached; a warning is worth a look.
    kind : str
        What sort it is, in one word that stays the same: ``syntax``, ``global``, ``member`` ...
    message, hint : str
        What was found and the way out, as an error of the running script says them.
    """

    file: str
    line: int
    column: int
    severity: Severity
    kind: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        word = "warning: " if self.severity == "warning" else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {word}{self.message}{hint}"

    def record(self) -> dict[str, Any]:
        """Return the finding as plain values, for JSON."""
        return asdict(self)
