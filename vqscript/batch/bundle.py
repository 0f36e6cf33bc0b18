"""A script with all that it needs, to be sent to another machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vqscript.batch import fingerprint
from vqscript.errors import UsageError
from vqscript.files import whole_file

MOST = 64 * 2**20
"""Bytes that travel; a larger file has to be where the workers see it."""

_CONFIG = ".vqscript.toml"
_ASK = {"require", "__include"}


@dataclass(frozen=True)
class Bundle:
    """A script, what it includes, the files beside it that it names, and the configuration.

    Attributes
    ----------
    script : Path
        Where it stands on the machine that packed it.
    files : mapping
        Path relative to the script's folder, with ``/`` -> content.
    hashes : mapping
        The same names -> SHA-256.
    left_out : tuple of str
        Files that it names and that are too large to travel.
    config : bytes, optional
        Text of the configuration.
    """

    script: Path
    files: Mapping[str, bytes]
    hashes: Mapping[str, str]
    left_out: tuple[str, ...] = ()
    config: bytes | None = None

    def data(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self) | {"script": str(self.script)}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Bundle:
        """Return what :meth:`data` was made from."""
        return cls(**{**data, "script": Path(data["script"])})

    @property
    def visible(self) -> bool:
        """Whether all of it stands here as it stood where it was packed."""
        home = self.script.parent
        same = all(fingerprint.of_file(home / name) == digest for name, digest in self.hashes.items())
        return same and all((home / name).is_file() for name in self.left_out)

    def unpack(self, folder: Path) -> tuple[Path, Path | None]:
        """Write all files below a folder; returns the script and the configuration there.

        Raises
        ------
        UsageError
            If the script needs files that were too large to travel.
        """
        if self.left_out:
            raise UsageError(
                f"{self.script.parent / self.left_out[0]} is too large to travel with the script",
                hint="put the script and its files into a folder that the workers see under the same path",
            )
        for name, content in self.files.items():
            with whole_file(folder / name) as file:
                file.write(content)
        if self.config is None:
            return folder / self.script.name, None
        config = folder.with_name(folder.name + _CONFIG)  # beside the folder that the script may read
        with whole_file(config) as file:
            file.write(self.config)
        return folder / self.script.name, config


def pack(script: Path, config: Path | None = None) -> Bundle:
    """Return a script with the files that it includes or requires, and those beside it that stand in it as text.

    Parameters
    ----------
    script : Path
    config : Path, optional
        File of the configuration.

    Raises
    ------
    UsageError
        If a script cannot be read.
    """
    home = script.parent
    found: dict[str, Path] = {script.name: script}
    waiting = [script]
    for path in waiting:  # grows on the way
        for other, runs in _needed(path, home):
            name = other.relative_to(home).as_posix()
            if name not in found:
                found[name] = other
                waiting += [other] if runs else []
    files: dict[str, bytes] = {}
    left_out = []
    room = MOST
    for name, path in sorted(found.items(), key=lambda item: item[1].stat().st_size):
        room -= path.stat().st_size
        if room < 0:
            left_out.append(name)
        else:
            files[name] = path.read_bytes()
    hashes = {name: fingerprint.of_file(home / name) for name in files}
    return Bundle(script, files, hashes, tuple(left_out), config.read_bytes() if config else None)


def _needed(path: Path, home: Path) -> Iterator[tuple[Path, bool]]:
    """Yield the files below ``home`` that a script asks for, and whether they are scripts, too."""
    from vqscript.host import source
    from vqscript.host.tokens import tokens

    asks = False
    for token in tokens(source.prepare(source.read_script(path))):
        if token.kind == "string":
            text = token.text.strip("\"'") if token.text[0] in "\"'" else token.text.strip("=[]")
            other = _module(text, path.parent) if asks else _beside(text, home)
            if other is not None and other.is_relative_to(home):
                yield other, asks
        asks = token.text in _ASK or (asks and token.text == "(")


def _module(name: str, folder: Path) -> Path | None:
    from vqscript.host import source

    try:
        return source.find(name, folder)
    except UsageError:
        return None  # the script is told, on the line that asks for it


def _beside(text: str, home: Path) -> Path | None:
    """Return the file beside the script that a text names, None if it names none."""
    path = Path(text)
    if not text or len(text) > 255 or "\0" in text or path.is_absolute() or ".." in path.parts:
        return None
    try:
        found = (home / path).is_file() and (home / path).resolve().is_relative_to(home.resolve())
        return home / path if found else None
    except (OSError, ValueError):  # what is no name at all
        return None
