"""A hundred thousand random slides: every rulebook answers each, and upgraded cells never lower that."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from her2path.cells.vocabulary import PATTERNS
from her2path.scoring.cascade import (
    category_ranks,
    cluster_suffices,
    conditions_met,
    deciding_rule,
    membership,
)
from her2path.scoring.rulebook import Rulebook, parse_rulebook
from her2path.scoring.rules import GapPolicy
from her2path.scoring.settings import Statistics
from her2path.scoring.terms import CATEGORIES, STATUSES

RULEBOOKS = sorted((Path(__file__).parents[2] / "configs" / "rulebooks").glob("*.toml"))
POLICIES: tuple[GapPolicy, ...] = ("convention", "strict")
N_TABLES = 100_000

Counts = NDArray[np.int64]


def _books(path: Path) -> Iterator[Rulebook]:
    """As they are read: one for each kind of specimen and each gap policy."""
    book = parse_rulebook(tomllib.loads(path.read_text(encoding="utf-8")), path.name)
    for specimen in book.specimens:
        for policy in POLICIES:
            yield book.for_specimen(specimen).model_copy(update={"gap_policy": policy})


def _answers(book: Rulebook, counts: Counts, largest: Counts, statistics: Statistics) -> Counts:
    """Rank of the category, and of the status behind it; ``largest`` is the share of cells in one cluster."""
    sizes = counts @ membership(book.rules) // largest[:, None]
    clustered = np.stack(
        [
            cluster_suffices(rule, size) if rule.metric == "cluster" else np.zeros(len(counts), bool)
            for rule, size in zip(book.rules, sizes.T, strict=True)
        ],
        axis=-1,
    )
    fired = deciding_rule(conditions_met(book.rules, counts, clustered, statistics))
    statuses = [STATUSES.index(book.result_of(k).her2_status) for k in range(len(book.rules) + 1)]
    answers: Counts = category_ranks(book)[fired] * len(STATUSES) + np.array(statuses)[fired]
    return answers


def _random_counts(rng: np.random.Generator) -> Counts:
    """Slides of all sizes and mixtures, many of them just at a cut-off."""
    n = rng.integers(20, 5000, N_TABLES)
    shares = rng.dirichlet(np.full(len(PATTERNS), 0.3), N_TABLES)
    at_a_cut_off = rng.random(N_TABLES) < 0.5
    two = rng.integers(1, len(PATTERNS), N_TABLES)
    cut = rng.choice([0.0, 0.1, 0.3, 0.5], N_TABLES) + rng.integers(-2, 3, N_TABLES) / n
    plain = np.zeros_like(shares)
    plain[np.arange(N_TABLES), two] = np.clip(cut, 0, 1)
    counts = np.rint(np.where(at_a_cut_off[:, None], plain, shares) * n[:, None]).astype(np.int64)
    counts[:, 0] += np.maximum(n - counts.sum(axis=1), 0)
    return counts


def _upgraded(counts: Counts, rng: np.random.Generator) -> Counts:
    """Some cells of one pattern become as strong and as complete as another that is both at least."""
    code = np.arange(len(PATTERNS))
    intensity, complete = (code + 1) // 2, np.where(code > 0, (code + 1) % 2, 0)
    above = (intensity[None] >= intensity[:, None]) & (complete[None] >= complete[:, None])
    source = rng.integers(0, len(PATTERNS), len(counts))
    weights = above[source] * rng.random((len(counts), len(PATTERNS)))
    target = weights.argmax(axis=1)
    rows = np.arange(len(counts))
    moved = rng.binomial(counts[rows, source], rng.choice([0.05, 0.5, 1.0], len(counts)))
    after = counts.copy()
    after[rows, source] -= moved
    after[rows, target] += moved
    return after


@pytest.mark.parametrize("path", RULEBOOKS, ids=lambda path: path.stem)
def test_a_hundred_thousand_slides_have_an_answer_that_upgrades_never_lower(path: Path) -> None:
    rng = np.random.default_rng(20181)
    counts = _random_counts(rng)
    after = _upgraded(counts, rng)
    largest = rng.choice([1, 2, 50], N_TABLES)
    seen: set[int] = set()
    for book in _books(path):
        first, second = (_answers(book, c, largest, Statistics()) for c in (counts, after))
        assert len(first) == N_TABLES
        assert (first <= second).all()
        seen |= set((first // len(STATUSES)).tolist())
    assert len(seen) >= len(CATEGORIES) - 1  # some rules know no 0 with staining


@pytest.mark.parametrize("path", RULEBOOKS, ids=lambda path: path.stem)
@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.integers(0, 10**6), min_size=9, max_size=9).filter(sum),
    source=st.integers(0, 8),
    up=st.tuples(st.integers(0, 4), st.booleans()),
    share=st.floats(0, 1),
    gate=st.integers(1, 12),
    blank=st.sampled_from([0.0, 0.005, 0.05]),
)
def test_any_slide_has_an_answer_that_an_upgrade_never_lowers(
    path: Path,
    counts: list[int],
    source: int,
    up: tuple[int, bool],
    share: float,
    gate: int,
    blank: float,
) -> None:
    intensity = max((source + 1) // 2, up[0])
    complete = (source > 0 and (source + 1) % 2 == 1) or up[1]
    target = 2 * intensity - 1 + complete if intensity else 0
    moved = int(share * counts[source])
    after = list(counts)
    after[source] -= moved
    after[target] += moved
    statistics = Statistics(presence_min_cells=gate, presence_limit_of_blank=blank)
    both = np.array([counts, after])
    for book in _books(path):
        for largest in (1, 1000):
            first, second = _answers(book, both, np.full(2, largest), statistics)
            assert first <= second
