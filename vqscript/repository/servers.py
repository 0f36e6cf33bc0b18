"""From a URL of a server to what talks to it."""

from __future__ import annotations

from vqscript.config import Config, Server
from vqscript.config_urls import SERVER_SCHEMES as SCHEMES
from vqscript.errors import UsageError, did_you_mean
from vqscript.network.peer import Peer


def is_server(url: str) -> bool:
    """Whether a URL is one of a server that this version talks to."""
    return url.partition("://")[0].casefold() in SCHEMES and "://" in url


def check_scheme(url: str) -> None:
    """Raise UsageError for a URL of another scheme, which says how it is meant."""
    if is_server(url):
        return
    scheme, _, rest = url.partition("://")
    if scheme.casefold() in ("http", "https"):
        hint = f"say what it speaks: dicomweb+{scheme.casefold()}://... or orthanc+{scheme.casefold()}://..."
    else:
        hint = did_you_mean(scheme.casefold(), SCHEMES)
    # Not the URL itself: what stands before an @ may be a password.
    raise UsageError(f'a repository cannot be reached by "{scheme}://" ({rest.rpartition("@")[2][:80]})', hint=hint)


def open_peer(url: str, config: Config) -> Peer:
    """Return what talks to a server; nothing is sent yet.

    Parameters
    ----------
    url : str
        ``dicom://AET@host:port``, ``dicomweb+https://host/path``, ``orthanc+http://host:8042`` ...
    config : Config
        What it says of the server with exactly this URL holds: certificates, credentials, time-outs, character set.

    Raises
    ------
    UsageError
        For a URL that is none.
    ConfigError
        If a certificate cannot be read, or credentials are not where the configuration says.
    """
    check_scheme(url)
    server = config.server(url)
    if url.casefold().startswith(("dicom://", "dicoms://")):
        return _dimse(server, config)
    return _http(server, config)


def _dimse(server: Server, config: Config) -> Peer:
    from vqscript.network.dimse import DimsePeer, Tls

    scheme, _, rest = server.url.partition("://")
    return DimsePeer(
        f"{scheme.casefold()}://{rest}",
        calling=config.aet,
        tls=Tls(server.ca, server.certificate, server.key),
        connect_timeout=config.timeouts.connect,
        answer_timeout=server.timeout or config.timeouts.answer,
        charset=server.charset,
        move_port=config.port,
        label=server.name,
    )


def _http(server: Server, config: Config) -> Peer:
    from vqscript.network.credentials import login_of, warn_of_plain_http
    from vqscript.network.http import Http
    from vqscript.network.tls import Tls

    speaks, _, rest = server.url.partition("+")
    login = login_of(server)
    http = Http(
        rest,
        name=server.name or rest.partition("://")[2].partition("/")[0].rpartition("@")[2],
        login=login,
        tls=Tls(server.ca, server.certificate, server.key),
        connect=config.timeouts.connect,
        answer=server.timeout or config.timeouts.answer,
    )
    if login.header and not http.encrypted:
        warn_of_plain_http(http.name, http.host)
    if speaks.casefold() == "orthanc":
        from vqscript.network.orthanc import OrthancPeer

        return OrthancPeer(http, server.url)
    from vqscript.network.dicomweb import DicomwebPeer

    return DicomwebPeer(http, server.url)
