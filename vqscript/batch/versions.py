"""Versions of what computes, and whether two machines have the same."""

from __future__ import annotations

import platform
from collections.abc import Mapping

PACKAGES = ("lupa", "numpy", "pydicom", "scipy", "pillow")

_DIGITS = {"vqscript": 4, "python": 2, "numpy": 1, "pydicom": 1}
"""How many numbers of a version have to be the same for results to be."""


def versions() -> dict[str, str]:
    """Return name -> version of vqscript, Python, the platform, and the packages that results depend on."""
    # Here, for it takes longer to find these out than to import all else that a batch begins with.
    import importlib.metadata

    from vqscript import __version__

    found = {"vqscript": __version__, "python": platform.python_version(), "platform": platform.platform()}
    return found | {name: importlib.metadata.version(name) for name in PACKAGES}


def differences(ours: Mapping[str, str], theirs: Mapping[str, str]) -> list[str]:
    """Return what two machines have too different versions of, as in ``numpy 1.26.4 there, 2.1.0 here``."""
    return [
        f"{name} {theirs.get(name, 'none')} there, {ours[name]} here"
        for name, count in _DIGITS.items()
        if theirs.get(name, "").split(".")[:count] != ours[name].split(".")[:count]
    ]
