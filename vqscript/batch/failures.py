"""Why a task failed, and whether trying again may help."""

from __future__ import annotations

from vqscript.batch.task import Failure
from vqscript.errors import Aborted, ScriptError, Unreachable, VqError

_PASSING = (ConnectionError, TimeoutError, Unreachable)
"""Troubles of a network or a server, which may be over a moment later."""


def failure_of(error: BaseException) -> Failure:
    """Return an exception as the record of a failure."""
    transient = any(isinstance(each, _PASSING) for each in _chain(error))
    if isinstance(error, VqError):
        kind = error.kind if isinstance(error, ScriptError) else type(error).__name__
        frames = tuple(error.about.get("frames", ()))
        return Failure(kind, error.message, error.hint, frames, transient and not isinstance(error, Aborted))
    if isinstance(error, OSError):
        where = f": {error.filename}" if error.filename else ""
        return Failure("OSError", f"{error.strerror or error}{where}", transient=transient)
    if isinstance(error, MemoryError):
        return Failure("MemoryError", f"not enough memory: {error}")
    return Failure(
        "InternalError", f"{type(error).__name__}: {error}", "this is a fault of vqscript: the study's log shows where"
    )


def _chain(error: BaseException | None) -> list[BaseException]:
    """Return an exception and those behind it."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
