"""From a path or URL to an open repository."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from vqscript.config import Config
from vqscript.config_urls import NAMED, shown
from vqscript.config_urls import is_name as is_name
from vqscript.errors import ConfigError, RepositoryError, UsageError, did_you_mean

if TYPE_CHECKING:
    from vqscript.repository.base import Repository


def open_repository(url: str | Path, config: Config | None = None) -> Repository:
    """Open the repository at a path or URL.

    Parameters
    ----------
    url : str or Path
        A folder; ``ipacs:///folder``; ``ipacs://name`` for one that the configuration names, or just the name where
        no folder is called so; a server:
        ``dicom://AET@host:port``, ``dicoms://...``, ``dicomweb+https://host/path``, ``orthanc+http://host:8042``.
        Nothing is sent to a server yet.
    config : Config, optional
        Where names are looked up, and what is said of servers.

    Raises
    ------
    NotARepository
        If the folder is none.
    UsageError, ConfigError
        For an unknown name or scheme, a name that stands for another name, or credentials that are not there.
    """
    where = located(url, config)
    if isinstance(where, str):
        return _remote(where, config or Config())
    from vqscript.repository.local import LocalRepository  # whoever only asks where one is does not pay for it

    return LocalRepository.open(where)


def reach(url: str | Path, config: Config | None = None) -> float:
    """Ask whether a repository is there; returns the seconds that its answer took. Raises as :func:`open_repository`.

    Raises
    ------
    Unreachable, PeerError
        If a server does not answer, or does not let us in.
    """
    import time

    where = located(url, config)
    start = time.perf_counter()
    if isinstance(where, Path):
        open_repository(where).close()
        return time.perf_counter() - start
    from vqscript.repository.servers import open_peer

    peer = open_peer(where, config or Config())
    try:
        return peer.echo()
    finally:
        peer.close()


def located(url: str | Path, config: Config | None = None) -> str | Path:
    """Return the folder of a local repository, or the URL of a server, that a path, URL or name stands for.

    Raises
    ------
    UsageError, ConfigError
        For an unknown name, or a name that stands for another name.
    """
    if isinstance(url, Path):
        return url
    text = url.strip()
    if not text:
        raise UsageError("a repository is needed", hint="its folder, as in lab.repo, or ipacs://name")
    scheme = text.partition("://")[0].casefold() + "://" if "://" in text else ""
    if not scheme:
        place = _home_expanded(text)
        return _named(text, config) if config and text in config.repositories and not place.exists() else place
    if scheme not in NAMED:
        return text
    rest = text[len(scheme) :]
    if rest.startswith("/"):
        folder = unquote(rest)
        return Path(folder[1:] if os.name == "nt" else folder)  # /C:/lab.repo
    return _named(rest.rstrip("/"), config)


def local_path(url: str | Path, config: Config | None = None) -> Path:
    """Return the folder of a local repository; raises as :func:`located`.

    Raises
    ------
    RepositoryError
        For a server, which is no folder.
    """
    where = located(url, config)
    if isinstance(where, Path):
        return where
    raise RepositoryError(
        f'"{shown(str(url))}" is a server, no folder of this machine',
        hint="vqscript repo looks after folders; vqscript pacs asks servers",
    )


def _remote(url: str, config: Config) -> Repository:
    from vqscript.repository.servers import open_peer

    peer = open_peer(url, config)
    from vqscript.repository.cache import Cache
    from vqscript.repository.projects import ProjectRule
    from vqscript.repository.remote import RemoteRepository

    project = config.server(url).project
    return RemoteRepository(peer, Cache(config.cache, url), ProjectRule.of(project) if project else None)


def _home_expanded(text: str) -> Path:
    # A shell expands "~" on its own line only, neither in a script nor in the configuration.
    try:
        return Path(text).expanduser()
    except RuntimeError as error:  # "~nobody"
        raise UsageError(f'"{text}" is no folder: {error}', hint="write the whole path") from error


def _named(name: str, config: Config | None) -> str | Path:
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
    return located(target)
