"""The best closed path is found wherever it starts; areas and axes are those of the shapes drawn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from her2path.arrays import Floats
from her2path.segment.rays import CLOSURE, LANES, MAX_SCORE, best_closed_path, elongation, polygon_area_um2

N_RAYS, N_RADII = 32, 20


def ellipse(long_um: float, short_um: float, turn: float) -> Floats:
    angle = 2 * np.pi * np.arange(N_RAYS) / N_RAYS - turn
    radii = long_um * short_um / np.hypot(short_um * np.cos(angle), long_um * np.sin(angle))
    return np.asarray(radii[None], np.float32)


def test_the_path_follows_the_ridge() -> None:
    ridge = np.rint(9 + 4 * np.sin(2 * np.pi * np.arange(N_RAYS) / N_RAYS)).astype(int)
    score = np.zeros((N_RAYS, N_RADII, 1), np.int32)
    score[np.arange(N_RAYS), ridge] = 100
    assert best_closed_path(score, step_penalty=5, reach=1)[:, 0].tolist() == ridge.tolist()


def test_a_break_in_the_ridge_is_bridged() -> None:
    score = np.zeros((N_RAYS, N_RADII, 1), np.int32)
    score[:, 11] = 100
    score[5:9] = 0
    assert (best_closed_path(score, step_penalty=5, reach=1) == 11).all()


def plain_path(score: NDArray[np.int32], reach: int, step_penalty: int) -> list[int]:
    """The path round one anchor, ``(rays, radii)``, place by place and in plain numbers."""
    n_rays, n_radii = score.shape
    moves = sorted(range(-reach, reach + 1), key=abs)
    total, came_by = score[0].tolist(), []
    for step in range(1, n_rays + n_rays // CLOSURE):
        gained = [
            {m: total[at + m] - abs(m) * step_penalty for m in moves if 0 <= at + m < n_radii}
            for at in range(n_radii)
        ]
        came_by.append([max(one, key=one.__getitem__) for one in gained])
        total = [max(one.values()) + int(score[step % n_rays, at]) for at, one in enumerate(gained)]
    path = [total.index(max(total))]
    for moved in reversed(came_by):
        path.append(path[-1] + moved[path[-1]])
    path = path[::-1]
    first = n_rays // (2 * CLOSURE)
    return path[n_rays : n_rays + first] + path[first:n_rays]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 2]), st.sampled_from([3, 1000, MAX_SCORE]))
def test_the_path_is_that_of_its_plain_form(seed: int, reach: int, largest: int) -> None:
    rng = np.random.default_rng(seed)
    score = rng.integers(-largest, largest, (N_RAYS, N_RADII, 3), endpoint=True).astype(np.int32)
    path = best_closed_path(score, step_penalty=3, reach=reach)
    for cell in range(3):
        assert path[:, cell].tolist() == plain_path(score[:, :, cell], reach, 3)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_the_path_moves_by_one_step_but_at_its_seam_and_each_anchor_has_its_own(seed: int, n: int) -> None:
    score = np.random.default_rng(seed).integers(-50, 50, (N_RAYS, N_RADII, n)).astype(np.int32)
    path = best_closed_path(score, step_penalty=3, reach=1)
    assert path.shape == (N_RAYS, n)
    steps = np.abs(path - np.roll(path, 1, axis=0))
    assert (np.sum(steps > 1, axis=0) <= 1).all()
    for cell in range(n):
        alone = score[:, :, cell : cell + 1]
        assert (best_closed_path(alone, step_penalty=3, reach=1)[:, 0] == path[:, cell]).all()


@pytest.mark.parametrize("n", [0, LANES, LANES + 1])
def test_any_number_of_anchors_is_traced(n: int) -> None:
    score = np.random.default_rng(n).integers(-9, 9, (N_RAYS, N_RADII, n)).astype(np.int32)
    path = best_closed_path(score, step_penalty=1, reach=2)
    assert path.shape == (N_RAYS, n)
    for cell in range(0, n, LANES // 2):
        assert path[:, cell].tolist() == plain_path(score[:, :, cell], 2, 1)


@pytest.mark.parametrize("radius_um", [3.0, 6.5])
def test_area_of_a_disc(radius_um: float) -> None:
    area = polygon_area_um2(np.full((1, N_RAYS), radius_um, np.float32))[0]
    assert area == pytest.approx(np.pi * radius_um**2, rel=0.01)


@pytest.mark.parametrize("turn", [0.0, 0.4, 1.3])
def test_elongation_is_the_ratio_of_the_axes(turn: float) -> None:
    assert elongation(ellipse(4, 4, turn))[0] == pytest.approx(1, abs=1e-4)
    assert elongation(ellipse(6, 3, turn))[0] == pytest.approx(2, rel=0.02)
