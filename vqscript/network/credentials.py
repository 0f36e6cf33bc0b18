"""As whom to call a server: from environment variables or the system's keyring, never from a script or a URL."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, field

from vqscript.config import Server
from vqscript.errors import ConfigError


@dataclass(frozen=True)
class Login:
    """What is sent as Authorization; it is not shown, whoever prints this."""

    header: str = field(default="", repr=False)


NOBODY = Login()


def login_of(server: Server) -> Login:
    """Return the credentials that the configuration of a server names.

    Raises
    ------
    ConfigError
        If a variable is not set, the keyring has no such entry, or a value cannot be sent. The value is never shown.
    """
    if server.token_env:
        return _bearer(_variable(server, "token_env"), server)
    if server.keyring:
        secret = _from_keyring(server)
        return _basic(_user(server), secret, server) if _user(server) else _bearer(secret, server)
    if server.password_env:
        return _basic(_user(server), _variable(server, "password_env"), server)
    return NOBODY


def _user(server: Server) -> str:
    return _variable(server, "user_env") if server.user_env else server.user


def _variable(server: Server, key: str) -> str:
    name = getattr(server, key)
    value = os.environ.get(name, "")
    if not value:
        raise ConfigError(
            f'{key} of repository "{server.name}" names the environment variable {name}, which is not set',
            hint=f"set {name} before vqscript starts",
        )
    return value


def _from_keyring(server: Server) -> str:
    try:
        import keyring
        import keyring.errors
    except ImportError as error:
        raise ConfigError(
            f'the credentials of repository "{server.name}" are in the keyring, which needs a package',
            hint='pip install "vqscript[keyring]"',
        ) from error
    user = _user(server)
    try:
        secret = keyring.get_password(server.keyring, user or "token")
    except keyring.errors.KeyringError as error:
        raise ConfigError(
            f'the keyring cannot be opened for repository "{server.name}": {error}',
            hint="on a machine without one, password_env or token_env name environment variables",
        ) from error
    if not secret:
        raise ConfigError(
            f'the keyring has nothing for repository "{server.name}"',
            hint=f"put it there with: keyring set {server.keyring} {user or 'token'}",
        )
    return str(secret)


def _basic(user: str, password: str, server: Server) -> Login:
    if ":" in user:
        raise ConfigError(f'the user of repository "{server.name}" holds a colon, which cannot be sent')
    return Login("Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())


def _bearer(token: str, server: Server) -> Login:
    # A line break would end the header, and begin another one.
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigError(f'the token of repository "{server.name}" holds what cannot be sent: a space or line break')
    return Login(f"Bearer {token}")
