import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from her2path.cells.vocabulary import PATTERNS
from her2path.scoring.cascade import category_ranks, conditions_met, deciding_rule, presence_gate, wilson
from her2path.scoring.rulebook import CATEGORIES, Rulebook
from her2path.scoring.settings import Statistics


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    [
        (50, 500, 7.7, 12.9),
        (500, 5000, 9.2, 10.9),
        (20, 20, 83.9, 100),
        (19, 20, 76.4, 99.1),
        (0, 20, 0, 16.1),
    ],
)
def test_wilson_gives_the_published_values(count: int, n: int, low: float, high: float) -> None:
    assert np.round(100 * np.array(wilson(count, n)), 1).tolist() == [low, high]


def test_wilson_of_many_is_that_of_each_and_stays_inside() -> None:
    count, n = np.arange(0, 41), np.full(41, 40)
    low, high = wilson(count, n)
    assert [wilson(int(c), 40) for c in count] == list(zip(low, high, strict=True))
    assert (low[0], high[-1]) == pytest.approx((0, 1), abs=1e-15)
    assert ((low >= 0) & (low <= count / n) & (count / n <= high) & (high <= 1)).all()


def test_wilson_is_that_of_statsmodels() -> None:
    n = np.array([1, 7, 20, 999, 10**6])[:, None]
    count = np.unique(np.round(n * np.linspace(0, 1, 41)).astype(int), axis=1)
    expected = proportion_confint(count, n, method="wilson")
    assert np.allclose(wilson(count, n), expected, rtol=0, atol=1e-12)


def test_many_replicates_are_decided_as_each_alone(rulebooks: dict[str, Rulebook]) -> None:
    book = rulebooks["breast-2018"]
    counts = np.random.default_rng(3).integers(0, 30, (200, 9)) ** 2
    clustered = np.zeros((200, len(book.rules)), bool)
    statistics = Statistics()
    together = deciding_rule(conditions_met(book.rules, counts, clustered, statistics))
    alone = [int(deciding_rule(conditions_met(book.rules, c, clustered[0], statistics))) for c in counts]
    assert together.tolist() == alone
    assert len(set(alone)) > 2


def _category(book: Rulebook, n: int, statistics: Statistics, **counts: int) -> str:
    cells = np.array([n - sum(counts.values()), *(counts.get(name, 0) for name in PATTERNS[1:])])
    met = conditions_met(book.rules, cells, np.zeros(len(book.rules), bool), statistics)
    return str(CATEGORIES[category_ranks(book)[int(deciding_rule(met))]])


def test_the_presence_gate_asks_for_cells_and_for_more_than_blank(rulebooks: dict[str, Rulebook]) -> None:
    book = rulebooks["breast-2018"]
    above_blank = Statistics(presence_limit_of_blank=0.01)
    assert _category(book, 1000, Statistics(), FI=9) == "IHC0_NULL"
    assert _category(book, 1000, Statistics(), FI=10) == "IHC0_STAINED"
    assert _category(book, 1000, above_blank, FI=10) == "IHC0_NULL"
    assert _category(book, 1000, above_blank, FI=30) == "IHC0_STAINED"


@pytest.mark.parametrize(
    ("n", "cells"), [(20, 1), (50, 1), (51, 2), (100, 2), (450, 9), (451, 10), (10**6, 10)]
)
def test_the_gate_of_a_small_specimen_is_a_share_of_it(
    rulebooks: dict[str, Rulebook], n: int, cells: int
) -> None:
    book = rulebooks["breast-2018"]
    assert presence_gate(n, Statistics()) == cells
    assert _category(book, n, Statistics(), SC=cells) == "IHC2"
    assert _category(book, n, Statistics(), SC=cells - 1) == "IHC0_NULL"


def test_a_share_that_binary_numbers_miss_is_met_exactly() -> None:
    many = Statistics(presence_min_cells=1000)
    shares = np.arange(1, 100)
    gates = [presence_gate(100, many.model_copy(update={"presence_min_share": s / 100})) for s in shares]
    assert gates == shares.tolist()
    assert presence_gate(5, many.model_copy(update={"presence_min_share": 0.0})) == 1


def test_whole_numbers_decide_at_sizes_where_floats_would_round(rulebooks: dict[str, Rulebook]) -> None:
    book = rulebooks["breast-2018"]
    n = 10**12
    counts = np.array([[n - n // 10 - extra] + [0] * 7 + [n // 10 + extra] for extra in (-1, 0, 1)])
    met = conditions_met(book.rules[:1], counts, np.zeros((3, 1), bool), Statistics())
    assert met[:, 0].tolist() == [False, False, True]
