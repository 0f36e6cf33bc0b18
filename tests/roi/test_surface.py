"""Surface, mesh volume and diameter against other ways to the same numbers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from vqscript.imaging.grid import Grid
from vqscript.roi.diameter import max_diameter
from vqscript.roi.surface import CORNERS, surface

SHEAR = np.array([[1, 0, 0], [0, 1, 0.3], [0, 0, 0.9539392014169456]])
ISOTROPIC = Grid((50, 50, 50))
GRIDS = [ISOTROPIC, Grid((9, 9, 9), (0.7, 1.5, 4.0)), Grid((9, 9, 9), (2.0, 1.0, 3.0), direction=SHEAR)]


def one_voxel(grid: Grid) -> np.ndarray:
    """Vertices of the octahedron around a voxel."""
    return np.concatenate([grid.affine[:3, :3].T / 2, -grid.affine[:3, :3].T / 2])


@pytest.mark.parametrize("grid", GRIDS)
def test_a_voxel_is_an_octahedron(grid):
    found = surface(np.ones((1, 1, 1), bool), grid)
    x, y, z = grid.affine[:3, :3].T / 2
    area = sum(
        np.linalg.norm(np.cross(b * y - a * x, c * z - a * x)) / 2 for a, b, c in itertools.product((1, -1), repeat=3)
    )
    assert found.area == pytest.approx(area)
    assert found.volume == pytest.approx(grid.voxel_volume / 6)
    assert max_diameter(np.ones((1, 1, 1), bool), grid) == pytest.approx(pdist(one_voxel(grid)).max())


@pytest.mark.parametrize("grid", GRIDS)
def test_a_box_has_its_corners_and_edges_cut(grid):
    """Faces reach half a voxel beyond the centres; at each edge a triangle of an eighth of a voxel is missing."""
    nx, ny, nz = 5, 4, 3
    found = surface(np.ones((nz, ny, nx), bool), grid)
    edges = 4 * ((nx - 1) + (ny - 1) + (nz - 1)) / 8
    corners = 8 * (1 / 8 - 1 / 48)
    assert found.volume / grid.voxel_volume == pytest.approx(nx * ny * nz - edges - corners)


def test_a_plate_of_one_voxel_is_counted_exactly():
    """Opposite faces of 3 x 3 voxels, one voxel apart, with slanted sides."""
    found = surface(np.ones((1, 4, 4), bool), ISOTROPIC)
    sides = 4 * 3 * 2 * np.sqrt(0.5)  # above and below, on three voxels of each side
    corners = 4 * 2 * np.sqrt(3) / 8
    assert found.area == pytest.approx(2 * 9 + sides + corners)
    assert found.volume == pytest.approx(9 + 4 * 3 * 0.25 + 4 / 24)


@pytest.mark.parametrize("radius", [6.0, 12.3, 20.0])
def test_a_ball(radius):
    """The voxels of a ball have more surface than it, as all meshes of masks do; the volume is right."""
    index = np.indices((45, 45, 45)) - 22.0
    found = surface((index**2).sum(axis=0) <= radius**2, ISOTROPIC)
    assert found.volume == pytest.approx(4 / 3 * np.pi * radius**3, rel=0.02)
    assert 1.0 < found.area / (4 * np.pi * radius**2) < 1.12


def test_a_hole_has_a_surface_too():
    solid = np.ones((7, 7, 7), bool)
    hollow = solid.copy()
    hollow[3, 3, 3] = False
    with_hole, without = surface(hollow, ISOTROPIC), surface(solid, ISOTROPIC)
    voxel = surface(np.ones((1, 1, 1), bool), ISOTROPIC)
    assert with_hole.area - without.area == pytest.approx(voxel.area)
    assert without.volume - with_hole.volume == pytest.approx(voxel.volume)


def test_it_does_not_depend_on_how_the_mask_lies():
    mask = np.random.default_rng(2).random((8, 8, 8)) < 0.5
    expected = surface(mask, ISOTROPIC)
    for order in itertools.permutations(range(3)):
        for flips in itertools.product((1, -1), repeat=3):
            turned = mask.transpose(order)[:: flips[0], :: flips[1], :: flips[2]]
            assert surface(turned, ISOTROPIC) == pytest.approx(expected)


def test_it_is_that_of_a_mesh_made_cube_by_cube():
    """By the divergence theorem the triangles of a mask give its volume, laid out one by one: the mesh is closed."""
    from vqscript.roi.surface import _cases

    mask = np.pad(np.random.default_rng(4).random((5, 6, 7)) < 0.5, 1)
    cases = _cases()
    area = volume = 0.0
    for z, y, x in np.ndindex(tuple(n - 1 for n in mask.shape)):
        case = sum(int(mask[z + c, y + b, x + a]) << n for n, (a, b, c) in enumerate(CORNERS))
        chosen = cases.case == case
        triangles, share = cases.triangles[chosen] + (x, y, z), cases.share[chosen]
        area += (np.linalg.norm(np.cross(*np.diff(triangles, axis=1).swapaxes(0, 1)), axis=1) / 2) @ share
        volume += np.linalg.det(triangles) @ share / 6
    found = surface(mask, ISOTROPIC)
    assert (found.area, found.volume) == pytest.approx((area, volume))


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("share", [0.02, 0.3])
def test_the_diameter_is_the_largest_of_all_distances(grid, share):
    mask = np.random.default_rng(6).random((7, 8, 6)) < share
    padded = np.pad(mask, 1)
    vertices = []
    for axis in range(3):
        between = np.argwhere(np.diff(padded.astype(int), axis=axis) != 0).astype(float)
        between[:, axis] += 0.5
        vertices.append(between)
    points = np.concatenate(vertices)[:, ::-1] @ grid.affine[:3, :3].T
    assert max_diameter(mask, grid) == pytest.approx(pdist(points).max())


def test_many_distances_are_computed_in_parts(monkeypatch):
    mask = np.ones((3, 4, 5), bool)
    whole = max_diameter(mask, ISOTROPIC)
    monkeypatch.setattr("vqscript.roi.diameter._PAIRS", 1)
    assert max_diameter(mask, ISOTROPIC) == whole
