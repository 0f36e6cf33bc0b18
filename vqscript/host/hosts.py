"""Which hosts of the network a script may reach."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from vqscript.config_urls import because, port_of, shown
from vqscript.errors import PermissionDenied, UsageError

LOCAL_SCHEMES = ("ipacs", "ipacss", "file")
"""Names of the configuration, and folders: no host is reached for them."""

_NO_URL = re.compile(r"[\x00-\x20\x7f\\]")
"""Programs that read URLs do not agree on what follows these; the host that is checked must be the one reached."""

Endpoint = tuple[str, int | None]


class Hosts:
    """The hosts that the command line or the configuration names.

    Parameters
    ----------
    allowed : iterable of str
        ``HOST`` (every port) or ``HOST:PORT``, from ``--allow-net``.
    urls : iterable of str
        URLs of repositories; theirs are allowed with exactly their port.
    """

    def __init__(self, allowed: Iterable[str], urls: Iterable[str]) -> None:
        self._allowed = {_allowed(text) for text in allowed}
        self._named = {endpoint for endpoint in map(endpoint_of, urls) if endpoint}

    def check(self, url: str) -> None:
        """Raise PermissionDenied for a URL of a host that is not among them."""
        endpoint = endpoint_of(url)
        if endpoint is None or endpoint in self._named | self._allowed or (endpoint[0], None) in self._allowed:
            return
        host, port = endpoint
        where = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
        raise PermissionDenied(
            f"the script may not reach {where}",
            hint="the network is open to the repositories that --repo or the configuration names; "
            f"--allow-net {where} adds this host",
            host=host,
        )


def endpoint_of(url: str) -> Endpoint | None:
    """Return host and port of a URL, None for one that stays on this machine's disks.

    A port that is left out is the usual one of the scheme, None where there is none.

    Raises
    ------
    UsageError
        If it is no URL.
    """
    scheme = url.partition("://")[0].strip().casefold()
    if scheme in LOCAL_SCHEMES:
        return None
    problem = f'"{shown(url)}" is no URL of a repository'
    if _NO_URL.search(url):
        raise UsageError(problem, hint="it holds a space, a backslash or a control character")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"{problem}{because(error, url)}") from error
    if not host:
        raise UsageError(problem, hint="as in https://pacs.example.org/dicom-web")
    # The port that will be called: one server's name opens neither the other ports of its host nor its plain side.
    return host.rstrip("."), port or port_of(scheme)


def _allowed(text: str) -> Endpoint:
    """Read ``HOST`` or ``HOST:PORT`` of ``--allow-net``."""
    named = None if "/" in text or "@" in text or not text.strip() else endpoint_of(f"host://{text.strip()}")
    if named is None:
        # Without what stands before an @, which may be a password.
        raise UsageError(
            f'--allow-net takes HOST or HOST:PORT, got "{text.rpartition("@")[2]}"',
            hint="as in --allow-net pacs.example.org:104",
        )
    return named
