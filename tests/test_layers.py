"""Imports go down the table of layers in docs/architecture.md, and nowhere else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import vqscript

PEERS = {"render", "roi", "repository"}
"""Layers of one height, which do not import each other."""

PAGE = Path(__file__).resolve().parent.parent / "docs" / "architecture.md"
HEAVY = {"numpy", "pydicom", "scipy"}
PACKAGE = Path(vqscript.__file__).resolve().parent


def layers() -> list[str]:
    """Return the packages in the order of the table in architecture.md."""
    table = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return [name for name in table if (PACKAGE / name).is_dir()]


def imports(path: Path) -> Iterator[list[str]]:
    """Yield the dotted names that a module imports, those within functions and for type checking as well."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{path}: a relative import"
            yield from ([*node.module.split("."), alias.name] for alias in node.names)


def test_the_table_of_layers_names_every_package():
    assert set(layers()) == {path.parent.name for path in PACKAGE.glob("*/__init__.py")}


@pytest.mark.parametrize("layer", layers())
def test_imports_go_down_the_table_of_layers(layer):
    order = layers()
    above = set(order[: order.index(layer)]) | (PEERS - {layer} if layer in PEERS else set())
    for path in (PACKAGE / layer).rglob("*.py"):
        for words in imports(path):
            if words[0] == "vqscript" and len(words) > 1:
                assert words[1] not in above, f"{path} imports {'.'.join(words)}"
            assert layer != "vq" or words[0] not in HEAVY, f"{path} imports {words[0]}"
