"""The one gate for paths: what a script may read and write."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from vqscript.errors import PermissionDenied, UsageError

_DRIVE = re.compile(r"[A-Za-z]:[/\\]")


class Gate:
    """Turns the text of a path into a resolved ``Path``, or refuses.

    Parameters
    ----------
    output : Path
        Folder of this run; relative paths that are written land under it.
    script_folder : Path, optional
        Folder of the script; text may be read there, nothing is ever written there.
    read, write : iterable of Path
        Further folders that were allowed on the command line.
    protected : iterable of Path
        Files and folders that are not written even if they lie under an allowed one: repositories, the configuration.
        A folder that is recognisably a repository is protected in any case.

    Notes
    -----
    Links and ``..`` are resolved before the check, so neither leads out of an allowed folder.
    """

    def __init__(
        self,
        output: Path,
        script_folder: Path | None = None,
        *,
        read: Iterable[Path] = (),
        write: Iterable[Path] = (),
        protected: Iterable[Path] = (),
    ) -> None:
        self.output = output.resolve()
        self._script = script_folder.resolve() if script_folder else None
        writable = [self.output, *(path.resolve() for path in write)]
        folders = [*writable, Path.cwd(), *(path.resolve() for path in read)]
        self._writable = writable
        self._readable = [*folders, self._script] if self._script else folders
        self._protected = [path.resolve() for path in protected]

    def protect(self, folder: Path) -> None:
        """Refuse all writing in a folder from now on."""
        self._protected.append(folder.resolve())

    def check_output(self) -> None:
        """Refuse an output folder that lies in a repository, before the script has worked for it."""
        owner = _repository(self.output)
        if owner:
            raise UsageError(
                f"the output folder {self.output} lies in the repository {owner}",
                hint="choose another one with --output",
                path=self.output,
            )

    def image(self, text: str) -> Path:
        """Return the path of an image to read; images are read anywhere."""
        return self._existing_root(text)

    def read(self, text: str) -> Path:
        """Return the path of a text file to read, or raise PermissionDenied."""
        path = self._existing_root(text)
        if not _inside(path, self._readable):
            raise PermissionDenied(
                f'the script may not read "{text}"',
                hint=f"it reads its own folder, the current folder and the output; --allow-read {path.parent} adds one",
                path=path,
            )
        return path

    def write(self, text: str) -> Path:
        """Return the path of a file to write, or raise PermissionDenied; its folder need not exist yet."""
        _check(text)
        path = _resolve(self.output / _expanded(text), text)
        if not _inside(path, self._writable):
            raise PermissionDenied(
                f'the script may not write "{text}"',
                hint=f"it writes under the output folder {self.output}; --allow-write {path.parent} adds one",
                path=path,
            )
        owner = next((folder for folder in self._protected if _inside(path, [folder])), None) or _repository(path)
        if owner:
            raise PermissionDenied(
                f'the script may not write "{text}": {owner} is a repository or the configuration',
                hint="a repository changes through its own methods only (store, submitROIs, setSubject)",
                path=path,
            )
        # An output folder inside the script's folder (the usual vq-output) is fine; the script's own files are not.
        if self._script and _inside(path, [self._script]) and not _inside(path, self._below_script()):
            raise PermissionDenied(
                f'the script may not write "{text}": that is the script\'s own folder',
                hint="choose another folder with --output",
                path=path,
            )
        return path

    def _below_script(self) -> list[Path]:
        return [folder for folder in self._writable if folder != self._script and _inside(folder, [self._script])]

    def _existing_root(self, text: str) -> Path:
        """Relative paths are sought beside the script, in the current folder and in the output, in this order."""
        _check(text)
        given, here = _expanded(text), Path.cwd()
        roots = [root for root in (self._script, here, self.output) if root]
        candidates = (_resolve(root / given, text) for root in roots)
        return next((path for path in candidates if path.exists()), None) or _resolve(here / given, text)


def _check(text: str) -> None:
    if not text.strip():
        raise UsageError("a path is empty")
    if "\0" in text:
        raise PermissionDenied(f"a path with a NUL character is refused: {text!r}")
    if text.replace("\\", "/").startswith("//"):
        raise PermissionDenied(f'network paths are refused: "{text}"', hint="mount it, and give the path of the mount")
    if os.name != "nt" and _DRIVE.match(text):  # it would become a folder called "C:"
        raise UsageError(f'"{text}" is a path of Windows', hint="write a relative one, as in pictures/heart.png")


def _expanded(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError as error:  # "~nobody"
        raise UsageError(
            f'"{text}" is no path: {error}', hint="a name that begins with ~ is written ./~name"
        ) from error


def _repository(path: Path) -> Path | None:
    """Return the repository that a path is or lies in, whether or not anybody opened it."""
    from vqscript.repository.layout import INDEX, INSTANCES  # a script that writes nothing does not pay for it

    return next((p for p in (path, *path.parents) if (p / INDEX).is_file() and (p / INSTANCES).is_dir()), None)


def _resolve(path: Path, text: str) -> Path:
    try:
        return Path(os.path.realpath(path))
    except (OSError, ValueError) as error:
        raise UsageError(f'"{text}" is no path: {error}') from error


def _inside(path: Path, folders: Iterable[Path | None]) -> bool:
    return any(folder is not None and path.is_relative_to(folder) for folder in folders)
