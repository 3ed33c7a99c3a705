"""The contour runs where the membrane is, stained or not."""

from collections.abc import Sized
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2path.arrays import Bools, Floats
from her2path.cells.table import N_RAYS
from her2path.segment import membranes
from her2path.segment.membranes import cell_contours, half_way, search_around, search_between

if TYPE_CHECKING:
    from tests.segment.conftest import Canvas

MPP = (0.25, 0.25)


def all_of(cells: Sized) -> Bools:
    return np.ones(len(cells), bool)


def contours(canvas: "Canvas", *at_um: tuple[float, float], nucleus_um: float = 3.5) -> Floats:
    y, x = (np.array([round(place[axis] / 0.25) for place in at_um], np.int32) for axis in (0, 1))
    _, dab = canvas.planes
    nuclei_um = np.full((len(at_um), N_RAYS), nucleus_um, np.float32)
    return cell_contours(dab, y, x, search_between(y, x, nuclei_um, MPP, wanted=all_of(y)), MPP)


@pytest.mark.parametrize("radius_um", [5.5, 7.0, 9.0])
def test_the_contour_lies_on_the_stained_membrane(fine: "Canvas", radius_um: float) -> None:
    fine.ring(30, 30, radius_um, 0.5)
    assert contours(fine, (30, 30))[0] == pytest.approx(radius_um, abs=0.8)


def test_a_faint_membrane_of_its_own_wins_over_the_strong_one_of_a_neighbour(fine: "Canvas") -> None:
    fine.ring(30, 24, 5.0, 0.15)
    fine.ring(30, 36, 5.0, 0.9)
    faint, _ = contours(fine, (30, 24), (30, 36))
    assert np.median(faint) == pytest.approx(5.0, abs=0.6)
    assert faint.max() < 8.0


def test_without_stain_the_contour_lies_between_nucleus_and_neighbour(fine: "Canvas") -> None:
    left, right = contours(fine, (30, 25), (30, 35))
    for contour, facing in ((left, 0), (right, N_RAYS // 2)):
        assert contour.min() > 3.0
        assert contour[facing] < 7.5
        assert contour.max() < 13.0


def test_the_membrane_that_two_cells_share_is_the_contour_of_both(fine: "Canvas") -> None:
    for x_um in (24.0, 36.0):
        fine.ring(30, x_um, 6.0, 0.5)
    left, right = contours(fine, (30, 24), (30, 36))
    assert left[0] == pytest.approx(6.0, abs=0.6)
    assert right[N_RAYS // 2] == pytest.approx(6.0, abs=0.6)


def test_half_way_divides_as_the_nuclei_do() -> None:
    at_um = np.array([[0.0, 0.0], [0.0, 12.0]])
    radii_um = np.repeat(np.array([[2.0], [4.0]], np.float32), N_RAYS, axis=1)
    border = half_way(at_um, radii_um, all_of(at_um))
    assert border[0, 0] == pytest.approx(4.0)
    assert border[1, N_RAYS // 2] == pytest.approx(8.0)
    # Away from the neighbour nothing is known.
    assert border[0, N_RAYS // 2] == border[1, 0] > 8.0


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    shift=st.tuples(st.integers(0, 4000), st.integers(0, 4000)),
    mpp_um=st.sampled_from([0.25, 0.2208, 0.2738, 0.4991]),
)
def test_borders_do_not_depend_on_where_the_tile_begins(
    seed: int, shift: tuple[int, int], mpp_um: float
) -> None:
    """On a coarse grid many neighbours are equally far: which of them are heard must not be chance."""
    rng = np.random.default_rng(seed)
    yx = np.unique(rng.integers(0, 60, (200, 2)) * 8, axis=0)
    radii_um = np.repeat(rng.integers(5, 12, (len(yx), 1)) * np.float32(mpp_um), N_RAYS, axis=1)
    places_um = (np.asarray((yx + start) * mpp_um, np.float64) for start in ((0, 0), shift))
    here, there = (half_way(at_um, radii_um, all_of(at_um)) for at_um in places_um)
    assert (here == there).all()


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_a_border_is_the_same_whoever_else_is_wanted(seed: int) -> None:
    rng = np.random.default_rng(seed)
    at_um, radii_um = rng.uniform(0, 60, (30, 2)), rng.uniform(2, 5, (30, N_RAYS)).astype(np.float32)
    some = rng.random(30) < 0.5
    assert (half_way(at_um, radii_um, some) == half_way(at_um, radii_um, all_of(at_um))[some]).all()


def test_many_cells_are_traced_as_few_are(fine: "Canvas", monkeypatch: pytest.MonkeyPatch) -> None:
    places = ((20, 20), (20, 32), (34, 26), (40, 40))
    for place in places:
        fine.ring(*place, 6.0, 0.4)
    together = contours(fine, *places)
    monkeypatch.setattr(membranes, "TOGETHER", 3)
    assert (contours(fine, *places) == together).all()


def test_far_cells_and_cells_alone_have_no_border() -> None:
    radii_um = np.full((2, N_RAYS), 3.0, np.float32)
    far = half_way(np.array([[0.0, 0.0], [0.0, 500.0]]), radii_um, all_of(radii_um))
    alone = half_way(np.array([[0.0, 0.0]]), radii_um[:1], all_of(radii_um[:1]))
    assert (far == alone).all()


@pytest.mark.parametrize("said_um", [5.5, 6.0, 7.0, 8.0])
def test_a_network_that_errs_is_put_right_by_the_pixels(fine: "Canvas", said_um: float) -> None:
    fine.ring(30, 30, 7.0, 0.5)
    fine.ring(30, 30, 11.0, 0.9)
    _, dab = fine.planes
    at = np.array([120], np.int32)
    found = cell_contours(dab, at, at, search_around(np.full((1, N_RAYS), said_um, np.float32)), MPP)
    assert found[0] == pytest.approx(7.0, abs=0.8)


def test_without_stain_the_network_is_believed(fine: "Canvas") -> None:
    _, dab = fine.planes
    at = np.array([120], np.int32)
    for said_um in (0.2, 4.0, 20.0):
        found = cell_contours(dab, at, at, search_around(np.full((1, N_RAYS), said_um, np.float32)), MPP)
        assert found[0] == pytest.approx(np.clip(said_um, 1.5, 12.0), abs=0.5)
