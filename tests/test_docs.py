"""The documentation holds: its scripts run, its commands parse, its links lead somewhere, its names exist.

Blocks of Lua say what they are:

* ``lua run``: a whole script; it runs on the demo's repository,
* ``lua more``: goes on where the page's last script ended (both run, and what the page shows is the end),
* ``lua wrong``: a script that ends with an error,
* ``lua check``: a script full of mistakes, which is checked and never run,
* ``lua batch``: a script for ``vqscript batch``; it is run on every study of the demo,
* ``lua excerpt``: lines of the example; ``-- ...`` stands for what is left out.

``python run`` is a program that runs, ``python`` a piece of one.

A block ``text printed`` right after one is what it printed, or the error it ended with.
"""

from __future__ import annotations

import argparse
import re
import shlex
import shutil
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from vqscript import resources
from vqscript.cli.main import build_parser, main
from vqscript.cli.run import run_script
from vqscript.demo.phantom import make_project
from vqscript.demo.project import PROJECT, build_repository
from vqscript.errors import ScriptError
from vqscript.session.interaction import Prepared
from vqscript.vq import (
    arithmetics,
    catalog,
    controler,
    data_manager,
    main_win,
    min_max_tool,
    repository,
    roi_tool,
    root,
)

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS = ("sh", "powershell")
LUA = ("lua run", "lua more", "lua wrong", "lua check", "lua batch", "lua excerpt")
KNOWN = {*LUA, *COMMANDS, "text printed", "text", "python run", "python", "toml"}
SHELL_WORDS = {"&&", "||", "|", ";", ">"}

FENCE = re.compile(r"^ *```([^\n]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CALL = re.compile(r"`(\w+)[.:](\w+)\b")
OWNERS = {
    "VQ": root.VQ,
    "dm": data_manager.DataManager,
    "mw": main_win.MainWin,
    "mm": min_max_tool.MinMaxTool,
    "ctl": controler.Controler,
    "roi": roi_tool.RoiTool,
    "op": arithmetics.Arithmetics,
    "repository": repository.DicomRepository,
}
"""Which object the pages mean by a variable."""


class Block(NamedTuple):
    """A fenced block: what it says it is, its text, and the line it begins on."""

    info: str
    text: str
    line: int


class Script(NamedTuple):
    """A script of a page, and what the page says it prints."""

    name: str
    code: str
    printed: str | None
    fails: bool


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [Block(m[1].strip(), m[2], text.count("\n", 0, m.start()) + 1) for m in FENCE.finditer(text)]


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def squeezed(text: str) -> str:
    """Return a text with one space between words: tabs of ``print`` become columns on a page."""
    return " ".join(text.split())


def scripts(page: Path) -> Iterator[Script]:
    code = ""
    for block, after in pairwise([*blocks(page), Block("", "", 0)]):
        if block.info == "lua run":
            code = block.text
        elif block.info == "lua more":
            code += block.text
        elif block.info != "lua wrong":
            continue
        printed = after.text if after.info == "text printed" else None
        fails = block.info == "lua wrong"
        yield Script(f"{page.stem}:{block.line}", block.text if fails else code, printed, fails)


ALL_SCRIPTS = [script for page in PAGES for script in scripts(page)]


@pytest.fixture(scope="module")
def demo_repository(tmp_path_factory):
    """The demo's repository; a script that writes into it gets a copy."""
    path = tmp_path_factory.mktemp("docs") / "mice.repo"
    build_repository(make_project(1), path)
    return path


@pytest.mark.parametrize("script", ALL_SCRIPTS, ids=[script.name for script in ALL_SCRIPTS])
def test_a_script_of_the_documentation_does_what_the_page_says(script, demo_repository, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if re.search("submitROIs|setSubject|store", script.code):  # it writes into the repository
        demo_repository = shutil.copytree(demo_repository, tmp_path / "mice.repo")
    path = Path("script.lua")
    path.write_text(script.code, encoding="utf-8")
    printed: list[str] = []

    def run() -> None:
        run_script(
            path,
            repo=str(demo_repository),
            project=PROJECT,
            output=Path("out"),
            args={"organ": "Liver"},
            user="anovicki",
            interaction=Prepared({"Organ": "Liver"}),
            write=printed.append,
        )

    if script.fails:
        with pytest.raises(ScriptError) as error:
            run()
        printed += [str(error.value), *([f"hint: {error.value.hint}"] if error.value.hint else [])]
    else:
        run()
    if script.printed is not None:
        assert squeezed("\n".join(printed)).endswith(squeezed(script.printed))


@pytest.mark.parametrize(
    "block",
    [block for page in PAGES for block in blocks(page) if block.info == "lua batch"],
    ids=lambda block: f"line {block.line}",
)
def test_a_batch_script_of_the_documentation_does_every_study(block, demo_repository, tmp_path, capsys):
    path = tmp_path / "quantify.lua"
    path.write_text(block.text, encoding="utf-8")
    assert main(["batch", str(path), "--repo", str(demo_repository), "--output", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.startswith("8 done; ")
    assert len((tmp_path / "out" / "results.csv").read_text(encoding="utf-8").splitlines()) > 8


def test_the_python_of_the_documentation_runs(demo_repository, tmp_path, monkeypatch, capsys):
    shutil.copytree(demo_repository, tmp_path / "vqscript-demo" / "mice.repo")
    monkeypatch.chdir(tmp_path)
    (code,) = (block.text for page in PAGES for block in blocks(page) if block.info == "python run")
    exec(code, {})
    assert capsys.readouterr().out.startswith("HU (-1024.0, ")
    assert (tmp_path / "out" / "ct.png").is_file()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_says_what_it_is(page):
    assert {block.info for block in blocks(page)} <= KNOWN
    for before, block in pairwise(blocks(page)):
        if block.info == "text printed":
            assert block.text.strip()
            assert before.info.startswith("lua"), f"{page.name}:{block.line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_excerpt_stands_in_the_example(page):
    example = resources.example("percent_id_per_gram.lua").read_text(encoding="utf-8")
    lines = "\n".join(line.strip() for line in example.splitlines())
    for block in blocks(page):
        if block.info == "lua excerpt":
            for part in re.split(r"^\s*-- \.\.\.\n", textwrap.dedent(block.text), flags=re.MULTILINE):
                assert "\n".join(line.strip() for line in part.strip().splitlines()) in lines, f"{page.name}: {part}"


# ---- commands ----------------------------------------------------------------------------------------


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the words after each ``vqscript`` in blocks of commands."""
    for block in blocks(page):
        if block.info not in COMMANDS:
            continue
        for line in block.text.replace("\\\n", " ").replace("`\n", " ").splitlines():
            words = [word.replace("\0", "\\") for word in shlex.split(line.replace("\\", "\0"), comments=True)]
            for start in (i for i, word in enumerate(words) if word == "vqscript"):
                ends = (i for i in range(start, len(words)) if words[i] in SHELL_WORDS)
                yield words[start + 1 : next(ends, len(words))]


ALL_COMMANDS = [words for page in PAGES for words in commands(page)]


@pytest.mark.parametrize("words", ALL_COMMANDS, ids=[" ".join(words) for words in ALL_COMMANDS])
def test_every_command_of_the_documentation_is_understood(words, capsys):
    try:
        build_parser().parse_args(words)
    except SystemExit as end:
        assert end.code == 0, capsys.readouterr().err


def subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    return next((a.choices for a in parser._actions if isinstance(a, argparse._SubParsersAction)), {})


def all_flags(parser: argparse.ArgumentParser) -> set[str]:
    found = set(parser._option_string_actions)
    return found.union(*(all_flags(below) for below in subparsers(parser).values()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_and_flag_that_the_text_names_exists(page):
    for span in re.findall(r"`([^`\n]+)`", prose(page)):
        words = span.split()
        if words[0] == "vqscript" and len(words) > 1:
            parser, rest = build_parser(), words[1:]
            while rest and subparsers(parser) and not rest[0].startswith("-"):
                assert rest[0] in subparsers(parser), f"{page.name}: {span}"
                parser, rest = subparsers(parser)[rest[0]], rest[1:]
            flags = {word for word in rest if word.startswith("--")}
            assert flags <= set(parser._option_string_actions), f"{page.name}: {span}"
        elif words[0].startswith("--") and len(words[0]) > 2:
            assert words[0].partition("=")[0] in all_flags(build_parser()), f"{page.name}: {span}"


# ---- names and links ---------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_method_that_the_text_names_exists(page):
    ipacs = (resources.stdlib() / "ipacs.lua").read_text(encoding="utf-8")
    in_lua = set(re.findall(r"function methods\.(\w+)", ipacs)) | set(re.findall(r"^    (\w+) = ", ipacs, re.MULTILINE))
    for owner, name in CALL.findall(prose(page)):
        if owner == "repo":
            assert name in in_lua, f"{page.name}: repo:{name}"
        elif owner in OWNERS:
            known = {*catalog.members(OWNERS[owner]), *catalog.fields(OWNERS[owner])}
            assert name in known, f"{page.name}: {owner}:{name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    for target in LINK.findall(prose(page)):
        if re.match(r"https?://", target):
            continue
        file, _, anchor = target.partition("#")
        there = page if not file else (page.parent / file).resolve()
        assert there.exists(), f"{page.name} links to {target}"
        assert there.is_relative_to(ROOT)
        if anchor:
            headings = re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", heading.casefold()).replace(" ", "-") for heading in headings}
            assert anchor in slugs, f"{page.name} links to {target}"


def test_the_readmes_test_command_is_what_is_run_before_a_change_lands():
    command = 'pip install ".[test]" && pytest'
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert any(command in block.text for block in blocks(ROOT / "README.md") if block.info == "sh")


def test_pictures_are_small_and_none_is_left_over():
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    for picture in (ROOT / "docs" / "images").iterdir():
        assert picture.stat().st_size < 300_000
        assert picture.name in text
