"""Creators as person names and back."""

from __future__ import annotations

import pytest

from vqscript.datapoints.people import from_person_name, to_person_name


@pytest.mark.parametrize(
    ("creator", "name"),
    [("anovicki", "anovicki^"), ("Novicki^Andy", "Novicki^Andy"), ("Andy  Novicki", "Andy Novicki^"), ("", "")],
)
def test_round_trip(creator: str, name: str) -> None:
    assert to_person_name(creator) == name
    assert from_person_name(name) == " ".join(creator.split())


def test_separators_cannot_split_a_name() -> None:
    assert to_person_name("a\\b=c\n") == "a b c^"
    assert len(to_person_name("x" * 100)) == 64


def test_empty_groups_are_no_part_of_a_name() -> None:
    assert from_person_name("Novicki^Andy^^^==") == "Novicki^Andy"
