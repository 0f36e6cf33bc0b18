"""Reading ``vqscript.toml``: every fault with its line, not the first one only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from vqscript.config import CacheSettings, Caller, Config, Project, Server, Timeouts
from vqscript.config_urls import fault, has_password, is_name
from vqscript.config_values import NO_SECRETS, Finding, Place, Values

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
_LOGIN = ("user", "user_env", "password_env", "token_env", "keyring")
_TLS = ("ca", "certificate", "key")

_KEYWORD = re.compile(r"[A-Z][A-Za-z0-9]+")


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
        number = int(line[1]) if line else len(text.rstrip().splitlines())  # "at end of document"
        return Config(path=file), [Finding(number, f"no valid TOML: {error}", 'a line is: key = "value"')]
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, and so many brackets
        return Config(path=file), [Finding(0, f"cannot be read: {error}", 'a line is: key = "value"')]
    reader = _Reader(text, file)
    settings = reader.config(table)
    return settings, sorted(reader.values.findings, key=lambda finding: finding.line)


class _Reader:
    """Takes the tables apart; what is wrong is noted, and left at its default."""

    def __init__(self, text: str, file: Path) -> None:
        self._file = file
        self.values = Values(text, file.absolute().parent)

    def config(self, table: dict[str, Any]) -> Config:
        values = self.values
        values.known(table, KEYS, ())
        servers = self._servers(values.table(table, "repositories", 'write [repositories], then lab = "URL"'))
        cache = values.table(table, "cache", 'write [cache], then size = "20 GB"')
        timeouts = values.table(table, "timeouts", "write [timeouts], then answer = 60")
        values.known(cache, ("folder", "size"), ("cache",))
        values.known(timeouts, ("connect", "answer"), ("timeouts",))
        size = values.size(cache, "size", ("cache",))
        return Config(
            user=values.text(table, "user", (), 'as in user = "anovicki"', empty=True),
            repositories=MappingProxyType({name: server.url for name, server in servers.items()}),
            path=self._file,
            servers=MappingProxyType(servers),
            aet=values.aet(table, ()) or Config.aet,
            port=values.port(table, ()) or Config.port,
            callers=self._callers(table.get("callers", [])),
            cache=CacheSettings(values.path(cache, "folder", ("cache",)), size or CacheSettings.size),
            timeouts=Timeouts(
                values.seconds(timeouts, "connect", ("timeouts",)) or Timeouts.connect,
                values.seconds(timeouts, "answer", ("timeouts",)) or Timeouts.answer,
            ),
        )

    # Repositories -------------------------------------------------------------------------

    def _servers(self, table: dict[str, Any]) -> dict[str, Server]:
        servers: dict[str, Server] = {}
        for name, value in table.items():
            place = ("repositories", name)
            more = value if isinstance(value, dict) else {}
            spelt = more.get("url") if isinstance(value, dict) else value
            hint = 'as in url = "/data/lab.repo"' if isinstance(value, dict) else f'as in {name} = "/data/lab.repo"'
            if not isinstance(spelt, str) or not spelt.strip() or not spelt.isprintable():
                self.values.wrong(place, f'repository "{name}" must be a path or URL', hint)
                continue
            if name != name.strip() or "://" in name or name.startswith("/") or name.endswith("/") or not name:
                hint = "use it as ipacs://lab: a name has no :// in it, and no space or slash at its ends"
                self.values.wrong(place, f'"{name}" is no name for a repository', hint)
            self.values.known(more, SERVER_KEYS, place)
            url = self._url(name, spelt.strip(), table, (*place, "url") if more else place)
            server = self._server(name, url, more, place)
            twin = next((one for one in servers.values() if one.url == url and replace(one, name=name) != server), None)
            if twin:
                message = f'repositories "{twin.name}" and "{name}" have the same URL, and differ in what is said of it'
                self.values.wrong(place, message, "a URL has one set of keys: leave one of them out")
            servers[name] = server
        return servers

    def _url(self, name: str, url: str, table: Mapping[str, Any], place: Place) -> str:
        """Return a URL; a folder as a whole path."""
        if "://" not in url:
            folder = self.values.place(url, place)
            if url in table and folder and not folder.exists():
                self.values.wrong(place, f'repository "{name}" stands for "{url}", which is a name again', _NO_NAMES)
            return str(folder or url)
        if has_password(url):
            # The URL is not shown: what is wrong with it is that it holds a secret.
            self.values.wrong(place, f'the URL of repository "{name}" holds a password', NO_SECRETS)
        elif is_name(url):
            self.values.wrong(place, f'repository "{name}" stands for {url}, which is a name again', _NO_NAMES)
        elif wrong := fault(url):
            self.values.wrong(place, f'the URL of repository "{name}" {wrong[0]}', wrong[1])
        return url

    def _server(self, name: str, url: str, more: dict[str, Any], place: Place) -> Server:
        values = self.values
        server = Server(
            name,
            url,
            ca=values.path(more, "ca", place),
            certificate=values.path(more, "certificate", place),
            key=values.path(more, "key", place),
            user_env=values.variable(more, "user_env", place),
            password_env=values.variable(more, "password_env", place),
            token_env=values.variable(more, "token_env", place),
            keyring=values.text(more, "keyring", place, 'as in keyring = "clinic"'),
            user=values.text(more, "user", place, 'as in user = "anna"'),
            project=self._project(more, place),
            charset=values.charset(more, place),
            timeout=values.seconds(more, "timeout", place),
        )
        self._check_kind(server, more, place)
        self._check_login(server, place)
        if server.key and not server.certificate:
            values.wrong((*place, "key"), f'repository "{name}" has a key, but no certificate', 'certificate = "FILE"')
        return server

    def _check_kind(self, server: Server, more: Mapping[str, Any], place: Place) -> None:
        """Note what would be overlooked: keys that this kind of repository has no use for."""
        scheme = server.url.partition("://")[0].casefold() if "://" in server.url else ""
        useless = {
            "dicom": {
                **dict.fromkeys(_TLS, "dicom:// is not encrypted; dicoms:// is"),
                **dict.fromkeys(_LOGIN, "DICOM servers know us by the AE title; over dicoms:// by a certificate"),
            },
            "dicoms": dict.fromkeys(_LOGIN, "DICOM servers know us by the AE title, and by certificate and key"),
            "dicomweb+http": dict.fromkeys(_TLS, "dicomweb+http:// is not encrypted; dicomweb+https:// is"),
            "orthanc+http": dict.fromkeys(_TLS, "orthanc+http:// is not encrypted; orthanc+https:// is"),
        }.get(scheme, {})
        if scheme in ("", "ipacs", "ipacss"):
            useless = dict.fromkeys([key for key in more if key != "url"], "a folder needs its url only")
        elif scheme not in ("dicom", "dicoms"):
            useless["charset"] = "texts of DICOMweb and REST are in UTF-8"
        for key, why in useless.items():
            if key in more and key in SERVER_KEYS:
                self.values.wrong((*place, key), f'{key} has no use for repository "{server.name}"', why)
        if server.project and server.project.attribute == "Labels" and not scheme.startswith("orthanc+"):
            self.values.wrong((*place, "project"), "only Orthanc has Labels", "its URL begins with orthanc+https://")

    def _check_login(self, server: Server, place: Place) -> None:
        """Note credentials that do not fit together."""
        name, given = f'repository "{server.name}"', [key for key in _LOGIN[2:] if getattr(server, key)]
        if len(given) > 1:
            what = "a token and a password" if given == ["password_env", "token_env"] else " and ".join(given)
            self.values.wrong((*place, given[-1]), f"{name} has {what}", "keep one of them")
        elif server.token_env and (server.user or server.user_env):
            self.values.wrong((*place, "token_env"), f"{name} has a user, and a token", "keep one of them")
        elif server.password_env and not (server.user_env or server.user):
            self.values.wrong((*place, "password_env"), f"{name} has a password, but no user", 'user = "NAME"')
        elif not given and (server.user or server.user_env):
            key = "user" if server.user else "user_env"
            hint = 'password_env = "VARIABLE", or keyring = "NAME"'
            self.values.wrong((*place, key), f"{name} has a user, but no password", hint)
        if server.user and server.user_env:
            self.values.wrong((*place, "user_env"), f"{name} has user and user_env", "keep one of them")
        if ":" in server.user:
            self.values.wrong((*place, "user"), f"{name} has a user with a colon, which cannot be sent", "is it right?")

    def _project(self, more: dict[str, Any], place: Place) -> Project | None:
        example = 'as in project = { attribute = "StudyDescription", pattern = "{project}" }'
        if "project" not in more:
            return None
        value, place = more["project"], (*place, "project")
        if not isinstance(value, dict):
            self.values.wrong(place, "project must be a table", example)
            return None
        self.values.known(value, ("attribute", "pattern"), place)
        attribute = self.values.text(value, "attribute", place, example, empty=True)
        pattern = self.values.text(value, "pattern", place, example) or Project.pattern
        if not _KEYWORD.fullmatch(attribute):
            self.values.wrong(place, f'project needs a DICOM keyword as its attribute, got "{attribute}"', example)
            return None
        if pattern.count("{project}") != 1:
            self.values.wrong((*place, "pattern"), f'the pattern "{pattern}" must hold {{project}} once', example)
            return None
        return Project(attribute, pattern)

    # Callers ------------------------------------------------------------------------------

    def _callers(self, value: Any) -> tuple[Caller, ...]:
        values = self.values
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            values.wrong(("callers",), "callers must be tables", "each begins with a line [[callers]]")
            return ()
        callers: list[Caller] = []
        for number, each in enumerate(value):
            place = ("callers", str(number))
            values.known(each, ("aet", "host", "port", "charset"), place)
            for key in ("aet", "host", "port"):
                if key not in each:
                    values.wrong(place, f"a caller needs aet, host and port; {key} is missing", f"add {key} = ...")
            aet, port, charset = values.aet(each, place), values.port(each, place), values.charset(each, place)
            host = values.text(each, "host", place, 'as in host = "10.0.0.7"')
            if not _is_host(host):
                hint = 'a name, an address, or a network: host = "10.0.0.7", host = "10.0.0.0/24"'
                values.wrong((*place, "host"), f'"{host}" is no host', hint)
            elif any((one.aet, one.host) == (aet, host) for one in callers):
                values.wrong(place, f"{aet} at {host} is named twice", "keep one of them")
            elif aet and host and port:
                callers.append(Caller(aet, host, port, charset))
        return tuple(callers)


_HOST = re.compile(r"[\w.:%-]*")
"""A name, or an address of either kind; whether there is such a host shows when it is looked up."""
_NUMBERS = re.compile(r"[\d.]+|.*/.*", re.DOTALL)
"""What can be nothing but an address, or a network."""


def _is_host(text: str) -> bool:
    if not _NUMBERS.fullmatch(text):
        return bool(_HOST.fullmatch(text))
    from ipaddress import ip_network

    try:
        return bool(ip_network(text, strict=False))
    except ValueError:
        return False


_NO_NAMES = "write the folder or the URL of the server itself"
