"""The contour runs where the membrane is, stained or not."""

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2path.arrays import OD_STEP, Floats, Ints, Plane16
from her2path.cells.measure import SIDE_UM
from her2path.cells.rays import sample_rays
from her2path.cells.table import N_RAYS
from her2path.segment import membranes
from her2path.segment.borders import MAX_RADIUS_UM
from her2path.segment.membranes import TOGETHER, TURNED, Search, cell_contours, search_around, search_between
from her2path.segment.rays import best_closed_path

if TYPE_CHECKING:
    from tests.segment.conftest import Canvas

MPP = (0.25, 0.25)


def contours(canvas: "Canvas", *at_um: tuple[float, float], nucleus_um: float = 3.5) -> Floats:
    y, x = (np.array([round(place[axis] / 0.25) for place in at_um], np.int32) for axis in (0, 1))
    _, dab = canvas.planes
    nuclei_um = np.full((len(at_um), N_RAYS), nucleus_um, np.float32)
    return cell_contours(dab, y, x, search_between(y, x, nuclei_um, MPP, wanted=np.ones(len(y), bool)), MPP)


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


def test_many_cells_are_traced_as_few_are(fine: "Canvas", monkeypatch: pytest.MonkeyPatch) -> None:
    places = ((20, 20), (20, 32), (34, 26), (40, 40))
    for place in places:
        fine.ring(*place, 6.0, 0.4)
    together = contours(fine, *places)
    monkeypatch.setattr(membranes, "TOGETHER", 3)
    assert (contours(fine, *places) == together).all()


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


def plain_contours(dab: Plane16, y: Ints, x: Ints, search: Search, mpp_yx_um: tuple[float, float]) -> Floats:
    """``cell_contours`` in NumPy, all cells at once."""
    step_um = max(mpp_yx_um)
    near, far = (max(1, round(side / step_um)) for side in SIDE_UM)
    radii_um = np.arange(1, int(MAX_RADIUS_UM / step_um) + 1) * step_um
    ray = sample_rays(dab, y, x, np.tile(radii_um, (1, N_RAYS, 1)), mpp_yx_um).astype(np.int32)
    at, away = np.arange(len(radii_um))[:, None], np.arange(near, far + 1)
    sides = np.maximum(*(ray[:, np.clip(at + s * away, 0, len(at) - 1)].min(axis=2) for s in (-1, 1)))
    crest = np.clip(ray - sides, 0, round(membranes.CREST_CAP_OD / OD_STEP))
    pool = max(1, round(membranes.PATH_STEP_UM / step_um))
    whole = len(radii_um) // pool
    crest = crest[:, : whole * pool].reshape(N_RAYS, whole, pool, -1).max(axis=2)
    radii_um = radii_um[: whole * pool].reshape(whole, pool).mean(axis=1)
    nearest_um, expected_um, furthest_um = (
        of_um.T[:, None] for of_um in (search.nearest_um, search.expected_um, search.furthest_um)
    )
    outwards_um = radii_um[:, None]
    leash = np.abs(outwards_um - expected_um) * (membranes.LEASH_OD_PER_UM / OD_STEP)
    beyond = (outwards_um < nearest_um) | (outwards_um > furthest_um)
    score = np.where(beyond, membranes.OUTSIDE, crest - leash.astype(np.int32)).astype(np.int32)
    penalty = round(membranes.STEP_PENALTY_OD / OD_STEP)
    path = best_closed_path(score, reach=membranes.PATH_REACH, step_penalty=penalty)
    return np.asarray(radii_um[path.T], np.float32)


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.sampled_from([0, 1, 3, TURNED, TURNED + 1, TOGETHER + 1]),
    mpp=st.sampled_from([(0.25, 0.25), (0.2208, 0.2738), (0.46, 0.46), (1.0, 0.9)]),
    known=st.booleans(),
)
def test_contours_are_those_of_the_plain_form(
    seed: int, n: int, mpp: tuple[float, float], known: bool
) -> None:
    rng = np.random.default_rng(seed)
    height, width = (int(edge) for edge in rng.integers(20, 220, 2))
    dab = np.cumsum(rng.integers(-90, 91, (height, width)), axis=1).clip(0, 3000).astype(np.uint16)
    # Some at the very edge of the plane, some far within.
    y, x = (rng.integers(0, edge, n).astype(np.int32) for edge in (height, width))
    radii_um = rng.uniform(1, 7, (n, N_RAYS)).astype(np.float32)
    search = (
        search_around(radii_um) if known else search_between(y, x, radii_um, mpp, wanted=np.ones(n, bool))
    )
    found = cell_contours(dab, y, x, search, mpp)
    assert found.dtype == np.float32
    assert found.shape == (n, N_RAYS)
    assert (found == plain_contours(dab, y, x, search, mpp)).all()
