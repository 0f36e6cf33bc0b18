"""From a path or URL to an open repository."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote

from vqscript.errors import ConfigError, RepositoryError, UsageError, did_you_mean

if TYPE_CHECKING:
    from vqscript.repository.base import Repository

LOCAL = "ipacs:///"
NAMED = ("ipacs://", "ipacss://")


class Names(Protocol):
    """What this module needs of the configuration: names of repositories, and where they are."""

    @property
    def repositories(self) -> Mapping[str, str]:
        """Name -> path or URL."""


def open_repository(url: str | Path, config: Names | None = None) -> Repository:
    """Open the repository at a path or URL.

    Parameters
    ----------
    url : str or Path
        A folder; ``ipacs:///folder``; or ``ipacs://name`` for one that the configuration names.
    config : optional
        Where the names are looked up.

    Raises
    ------
    NotARepository
        If the folder is none.
    UsageError, ConfigError
        For an unknown name, or a name that stands for another name.
    RepositoryError
        For a server, which this version does not reach.
    """
    from vqscript.repository.local import LocalRepository  # whoever only asks where one is does not pay for it

    return LocalRepository.open(local_path(url, config))


def local_path(url: str | Path, config: Names | None = None) -> Path:
    """Return the folder that :func:`open_repository` opens for a path or URL; raises as it does."""
    if isinstance(url, Path):
        return url
    text = url.strip()
    if not text:
        raise UsageError("a repository is needed", hint="its folder, as in lab.repo, or ipacs://name")
    scheme = text.partition("://")[0].casefold() + "://" if "://" in text else ""
    if scheme not in NAMED:
        if scheme:
            raise RepositoryError(
                f"{text} cannot be reached: this version opens local repositories only",
                hint="import its studies into a folder: vqscript repo import",
            )
        return _home_expanded(text)
    rest = text[len(scheme) :]
    if rest.startswith("/"):
        folder = unquote(rest)
        return Path(folder[1:] if os.name == "nt" else folder)  # /C:/lab.repo
    return _named(rest.rstrip("/"), config)


def is_name(url: str) -> bool:
    """Whether a URL is a name of the configuration (``ipacs://lab``)."""
    return url.casefold().startswith(NAMED) and not url.casefold().startswith(LOCAL)


def _home_expanded(text: str) -> Path:
    # A shell expands "~" on its own line only, neither in a script nor in the configuration.
    try:
        return Path(text).expanduser()
    except RuntimeError as error:  # "~nobody"
        raise UsageError(f'"{text}" is no folder: {error}', hint="write the whole path") from error


def _named(name: str, config: Names | None) -> Path:
    known = config.repositories if config else {}
    target = known.get(name)
    if target is None:
        raise UsageError(
            f'no repository is named "{name}"',
            hint=did_you_mean(name, known) or "name it in vqscript.toml, below [repositories], or write its folder",
        )
    if is_name(target):
        raise ConfigError(
            f'repository "{name}" of the configuration is {target}, which is a name again',
            hint="write the folder itself",
        )
    return local_path(target)
