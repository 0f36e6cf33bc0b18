"""What all tests share: where the real studies are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def data() -> Path:
    """Folder of real studies; tests that use it are skipped where it is absent."""
    folder = Path(os.environ.get("VQSCRIPT_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / "sts").is_dir():
        pytest.skip(f"needs the real studies: no {folder} (set VQSCRIPT_TEST_DATA)")
    return folder
