"""Outlines: filling them gives the pixels back, by either way to read nested contours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from vqscript.roi.files.contours import fill
from vqscript.roi.files.outline import outlines

planes = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=11), elements=st.booleans())


@given(planes)
def test_filling_gives_the_pixels_back(plane):
    ndimage = pytest.importorskip("scipy.ndimage")
    contours = outlines(plane)
    assert len(contours) == ndimage.label(plane)[1]
    if contours:
        assert np.array_equal(fill(contours, plane.shape), plane)
    one_by_one = [fill([contour], plane.shape) for contour in contours]
    assert np.array_equal(np.sum([*one_by_one, np.zeros(plane.shape, int)], axis=0), plane)


@given(planes)
def test_corners_only_and_none_on_a_centre(plane):
    for contour in outlines(plane):
        assert np.all(contour % 1 == 0.5)
        sides = np.roll(contour, -1, axis=0) - contour
        assert np.all((sides == 0).sum(axis=1) == 1)
        directions = np.sign(sides)
        assert not np.any(np.all(directions == np.roll(directions, 1, axis=0), axis=1))


def test_a_box_has_four_corners_and_a_hole_ten():
    box = np.zeros((6, 8), bool)
    box[1:5, 2:7] = True
    (contour,) = outlines(box)
    assert sorted(map(tuple, contour.tolist())) == [(1.5, 0.5), (1.5, 4.5), (6.5, 0.5), (6.5, 4.5)]
    box[2, 4] = False
    (contour,) = outlines(box)
    # Four each, and where the channel leaves the outline and comes back to it; it ends in a corner of the hole.
    assert len(contour) == 4 + 4 + 2


def test_pixels_that_touch_at_a_corner_are_islands():
    assert [len(contour) for contour in outlines(np.eye(5, dtype=bool))] == [4] * 5
