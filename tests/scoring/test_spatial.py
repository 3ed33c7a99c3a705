"""Worked values (domain: a slope on a 3 by 3 grid), seeds, and places that take no part."""

import warnings

import esda
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from libpysal.weights import W
from numpy.typing import NDArray
from scipy.stats import false_discovery_control, norm

from her2path.arrays import Doubles
from her2path.scoring import spatial
from her2path.scoring.spatial import Moran, false_discovery, getis_ord, moran, two_sided_p

GRID = np.array([[0, 0, 1], [0, 1, 2], [1, 2, 3]], float)
NO_PAIRS = np.zeros((0, 2), np.int64)


def _rook(height: int, width: int) -> NDArray[np.int64]:
    index = np.arange(height * width, dtype=np.int64).reshape(height, width)
    half = np.concatenate(
        [
            np.stack([index[:, :-1].ravel(), index[:, 1:].ravel()], axis=1),
            np.stack([index[:-1].ravel(), index[1:].ravel()], axis=1),
        ]
    )
    return np.concatenate([half, half[:, ::-1]])


def _moran(values: Doubles, pairs: NDArray[np.int64], seed: int = 1) -> Moran:
    result = moran(values, pairs, permutations=199, seed=seed)
    assert result is not None
    return result


def _everyone(n: int) -> NDArray[np.int64]:
    return np.array([[i, j] for i in range(n) for j in range(n) if i != j])


def test_worked_values_on_a_grid() -> None:
    pairs = _rook(3, 3)
    assert _moran(GRID.ravel(), pairs).i == pytest.approx(0.5542, abs=5e-5)
    assert getis_ord(GRID.ravel(), pairs)[8] == pytest.approx(2.4597, abs=5e-5)


def test_the_order_of_pairs_changes_nothing() -> None:
    values, pairs = np.random.default_rng(4).normal(50, 20, 42), _rook(6, 7)
    shuffled = np.random.default_rng(5).permutation(pairs)
    assert _moran(values, shuffled) == _moran(values, pairs)
    assert np.array_equal(getis_ord(values, shuffled), getis_ord(values, pairs))


def test_the_permutation_test_tells_order_from_chance() -> None:
    pairs = _rook(10, 10)
    slope = np.add.outer(np.arange(10.0), np.arange(10.0)).ravel()
    assert _moran(slope, pairs).p == pytest.approx(1 / 200)
    assert _moran(np.random.default_rng(8).permutation(slope), pairs).p > 0.05
    board = np.indices((10, 10)).sum(axis=0).ravel() % 2.0
    assert (_moran(board, pairs).i, _moran(board, pairs).p) == pytest.approx((-1, 1 / 200))


def test_values_at_random_have_p_values_at_random() -> None:
    rng, pairs = np.random.default_rng(6), _rook(5, 5)
    p = [_moran(rng.normal(size=25), pairs, seed).p for seed in range(200)]
    assert 0.01 <= np.mean(np.array(p) <= 0.05) <= 0.1
    assert np.mean(p) == pytest.approx(0.5, abs=0.07)


def test_the_permutation_test_is_seeded_and_leaves_the_generator_of_numpy_alone() -> None:
    values, pairs = np.random.default_rng(8).normal(size=100), _rook(10, 10)
    np.random.seed(12)  # noqa: NPY002 - what other libraries draw from, and must not notice
    undisturbed = np.random.random(3).tolist()  # noqa: NPY002
    np.random.seed(12)  # noqa: NPY002
    first = _moran(values, pairs)
    assert np.random.random(3).tolist() == undisturbed  # noqa: NPY002
    assert _moran(values, pairs) == first
    assert _moran(values, pairs, seed=2) != first


def test_islands_take_no_part() -> None:
    pairs = _rook(3, 3)
    with_island = np.append(GRID.ravel(), 1000.0)
    assert _moran(with_island, pairs) == _moran(GRID.ravel(), pairs)
    np.testing.assert_array_equal(getis_ord(with_island, pairs), [*getis_ord(GRID.ravel(), pairs), np.nan])
    two_pieces = np.concatenate([pairs, pairs + 9])
    assert np.isfinite(getis_ord(np.append(GRID.ravel(), GRID.ravel()), two_pieces)).all()


@pytest.mark.parametrize(
    ("values", "pairs"),
    [
        (np.ones(9), _rook(3, 3)),
        (np.zeros(9), _rook(3, 3)),
        (np.array([1.0, 2.0, 3.0, 9.0]), _everyone(3)),
        (np.array([1.0, 2.0, 3.0, 4.0]), NO_PAIRS),
        (np.zeros(0), NO_PAIRS),
    ],
    ids=["equal", "zero", "three", "no-pairs", "none"],
)
def test_nothing_to_compare_gives_no_number(values: Doubles, pairs: NDArray[np.int64]) -> None:
    assert moran(values, pairs, permutations=99, seed=0) is None
    assert np.isnan(getis_ord(values, pairs)).all()


@pytest.mark.parametrize("n", [4, 5, 7])
def test_a_neighbourhood_of_all_places_has_no_gi_star(n: int) -> None:
    values = np.random.default_rng(n).uniform(0, 300, n)
    assert np.isnan(getis_ord(values, _everyone(n))).all()
    result = _moran(values, _everyone(n))
    assert (result.i, result.p) == pytest.approx((-1 / (n - 1), 1))


def test_p_and_q_values() -> None:
    z = np.array([1.96, -3.0, 0.0, np.nan])
    p = two_sided_p(z)
    np.testing.assert_allclose(p[:3], 2 * norm.sf(np.abs(z[:3])))
    q = false_discovery(p, np.isfinite(p))
    np.testing.assert_allclose(q[:3], [p[0] * 3 / 2, p[1] * 3, 1.0])
    assert np.isnan(q[3])
    assert np.isnan(false_discovery(p, np.zeros(4, bool))).all()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(5, 40))
def test_both_statistics_are_those_of_esda(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    half = rng.integers(0, n, (2 * n, 2))
    half = half[half[:, 0] != half[:, 1]]
    pairs = np.unique(np.concatenate([half, half[:, ::-1]]), axis=0)
    values, linked = rng.gamma(2, 3, n), np.unique(pairs)
    neighbours = {int(one): pairs[pairs[:, 0] == one, 1].tolist() for one in linked}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = esda.Moran(values[linked], W(neighbours, silence_warnings=True), permutations=0)
        theirs_star = esda.G_Local(
            values[linked],
            W({one: [*near, one] for one, near in neighbours.items()}, silence_warnings=True),
            transform="B",
            star=True,
            permutations=0,
        )
    assert _moran(values, pairs).i == pytest.approx(theirs.I, abs=1e-12)
    ours_star, whole = getis_ord(values, pairs)[linked], np.isfinite(theirs_star.Zs)
    np.testing.assert_allclose(ours_star[whole], theirs_star.Zs[whole], atol=1e-9)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(0, 1), max_size=30), st.integers(0, 2**16))
def test_false_discovery_is_that_of_scipy(p: list[float], seed: int) -> None:
    values = np.array(p)
    among = np.random.default_rng(seed).random(len(p)) < 0.7
    adjusted = false_discovery(values, among)
    assert np.isnan(adjusted[~among]).all()
    if among.any():
        np.testing.assert_allclose(adjusted[among], false_discovery_control(values[among]), atol=1e-15)


@pytest.mark.parametrize("side", [3, 12])
@pytest.mark.parametrize("at_a_time", [1, 700])
def test_rearrangements_together_are_those_one_by_one(
    side: int, at_a_time: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plainly: the product of each place with the mean of its neighbours, one order at a time."""
    values, pairs = np.random.default_rng(side).uniform(0, 300, side * side), _rook(side, side)
    z = (values - values.mean()) / values.std()
    matrix = np.zeros((len(z), len(z)))
    matrix[pairs[:, 0], pairs[:, 1]] = 1
    matrix /= matrix.sum(axis=1, keepdims=True)
    rng = np.random.default_rng(5)
    simulated = [float((one * (matrix @ one)).mean()) for one in (rng.permutation(z) for _ in range(150))]
    observed, expected = float((z * (matrix @ z)).mean()), -1 / (len(z) - 1)
    as_far = np.abs(np.array(simulated) - expected) >= abs(observed - expected) - 1e-12
    monkeypatch.setattr(spatial, "VALUES_AT_A_TIME", at_a_time)
    found = moran(values, pairs, permutations=150, seed=5)
    assert found is not None
    assert found.i == pytest.approx(observed, abs=1e-12)
    assert found.p == (int(as_far.sum()) + 1) / 151
