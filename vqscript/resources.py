"""Files that come with the package: the standard library and the examples."""

from __future__ import annotations

from pathlib import Path

from vqscript.errors import UsageError, did_you_mean

_PACKAGE = Path(__file__).resolve().parent


def _folder(name: str) -> Path:
    # In a wheel they lie inside the package, in a source tree beside it.
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def stdlib() -> Path:
    """Return the folder of Lua modules that scripts can require."""
    return _folder("stdlib")


def examples() -> Path:
    """Return the folder of example scripts."""
    return _folder("examples")


def example(name: str) -> Path:
    """Return the path of an example script by file name."""
    path = examples() / Path(name).name
    if not path.is_file():
        raise UsageError(
            f'there is no example "{name}"', hint=did_you_mean(name, [p.name for p in examples().glob("*.lua")])
        )
    return path
