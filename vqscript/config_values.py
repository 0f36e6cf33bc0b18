"""Values of a configuration: taken if they can be, else noted with their line and left at their default."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vqscript.charsets import TERMS, unknown_term
from vqscript.config_lines import line_of
from vqscript.config_urls import AE_TITLE
from vqscript.errors import did_you_mean

NO_SECRETS = (
    'secrets do not belong here: user_env and password_env, or token_env, name environment variables; keyring = "NAME" '
    "names a service of the system's keyring"
)
SECRETS = ("password", "token", "secret")

_BYTES = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)\s*([KMGT]B)?", re.IGNORECASE)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
LONGEST = 86400 * 7
"""Seconds that anybody would wait."""

Place = tuple[str, ...]
"""Names from the outside in, as :func:`~vqscript.config_lines.line_of` takes them."""


@dataclass(frozen=True)
class Finding:
    """A fault of the file: its 1-based line (0 if it cannot be told), what is wrong, and the way out."""

    line: int
    message: str
    hint: str = ""


class Values:
    """Reads values of tables.

    Parameters
    ----------
    text : str
        The file, for the lines.
    folder : Path
        Where relative paths start.

    Attributes
    ----------
    findings : list of Finding
        What was wrong so far.
    """

    def __init__(self, text: str, folder: Path) -> None:
        self._text = text
        self._folder = folder
        self.findings: list[Finding] = []

    def table(self, table: Mapping[str, Any], key: str, hint: str) -> dict[str, Any]:
        """Return a table, empty if it is not there."""
        value = table.get(key, {})
        if isinstance(value, dict):
            return value
        self.wrong((key,), f"{key} must be a table", hint)
        return {}

    def text(self, table: Mapping[str, Any], key: str, place: Place, hint: str, *, empty: bool = False) -> str:
        """Return a text without spaces around it, "" if it is not there; ``empty`` says whether it may be so."""
        value = table.get(key, "")
        fault = "must be text" if not isinstance(value, str) else ""
        if not fault and key in table and not (value.strip() or empty):
            fault = "is empty"
        if not fault and not value.isprintable():
            fault = "holds a line break or another character that cannot be seen"
        if fault:
            self.wrong((*place, key), f"{key} {fault}", hint)
        return "" if fault else value.strip()

    def path(self, table: Mapping[str, Any], key: str, place: Place) -> Path | None:
        """Return a path, None if it is not there; a relative one starts at the file."""
        text = self.text(table, key, place, f'as in {key} = "/data/{key}"')
        return self.place(text, (*place, key)) if text else None

    def place(self, text: str, place: Place) -> Path | None:
        """Return the path that a text is."""
        try:
            return self._folder / Path(text).expanduser()
        except RuntimeError as error:  # "~nobody"
            self.wrong(place, f'"{text}" is no path: {error}', "write the whole path")
            return None

    def aet(self, table: Mapping[str, Any], place: Place) -> str:
        """Return the AE title, "" if it is not there."""
        text = self.text(table, "aet", place, 'as in aet = "VQ"')
        if text and not AE_TITLE.fullmatch(text):
            self.wrong((*place, "aet"), f'"{text}" is no AE title', "1 to 16 ASCII characters, no backslash")
            return ""
        return text

    def port(self, table: Mapping[str, Any], place: Place) -> int:
        """Return the port, 0 if it is not there."""
        value = table.get("port", 0)
        if "port" in table and (type(value) is not int or not 0 < value < 65536):
            self.wrong((*place, "port"), "port must be a number from 1 to 65535", "as in port = 104")
            return 0
        return int(value)

    def seconds(self, table: Mapping[str, Any], key: str, place: Place) -> float | None:
        """Return seconds, None if they are not there."""
        if key not in table:
            return None
        value = table[key]
        if type(value) not in (int, float) or not 0 < value < LONGEST:
            self.wrong((*place, key), f"{key} must be a number of seconds, more than 0", f"as in {key} = 60")
            return None
        return float(value)

    def size(self, table: Mapping[str, Any], key: str, place: Place) -> int:
        """Return bytes, 0 if they are not there."""
        if key not in table:
            return 0
        value = table[key]
        match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
        size = value if type(value) is int else int(float(match[1]) * _BYTES[(match[2] or "").upper()]) if match else 0
        if size <= 0:
            what = "a number of bytes, or text with a unit: KB, MB, GB, TB"
            self.wrong((*place, key), f"{key} must be {what}", f'as in {key} = "20 GB"')
        return size

    def charset(self, table: Mapping[str, Any], place: Place) -> str:
        """Return a SpecificCharacterSet, "" if it is not there."""
        text = self.text(table, "charset", place, 'as in charset = "ISO_IR 100"', empty=True)
        term = unknown_term(text)
        if term is None:
            return text
        hint = did_you_mean(term, TERMS, limit=0) or f"DICOM has {', '.join(TERMS)}"
        self.wrong((*place, "charset"), f'"{term}" is no character set of DICOM', hint)
        return ""

    def variable(self, table: Mapping[str, Any], key: str, place: Place) -> str:
        """Return the name of an environment variable, "" if it is not there."""
        text = self.text(table, key, place, f'as in {key} = "CLINIC_{key.partition("_")[0].upper()}"')
        if text and not _VARIABLE.fullmatch(text):
            # Not shown: it may be the secret itself.
            hint = "it is the name of the variable that holds the secret, of letters, digits and _"
            self.wrong((*place, key), f"{key} is no name of an environment variable", hint)
            return ""
        return text

    def known(self, table: Mapping[str, Any], keys: Collection[str], place: Place) -> None:
        """Note the keys that are none."""
        for key in table:
            if key not in keys:
                usual = did_you_mean(key, keys) or f"known: {', '.join(keys)}"
                hint = NO_SECRETS if place[:1] == ("repositories",) and key in SECRETS else usual
                self.wrong((*place, key), f'unknown key "{key}"', hint)

    def wrong(self, place: Place, message: str, hint: str) -> None:
        """Note a fault."""
        self.findings.append(Finding(line_of(self._text, place), message, hint))
