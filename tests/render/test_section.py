import numpy as np
import pytest

from vqscript.imaging.grid import Grid
from vqscript.render.section import CORONAL, SAGITTAL, TRANSVERSE, Section, anatomical_axes

VIEWS = [TRANSVERSE, CORONAL, SAGITTAL]


def test_letters_are_radiological():
    assert TRANSVERSE.edges == ("R", "L", "A", "P")
    assert CORONAL.edges == ("R", "L", "S", "I")
    assert SAGITTAL.edges == ("A", "P", "S", "I")


def test_an_oblique_grid_still_gets_three_axes():
    angle = np.radians(45)
    turned = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    axes, _ = anatomical_axes(Grid((4, 4, 4), direction=turned))
    assert sorted(axes) == [0, 1, 2]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_columns_run_right_and_rows_run_down(phantom, direction, view):
    grid = phantom.grid(direction, (2.0, 4.0, 5.0))
    section = Section.of(grid, view)
    z, y, x = np.indices(grid.shape)
    world = grid.to_world(np.stack([x, y, z], axis=-1))
    region = section.region(3)
    (across, right), (along, down) = view.columns, view.rows
    columns = section.picture(world[region][..., across])
    rows = section.picture(world[region][..., along])
    assert (np.diff(columns, axis=1) * right > 0).all()
    assert (np.diff(rows, axis=0) * down > 0).all()
    assert np.ptp(world[region][..., view.normal]) == pytest.approx(0, abs=1e-9)
    assert section.extent == pytest.approx((phantom.extent[across], phantom.extent[along]))


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_place_agrees_with_the_picture(phantom, direction, view):
    grid = phantom.grid(direction, (2.0, 4.0, 5.0))
    section = Section.of(grid, view)
    voxel = [1, 2, 3]
    marked = np.zeros(grid.shape)
    marked[voxel[2], voxel[1], voxel[0]] = 1
    picture = section.picture(marked[section.region(voxel[section.normal])])
    (row,), (column,) = np.nonzero(picture)
    across, down = section.place((1, 2, 3))
    assert across * picture.shape[1] == pytest.approx(column + 0.5)
    assert down * picture.shape[0] == pytest.approx(row + 0.5)


def test_a_finer_plane_covers_the_same_extent(phantom, direction):
    section = Section.of(phantom.grid(direction, (2.0, 4.0, 5.0)), TRANSVERSE)
    fine = Section.of(section.plane_grid(3, (4, 2)), TRANSVERSE)
    assert fine.extent == pytest.approx(section.extent)
    coarse_edge = section.plane_grid(3).to_world(np.array([-0.5, -0.5, -0.5]))
    along = np.array(section.grid.spacing)
    # The edge of the plane, in its own middle along the normal.
    normal = section.grid.direction[:, section.normal] * along[section.normal] / 2
    fine_edge = fine.grid.to_world(np.array([-0.5, -0.5, -0.5]))
    assert fine_edge + normal == pytest.approx(coarse_edge + normal)
