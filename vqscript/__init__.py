"""vqscript: an embedded Lua scripting host for imaging analysis.

>>> from vqscript import Session        # the same session that scripts work on
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vqscript.session import Session

    __version__: str

__all__ = ["Session", "__version__"]


def __getattr__(name: str) -> Any:
    # Nothing that takes time is imported before somebody wants it: `vqscript --help` must be quick.
    if name == "__version__":
        return _version()
    if name == "Session":
        from vqscript.session import Session

        return Session
    raise AttributeError(f"module 'vqscript' has no attribute {name!r}")


@cache
def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("vqscript")
    except PackageNotFoundError:  # a source tree that was not installed
        return "0.0.0"
