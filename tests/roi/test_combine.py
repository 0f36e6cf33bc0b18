"""Boolean operations: set algebra on any layers, and that all other ROIs stay as they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vqscript.errors import RoiError
from vqscript.imaging.grid import Grid
from vqscript.roi.combine import intersect, subtract, union
from vqscript.roi.layers import MAX_LAYERS
from vqscript.roi.roiset import RoiSet

GRID = Grid((5, 4, 3))
masks = arrays(bool, GRID.shape)
OPERATIONS = {
    union: lambda a, b, c: a | b | c,
    intersect: lambda a, b, c: a & b & c,
    subtract: lambda a, b, c: a & ~b & ~c,
}


@given(
    three=st.tuples(masks, masks, masks),
    layers=st.tuples(*[st.integers(1, 3)] * 3),
    which=st.sampled_from([*OPERATIONS]),
)
@settings(max_examples=150, deadline=None)
def test_set_algebra_on_any_layers_leaves_the_others(three, layers, which) -> None:
    rois = RoiSet(GRID)
    rois.add_layer()
    rois.add_layer()
    for name, mask, layer in zip("abc", three, layers, strict=True):
        rois.set_mask(rois.add(name, layer=layer), mask)
    a, b, c = (rois.mask(j) for j in (1, 2, 3))  # on one layer a later one took voxels
    rois.edit(3, locked=True)
    moved = which(rois, 1, [2, 3])
    assert np.array_equal(rois.mask(1), OPERATIONS[which](a, b, c))
    assert np.array_equal(rois.mask(2), b)
    assert np.array_equal(rois.mask(3), c)
    assert moved == (rois.roi(1).layer != layers[0])
    if which is not union:
        assert not moved
    # No voxel is held twice on a layer, and none is left behind.
    held = sum(np.count_nonzero(layer) for layer in rois.layers)
    assert held == sum(rois.count(j) for j in (1, 2, 3))


def test_a_union_moves_only_where_it_has_to() -> None:
    rois = RoiSet(GRID)
    left, right = np.zeros(GRID.shape, bool), np.zeros(GRID.shape, bool)
    left[..., :2], right[..., 3:] = True, True
    rois.set_mask(rois.add("Left"), left)
    rois.set_mask(rois.add("Right"), right)
    assert union(rois, 1, [2])
    assert [roi.layer for roi in rois.rois] == [2, 1]
    assert not union(rois, 1, [2])
    assert np.array_equal(rois.mask(1), left | right)


def test_there_is_no_room_on_eight_full_layers() -> None:
    rois = RoiSet(GRID)
    for n in range(MAX_LAYERS):
        if n:
            rois.add_layer()
        rois.set_mask(rois.add(f"Full {n}", layer=n + 1), np.ones(GRID.shape))
    corner = np.zeros(GRID.shape)
    corner[0, 0, 0] = 1
    rois.set_mask(rois.add("Corner", layer=1), corner)
    before = [layer.tobytes() for layer in rois.layers]
    with pytest.raises(RoiError, match="overlap others on all 8 layers"):
        union(rois, rois.find("Corner"), [2])
    with pytest.raises(RoiError, match="no room for a copy on any of the 8 layers"):
        rois.duplicate(2)
    assert [layer.tobytes() for layer in rois.layers] == before
    assert len(rois) == MAX_LAYERS + 1


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_cannot_be_is_refused(operation) -> None:
    rois = RoiSet(GRID)
    rois.set_mask(rois.add("One"), np.ones(GRID.shape))
    rois.add("Two")
    rois.edit(1, locked=True)
    for j, others, message in (
        (1, [2], "locked"),
        (2, [], "no second"),
        (2, [2], "itself"),
        (2, [3], "no ROI 3"),
        (2, [0], "background"),
        (0, [1], "background"),
    ):
        with pytest.raises(RoiError, match=message):
            operation(rois, j, others)
    assert rois.mask(1).all()


def test_empty_rois_are_empty_sets() -> None:
    rois = RoiSet(GRID)
    rois.add("Empty")
    rois.set_mask(rois.add("Full"), np.ones(GRID.shape))
    for operation, j, k, count in ((union, 1, 2, 60), (intersect, 2, 1, 0), (subtract, 2, 1, 60), (subtract, 1, 2, 0)):
        case = rois.copy()
        operation(case, j, [k])
        assert case.count(j) == count
