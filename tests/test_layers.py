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
HEAVY = {"numpy", "pydicom", "scipy", "highdicom", "PIL"}
PACKAGE = Path(vqscript.__file__).resolve().parent


def layers() -> list[str]:
    """Return the packages in the order of the table in architecture.md."""
    table = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return [name for name in table if (PACKAGE / name).is_dir()]


def imports(path: Path) -> Iterator[list[str]]:
    """Yield the dotted names that a module imports.

    Those within functions as well, and those for the type checker alone (``if TYPE_CHECKING:``): a layer that knows
    the types of one above it depends on it.
    """
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{path}: a relative import"
            yield from ([*node.module.split("."), alias.name] for alias in node.names)


def test_the_table_of_layers_names_every_package():
    assert set(layers()) == {path.parent.name for path in PACKAGE.glob("*/__init__.py")}


def wrong(layer: str, folder: Path) -> list[str]:
    """Return the imports of a layer's modules that go up or to a peer."""
    order = layers()
    above = set(order[: order.index(layer)]) | (PEERS - {layer} if layer in PEERS else set())
    found = []
    for path in sorted(folder.rglob("*.py")):
        for words in imports(path):
            if (words[0] == "vqscript" and words[1:] and words[1] in above) or (layer == "vq" and words[0] in HEAVY):
                found.append(f"{path.name} imports {'.'.join(words)}")
    return found


@pytest.mark.parametrize("layer", layers())
def test_imports_go_down_the_table_of_layers(layer):
    assert wrong(layer, PACKAGE / layer) == []


def test_what_all_layers_use_knows_none_of_them():
    for path in PACKAGE.glob("*.py"):
        if path.name in ("__init__.py", "__main__.py"):  # they name what is below: for Python, and as the command
            continue
        for words in imports(path):
            assert words[0] != "vqscript" or words[1] not in layers(), f"{path} imports {'.'.join(words)}"


def test_an_import_that_goes_up_is_found(tmp_path):
    (tmp_path / "module.py").write_text(
        "import vqscript.imaging.grid\n"
        "def f():\n    from vqscript.render import panel\n"
        "    if True:\n        import vqscript.host.gate\n"
    )
    assert sorted(wrong("roi", tmp_path)) == [
        "module.py imports vqscript.host.gate",
        "module.py imports vqscript.render.panel",
    ]
