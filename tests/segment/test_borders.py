"""Between two nuclei lies a border, and it lies where it does wherever the tile begins."""

from collections.abc import Sized

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from her2path.arrays import Bools, Doubles, Floats
from her2path.cells.contours import ray_directions
from her2path.cells.table import N_RAYS
from her2path.segment.borders import DECIMALS, MAX_RADIUS_UM, NEIGHBOURS, REACH_UM, half_way


def all_of(cells: Sized) -> Bools:
    return np.ones(len(cells), bool)


def plain_half_way(at_um: Doubles, nucleus_radii_um: Floats, wanted: Bools) -> Doubles:
    """``half_way`` in NumPy, one neighbour after the other."""
    n, n_rays = nucleus_radii_um.shape
    border = np.full((n_rays, np.count_nonzero(wanted)), MAX_RADIUS_UM)
    size_um = np.sum(nucleus_radii_um, axis=1, dtype=np.float64) / n_rays
    own_um, own_size_um = at_um[wanted], size_um[wanted]
    found = cKDTree(at_um).query(own_um, k=NEIGHBOURS + 2, distance_upper_bound=REACH_UM + 1)
    distance_um, index = np.round(found[0], DECIMALS), np.asarray(found[1])
    # Those tied with the last one come in any order.
    distance_um[distance_um == distance_um[:, -1:]] = np.inf
    # The last neighbour and the cell itself take no part.
    distance_um, index = distance_um[:, 1:-1], np.minimum(index[:, 1:-1], n - 1)
    towards = ray_directions(n_rays)[:, :, None]
    for neighbour in range(NEIGHBOURS):
        other = index[:, neighbour]
        away_um = np.round(at_um[other] - own_um, DECIMALS)
        apart_um = np.hypot(away_um[:, 0], away_um[:, 1])
        share = own_size_um / (own_size_um + size_um[other])
        squared = np.where(distance_um[:, neighbour] < REACH_UM, share * apart_um * apart_um, np.inf)
        along = away_um[:, 0] * towards[:, 0] + away_um[:, 1] * towards[:, 1]
        along[along <= 0.2 * apart_um] = 0.0
        with np.errstate(divide="ignore"):
            np.minimum(border, squared / along, out=border)
    return border.T


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.sampled_from([0, 1, 2, 5, 13, 14, 15, 40, 200]),
    size_px=st.integers(1, 60),
    mpp_um=st.sampled_from([(2.0, 2.0), (1.7664, 2.1904), (3.9928, 4.0)]),
)
def test_borders_are_those_of_the_plain_form(
    seed: int, n: int, size_px: int, mpp_um: tuple[float, float]
) -> None:
    """On a coarse grid many are equally far, and among them the last that counts."""
    rng = np.random.default_rng(seed)
    yx = np.unique(rng.integers(0, size_px, (n, 2)), axis=0)
    at_um: Doubles = yx * np.asarray(mpp_um)
    radii_um = rng.uniform(1.5, 6, (len(yx), N_RAYS)).astype(np.float32)
    wanted = rng.random(len(yx)) < 0.7
    found = half_way(at_um, radii_um, wanted)
    assert found.shape == (np.count_nonzero(wanted), N_RAYS)
    if len(yx):
        assert (found == plain_half_way(at_um, radii_um, wanted)).all()


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


def test_far_cells_and_cells_alone_have_no_border() -> None:
    radii_um = np.full((2, N_RAYS), 3.0, np.float32)
    far = half_way(np.array([[0.0, 0.0], [0.0, 500.0]]), radii_um, all_of(radii_um))
    alone = half_way(np.array([[0.0, 0.0]]), radii_um[:1], all_of(radii_um[:1]))
    assert (far == alone).all()
