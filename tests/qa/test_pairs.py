"""Two raters on one scale: numbers or reasons, whatever the table."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from her2path.qa.pairs import ScaleAgreement, compare
from her2path.qa.readings import CATEGORY, LEVEL, SCORE, Placed, Rater, place_on
from her2path.qa.values import Estimate, Statistic, Undefined

READINGS = st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 3)), max_size=25)

LEAST = -2.6
"""Gwet's AC2 with quadratic weights expects up to 0.722 of four classes by chance: -0.722 / (1 - 0.722)."""


def agreement(pairs: list[tuple[int, int]]) -> ScaleAgreement:
    a, b = np.array(pairs, np.int8).reshape(-1, 2).T
    return compare(SCORE, Placed(a, a), Placed(b, b), np.arange(len(pairs)))


def every(found: ScaleAgreement) -> list[Statistic]:
    cuts = [one for cut in found.cuts.values() for one in cut.statistics.values()]
    return [*found.statistics.values(), *cuts]


@given(READINGS)
@settings(max_examples=60, deadline=None)
def test_every_table_gives_numbers_in_range_or_reasons(pairs: list[tuple[int, int]]) -> None:
    found = agreement(pairs)
    assert found.n + found.n_left_out == len(pairs)
    assert found.table.sum() == found.n
    for one in every(found):
        match one:
            case Undefined(reason=reason):
                assert reason
            case Estimate(value=value, low=None, high=None, note=note):
                assert LEAST - 1e-9 <= value <= 1 + 1e-9
                assert "no interval" in note
            case Estimate(value=value, low=low, high=high):
                assert low is not None
                assert high is not None
                assert LEAST - 1e-9 <= value <= 1 + 1e-9
                assert low <= high


@given(READINGS)
@settings(max_examples=30, deadline=None)
def test_who_comes_first_changes_no_coefficient(pairs: list[tuple[int, int]]) -> None:
    found, turned = agreement(pairs), agreement([(b, a) for a, b in pairs])
    for name, one in found.statistics.items():
        other = turned.statistics[name]
        if isinstance(one, Estimate) and isinstance(other, Estimate):
            assert abs(one.value - other.value) < 1e-12
        else:
            assert one == other
    assert (found.table == turned.table.T).all()


@given(READINGS)
@settings(max_examples=30, deadline=None)
def test_where_every_class_is_known_a_cut_is_the_table_of_two(pairs: list[tuple[int, int]]) -> None:
    found = agreement(pairs)
    for place, cut in enumerate(found.cuts.values(), start=1):
        assert cut.table[1, 1] == found.table[place:, place:].sum()
        assert cut.table[0, 1] == found.table[:place, place:].sum()
        assert cut.table.sum() == found.n


def test_a_bare_0_lies_below_every_cut_but_the_one_within_score_0() -> None:
    """Null, ultralow, a 0 that says no more, 1+, 2+ without ISH, 3+ and nothing, beside 1+ throughout."""
    scores = np.array([0, 0, 0, 1, 2, 3, -1], np.int8)
    a = Rater("a", scores, np.array([0, 1, -1, 2, 3, 4, -1], np.int8))
    b = Rater("b", np.ones(7, np.int8), np.full(7, 2, np.int8))
    n = {}
    for scale in (CATEGORY, LEVEL):
        found = compare(scale, place_on(scale, a, None), place_on(scale, b, None), np.arange(7))
        n[scale.name] = {name: int(cut.table.sum()) for name, cut in found.cuts.items()} | {"": found.n}
    assert n["category"] == {">=ultralow": 5, ">=1+": 6, ">=2+": 6, "3+": 6, "": 5}
    assert n["level"] == {">=ultralow": 5, ">=low": 6, "positive": 5, "": 4}
    low = found.cuts[">=low"].table
    assert low.tolist() == [[0, 3], [0, 3]]


def test_a_rater_of_one_class_is_said_beside_kappa() -> None:
    found = agreement([(0, 0), (0, 1), (0, 2), (0, 0), (0, 0), (0, 1)])
    kappa = found.statistics["kappa_quadratic"]
    assert isinstance(kappa, Estimate)
    assert kappa.value == 0
    assert "rater a gave one class only" in kappa.note


def test_a_rater_who_says_nothing_leaves_reasons() -> None:
    found = agreement([(0, -1), (3, -1)])
    assert found.n == 0
    assert all(isinstance(one, Undefined) for one in every(found))


def test_no_asymptotic_interval_leaves_minus_1_to_1() -> None:
    alike = agreement([(0, 0), (1, 1), (2, 2), (3, 3), (3, 2)]).statistics["kappa_asymptotic"]
    apart = agreement([(0, 3), (3, 0), (0, 3), (3, 0), (0, 0)]).statistics["kappa_asymptotic"]
    assert isinstance(alike, Estimate)
    assert isinstance(apart, Estimate)
    assert (alike.high, apart.low) == (1.0, -1.0)
    assert "cut off at −1 and 1" in alike.method


def test_the_bootstrap_and_the_asymptotic_interval_are_close_where_both_hold() -> None:
    rng = np.random.default_rng(4)
    a = rng.integers(0, 4, 400)
    b = np.where(rng.random(400) < 0.2, rng.integers(0, 4, 400), a)
    found = agreement(list(zip(a.tolist(), b.tolist(), strict=True))).statistics
    for name in ("kappa", "kappa_linear", "kappa_quadratic"):
        drawn, asymptotic = found[name], found[f"{name}_asymptotic"]
        assert isinstance(drawn, Estimate)
        assert isinstance(asymptotic, Estimate)
        assert drawn.low is not None
        assert asymptotic.low is not None
        assert abs(drawn.low - asymptotic.low) < 0.02
