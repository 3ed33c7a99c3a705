"""The area that was asked for is counted on these masks: an outline drawn too wide counts tissue twice."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from her2path.arrays import Mask
from her2path.store.raster import region_mask

RING = shapely.Polygon(
    [(2, 2), (30, 5), (25, 28), (4, 26)],
    [[(10, 10), (20, 10), (20, 20), (10, 20)], [(5.1, 5.2), (8.3, 6), (6, 8.2)]],
)


def by_point_in_polygon(
    polygon: shapely.Geometry, shape: tuple[int, int], downsample: float, origin_yx_px: tuple[float, float]
) -> Mask:
    y, x = ((np.arange(n) + 0.5) * downsample + o for n, o in zip(shape, origin_yx_px, strict=True))
    return np.asarray(shapely.contains_xy(polygon, *np.meshgrid(x, y)))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-200, 600), st.integers(-200, 600)), min_size=3, max_size=12),
    st.floats(0.7, 5),
    st.tuples(st.floats(-10, 10), st.floats(-10, 10)),
)
def test_a_pixel_is_inside_where_its_centre_is(
    corners_10: list[tuple[int, int]], downsample: float, origin_yx_px: tuple[float, float]
) -> None:
    polygon = shapely.make_valid(shapely.Polygon(np.array(corners_10) / 10)).buffer(0)
    mask = region_mask([polygon], (37, 41), downsample=downsample, origin_yx_px=origin_yx_px)
    expected = by_point_in_polygon(polygon, (37, 41), downsample, origin_yx_px)
    on_the_line = by_point_in_polygon(polygon.boundary.buffer(1e-6), (37, 41), downsample, origin_yx_px)
    np.testing.assert_array_equal(mask[~on_the_line], expected[~on_the_line])


def test_holes_stay_open() -> None:
    mask = region_mask([RING], (32, 32))
    assert not mask[12:18, 12:18].any()
    assert mask.sum() == pytest.approx(RING.area, rel=0.02)


def test_overlapping_polygons_are_one() -> None:
    mask = region_mask([shapely.box(0, 0, 6, 6), shapely.box(3, 3, 9, 9)], (10, 10))
    assert mask.sum() == 36 + 36 - 9


def test_neighbours_share_no_pixel_and_leave_none() -> None:
    left, right = shapely.box(0, 0, 4.5, 10), shapely.box(4.5, 0, 10, 10)
    drawn = [region_mask([polygon], (10, 10)) for polygon in (left, right)]
    assert not (drawn[0] & drawn[1]).any()
    assert (drawn[0] | drawn[1]).all()


@pytest.mark.parametrize("polygons", [[], [shapely.box(100, 100, 200, 200)], [shapely.Polygon()]])
def test_nothing_there_draws_nothing(polygons: list[shapely.Geometry]) -> None:
    assert not region_mask(polygons, (10, 10)).any()


def test_a_region_larger_than_the_mask_fills_it() -> None:
    assert region_mask([shapely.box(-1e5, -1e5, 1e5, 1e5)], (10, 12)).all()
