"""How many cells stand between a slide and another score."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2path.cells.vocabulary import PATTERNS
from her2path.scoring.cascade import Counts, category_ranks, conditions_met, deciding_rule
from her2path.scoring.margin import Step, margin
from her2path.scoring.rulebook import Rulebook
from her2path.scoring.settings import Statistics
from her2path.scoring.terms import CATEGORIES, SCORE_OF, SCORES

STATISTICS = Statistics()


def _counts(**cells: int) -> Counts:
    return np.array([cells.get(name, 0) for name in PATTERNS], np.int64)


def _score(counts: Counts, book: Rulebook) -> int:
    met = conditions_met(book.rules, counts, np.zeros(len(book.rules), bool), STATISTICS)
    return SCORES.index(SCORE_OF[CATEGORIES[int(category_ranks(book)[int(deciding_rule(met))])]])


@pytest.mark.parametrize(
    ("counts", "higher", "lower"),
    [
        # 101 of 1000 is more than 10 %: one cell fewer is not. Nine strong cells are below the presence gate.
        (_counts(N=899, SC=101), None, Step(1, "2+")),
        (_counts(N=900, SC=100), Step(1, "3+"), Step(91, "0")),
        (_counts(N=800, FI=200), Step(10, "2+"), Step(100, "0")),
        (_counts(N=950, FI=50), Step(10, "2+"), None),
        (_counts(N=1000), Step(10, "2+"), None),
    ],
)
def test_steps_worked_out_by_hand(
    counts: Counts, higher: Step | None, lower: Step | None, rulebooks: dict[str, Rulebook]
) -> None:
    found = margin(counts, rulebook=rulebooks["breast-2018"], statistics=STATISTICS)
    assert found is not None
    assert (found.higher, found.lower) == (higher, lower)


def test_clusters_have_no_margin(rulebooks: dict[str, Rulebook]) -> None:
    book = rulebooks["gastric-biopsy"]
    assert margin(_counts(N=90, SC=10), rulebook=book, statistics=STATISTICS) is None


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 60), min_size=9, max_size=9), st.sampled_from(["breast-2018", "breast-2007"]))
def test_one_cell_fewer_is_not_enough(rulebooks: dict[str, Rulebook], cells: list[int], name: str) -> None:
    counts, book = np.array(cells, np.int64), rulebooks[name]
    counts[0] += 20
    now = _score(counts, book)
    found = margin(counts, rulebook=book, statistics=STATISTICS)
    assert found is not None
    if found.higher is not None:
        # Cells are best upgraded to strong and complete, wherever they come from but strong ones themselves.
        for n, reached in ((found.higher.cells, True), (found.higher.cells - 1, False)):
            best = max(_score(_upgraded(counts, n, source), book) for source in range(8))
            assert (best > now) == reached
    if found.lower is not None:
        assert SCORES.index(found.lower.score) < now
        for source in range(1, 9):
            taken = min(found.lower.cells - 1, int(counts[source]))
            left = counts.copy()
            left[source] -= taken
            left[0] += taken
            assert _score(left, book) == now


def _upgraded(counts: Counts, n: int, source: int) -> Counts:
    """``n`` cells read as strong and complete, those of one pattern first, then unstained ones up."""
    moved, left = counts.copy(), n
    for pattern in (source, *range(8)):
        taken = min(left, int(moved[pattern]))
        moved[pattern] -= taken
        moved[8] += taken
        left -= taken
    return moved
