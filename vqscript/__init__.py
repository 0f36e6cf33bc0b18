"""vqscript: an embedded Lua scripting host for imaging analysis.

>>> from vqscript import Session        # the same session that scripts work on
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vqscript.session import Session

try:
    __version__ = version("vqscript")
except PackageNotFoundError:  # a source tree that was not installed
    __version__ = "0.0.0"

__all__ = ["Session", "__version__"]


def __getattr__(name: str) -> Any:
    # numpy is not imported before somebody wants a session: `vqscript --help` must be quick.
    if name == "Session":
        from vqscript.session import Session

        return Session
    raise AttributeError(f"module 'vqscript' has no attribute {name!r}")
