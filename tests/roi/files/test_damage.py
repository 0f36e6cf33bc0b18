"""Damaged files of every format: an error that names the file, or the ROIs that can still be read."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from vqscript.errors import VqError
from vqscript.imaging.grid import Grid
from vqscript.roi.files import load, nifti, rmha
from vqscript.roi.files.rtstruct import write_structures
from vqscript.roi.files.seg import write_rois
from vqscript.roi.roiset import RoiSet

GRID = Grid((20, 16, 9), (0.9, 1.1, 2.5), (-10.3, 4.7, 100.1), frame_of_reference="1.2.3")
TIMES = 60


@pytest.fixture(params=["rmha", "seg", "rtstruct", "nii", "nii.gz", "tsv"])
def whole(request, image, draw, save, tmp_path) -> tuple[Path, Path]:
    """A file of each format, and the one to load."""
    rois: RoiSet = draw(GRID)
    if request.param == "seg":
        path = save(write_rois(rois, image(GRID), creator="a"))
    elif request.param == "rtstruct":
        for name in ("Noise", "Corners"):
            rois.remove(rois.find(name))
        path = save(write_structures(rois, image(GRID), creator="a"))
    elif request.param == "rmha":
        path = rmha.write(rois, tmp_path / "rois.rmha")[0]
    else:
        first, *_, table = nifti.write(rois, tmp_path / f"rois.{request.param.replace('tsv', 'nii')}")
        return (table, first) if request.param == "tsv" else (first, first)
    return path, path


def flip(content: bytearray, chance: random.Random) -> bytearray:
    for _ in range(chance.choice((1, 1, 2, 8))):
        # More often in the header than in the voxels, which are whatever they are.
        place = chance.randrange(len(content) if chance.random() < 0.5 else min(len(content), 3000))
        content[place] = chance.choice((0, 0xFF, content[place] ^ 1 << chance.randrange(8), chance.randrange(256)))
    return content


def cut(content: bytearray, chance: random.Random) -> bytearray:
    return content[: chance.randrange(len(content))]


def remove(content: bytearray, chance: random.Random) -> bytearray:
    place = chance.randrange(len(content))
    del content[place : place + chance.choice((1, 2, 7, 200))]
    return content


def repeat(content: bytearray, chance: random.Random) -> bytearray:
    place = chance.randrange(len(content))
    content[place:place] = content[max(0, place - chance.choice((1, 4, 100))) : place]
    return content


@pytest.mark.parametrize("damage", [flip, cut, remove, repeat])
def test_errors_name_the_file(whole: tuple[Path, Path], damage: Callable[..., bytearray]) -> None:
    damaged, path = whole
    content = damaged.read_bytes()
    chance = random.Random(f"{damaged.name} {damage.__name__}")
    refused = 0
    for _ in range(TIMES):
        damaged.write_bytes(damage(bytearray(content), chance))
        try:
            rois, notes = load(path, GRID, force=chance.random() < 0.5)
        except VqError as error:
            refused += 1
            assert "rois" in str(error)
        else:
            assert rois.grid is GRID
            assert len(set(rois.names)) == len(rois)
            assert all(isinstance(note, str) for note in notes)
    assert refused > 0 or damaged.suffix == ".tsv"


HUGE = "DimSize = 2147483647 2147483647 2147483647", "DimSize = 65536 65536 32767", "DimSize = 1e9 1 1"


@pytest.mark.parametrize("line", HUGE)
def test_an_rmha_header_that_lies_about_its_size_takes_no_memory(line: str, tmp_path: Path, draw) -> None:
    import tracemalloc

    (path, *_) = rmha.write(draw(GRID), tmp_path / "rois.rmha")
    content = path.read_bytes()
    assert content.count(b"DimSize = 20 16 9") == 1
    path.write_bytes(content.replace(b"DimSize = 20 16 9", line.encode()))
    tracemalloc.start()
    try:
        with pytest.raises(VqError, match=r"rois\.rmha: no \.rmha file that can be read"):
            load(path, GRID)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
