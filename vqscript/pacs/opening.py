"""From a name of the configuration or a URL to a peer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vqscript.config import Config
from vqscript.errors import UsageError, did_you_mean
from vqscript.repository import servers

if TYPE_CHECKING:
    from vqscript.network.peer import Peer

_NAMED = ("ipacs://", "ipacss://")


def is_server(where: str, config: Config) -> bool:
    """Whether a name or URL is that of a server; anything else is a folder of this machine."""
    return servers.is_server(_url(where, config))


def open_peer(where: str, config: Config, *, aet: str = "", port: int = 0) -> Peer:
    """Return a server as something that can be asked; nothing is sent yet.

    Parameters
    ----------
    where : str
        ``archive`` or ``ipacs://archive`` for what the configuration names so, or ``dicom://AET@host:port``,
        ``dicoms://``, ``dicomweb+https://host/path``, ``orthanc+http://host:port``.
    config : Config
    aet : str
        Our own AE title, instead of the configuration's.
    port : int
        Our own port for C-MOVE, instead of the configuration's.

    Raises
    ------
    UsageError, ConfigError
        If it is neither a name nor such a URL, or what the configuration says of it cannot be.
    """
    url = _url(where, config)
    if "://" not in url:
        raise UsageError(
            f'"{where}" is no server',
            hint=did_you_mean(where, config.repositories, limit=0)
            or "as in dicom://PACS@pacs.example.org:104, or a name below [repositories] in vqscript.toml",
        )
    return servers.open_peer(url, replace(config, aet=aet or config.aet, port=port or config.port))


def _url(where: str, config: Config) -> str:
    text = where.strip()
    for scheme in _NAMED:
        if text.casefold().startswith(scheme) and not text.casefold().startswith(f"{scheme}/"):
            text = text[len(scheme) :].rstrip("/")
    return config.repository(text)
