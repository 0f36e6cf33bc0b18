"""As whom to call a server: from environment variables or the system's keyring, never from a script or a URL."""

from __future__ import annotations

import base64
import ipaddress
import logging
import os
from dataclasses import dataclass, field
from functools import cache

from vqscript.config import Server
from vqscript.errors import ConfigError


@dataclass(frozen=True)
class Login:
    """What is sent as Authorization; it is not shown, whoever prints this.

    Attributes
    ----------
    header : str
    source : str
        Where it is from, for messages.
    """

    header: str = field(default="", repr=False)
    source: str = ""


NOBODY = Login()


def login_of(server: Server) -> Login:
    """Return the credentials that the configuration of a server names.

    Raises
    ------
    ConfigError
        If a variable is not set, the keyring has no such entry, or a value cannot be sent. The value is never shown.
    """
    if server.token_env:
        source = f"the environment variable {server.token_env}"
        return Login(_bearer(_variable(server, "token_env"), server), source)
    user = _user(server)
    if server.keyring:
        secret, source = _from_keyring(server, user), f'the keyring, service "{server.keyring}"'
        return Login(_basic(user, secret, server) if user else _bearer(secret, server), source)
    if server.password_env:
        source = f"the environment variable {server.password_env}"
        return Login(_basic(user, _variable(server, "password_env"), server), source)
    return NOBODY


@cache
def warn_of_plain_http(name: str, host: str) -> None:
    """Warn, once for each server, that credentials go over the network where everybody on the way can read them."""
    if is_loopback(host):
        return
    logging.getLogger("vqscript").warning(
        "%s: the credentials go to %s over http, where everybody on the way can read them; https hides them", name, host
    )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, whose network nobody else reads."""
    try:
        return host.casefold() == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


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


def _from_keyring(server: Server, user: str) -> str:
    try:
        import keyring
        import keyring.errors
    except ImportError as error:
        raise ConfigError(
            f'the credentials of repository "{server.name}" are in the keyring, which needs a package',
            hint='pip install "vqscript[keyring]"',
        ) from error
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


def _basic(user: str, password: str, server: Server) -> str:
    if ":" in user:
        raise ConfigError(f'the user of repository "{server.name}" holds a colon, which cannot be sent')
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _bearer(token: str, server: Server) -> str:
    # A line break would end the header, and begin another one.
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigError(f'the token of repository "{server.name}" holds what cannot be sent: a space or line break')
    return f"Bearer {token}"
