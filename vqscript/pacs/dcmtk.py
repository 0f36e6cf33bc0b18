"""The lines with which DCMTK would do the same: to look at and to compare with, never run by us."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence

from vqscript.network.dimse.address import Address
from vqscript.network.peer import Level


def echo(address: Address) -> str:
    """Return the line of ``echoscu``."""
    return _line("echoscu", address)


def find(address: Address, level: Level, keys: Mapping[str, str], wanted: Iterable[str]) -> str:
    """Return the line of ``findscu``."""
    asked = {**dict.fromkeys(wanted, ""), **keys}
    return _line("findscu", address, "-S", *_keys(level, asked))


def get(address: Address, level: Level, keys: Mapping[str, str], folder: str) -> str:
    """Return the line of ``getscu``."""
    return _line("getscu", address, "-S", "+B", "-od", folder, *_keys(level, keys))


def move(address: Address, level: Level, keys: Mapping[str, str], to: str) -> str:
    """Return the line of ``movescu``."""
    return _line("movescu", address, "-S", "-aem", to, *_keys(level, keys))


def store(address: Address, paths: Sequence[str]) -> str:
    """Return the line of ``storescu``."""
    return f"{_line('storescu', address, '+sd', '+r')} {shlex.join(paths)}"


def _keys(level: Level, keys: Mapping[str, str]) -> list[str]:
    words = ["-k", f"QueryRetrieveLevel={level}"]
    for keyword, value in keys.items():
        words += ["-k", f"{keyword}={value}"]
    return words


def _line(program: str, address: Address, *words: str) -> str:
    secure = ["+tla"] if address.tls else []
    if address.tls and address.tls.certificate:
        secure = ["+tls", str(address.tls.key or address.tls.certificate), str(address.tls.certificate)]
    if address.tls and address.tls.ca:
        secure += ["+cf", str(address.tls.ca)]
    titles = ["-aet", address.calling, "-aec", address.called]
    return shlex.join([program, *titles, *secure, *words, address.host, str(address.port)])
