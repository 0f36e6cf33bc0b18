"""The folder a demo lives in: made anew each time, and never at the cost of somebody else's files."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vqscript.errors import UsageError

MADE_BY = "vqscript demo"
WORKING = ".making-"
"""How folders begin that exist only while a demo is made."""


@dataclass(frozen=True)
class DemoFolder:
    """Where a demo puts things.

    The marker ``demo.json`` says that the folder is a demo's, and lists the files it made, so that the next
    demo replaces these and no others.
    """

    path: Path

    @property
    def marker(self) -> Path:
        """The file that says what the folder is."""
        return self.path / "demo.json"

    @property
    def repository(self) -> Path:
        """The repository of synthetic mice."""
        return self.path / "mice.repo"

    @property
    def output(self) -> Path:
        """What the example writes: table and pictures."""
        return self.path / "output"

    def prepare(self, seed: int) -> None:
        """Make the folder, or clear it of an earlier demo's files.

        Raises
        ------
        UsageError
            If the parent does not exist, the path is a file, the folder holds something but no earlier demo,
            or studies were added to the earlier demo's repository.
        """
        if not self.path.parent.is_dir():
            raise UsageError(
                f"there is no folder {self.path.parent} to make {self.path.name} in",
                hint="make it first, or name another folder",
                path=self.path,
            )
        if self.path.exists() and not self.path.is_dir():
            raise UsageError(f"{self.path} is a file", hint="name a folder for the demo", path=self.path)
        if self.path.is_dir() and any(self.path.iterdir()):
            self._clear()
        self.path.mkdir(exist_ok=True)
        self._mark({"seed": seed, "complete": False, "files": []})

    def finish(self, seed: int) -> None:
        """Write down which files the demo made."""
        files = sorted(file.relative_to(self.path).as_posix() for file in self._files())
        self._mark({"seed": seed, "complete": True, "files": files})

    def _clear(self) -> None:
        earlier = self._earlier()
        found = {file.relative_to(self.path).as_posix(): file for file in self._files()}
        if earlier["complete"]:
            made = {name: file for name, file in found.items() if name in earlier["files"]}
            added = [file for name, file in found.items() if file.suffix == ".dcm" and name not in made]
            if added:
                raise UsageError(
                    f"{self.repository} holds {len(added)} files that the demo did not put there",
                    hint="move the folder elsewhere, or name another one",
                    path=self.repository,
                )
            # The names come from the disk and are looked up in the marker: it cannot point anywhere else.
            _remove(made.values())
        else:  # stopped half-way: nobody had the time to add anything
            for folder in (self.output, *self.path.glob(f"{WORKING}*")):
                if folder.is_dir():
                    shutil.rmtree(folder)
        if self.repository.is_dir():
            _remove(_files_below(self.repository))
            shutil.rmtree(self.repository)

    def _earlier(self) -> dict[str, Any]:
        try:
            found = json.loads(self.marker.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):  # ValueError: no JSON, or no UTF-8
            found = None
        if not isinstance(found, dict) or found.get("made_by") != MADE_BY or not isinstance(found.get("files"), list):
            raise UsageError(
                f"{self.path} is not empty, and no earlier demo",
                hint="name a folder that does not exist yet: vqscript demo DIR",
                path=self.path,
            )
        return {
            "complete": found.get("complete") is True,
            "files": {name for name in found["files"] if isinstance(name, str)},
        }

    def _mark(self, about: dict[str, Any]) -> None:
        ready = self.marker.with_suffix(".tmp")
        ready.write_text(json.dumps({"made_by": MADE_BY, **about}, indent=1), encoding="utf-8")
        ready.replace(self.marker)

    def _files(self) -> Iterator[Path]:
        yield from _files_below(self.repository)
        yield from _files_below(self.output)


def _files_below(folder: Path) -> Iterator[Path]:
    # A link is somebody's own, wherever it leads.
    if not folder.is_symlink():
        yield from (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _remove(files: Iterable[Path]) -> None:
    for file in list(files):
        file.chmod(stat.S_IRUSR | stat.S_IWUSR)  # a repository's files are read-only
        file.unlink()
