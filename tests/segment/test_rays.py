"""The best closed path is found wherever it starts; areas and axes are those of the shapes drawn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2path.arrays import Floats
from her2path.segment.rays import best_closed_path, elongation, polygon_area_um2

N_RAYS, N_RADII = 32, 20


def ellipse(long_um: float, short_um: float, turn: float) -> Floats:
    angle = 2 * np.pi * np.arange(N_RAYS) / N_RAYS - turn
    radii = long_um * short_um / np.hypot(short_um * np.cos(angle), long_um * np.sin(angle))
    return np.asarray(radii[None], np.float32)


def test_the_path_follows_the_ridge() -> None:
    ridge = np.rint(9 + 4 * np.sin(2 * np.pi * np.arange(N_RAYS) / N_RAYS)).astype(int)
    score = np.zeros((1, N_RAYS, N_RADII), np.int32)
    score[0, np.arange(N_RAYS), ridge] = 100
    assert best_closed_path(score, step_penalty=5, reach=1)[0].tolist() == ridge.tolist()


def test_a_break_in_the_ridge_is_bridged() -> None:
    score = np.zeros((1, N_RAYS, N_RADII), np.int32)
    score[0, :, 11] = 100
    score[0, 5:9] = 0
    assert (best_closed_path(score, step_penalty=5, reach=1)[0] == 11).all()


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_the_path_moves_by_one_step_but_at_its_seam_and_each_anchor_has_its_own(seed: int, n: int) -> None:
    score = np.random.default_rng(seed).integers(-50, 50, (n, N_RAYS, N_RADII)).astype(np.int32)
    path = best_closed_path(score, step_penalty=3, reach=1)
    assert path.shape == (n, N_RAYS)
    steps = np.abs(path - np.roll(path, 1, axis=1))
    assert (np.sum(steps > 1, axis=1) <= 1).all()
    for row in range(n):
        assert (best_closed_path(score[row : row + 1], step_penalty=3, reach=1)[0] == path[row]).all()


@pytest.mark.parametrize("radius_um", [3.0, 6.5])
def test_area_of_a_disc(radius_um: float) -> None:
    area = polygon_area_um2(np.full((1, N_RAYS), radius_um, np.float32))[0]
    assert area == pytest.approx(np.pi * radius_um**2, rel=0.01)


@pytest.mark.parametrize("turn", [0.0, 0.4, 1.3])
def test_elongation_is_the_ratio_of_the_axes(turn: float) -> None:
    assert elongation(ellipse(4, 4, turn))[0] == pytest.approx(1, abs=1e-4)
    assert elongation(ellipse(6, 3, turn))[0] == pytest.approx(2, rel=0.02)
