"""BCa against SciPy's and against the plain form, and what is not defined."""

from functools import partial

import numpy as np
import pytest
from scipy import stats

from her2path.qa.agreement import cohen
from her2path.qa.confusion import tabulate, weights
from her2path.qa.resampling import MIN_UNITS, REPLICATES, bca_interval, draw

QUADRATIC = partial(cohen, weights=weights(4, 2))


def two_raters(n: int, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 4, n).astype(np.int8)
    return a, np.clip(a + rng.integers(-1, 2, n), 0, 3).astype(np.int8)


def interval(a: np.ndarray, b: np.ndarray, unit: np.ndarray) -> tuple[float, float]:
    found = bca_interval(draw(tabulate(a, b, 4, unit)), QUADRATIC)
    assert not isinstance(found, str), found
    return found


def test_as_scipy_has_it() -> None:
    a, b = two_raters(80)

    def kappa(*drawn: np.ndarray, axis: int = -1) -> float:
        return float(QUADRATIC(tabulate(drawn[0].astype(np.int8), drawn[1].astype(np.int8), 4)))

    theirs = stats.bootstrap(
        (a, b), kappa, paired=True, vectorized=False, n_resamples=REPLICATES, rng=np.random.default_rng(1)
    ).confidence_interval
    assert interval(a, b, np.arange(80)) == pytest.approx((theirs.low, theirs.high), abs=0.02)


def test_the_same_table_gives_the_same_interval() -> None:
    a, b = two_raters(40)
    assert interval(a, b, np.arange(40)) == interval(a[::-1], b[::-1], np.arange(40))


def test_slides_of_a_case_are_drawn_together() -> None:
    """Slides that repeat each other in a case say no more than one of them."""
    a, b = two_raters(40)
    once = interval(a, b, np.arange(40))
    thrice = interval(np.repeat(a, 3), np.repeat(b, 3), np.repeat(np.arange(40), 3))
    taken_alone = interval(np.repeat(a, 3), np.repeat(b, 3), np.arange(120))
    assert thrice == pytest.approx(once, abs=1e-12)
    assert np.ptp(taken_alone) < 0.75 * np.ptp(once)


def test_draws_keep_the_number_of_cases_and_leave_one_out() -> None:
    a, b = two_raters(30)
    draws = draw(tabulate(a, b, 4, np.arange(30)))
    assert (draws.replicates.sum(axis=(1, 2)) == 30).all()
    assert (draws.without.sum(axis=(1, 2)) == 29).all()
    assert draws.times.sum() == 30
    assert (draws.whole == tabulate(a, b, 4)).all()


@pytest.mark.parametrize("n", [0, 1, MIN_UNITS - 1])
def test_too_few_cases_have_no_interval(n: int) -> None:
    a, b = two_raters(n)
    found = bca_interval(draw(tabulate(a, b, 4, np.arange(n))), QUADRATIC)
    told = {0: "0 cases", 1: "1 case", 4: "4 cases"}[n]
    assert found == f"{MIN_UNITS} cases are needed to draw from; the slides are of {told}"


def test_cases_that_all_agree_have_no_interval() -> None:
    a, _ = two_raters(30)
    found = bca_interval(draw(tabulate(a, a, 4, np.arange(30))), QUADRATIC)
    assert found == "the cases are too alike: every draw gives the same value"


def test_a_coefficient_that_few_draws_define_has_no_interval() -> None:
    a = np.array([0] * 19 + [1], np.int8)
    found = bca_interval(draw(tabulate(a, a, 4, np.arange(20))), QUADRATIC)
    assert isinstance(found, str)
    assert "do not define it" in found


@pytest.mark.parametrize(("n", "least", "most"), [(15, 0.84, 0.92), (60, 0.92, 0.98)])
def test_how_often_the_interval_holds_the_true_value(n: int, least: float, most: float) -> None:
    """95 % is what it is made for, and what few cases do not give; 400 studies of each size."""
    share = np.full((4, 4), 0.02) + np.diag([0.23, 0.18, 0.14, 0.13])
    true = float(QUADRATIC(share / share.sum()))
    tables = np.random.default_rng(8).multinomial(n, share.ravel() / share.sum(), size=400)
    cells = np.eye(16, dtype=np.int64).reshape(16, 4, 4)
    found = [bca_interval(draw(np.repeat(cells, counts, axis=0)), QUADRATIC) for counts in tables]
    intervals = np.array([one for one in found if not isinstance(one, str)])
    assert len(intervals) > 390
    assert least <= np.mean((intervals[:, 0] <= true) & (true <= intervals[:, 1])) <= most
