"""The reference pages are those that the handbook makes, and their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vqscript.host.handbook import Handbook
from vqscript.host.handbook.finding import functions
from vqscript.host.handbook.reference import pages, write

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "reference"
PAGES = pages(Handbook.load())


def test_the_pages_are_up_to_date():
    """If not: python -m vqscript.host.handbook.reference docs/reference."""
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    assert [name for name in PAGES if there.get(name) != PAGES[name]] == []
    assert set(there) == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_to_a_page_and_a_heading(name):
    for target in re.findall(r"\]\(([^)]*)\)", re.sub(r"```.*?```", "", PAGES[name], flags=re.DOTALL)):
        page, _, anchor = target.partition("#")
        assert not anchor or anchor in anchors(PAGES[page or name]), target


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_function_is_told_with_its_example():
    everything = "\n".join(PAGES.values())
    for entry in functions(Handbook.load()):
        assert f"**`{entry.signature}`**" in everything
        assert entry.example in everything


def test_writing_removes_pages_of_what_is_no_more(tmp_path):
    (tmp_path / "gone.md").write_text("old")
    write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(PAGES)


def test_tables_keep_their_columns():
    for text in PAGES.values():
        for table in re.findall(r"(?:^\|.*\n)+", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE):
            columns = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
            assert len(columns) == 1, table
