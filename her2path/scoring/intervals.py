"""How sure the fractions and the score are: a bootstrap over blocks of tissue.

Neighbouring cells stain alike, so that a slide holds less information than its number of cells says.
Blocks of tissue are drawn with replacement instead of cells (docs/science/bootstrap-intervals.md).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from her2path.arrays import Codes, Doubles
from her2path.cells.vocabulary import PATTERNS
from her2path.scoring.cascade import (
    Counts,
    Truths,
    category_ranks,
    conditions_met,
    deciding_rule,
    membership,
    wilson,
)
from her2path.scoring.correlogram import spatial_spread
from her2path.scoring.rulebook import Rulebook
from her2path.scoring.settings import Statistics
from her2path.scoring.terms import CATEGORIES, SCORE_OF, SCORES, Category, Score

MIN_BLOCK_UM = 15.0
"""About one tumour cell: a smaller block is a cell."""

SHRINK = 0.8
"""Small steps, because blocks that are smaller than need be miss more of the correlation of neighbours."""

CHUNK = 4_000_000
"""Weights held at once: 32 MB, whatever the numbers of blocks and replicates."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """Cells of the slide, tallied over squares of tissue."""

    counts: Counts
    """``(blocks, 9)`` counted cells by pattern."""

    clustered: Truths
    """``(blocks, R)`` whether a cluster that meets a cluster rule has a cell in the block."""

    growth: float
    """How much larger the variance is than these blocks show, by the correlogram; at least 1."""

    patches: float = np.inf
    """As many independent patches of staining say as much as the tissue."""


@dataclass(frozen=True, eq=False)
class Intervals:
    """95 % intervals of a slide, and the categories of its replicates."""

    fractions: Doubles
    """``(9, 2)`` low and high of each pattern's fraction."""

    rules: Doubles
    """``(R, 2)`` low and high of the fraction of cells that each rule counts."""

    design_effect: Doubles
    """``(R,)`` variance of the fraction of cells that each rule counts, over that of as many independent
    cells; NaN where none or all are counted."""

    category_shares: dict[Category, float]
    """Share of the replicates by category; sums to 1."""

    @property
    def score_shares(self) -> dict[Score, float]:
        """Share of the replicates by score; sums to 1."""
        shares: dict[Score, float] = dict.fromkeys(SCORES, 0.0)
        for category, share in self.category_shares.items():
            shares[SCORE_OF[category]] += share
        return shares


def cut_into_blocks(yx_um: Doubles, pattern: Codes, enough: Truths, statistics: Statistics) -> Blocks | None:
    """Cut the tissue into squares that are drawn together.

    The squares are as large as leaves ``bootstrap_blocks``, and one that holds few cells counts for less: the
    larger they are, the less correlation runs across their edges.

    Parameters
    ----------
    yx_um
        ``(n, 2)`` cell centres, µm.
    pattern
        ``(n,)`` pattern of each cell.
    enough
        ``(n, R)`` whether the cell is in a cluster that meets the rule.
    statistics
        ``bootstrap_blocks``.

    Returns
    -------
    Blocks | None
        None where not even blocks of the size of a cell are enough.
    """
    from_corner_um = np.ascontiguousarray(yx_um.T)  # two rows: several times as fast
    from_corner_um -= from_corner_um.min(axis=1, keepdims=True)
    edge_um = float(from_corner_um.max())
    while edge_um >= MIN_BLOCK_UM:
        block = _squares(from_corner_um, edge_um)
        if _worth(np.bincount(block)) >= statistics.bootstrap_blocks:
            break
        edge_um *= SHRINK
    else:
        return None
    counts = _tally(block, pattern)
    clustered = np.zeros((len(counts), enough.shape[1]), np.bool_)
    rows, rules = np.nonzero(enough)
    clustered[block[rows], rules] = True
    spread, seen = spatial_spread(from_corner_um, pattern), _total_variance(counts)
    growth = max(1.0, spread.variance / seen) if seen > 0 else 1.0
    return Blocks(counts, clustered, float(growth), spread.patches)


def bootstrap(blocks: Blocks, *, rulebook: Rulebook, statistics: Statistics) -> Intervals:
    """Draw blocks with replacement and run the rules on every draw.

    Fewer blocks are drawn than there are, so that the replicates spread as widely as the fractions are
    uncertain: by Student's t for the number of blocks or of patches, whichever is fewer, and by ``growth``,
    for the correlation that runs across the edges of blocks.

    Parameters
    ----------
    blocks
        A replicate has a cluster where it has a block of it: it is there or not, and is not grown by drawing
        it twice.
    rulebook
        ``R`` rules.
    statistics
        Number of replicates and seed.

    Returns
    -------
    Intervals
        Percentile intervals, never narrower than Wilson's for as many independent cells as the blocks are
        worth: blocks that happen to be alike do not make a proportion certain.
    """
    n = blocks.counts.sum(axis=1)
    worth = _worth(n)
    freedom = max(1.0, min(worth, blocks.patches) - 1)
    widening = float(stdtrit(freedom, 0.975) / ndtri(0.975)) ** 2
    inflation = blocks.growth * widening
    draws = max(1, round(len(n) * (worth - 1) / worth / inflation))
    drawn, clustered = _draw(blocks, draws, statistics)

    columns = _columns(rulebook)
    share = blocks.counts.sum(axis=0) @ columns / n.sum()
    variance = inflation * _variance(blocks.counts @ columns, n)
    cells = np.full(len(share), float(n.sum()))
    independent = np.divide(share * (1 - share), variance, out=cells.copy(), where=variance > 0)
    # A replicate holds a part of the cells: the gate, a number of cells, shrinks with it.
    gate = max(1, round(statistics.presence_min_cells * draws / len(n)))
    binomial = share * (1 - share) / n.sum()
    effect = np.divide(variance / widening, binomial, out=np.full(len(share), np.nan), where=binomial > 0)
    return Intervals(
        *_percentiles(drawn, share, np.minimum(independent, cells), rulebook),
        np.maximum(effect, 1.0)[len(PATTERNS) :],
        _category_shares(
            drawn, clustered, rulebook, statistics.model_copy(update={"presence_min_cells": gate})
        ),
    )


def bootstrap_cells(
    counts: Counts, clustered: Truths, *, rulebook: Rulebook, statistics: Statistics
) -> Intervals:
    """Draw the cells themselves, as if they were independent: for a specimen too small to cut.

    Parameters
    ----------
    counts
        ``(9,)`` counted cells by pattern.
    clustered
        ``(R,)`` whether there is a cluster that meets the rule; clusters stay as they are.
    rulebook
        ``R`` rules.
    statistics
        Number of replicates and seed.
    """
    n = int(counts.sum())
    rng = np.random.default_rng(statistics.seed)
    drawn = rng.multinomial(n, counts / n, size=statistics.bootstrap_replicates)
    share = counts @ _columns(rulebook) / n
    return Intervals(
        *_percentiles(drawn, share, np.full(len(share), float(n)), rulebook),
        np.full(len(rulebook.rules), 1.0),
        _category_shares(
            drawn, np.broadcast_to(clustered, (len(drawn), len(clustered))), rulebook, statistics
        ),
    )


def _squares(from_corner_um: Doubles, edge_um: float) -> Counts:
    """Give each cell the number, 0 upwards, of its square; ``(2, n)`` to ``(n,)``."""
    row, column = np.floor(from_corner_um / edge_um).astype(np.int64)
    square = row * (column.max() + 1) + column
    number = np.cumsum(np.bincount(square) > 0) - 1
    block: Counts = number[square]
    return block


def _tally(block: Counts, pattern: Codes) -> Counts:
    n = int(block.max()) + 1
    return np.bincount(block * len(PATTERNS) + pattern, minlength=n * len(PATTERNS)).reshape(n, -1)


def _worth(n: Counts) -> float:
    """How many blocks of equal size say as much as blocks of ``n`` cells (Kish's effective number)."""
    return float(n.sum() ** 2 / (n**2).sum())


def _variance(counts: Counts, n: Counts) -> Doubles:
    """Of the slide's share of each column, from how its count varies over blocks of ``n`` cells."""
    total, worth = n.sum(), _worth(n)
    residual = counts - n[:, None] * (counts.sum(axis=0) / total)
    variance: Doubles = worth / (worth - 1) * (residual**2).sum(axis=0) / total**2
    return variance


def _total_variance(counts: Counts) -> float:
    """Of the nine fractions together."""
    return float(_variance(counts, counts.sum(axis=1)).sum())


def _draw(blocks: Blocks, draws: int, statistics: Statistics) -> tuple[Counts, Truths]:
    """``(replicates, 9)`` counts and ``(replicates, R)`` clusters of so many blocks."""
    rng = np.random.default_rng(statistics.seed)
    replicates, n_blocks = statistics.bootstrap_replicates, len(blocks.counts)
    # Floating point for the fast matrix product; whole numbers this small are exact in it.
    table = np.hstack([blocks.counts, blocks.clustered]).astype(float)
    rows = max(1, CHUNK // n_blocks)
    sums = np.vstack(
        [
            rng.multinomial(draws, np.full(n_blocks, 1 / n_blocks), size=min(rows, replicates - start))
            @ table
            for start in range(0, replicates, rows)
        ]
    )
    return np.rint(sums[:, : len(PATTERNS)]).astype(np.int64), sums[:, len(PATTERNS) :] > 0


def _columns(rulebook: Rulebook) -> Counts:
    """``(9, 9 + R)``: counts times this are the counts of each pattern and of each rule."""
    return np.hstack([np.eye(len(PATTERNS), dtype=np.int64), membership(rulebook.rules)])


def _percentiles(
    drawn: Counts, share: Doubles, independent: Doubles, rulebook: Rulebook
) -> tuple[Doubles, Doubles]:
    """Intervals of the patterns and of the rules, at least Wilson's for so many independent cells."""
    drawn_share = drawn @ _columns(rulebook) / drawn.sum(axis=1, keepdims=True)
    low, high = np.quantile(drawn_share, (0.025, 0.975), axis=0)
    wilson_low, wilson_high = wilson(share * independent, independent)
    intervals = np.stack([np.minimum(low, wilson_low), np.maximum(high, wilson_high)], axis=1)
    return intervals[: len(PATTERNS)], intervals[len(PATTERNS) :]


def _category_shares(
    drawn: Counts, clustered: Truths, rulebook: Rulebook, statistics: Statistics
) -> dict[Category, float]:
    met = conditions_met(rulebook.rules, drawn, clustered, statistics)
    rank = category_ranks(rulebook)[deciding_rule(met)]
    shares = np.bincount(rank, minlength=len(CATEGORIES)) / len(rank)
    return dict(zip(CATEGORIES, shares.tolist(), strict=True))
