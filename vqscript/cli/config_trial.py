"""What a configuration says that fails only when it is used: files, keywords, credentials of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from vqscript.config import CACHE_ENVIRONMENT, Config, Server
from vqscript.config_lines import line_of
from vqscript.config_values import Finding
from vqscript.errors import ConfigError, did_you_mean


def faults(settings: Config, text: str) -> Iterator[Finding]:
    """Yield what cannot be used, whoever tries.

    Parameters
    ----------
    settings : Config
        That could be read.
    text : str
        Of its file, for the lines.
    """
    for server in settings.servers.values():
        yield from _unusable_files(server, text)
        yield from _unknown_attribute(server, text)
    folder = settings.cache.folder
    if folder and folder.exists() and not folder.is_dir():
        message = f"{folder} is a file, not a folder for the cache"
        yield Finding(line_of(text, ("cache", "folder")), message, f"name another one, or set {CACHE_ENVIRONMENT}")


def notes(settings: Config, text: str) -> Iterator[Finding]:
    """Yield what is no fault of the file, but should be known: credentials that are not here, or that all can read."""
    from vqscript.network.credentials import is_loopback, login_of

    for server in settings.servers.values():
        place = ("repositories", server.name)
        key = next((key for key in ("token_env", "keyring", "password_env") if getattr(server, key)), "")
        if not key:
            continue
        try:
            login_of(server)
        except ConfigError as error:
            yield Finding(line_of(text, (*place, key)), error.message, error.hint)
        if server.url.casefold().partition("://")[0].endswith("+http"):
            host = urlsplit(server.url).hostname or ""
            if not is_loopback(host):
                message = f"the credentials go to {host} over http, where everybody on the way can read them"
                yield Finding(line_of(text, (*place, "url")), message, "https hides them, where the server has it")


def _unusable_files(server: Server, text: str) -> Iterator[Finding]:
    from vqscript.network.tls import Tls

    if not (server.ca or server.certificate):
        return
    for key, tls in (("ca", Tls(server.ca)), ("certificate", Tls(None, server.certificate, server.key))):
        try:
            if getattr(server, key):
                tls.client()
        except ConfigError as error:
            yield Finding(line_of(text, ("repositories", server.name, key)), error.message, error.hint)


def _unknown_attribute(server: Server, text: str) -> Iterator[Finding]:
    if server.project is None or server.project.attribute == "Labels":
        return
    from pydicom.datadict import dictionary_VR, keyword_dict

    from vqscript.pacs.finding import of_study

    place = ("repositories", server.name, "project", "attribute")
    keyword = server.project.attribute
    if keyword not in keyword_dict:
        hint = did_you_mean(keyword, keyword_dict, limit=0) or "as in StudyDescription"
        yield Finding(line_of(text, place), f'"{keyword}" is no DICOM keyword', hint)
    elif dictionary_VR(keyword) not in ("AE", "AS", "CS", "DA", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UT"):
        yield Finding(line_of(text, place), f"{keyword} is no text, so no project", "as in StudyDescription")
    elif not of_study(keyword):
        why = f"{keyword} is no attribute of studies, so it tells no project of theirs"
        yield Finding(line_of(text, place), why, "as in StudyDescription")
