"""Names of ROIs: what the labels in files become."""

from __future__ import annotations

from collections.abc import Container, Iterable


def roi_name(label: str) -> str:
    """Return a label as the name of an ROI: what is printable of it, "ROI" where that is nothing."""
    return "".join(character for character in label if character.isprintable()).strip() or "ROI"


def free_name(name: str, taken: Container[str]) -> str:
    """Return a name, or "Name (2)", "Name (3)" ... if it is taken."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    return free


def unique_names(labels: Iterable[str]) -> list[str]:
    """Return labels as names of ROIs, each of which is there once."""
    names: dict[str, None] = {}
    for label in labels:
        names[free_name(roi_name(label), names)] = None
    return list(names)
