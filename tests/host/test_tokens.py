"""Lua's tokens."""

from __future__ import annotations

import pytest

from vqscript.host.tokens import tokens


def kinds(text: str) -> list[tuple[str, str]]:
    return [(token.kind, token.text) for token in tokens(text, comments=True)]


def test_words_of_a_line():
    assert kinds("local n = dm:size() -- inputs") == [
        ("keyword", "local"),
        ("name", "n"),
        ("mark", "="),
        ("name", "dm"),
        ("mark", ":"),
        ("name", "size"),
        ("mark", "("),
        ("mark", ")"),
        ("comment", "-- inputs"),
    ]


@pytest.mark.parametrize("number", ["7", "3.5", ".5", "1e5", "1.5E-3", "0xFF", "0x1p4", "5."])
def test_numbers_are_one_word(number):
    assert kinds(f"x={number}") == [("name", "x"), ("mark", "="), ("number", number)]


@pytest.mark.parametrize("mark", ["...", "..", "==", "~=", "<=", ">=", "//", "<<", ">>", "::", "#", "~", "%"])
def test_marks_of_several_characters_are_one(mark):
    assert kinds(f"a {mark} b")[1] == ("mark", mark)


@pytest.mark.parametrize(
    "text",
    ['"a"', "'a'", r'"a\"b"', '"a -- b"', "[[a\nb]]", "[==[a ]] b]==]", '"a\\\nb"', '"a\\z   \n  b"', '"µ"'],
)
def test_a_string_is_one_word(text):
    (token,) = tokens(text)
    assert (token.kind, token.text, token.open) == ("string", text, False)


@pytest.mark.parametrize("text", ['"a', "'a", '"a\\"', "[[a\nb", "[==[a ]]", "--[[ a", "--[=[ a ]]"])
def test_a_string_or_comment_without_its_end_is_open(text):
    (token,) = tokens(text, comments=True)
    assert token.text == text
    assert token.open


def test_an_open_string_ends_with_its_line():
    assert kinds('"a\nb') == [("string", '"a'), ("name", "b")]


def test_comments_hide_what_they_hold():
    text = "--[[ 'a\n]] x --[==[ ]] ]==] y -- 'z"
    assert [token.text for token in tokens(text)] == ["x", "y"]
