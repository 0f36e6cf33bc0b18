"""Reading ``vqscript.toml``: every fault with its line, not the first one only."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from vqscript.config import SERVER_SCHEMES, CacheSettings, Caller, Config, Project, Server, Timeouts
from vqscript.config_lines import line_of
from vqscript.errors import did_you_mean

KEYS = ("user", "aet", "port", "repositories", "callers", "cache", "timeouts")
SERVER_KEYS = (
    "url",
    "ca",
    "certificate",
    "key",
    "user",
    "user_env",
    "password_env",
    "token_env",
    "keyring",
    "project",
    "charset",
    "timeout",
)
SECRETS = ("password", "token", "secret")

_BYTES = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]B)?", re.IGNORECASE)
_AET = re.compile(r"[ -\[\]-~]{1,16}")
"""An AE title: 1 to 16 printable ASCII characters without backslash (DICOM PS3.5, 6.2)."""

_KEYWORD = re.compile(r"[A-Z][A-Za-z0-9]+")


@dataclass(frozen=True)
class Finding:
    """A fault of the file: its 1-based line (0 if it cannot be told), what is wrong, and the way out."""

    line: int
    message: str
    hint: str = ""


def read(text: str, file: Path) -> tuple[Config, list[Finding]]:
    """Return what a configuration says, and all that is wrong with it, in the order of its lines.

    Parameters
    ----------
    text : str
    file : Path
        Where it is from; relative paths in it start at its folder.
    """
    import tomllib

    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        message = f"no valid TOML: {error}"
        return Config(path=file), [Finding(int(line[1]) if line else 0, message, 'a line is: key = "value"')]
    reader = _Reader(text, file)
    settings = reader.config(table)
    return settings, sorted(reader.findings, key=lambda finding: finding.line)


class _Reader:
    """Takes the tables apart; what is wrong is noted, and left at its default."""

    def __init__(self, text: str, file: Path) -> None:
        self._text = text
        self._file = file
        self.findings: list[Finding] = []

    def config(self, table: dict[str, Any]) -> Config:
        self._known(table, KEYS, ())
        servers = self._servers(self._table(table, "repositories", 'write [repositories], then lab = "URL"'))
        cache = self._table(table, "cache", 'write [cache], then size = "20 GB"')
        timeouts = self._table(table, "timeouts", "write [timeouts], then answer = 60")
        self._known(cache, ("folder", "size"), ("cache",))
        self._known(timeouts, ("connect", "answer"), ("timeouts",))
        return Config(
            user=self._str(table, "user", (), 'as in user = "anovicki"'),
            repositories=MappingProxyType({name: server.url for name, server in servers.items()}),
            path=self._file,
            servers=MappingProxyType(servers),
            aet=self._aet(table, ()) or Config.aet,
            port=self._port(table, ()) or Config.port,
            callers=self._callers(table.get("callers", [])),
            cache=CacheSettings(self._path(cache, "folder", ("cache",)), self._size(cache) or CacheSettings.size),
            timeouts=Timeouts(
                self._seconds(timeouts, "connect", ("timeouts",)) or Timeouts.connect,
                self._seconds(timeouts, "answer", ("timeouts",)) or Timeouts.answer,
            ),
        )

    # Repositories -------------------------------------------------------------------------

    def _servers(self, table: dict[str, Any]) -> dict[str, Server]:
        servers = {}
        for name, value in table.items():
            place = ("repositories", name)
            more = value if isinstance(value, dict) else {}
            url = more.get("url") if more else value
            if not isinstance(url, str) or not url.strip():
                self._wrong(place, f'repository "{name}" must be a path or URL', f'as in {name} = "/data/lab.repo"')
                continue
            self._known(more, SERVER_KEYS, place)
            if _has_password(url):
                # The URL is not shown: what is wrong with it is that it holds a secret.
                self._wrong(place, f'the URL of repository "{name}" holds a password', _NO_SECRETS)
            elif fault := _fault(url.strip()):
                self._wrong(place, f'the URL of repository "{name}" {fault[0]}', fault[1])
            servers[name] = self._server(name, url.strip(), more, place)
        return servers

    def _server(self, name: str, url: str, more: dict[str, Any], place: tuple[str, ...]) -> Server:
        def text(key: str) -> str:
            return self._str(more, key, place, f'as in {key} = "..."')

        server = Server(
            name,
            url,
            ca=self._path(more, "ca", place),
            certificate=self._path(more, "certificate", place),
            key=self._path(more, "key", place),
            user_env=text("user_env"),
            password_env=text("password_env"),
            token_env=text("token_env"),
            keyring=text("keyring"),
            user=text("user"),
            project=self._project(more, place),
            charset=text("charset"),
            timeout=self._seconds(more, "timeout", place),
        )
        if server.key and not server.certificate:
            self._wrong((*place, "key"), f'repository "{name}" has a key, but no certificate', 'certificate = "FILE"')
        if server.token_env and (server.password_env or server.user_env):
            self._wrong((*place, "token_env"), f'repository "{name}" has a token and a password', "keep one of them")
        if server.password_env and not (server.user_env or server.user):
            self._wrong((*place, "password_env"), f'repository "{name}" has a password, but no user', 'user = "NAME"')
        return server

    def _project(self, more: dict[str, Any], place: tuple[str, ...]) -> Project | None:
        example = 'as in project = { attribute = "StudyDescription", pattern = "{project}" }'
        if "project" not in more:
            return None
        value, place = more["project"], (*place, "project")
        if not isinstance(value, dict):
            self._wrong(place, "project must be a table", example)
            return None
        self._known(value, ("attribute", "pattern"), place)
        attribute = self._str(value, "attribute", place, example)
        pattern = self._str(value, "pattern", place, example) or Project.pattern
        if not _KEYWORD.fullmatch(attribute):
            self._wrong(place, f'project needs a DICOM keyword as its attribute, got "{attribute}"', example)
            return None
        if pattern.count("{project}") != 1:
            self._wrong((*place, "pattern"), f'the pattern "{pattern}" must hold {{project}} once', example)
            return None
        return Project(attribute, pattern)

    # Callers ------------------------------------------------------------------------------

    def _callers(self, value: Any) -> tuple[Caller, ...]:
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self._wrong(("callers",), "callers must be tables", "each begins with a line [[callers]]")
            return ()
        callers = []
        for number, each in enumerate(value):
            place = ("callers", str(number))
            self._known(each, ("aet", "host", "port", "charset"), place)
            host = self._str(each, "host", place, 'as in host = "10.0.0.7"')
            for key in ("aet", "host", "port"):
                if key not in each:
                    self._wrong(place, f"a caller needs aet, host and port; {key} is missing", f"add {key} = ...")
            aet, port = self._aet(each, place), self._port(each, place)
            charset = self._str(each, "charset", place, 'as in charset = "ISO_IR 100"')
            if aet and host and port:
                callers.append(Caller(aet, host, port, charset))
        return tuple(callers)

    # Values -------------------------------------------------------------------------------

    def _table(self, table: dict[str, Any], key: str, hint: str) -> dict[str, Any]:
        value = table.get(key, {})
        if isinstance(value, dict):
            return value
        self._wrong((key,), f"{key} must be a table", hint)
        return {}

    def _str(self, table: Mapping[str, Any], key: str, place: tuple[str, ...], hint: str) -> str:
        value = table.get(key, "")
        if isinstance(value, str):
            return value.strip()
        self._wrong((*place, key), f"{key} must be text", hint)
        return ""

    def _path(self, table: Mapping[str, Any], key: str, place: tuple[str, ...]) -> Path | None:
        text = self._str(table, key, place, f'as in {key} = "/data/{key}"')
        try:
            return self._file.parent / Path(text).expanduser() if text else None
        except RuntimeError as error:  # "~nobody"
            self._wrong((*place, key), f'"{text}" is no path: {error}', "write the whole path")
            return None

    def _aet(self, table: Mapping[str, Any], place: tuple[str, ...]) -> str:
        text = self._str(table, "aet", place, 'as in aet = "VQ"')
        if "aet" in table and not _AET.fullmatch(text):
            self._wrong((*place, "aet"), f'"{text}" is no AE title', "1 to 16 ASCII characters, no backslash")
            return ""
        return text

    def _port(self, table: Mapping[str, Any], place: tuple[str, ...]) -> int:
        value = table.get("port", 0)
        if "port" in table and (type(value) is not int or not 0 < value < 65536):
            self._wrong((*place, "port"), "port must be a number from 1 to 65535", "as in port = 104")
            return 0
        return int(value)

    def _seconds(self, table: Mapping[str, Any], key: str, place: tuple[str, ...]) -> float | None:
        if key not in table:
            return None
        value = table[key]
        if type(value) not in (int, float) or not 0 < value < 86400 * 7:
            self._wrong((*place, key), f"{key} must be a number of seconds", f"as in {key} = 60")
            return None
        return float(value)

    def _size(self, table: Mapping[str, Any]) -> int:
        if "size" not in table:
            return 0
        value = table["size"]
        match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
        size = value if type(value) is int else int(float(match[1]) * _BYTES[(match[2] or "").upper()]) if match else 0
        if size <= 0:
            self._wrong(
                ("cache", "size"), "size must be a number of bytes, or text with a unit", 'as in size = "20 GB"'
            )
        return size

    def _known(self, table: Mapping[str, Any], keys: Collection[str], place: tuple[str, ...]) -> None:
        for key in table:
            if key not in keys:
                hint = _NO_SECRETS if place[:1] == ("repositories",) and key in SECRETS else did_you_mean(key, keys)
                self._wrong((*place, key), f'unknown key "{key}"', hint)

    def _wrong(self, place: tuple[str, ...], message: str, hint: str) -> None:
        self.findings.append(Finding(line_of(self._text, place), message, hint))


_NO_SECRETS = (
    'secrets do not belong here: user_env and password_env, or token_env, name environment variables; keyring = "NAME" '
    "names a service of the system's keyring"
)


def _has_password(url: str) -> bool:
    try:
        return urlsplit(url).password is not None
    except ValueError:  # that is a fault of its own
        return False


def _fault(url: str) -> tuple[str, str] | None:
    """Return what is wrong with the URL of a server, and the way out; None for one that can be, and for a folder."""
    scheme, colon, _ = url.casefold().partition("://")
    if not colon or scheme in ("ipacs", "ipacss"):
        return None
    if scheme not in SERVER_SCHEMES:
        usual = f"say what it speaks: dicomweb+{scheme}://... or orthanc+{scheme}://..."
        hint = usual if scheme in ("http", "https") else did_you_mean(scheme, SERVER_SCHEMES, limit=0)
        return f'begins with "{scheme}://", which is no kind of server', hint or f"known: {', '.join(SERVER_SCHEMES)}"
    try:
        parts = urlsplit(url)
        if parts.hostname and (parts.username or scheme not in ("dicom", "dicoms")) and parts.port != 0:
            return None
    except ValueError as error:
        return f"is none: {error}", "as in dicom://PACS@pacs.example.org:104"
    return "lacks a host, or the AE title before the @", "as in dicom://PACS@pacs.example.org:104"
