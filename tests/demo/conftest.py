"""One synthetic study as DICOM files, and a plain look at what is inside an organ."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vqscript.demo.anatomy import Ellipsoid
from vqscript.demo.phantom import Scan, make_project
from vqscript.demo.writer import write_ct, write_spect

Inside = Callable[..., np.ndarray]


@pytest.fixture(scope="session")
def scan() -> Scan:
    return make_project(1).scans[0]


@pytest.fixture(scope="session")
def spect_file(scan: Scan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_spect(scan, tmp_path_factory.mktemp("spect"))


@pytest.fixture(scope="session")
def ct_files(scan: Scan, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_ct(scan, tmp_path_factory.mktemp("ct"))


@pytest.fixture(scope="session")
def inside() -> Inside:
    """Which voxels of a grid (size, spacing, origin) are inside an ellipsoid together with their whole surroundings."""

    def voxels(shape: Ellipsoid, size, spacing, origin, margin) -> np.ndarray:
        x, y, z = (origin[i] + spacing[i] * np.arange(size[i]) - shape.center[i] for i in range(3))
        result = np.ones((size[2], size[1], size[0]), dtype=bool)
        for sx in (-1, 1):
            for sy in (-1, 1):
                for sz in (-1, 1):
                    result &= (
                        ((x + sx * margin[0]) / shape.radii[0])[None, None, :] ** 2
                        + ((y + sy * margin[1]) / shape.radii[1])[None, :, None] ** 2
                        + ((z + sz * margin[2]) / shape.radii[2])[:, None, None] ** 2
                    ) <= 1
        return result

    return voxels
