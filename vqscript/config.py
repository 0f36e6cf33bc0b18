"""The user's configuration, ``vqscript.toml``.

::

    user = "anovicki"              # creator of the data points you write
    aet = "VQ"                     # our own AE title, and the port at which others reach us
    port = 11112

    [repositories]                 # names to use instead of a path or URL
    lab = "/data/lab.repo"
    archive = "dicom://ARCHIVE@pacs.example.org:104"

    [repositories.clinic]          # a server with more to say of it
    url = "dicomweb+https://pacs.example.org/dicom-web"
    token_env = "CLINIC_TOKEN"     # where the secret is, never the secret itself
    project = { attribute = "StudyDescription" }

    [[callers]]                    # who may send to us and be sent to
    aet = "ARCHIVE"
    host = "pacs.example.org"
    port = 104

    [cache]
    size = "20 GB"

    [timeouts]                     # seconds
    connect = 10
    answer = 60

Looked for, in this order: ``--config FILE``, the environment variable ``VQSCRIPT_CONFIG``, and ``vqscript.toml`` in
``%APPDATA%\\vqscript`` (Windows), ``~/Library/Application Support/vqscript`` (macOS) or ``~/.config/vqscript``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from vqscript.errors import ConfigError

FILE_NAME = "vqscript.toml"
ENVIRONMENT = "VQSCRIPT_CONFIG"
CACHE_ENVIRONMENT = "VQSCRIPT_CACHE"


@dataclass(frozen=True)
class Project:
    """What "project" means on a server without projects.

    Attributes
    ----------
    attribute : str
        DICOM keyword of an attribute of studies, or ``"Labels"`` for Orthanc's labels.
    pattern : str
        What its values look like; ``{project}`` stands for the project, ``*`` and ``?`` as in file names.
    """

    attribute: str
    pattern: str = "{project}"


@dataclass(frozen=True)
class Server:
    """What the configuration says of a repository beside its URL.

    Attributes
    ----------
    name, url : str
    ca : Path, optional
        Certificates of the authorities to trust, instead of the system's.
    certificate, key : Path, optional
        Our own certificate, for a server that wants one.
    user_env, password_env, token_env : str
        Names of the environment variables that hold the credentials.
    keyring : str
        Service of the system's keyring that holds the password of ``user``, or the token if there is no user.
    user : str
    project : Project, optional
    charset : str
        SpecificCharacterSet to assume instead of what the server says, "" for what it says.
    timeout : float, optional
        Seconds to wait for an answer, instead of ``Timeouts.answer``.
    """

    name: str
    url: str
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    user_env: str = ""
    password_env: str = ""
    token_env: str = ""
    keyring: str = ""
    user: str = ""
    project: Project | None = None
    charset: str = ""
    timeout: float | None = None


@dataclass(frozen=True)
class Caller:
    """An application entity that may call us, and that C-MOVE may send to.

    Attributes
    ----------
    aet, host : str
    port : int
    charset : str
        SpecificCharacterSet of what it sends, instead of what it states itself; "" believes it.
    """

    aet: str
    host: str
    port: int
    charset: str = ""


@dataclass(frozen=True)
class CacheSettings:
    """Where fetched series are kept: ``folder`` (None for the platform's usual place), and how many bytes of them."""

    folder: Path | None = None
    size: int = 20_000_000_000

    def place(self) -> Path:
        """Return the folder, which need not exist."""
        named = os.environ.get(CACHE_ENVIRONMENT)
        return self.folder or (Path(named).expanduser() if named else usual_cache())


@dataclass(frozen=True)
class Timeouts:
    """Seconds to wait: until a connection is made, and until a server answers."""

    connect: float = 10.0
    answer: float = 60.0


def _none_named() -> Mapping[str, str]:
    return MappingProxyType({})


def _no_servers() -> Mapping[str, Server]:
    return MappingProxyType({})


@dataclass(frozen=True)
class Config:
    """What the configuration says; without a file, its defaults.

    Attributes
    ----------
    user : str
        Creator of the data points that are written, "" if it is not configured.
    repositories : mapping
        Name -> path or URL.
    path : Path, optional
        The file that was read.
    servers : mapping
        Name -> what else is said of a repository.
    aet : str
        Our own AE title.
    port : int
        Port at which other application entities reach us.
    callers : tuple of Caller
    cache : CacheSettings
    timeouts : Timeouts
    """

    user: str = ""
    repositories: Mapping[str, str] = field(default_factory=_none_named)
    path: Path | None = None
    servers: Mapping[str, Server] = field(default_factory=_no_servers)
    aet: str = "VQSCRIPT"
    port: int = 11112
    callers: tuple[Caller, ...] = ()
    cache: CacheSettings = field(default_factory=CacheSettings)
    timeouts: Timeouts = field(default_factory=Timeouts)

    def creator(self, explicit: str | None = None) -> str:
        """Return who writes: as given, else as configured, else the login name, else ``"unknown"``."""
        return (explicit or "").strip() or self.user or _login_name()

    def repository(self, name: str) -> str:
        """Return the path or URL of a configured repository; any other text is one itself and comes back."""
        return self.repositories.get(name, name)

    def server(self, url: str) -> Server:
        """Return what is said of the repository at exactly this URL; nothing but the URL if it is not configured."""
        return next((one for one in self.servers.values() if one.url == url), Server("", url))


def load(path: Path | None = None) -> Config:
    """Read the configuration.

    Parameters
    ----------
    path : Path, optional
        This file, which must exist. Without it the environment and the usual place are looked at, and no file at
        the usual place means the defaults.

    Raises
    ------
    ConfigError
        If a file that was named is not there, or a file is no TOML, or has an unknown key or a wrong value.
    """
    found = text_of(path)
    if found is None:
        return Config()
    from vqscript.config_file import read

    file, text = found
    settings, findings = read(text, file)
    if findings:
        first = findings[0]
        place = f"{file}, line {first.line}" if first.line else str(file)
        raise ConfigError(f"{place}: {first.message}", hint=first.hint, path=file, line=first.line)
    return settings


def text_of(path: Path | None = None) -> tuple[Path, str] | None:
    """Return the configuration file and its text, None if there is none at the usual place; raises as :func:`load`."""
    named = path
    if named is None and os.environ.get(ENVIRONMENT):
        named = Path(os.environ[ENVIRONMENT]).expanduser()
    file = named or usual_place() / FILE_NAME
    try:
        return file, file.read_text(encoding="utf-8-sig")  # editors of Windows begin a file with a mark
    except FileNotFoundError as error:
        if named is None:
            return None
        origin = "--config" if path is not None else ENVIRONMENT
        raise ConfigError(
            f"no configuration file {file}", hint=f"correct {origin}, or create the file", path=file
        ) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(
            f"{file}, line {line}: a character that is not in UTF-8", hint="save it as UTF-8", path=file, line=line
        ) from error
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror or error}", path=file) from error


def usual_place() -> Path:
    """Return the folder where the platform keeps configuration; it need not exist."""
    if sys.platform == "win32":
        base = os.environ.get("APPDATA") or str(Path.home() / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Application Support")
    else:
        base = _xdg("XDG_CONFIG_HOME", ".config")
    return Path(base) / "vqscript"


def usual_cache() -> Path:
    """Return the folder where the platform keeps what can be fetched again; it need not exist."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
        return Path(base) / "vqscript" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "vqscript"
    return Path(_xdg("XDG_CACHE_HOME", ".cache")) / "vqscript"


def _xdg(variable: str, usual: str) -> str:
    # The XDG base directory specification has relative paths ignored.
    base = os.environ.get(variable, "")
    return base if Path(base).is_absolute() else str(Path.home() / usual)


def _login_name() -> str:
    import getpass

    try:
        return getpass.getuser() or "unknown"
    except (OSError, KeyError, ImportError):  # a container without an entry for its user; which error depends on Python
        return "unknown"
