"""The one gate: what a script may read, write and reach."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from vqscript import names
from vqscript.errors import PermissionDenied, UsageError
from vqscript.host.hosts import Hosts
from vqscript.host.paths import check_ordinary, check_text, expanded, inside, resolved, truly_inside
from vqscript.repository.opening import located

if TYPE_CHECKING:
    from vqscript.repository.base import Repository


class Gate:
    """Turns the text of a path into a resolved ``Path``, or refuses; decides on repositories.

    Parameters
    ----------
    output : Path
        Folder of this run; relative paths that are written land under it.
    script_folder : Path, optional
        Folder of the script; text may be read there, nothing is ever written there.
    read, write : iterable of Path
        Further folders that were allowed on the command line. A repository below one of ``write`` may be stored into.
    hosts : iterable of str
        ``HOST`` or ``HOST:PORT`` that were allowed on the command line.
    repositories : iterable of str or Path
        Folders and URLs of the repositories that the command line or the configuration names: they may be reached
        and stored into. Other local ones may be read, others on the network not even reached.
    protected : iterable of Path
        Files and folders that are not written even if they lie under an allowed one: the configuration. A folder
        that is recognisably a repository is protected in any case.

    Notes
    -----
    Links and ``..`` are resolved before the check, so neither leads out of an allowed folder. Scripts cannot make
    links. Whoever else may write in the output folder could swap a folder there for a link between the check and the
    writing; the last part of the path is never followed, because files take their name by renaming.
    """

    def __init__(
        self,
        output: Path,
        script_folder: Path | None = None,
        *,
        read: Iterable[Path] = (),
        write: Iterable[Path] = (),
        hosts: Iterable[str] = (),
        repositories: Iterable[str | Path] = (),
        protected: Iterable[Path] = (),
    ) -> None:
        self.output = output.resolve()
        self._script = script_folder.resolve() if script_folder else None
        self._allowed = [path.resolve() for path in write]
        self._writable = [self.output, *self._allowed]
        folders = [*self._writable, Path.cwd(), *(path.resolve() for path in read)]
        self._readable = [*folders, self._script] if self._script else folders
        self._protected = [path.resolve() for path in protected]
        named = list(repositories)
        self._named = [path for path in named if isinstance(path, Path)]
        self._hosts = Hosts(hosts, [url for url in named if isinstance(url, str)])

    def check_output(self) -> None:
        """Refuse an output folder that lies in a repository, before the script has worked for it."""
        owner = repository_of(self.output)
        if owner:
            raise UsageError(
                f"the output folder {self.output} lies in the repository {owner}",
                hint="choose another one with --output",
                path=self.output,
            )

    # Files --------------------------------------------------------------------------------

    def image(self, text: str) -> Path:
        """Return the path of an image to read; images are read anywhere, devices nowhere."""
        path = self._existing_root(text)
        check_ordinary(path, text)
        return path

    def read(self, text: str) -> Path:
        """Return the path of a text file to read, or raise PermissionDenied."""
        path = self._existing_root(text)
        if not inside(path, self._readable):
            raise PermissionDenied(
                f'the script may not read "{text}"',
                hint=f"it reads its own folder, the current folder and the output; --allow-read {path.parent} adds one",
                path=path,
            )
        check_ordinary(path, text)
        return path

    def write(self, text: str) -> Path:
        """Return the path of a file to write, or raise PermissionDenied; its folder need not exist yet.

        Raises
        ------
        UsageError
            For a name that not every system takes, and for a folder that writing was allowed in: what takes its name
            with an ending (``vq-output.png``), or is built beside it, would lie outside.
        """
        path = self._written(text)
        if self._is_root(path):
            raise UsageError(f'"{text}" is the folder to write into', hint="name a file in it, as in heart.png")
        return path

    def folder(self, text: str) -> Path:
        """Return a path as :meth:`write` does, or the folder that writing was allowed in, which is made."""
        path = self._written(text)
        if self._is_root(path):
            path.mkdir(parents=True, exist_ok=True)  # so that nobody takes it for the name of a file
        return path

    def _is_root(self, path: Path) -> bool:
        """Whether a path is a folder that writing was allowed in; one that was allowed may be the name of a file."""
        missing_folder = not path.exists() and not path.suffix
        return path == self.output or (path in self._allowed and (path.is_dir() or missing_folder))

    def _written(self, text: str) -> Path:
        check_text(text)
        path = resolved(self.output / expanded(text), text)
        allowed = inside(path, self._writable)
        if not allowed:
            raise PermissionDenied(
                f'the script may not write "{text}"',
                hint=f"it writes under the output folder {self.output}; --allow-write {path.parent} adds one",
                path=path,
            )
        self._check_protected(path, text)
        fault = next(filter(None, map(names.fault, path.relative_to(allowed).parts)), "")
        if fault:
            raise UsageError(
                f'"{text}" is no name for a file: {fault}', hint='require "names" has safe(text), which makes one'
            )
        check_ordinary(path, text)
        return path

    def _check_protected(self, path: Path, text: str) -> None:
        owner = next((each for each in self._protected if truly_inside(path, each)), None) or repository_of(path)
        if owner:
            raise PermissionDenied(
                f'the script may not write "{text}": {owner} is a repository or the configuration',
                hint="a repository changes through its own methods only (store, submitROIs, setSubject)",
                path=path,
            )
        # An output folder inside the script's folder (the usual vq-output) is fine; the script's own files are not.
        if self._script and truly_inside(path, self._script) and not inside(path, self._below_script()):
            raise PermissionDenied(
                f'the script may not write "{text}": that is the script\'s own folder',
                hint="choose another folder with --output",
                path=path,
            )

    def _below_script(self) -> list[Path]:
        return [
            folder
            for folder in self._writable
            if self._script and truly_inside(folder, self._script) and not truly_inside(self._script, folder)
        ]

    def _existing_root(self, text: str) -> Path:
        """Relative paths are sought beside the script, in the current folder and in the output, in this order."""
        check_text(text)
        given, here = expanded(text), Path.cwd()
        roots = [root for root in (self._script, here, self.output) if root]
        candidates = (resolved(root / given, text) for root in roots)
        return next((path for path in candidates if path.exists()), None) or resolved(here / given, text)

    # Repositories -------------------------------------------------------------------------

    def reach(self, url: str) -> None:
        """Refuse a repository on the network that is neither named nor allowed; local ones are read like images."""
        if "://" in url:
            self._hosts.check(url)
        if not url.strip() or ("://" in url and not url.partition("://")[2].startswith("/")):
            return  # nothing, a server, or a name of the configuration
        folder = located(url)
        if isinstance(folder, Path) and folder not in self._named:  # one that is named may be on a share
            check_text(str(folder))

    def opened(self, repository: Repository) -> None:
        """Refuse all writing in the folder of a repository from now on, but by the repository itself."""
        if repository.root is not None:
            self._protected.append(repository.root.resolve())

    def store(self, repository: Repository) -> None:
        """Refuse to store into a repository that is neither named nor allowed."""
        if repository.root is None:
            return  # to be on the network it was named or allowed
        root = repository.root.resolve()
        if inside(root, self._allowed) or any(truly_inside(root, named.resolve()) for named in self._named):
            return
        raise PermissionDenied(
            f"the script may not store into the repository {root}",
            hint=f"it stores into those that --repo or the configuration names; --allow-write {root} adds this one",
            path=root,
        )


def repository_of(path: Path) -> Path | None:
    """Return the repository that a path is or lies in, whether or not anybody opened it."""
    from vqscript.repository.layout import INDEX, INSTANCES  # a script that writes nothing does not pay for it

    return next((p for p in (path, *path.parents) if (p / INDEX).is_file() and (p / INSTANCES).is_dir()), None)
