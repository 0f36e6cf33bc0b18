"""Answers of several parts, in whatever pieces they arrive, and however they are malformed."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqscript.network.multipart import Malformed, boundary_of, join, parts

BOUNDARY = b"x-y_z"


def taken(body: bytes, block: int = 7, **limits: int) -> list[bytes]:
    return list(parts(io.BytesIO(body).read, BOUNDARY, block=block, **limits))


def written(bodies: list[bytes]) -> bytes:
    length, content = join(((len(body), [body]) for body in bodies), BOUNDARY)
    text = b"".join(content)
    assert len(text) == length
    return text


@given(st.lists(st.binary(max_size=200).filter(lambda body: b"--" + BOUNDARY not in body)), st.integers(1, 300))
def test_what_is_joined_comes_apart_again(bodies: list[bytes], block: int) -> None:
    assert taken(written(bodies), block) == bodies


def test_heads_of_all_kinds() -> None:
    body = (
        b"preamble\r\n--x-y_z\r\nContent-Type: application/dicom\r\nContent-Length: 3\r\n\r\nabc\r\n"
        b"--x-y_z  \r\n\r\nno head\r\n--x-y_z--"
    )
    for block in range(1, len(body)):
        assert taken(body, block) == [b"abc", b"no head"]
    assert taken(b"--x-y_z--\r\nepilogue") == []


@given(st.binary(max_size=60))
def test_what_is_cut_short_is_never_taken_for_whole(noise: bytes) -> None:
    whole = written([b"first", b"second"])
    for end in range(len(whole) - 4):
        with pytest.raises(Malformed):
            taken(whole[:end])
    if b"--" + BOUNDARY not in noise:
        with pytest.raises(Malformed):
            taken(noise)


def test_lengths_are_bounded() -> None:
    with pytest.raises(Malformed, match="within 100 bytes"):
        taken(written([bytes(101)]), block=10, max_part=100)
    assert taken(written([bytes(100)]), block=10, max_part=100) == [bytes(100)]
    with pytest.raises(Malformed, match="head"):
        taken(b"--x-y_z\r\n" + b"a" * 20000, block=1000)
    with pytest.raises(Malformed, match="first boundary"):
        taken(b"a" * 20000, block=1000)


def test_the_boundary() -> None:
    assert boundary_of('multipart/related; type="application/dicom"; boundary=abc') == b"abc"
    assert boundary_of('Multipart/Related; boundary="a b;c"; x=y') == b"a b;c"
    for wrong in ("application/json", "multipart/related", ""):
        with pytest.raises(Malformed):
            boundary_of(wrong)
