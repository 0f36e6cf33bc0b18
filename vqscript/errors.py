"""Every error vqscript raises on purpose.

::

    VqError                     what was asked, what was found, the way out
    ├── UsageError              an argument, option or name that does not fit
    ├── ConfigError             vqscript.toml says something that cannot be
    ├── PermissionDenied        a path or host that the script may not touch
    ├── RepositoryError
    │   ├── NotARepository      the folder or URL is no repository
    │   ├── NotFound            no such study, series, instance or data point
    │   ├── Damaged             a file or the index is not what was stored
    │   └── PeerError           a server refused, or gave something else than was asked for
    │       └── Unreachable     it does not answer, or went away: trying again may help
    ├── ImageError
    │   ├── NotDicom            the file is not DICOM, or is cut short
    │   ├── Unsupported         whole, but no image this version can load
    │   └── GeometryError       slices that form no single volume
    ├── UnitError               a unit that is unknown, or cannot be reached from here
    ├── RoiError                an ROI operation that cannot be done
    ├── ScriptError             a script failed; carries file, line and the Lua frames
    └── Aborted                 Ctrl-C, a limit, or VQ.abort()
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class VqError(Exception):
    """Base of all errors that are meant for the user.

    Parameters
    ----------
    message : str
        What was asked and what was found, in one or two sentences.
    hint : str, optional
        The way out: what to type or to check next.
    **about
        The objects concerned (``path``, ``uid``, ``host`` ...); each becomes an attribute.
    """

    def __init__(self, message: str, *, hint: str = "", **about: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.about = about

    def __getattr__(self, name: str) -> Any:
        about = self.__dict__.get("about", {})
        if name in about:
            return about[name]
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")


class UsageError(VqError):
    """An argument, option or name does not fit."""


class ConfigError(VqError):
    """The configuration file says something that cannot be."""


class PermissionDenied(VqError):
    """A script asked for a path or host that it may not touch."""


class RepositoryError(VqError):
    """A repository could not do what was asked."""


class NotARepository(RepositoryError):
    """The folder or URL is no repository."""


class NotFound(RepositoryError):
    """No such study, series, instance or data point."""


class Damaged(RepositoryError):
    """A stored file or the index is not what was written."""


class PeerError(RepositoryError):
    """A server refused, or gave something else than was asked for.

    Attributes
    ----------
    peer : str
        Name of the server.
    status : str
        What it answered, "" if it answered nothing.
    """


class Unreachable(PeerError):
    """A server does not answer, or went away."""


class ImageError(VqError):
    """A file or series could not be turned into a volume."""


class NotDicom(ImageError):
    """The file is not DICOM, or is cut short."""


class Unsupported(ImageError):
    """The file is whole, but no image that this version loads."""


class GeometryError(ImageError):
    """The slices do not form a single volume."""


class UnitError(VqError):
    """A unit is unknown, or cannot be reached from the one at hand."""


class RoiError(VqError):
    """An ROI operation cannot be done."""


class ScriptError(VqError):
    """A script failed.

    Attributes
    ----------
    kind : str
        Class name of the host error, or ``"LuaError"``.
    file, line : str, int
        Where in the user's code, 1-based; line 0 if unknown.
    frames : tuple of str
        The Lua frames of the user's files, innermost first.
    """


class Aborted(VqError):
    """The script was stopped.

    Attributes
    ----------
    reason : str
        ``"interrupted"`` (Ctrl-C), ``"time"`` or ``"memory"`` (a limit), or ``"script"`` (``VQ.abort()``).
    """

    def __init__(self, message: str, *, reason: str = "script", hint: str = "", **about: Any) -> None:
        super().__init__(message, hint=hint, reason=reason, **about)


LONGEST_WORD = 100


def did_you_mean(word: str, known: Iterable[str], *, limit: int = 12) -> str:
    """Return a hint that names the closest known word, or lists them all.

    Parameters
    ----------
    word : str
        What the user wrote.
    known : iterable of str
        What could have been meant.
    limit : int
        How many words are listed when none is close; 0 for a list that would say nothing.
    """
    names = sorted(set(known))
    by_fold = {name.casefold(): name for name in names}
    # A text of a MB is no slip of the pen, and to compare it would take minutes.
    close = difflib.get_close_matches(word.casefold(), by_fold, n=1, cutoff=0.6) if len(word) <= LONGEST_WORD else []
    if close:
        return f'did you mean "{by_fold[close[0]]}"?'
    if not names or not limit:
        return ""
    listed = ", ".join(names[:limit])
    return f"known: {listed}" + (f" and {len(names) - limit} more" if len(names) > limit else "")
