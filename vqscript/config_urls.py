"""What can be the URL of a configured repository, and what of one may be shown."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from vqscript.errors import did_you_mean

SERVER_SCHEMES = ("dicom", "dicoms", "dicomweb+http", "dicomweb+https", "orthanc+http", "orthanc+https")
"""What URLs of servers begin with."""

NAMED = ("ipacs://", "ipacss://")
"""What stands before a name of the configuration; before a folder, which begins with a slash, as well."""

AE_TITLE = re.compile(r"[ -\[\]-~]{1,16}")
"""1 to 16 printable ASCII characters without backslash (DICOM PS3.5, 6.2)."""

PORTS = {"dicom": 104, "dicoms": 2762, "http": 80, "https": 443}
"""The ports of URLs that name none; what stands before a ``+`` plays no part."""

_PASSWORD = re.compile(r"(://[^:@]*):.*@", re.DOTALL)
_NEVER = re.compile(r"[\x00-\x20\x7f\\]")
_DIMSE = "as in dicom://PACS@pacs.example.org:104"
_HTTP = "as in dicomweb+https://pacs.example.org/dicom-web"


def is_name(url: str) -> bool:
    """Whether a URL is a name of the configuration (``ipacs://lab``); ``ipacs:///lab.repo`` is a folder."""
    scheme = next((each for each in NAMED if url.casefold().startswith(each)), "")
    return bool(scheme) and not url[len(scheme) :].startswith("/")


def port_of(scheme: str) -> int | None:
    """Return the port of a URL that names none, None for a scheme that has no usual one."""
    return PORTS.get(scheme.casefold().rpartition("+")[2])


def shown(url: str) -> str:
    """Return a URL as messages and logs may show it: without a password, and without what follows a question mark."""
    plain, mark, _ = _PASSWORD.sub(r"\1:...@", url).partition("?")
    return plain + ("?..." if mark else "")


def because(error: ValueError, url: str) -> str:
    """Return why a URL is none, to follow a message; "" where that could quote a part of a password."""
    return "" if "@" in url.rpartition(":")[2] else f": {error}"


def has_password(url: str) -> bool:
    """Whether a URL holds a password."""
    try:
        return urlsplit(url).password is not None
    except ValueError:  # that is a fault of its own
        return False


def fault(url: str) -> tuple[str, str] | None:
    """Return what is wrong with the URL of a server, and the way out; None for one that can be, and for a folder."""
    scheme, colon, _ = url.casefold().partition("://")
    if not colon or scheme in ("ipacs", "ipacss"):
        return None
    if scheme not in SERVER_SCHEMES:
        usual = f"say what it speaks: dicomweb+{scheme}://... or orthanc+{scheme}://..."
        hint = usual if scheme in ("http", "https") else did_you_mean(scheme, SERVER_SCHEMES, limit=0)
        return f'begins with "{scheme}://", which is no kind of server', hint or f"known: {', '.join(SERVER_SCHEMES)}"
    dimse = scheme in ("dicom", "dicoms")
    usual = _DIMSE if dimse else _HTTP
    if _NEVER.search(url):
        return "holds a space, a backslash or a control character", "in an AE title a space is written %20"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        return f"is none{because(error, url)}", usual
    if not host or port == 0 or (dimse and not parts.username):
        return f"lacks a host{', or the AE title before the @' if dimse else ''}", usual
    if parts.query or parts.fragment or (dimse and parts.path.strip("/")):
        return f"goes on after the {'port' if dimse else 'path'}", usual
    title = unquote(parts.username or "")
    if dimse and not (AE_TITLE.fullmatch(title) and title.strip()):
        return f'has "{title}" as the AE title', "1 to 16 ASCII characters, no backslash"
    if not dimse and parts.username is not None:
        return "holds a user", 'it has a key of its own: user = "NAME"'
    return None
