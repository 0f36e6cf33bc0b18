"""Lua's tokens: for what has to be known of a text before Lua runs it, and for its colours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, cast

KEYWORDS = frozenset(
    (
        *("and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local"),
        *("nil", "not", "or", "repeat", "return", "then", "true", "until", "while"),
    )
)

Kind = Literal["comment", "string", "number", "keyword", "name", "mark"]

_TOKEN = re.compile(
    r"""
      (?P<comment> --\[(?P<c>=*)\[ .*? (?: \](?P=c)\] | \Z ) | --[^\n]* )
    | (?P<string> \[(?P<s>=*)\[ .*? (?: \](?P=s)\] | \Z )
                | " (?: \\z\s* | \\. | [^"\\\n] )* "?
                | ' (?: \\z\s* | \\. | [^'\\\n] )* '? )
    | (?P<number> 0[xX][0-9a-fA-F.]+ (?: [pP][+-]?\d+ )?
                | (?: \d+\.?\d* | \.\d+ ) (?: [eE][+-]?\d+ )? )
    | (?P<name> [A-Za-z_][A-Za-z0-9_]* )
    | (?P<mark> \.\.\.? | :: | << | >> | // | [=~<>]= | \S )
    """,
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    """A word of Lua.

    Attributes
    ----------
    kind : str
        ``comment``, ``string``, ``number``, ``keyword``, ``name``, or ``mark`` for everything else.
    text : str
    start : int
        Where it begins in the text.
    """

    kind: Kind
    text: str
    start: int

    @property
    def end(self) -> int:
        """Where what follows begins."""
        return self.start + len(self.text)

    @property
    def open(self) -> bool:
        """Whether a string or comment still lacks its end."""
        if self.text.startswith(("--[", "[")) and self.kind in ("comment", "string"):
            long = re.match(r"(?:--)?\[(=*)\[", self.text)
            return long is not None and not self.text.endswith(f"]{long[1]}]")
        if self.kind == "string":
            return re.fullmatch(r"(['\"])(?:\\z\s*|\\.|(?!\1)[^\\\n])*\1", self.text, re.DOTALL) is None
        return False


def tokens(text: str, *, comments: bool = False) -> Iterator[Token]:
    """Yield the tokens of a text, which need not be whole or right: what is open ends with the line or the text."""
    for match in _TOKEN.finditer(text):
        kind = cast(Kind, match.lastgroup)
        if kind == "name" and match[0] in KEYWORDS:
            kind = "keyword"
        if comments or kind != "comment":
            yield Token(kind, match[0], match.start())
