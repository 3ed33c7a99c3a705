"""Without these a contour could be mirrored, turned or stretched and every picture of it would be wrong."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from her2path.arrays import Ints
from her2path.cells.contours import contour_vertices, ray_directions
from her2path.cells.table import N_RAYS, RADIUS_STEP_UM


def column(*values: int) -> Ints:
    return np.array(values, np.int32)


def test_first_ray_points_right_and_the_next_quarter_up() -> None:
    directions = ray_directions(N_RAYS)
    assert directions[0] == pytest.approx([0, 1])
    assert directions[N_RAYS // 4] == pytest.approx([-1, 0])


def test_each_axis_uses_its_own_pixel_size() -> None:
    radii = np.full((1, N_RAYS), 40, np.uint8)
    vertices = contour_vertices(radii, column(0), column(0), (0.5, 0.25))[0]
    assert np.ptp(vertices[:, 0]) == pytest.approx(2 * 4 / 0.5)
    assert np.ptp(vertices[:, 1]) == pytest.approx(2 * 4 / 0.25)


def test_a_table_without_contours_has_no_vertices() -> None:
    anchors = column(1, 2, 3)
    vertices = contour_vertices(np.zeros((3, 0), np.uint8), anchors, anchors, (0.5, 0.5))
    assert vertices.shape == (3, 0, 2)


@given(
    hnp.arrays(np.uint8, st.tuples(st.integers(1, 5), st.just(N_RAYS))),
    st.integers(0, 200_000),
    st.floats(0.1, 1.0),
)
def test_distance_from_the_anchor_is_the_radius(radii: np.ndarray, at_px: int, mpp_um: float) -> None:
    anchor = np.full(len(radii), at_px, np.int32)
    vertices = contour_vertices(radii, anchor, anchor, (mpp_um, mpp_um)).astype(float)
    distance_um = np.hypot(*np.moveaxis(vertices - at_px, -1, 0)) * mpp_um
    np.testing.assert_allclose(distance_um, radii * RADIUS_STEP_UM, atol=0.03)
