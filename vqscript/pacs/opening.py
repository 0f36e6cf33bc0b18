"""From a name of the configuration or a URL to a peer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vqscript.config import Config, Server
from vqscript.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from vqscript.network.peer import Peer

_NAMED = ("ipacs://", "ipacss://")
_DICOM = ("dicom://", "dicoms://")
_DICOMWEB = ("dicomweb+http://", "dicomweb+https://")
_ORTHANC = ("orthanc+http://", "orthanc+https://")


def is_server(where: str, config: Config) -> bool:
    """Whether a name or URL is that of a server; anything else is a folder of this machine."""
    return _server(where, config).url.casefold().startswith((*_DICOM, *_DICOMWEB, *_ORTHANC))


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
    UsageError
        If it is neither a name nor such a URL.
    """
    from vqscript.network.tls import Tls

    server = _server(where, config)
    scheme = server.url.partition("://")[0].casefold() + "://"
    tls = Tls(server.ca, server.certificate, server.key)
    answer = server.timeout or config.timeouts.answer
    if scheme in _DICOM:
        from vqscript.network.dimse import DimsePeer

        return DimsePeer(
            server.url,
            calling=aet or config.aet,
            tls=tls,
            connect_timeout=config.timeouts.connect,
            answer_timeout=answer,
            charset=server.charset,
            move_port=port or config.port,
            label=server.name,
        )
    if scheme in (*_DICOMWEB, *_ORTHANC):
        from vqscript.network.credentials import login_of
        from vqscript.network.http import Http

        url = server.url.partition("+")[2]
        http = Http(
            url,
            name=server.name or server.url,
            login=login_of(server),
            tls=tls,
            connect=config.timeouts.connect,
            answer=answer,
        )
        if scheme in _DICOMWEB:
            from vqscript.network.dicomweb import DicomwebPeer

            return DicomwebPeer(http, server.url)
        from vqscript.network.orthanc import OrthancPeer

        return OrthancPeer(http, server.url)
    raise UsageError(
        f'"{where}" is no server',
        hint=did_you_mean(where, config.repositories, limit=0)
        or "as in dicom://PACS@pacs.example.org:104, or a name below [repositories] in vqscript.toml",
    )


def _server(where: str, config: Config) -> Server:
    text = where.strip()
    for scheme in _NAMED:
        if text.casefold().startswith(scheme) and not text.startswith(scheme + "/"):
            text = text[len(scheme) :].rstrip("/")
    return config.servers.get(text) or config.server(text)
