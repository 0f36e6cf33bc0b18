"""Which operator ``VQ.currentOp()`` returns: known from the line that chose it, until something may choose another."""

from __future__ import annotations

from collections.abc import Sequence

from vqscript.host.check.inference import host_classes
from vqscript.host.check.tree import Call, Expression, Literal, Vararg
from vqscript.host.handbook import Entry, Handbook

AT_THE_START = "Navigation"


class ChosenOperator:
    """The class of the operator that is chosen, as a check goes through a script in the order it runs.

    Attributes
    ----------
    name : str
        Of its class; "" where it is not known.
    """

    def __init__(self, name: str = "") -> None:
        self.name = name
        self._book = Handbook.load()
        self._host = host_classes()

    def forget(self) -> None:
        """Note that any operator may be chosen from here on."""
        self.name = ""

    def after(self, entry: Entry, arguments: Sequence[Expression]) -> None:
        """Note a call of a function of the handbook."""
        if entry.full_name == "MainWin.setViewMode":
            self.name = self._named(arguments)
        elif not self._stays(entry):
            self.forget()

    def _stays(self, entry: Entry) -> bool:
        """Whether a function surely chooses no other operator; what calls functions of the script may."""
        calls_back = any("fun" in parameter.type_text for parameter in entry.parameters)
        if calls_back or entry.full_name in ("require", "MainWin.loadSession"):
            return False
        owner = self._book.classes.get(entry.owner)
        return owner is None or owner.kind == "library" or owner.name in self._host

    def _named(self, arguments: Sequence[Expression]) -> str:
        """Return the class that the arguments of ``setViewMode`` name."""
        if len(arguments) == 1 and not isinstance(arguments[0], Call | Vararg):
            return AT_THE_START
        title = arguments[1].value if len(arguments) > 1 and isinstance(arguments[1], Literal) else None
        by_fold = {known.casefold(): name for known, name in self._book.operators.items()}
        return by_fold.get(title.casefold(), "") if isinstance(title, str) else ""
