"""The user's configuration, ``vqscript.toml``.

::

    user = "anovicki"              # creator of the data points you write

    [repositories]                 # names to use instead of a path or URL
    lab = "/data/lab.repo"

Looked for, in this order: ``--config FILE``, the environment variable ``VQSCRIPT_CONFIG``, and ``vqscript.toml`` in
``%APPDATA%\\vqscript`` (Windows), ``~/Library/Application Support/vqscript`` (macOS) or ``~/.config/vqscript``.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from vqscript.errors import ConfigError, did_you_mean

FILE_NAME = "vqscript.toml"
ENVIRONMENT = "VQSCRIPT_CONFIG"
KEYS = ("user", "repositories")


def _no_repositories() -> Mapping[str, str]:
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
    """

    user: str = ""
    repositories: Mapping[str, str] = field(default_factory=_no_repositories)
    path: Path | None = None

    def creator(self, explicit: str | None = None) -> str:
        """Return who writes: as given, else as configured, else the login name, else ``"unknown"``."""
        return (explicit or "").strip() or self.user or _login_name()

    def repository(self, name: str) -> str:
        """Return the path or URL of a configured repository; any other text is one itself and comes back."""
        return self.repositories.get(name, name)


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
    named = path
    if named is None and os.environ.get(ENVIRONMENT):
        named = Path(os.environ[ENVIRONMENT]).expanduser()
    file = named or usual_place() / FILE_NAME
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        if named is None:
            return Config()
        origin = "--config" if path is not None else ENVIRONMENT
        raise ConfigError(
            f"no configuration file {file}", hint=f"correct {origin}, or create the file", path=file
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {file}: {error}", path=file) from error
    return _parse(text, file)


def usual_place() -> Path:
    """Return the folder where the platform keeps configuration; it need not exist."""
    if sys.platform == "win32":
        base = os.environ.get("APPDATA") or str(Path.home() / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Application Support")
    else:
        # The XDG base directory specification has relative paths ignored.
        base = os.environ.get("XDG_CONFIG_HOME", "")
        if not Path(base).is_absolute():
            base = str(Path.home() / ".config")
    return Path(base) / "vqscript"


def _parse(text: str, file: Path) -> Config:
    import tomllib

    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is no valid TOML: {error}", hint='a line is: key = "value"', path=file) from error
    for key in table:
        if key not in KEYS:
            raise _wrong(file, text, key, f'unknown key "{key}"', did_you_mean(key, KEYS))
    user = table.get("user", "")
    if not isinstance(user, str):
        raise _wrong(file, text, "user", "user must be text", 'as in user = "anovicki"')
    repositories = table.get("repositories", {})
    if not isinstance(repositories, dict):
        raise _wrong(
            file, text, "repositories", "repositories must be a table", 'write [repositories], then lab = "URL"'
        )
    for name, url in repositories.items():
        if not isinstance(url, str) or not url.strip():
            raise _wrong(
                file, text, name, f'repository "{name}" must be a path or URL', f'as in {name} = "/data/lab.repo"'
            )
    return Config(user.strip(), MappingProxyType(_urls(repositories)), file)


def _urls(repositories: dict[str, Any]) -> dict[str, str]:
    return {name: url.strip() for name, url in repositories.items()}


def _wrong(file: Path, text: str, key: str, message: str, hint: str) -> ConfigError:
    line = _line_of(key, text)
    place = f"{file}, line {line}" if line else str(file)
    return ConfigError(f"{place}: {message}", hint=hint, path=file, line=line)


def _line_of(key: str, text: str) -> int:
    """Return the 1-based line that sets a key or opens its table, 0 if it is written in another way."""
    name = rf"[\"']?{re.escape(key)}[\"']?"
    pattern = re.compile(rf"\s*(?:{name}\s*[.=]|\[+\s*{name}\s*[.\]])")
    return next((number for number, line in enumerate(text.splitlines(), 1) if pattern.match(line)), 0)


def _login_name() -> str:
    import getpass

    try:
        return getpass.getuser() or "unknown"
    except (OSError, KeyError, ImportError):  # a container without an entry for its user; which error depends on Python
        return "unknown"
