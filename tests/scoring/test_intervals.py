from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from her2path.arrays import Doubles
from her2path.cells.vocabulary import PATTERNS
from her2path.scoring.cascade import Counts, wilson
from her2path.scoring.intervals import Blocks, Intervals, bootstrap, bootstrap_cells, cut_into_blocks
from her2path.scoring.rulebook import Rulebook
from her2path.scoring.settings import Statistics

SC = PATTERNS.index("SC")


@pytest.fixture
def draw(rulebooks: dict[str, Rulebook]) -> Callable[..., Intervals]:
    book = rulebooks["breast-2018"]

    def run(
        counts: Counts, growth: float = 1.0, seed: int = 1, replicates: int = 400, patches: float = np.inf
    ) -> Intervals:
        clustered = np.zeros((len(counts), len(book.rules)), bool)
        statistics = Statistics(bootstrap_replicates=replicates, seed=seed)
        return bootstrap(Blocks(counts, clustered, growth, patches), rulebook=book, statistics=statistics)

    return run


def _blocks(strong: ArrayLike, n_cells: int = 50) -> Counts:
    """``(blocks, 9)`` of ``n_cells`` each, of which ``strong`` are strong and complete."""
    counts = np.zeros((np.size(strong), 9), np.int64)
    counts[:, SC] = strong
    counts[:, 0] = n_cells - counts[:, SC]
    return counts


def _cut(yx_um: Doubles, strong: NDArray[np.bool_], n_blocks: int = 15) -> Blocks | None:
    pattern = np.where(strong, SC, 0).astype(np.int8)
    return cut_into_blocks(yx_um, pattern, strong[:, None], Statistics(bootstrap_blocks=n_blocks))


def _width(intervals: Intervals) -> float:
    return float(np.ptp(intervals.fractions[SC]))


def test_the_seed_decides_the_draws(draw: Callable[..., Intervals]) -> None:
    counts = _blocks(np.random.default_rng(0).integers(0, 20, 60))
    assert np.array_equal(draw(counts).fractions, draw(counts).fractions)
    assert not np.array_equal(draw(counts).fractions, draw(counts, seed=2).fractions)


def test_replicates_do_not_depend_on_how_many_are_held_at_once(
    draw: Callable[..., Intervals], monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = _blocks(np.random.default_rng(0).integers(0, 20, 60))
    whole = draw(counts)
    monkeypatch.setattr("her2path.scoring.intervals.CHUNK", 60 * 7)
    assert np.array_equal(draw(counts).fractions, whole.fractions)


def test_blocks_that_differ_widen_the_interval_and_equal_blocks_give_wilson(
    draw: Callable[..., Intervals],
) -> None:
    patchy = draw(_blocks(np.repeat([0, 50], [90, 10])))
    even = draw(_blocks(np.full(100, 5)))
    assert even.fractions[SC] == pytest.approx(np.array(wilson(500, 5000)))
    assert _width(patchy) > 3 * _width(even)


@pytest.mark.parametrize("growth", [1.0, 2.0, 4.0])
def test_the_interval_is_as_wide_as_the_variance_of_blocks_says(
    draw: Callable[..., Intervals], growth: float
) -> None:
    strong = np.random.default_rng(2).integers(10, 41, 200)
    expected = 2 * 1.96 * np.sqrt(growth) * strong.std(ddof=1) / 50 / np.sqrt(200)
    assert _width(draw(_blocks(strong), growth, replicates=4000)) == pytest.approx(expected, rel=0.06)


def test_few_blocks_are_less_certain_than_their_variance_says(draw: Callable[..., Intervals]) -> None:
    strong = np.tile([15, 35], 6)  # Student's t for 11 degrees of freedom is 2.2, and not 1.96
    expected = 2 * 2.201 * strong.std(ddof=1) / 50 / np.sqrt(12)
    assert _width(draw(_blocks(strong), replicates=4000)) == pytest.approx(expected, rel=0.1)


def test_the_presence_gate_shrinks_with_the_part_of_the_cells_that_is_drawn(
    draw: Callable[..., Intervals],
) -> None:
    counts = _blocks(np.full(30, 1), 200)  # 30 strong cells of 6000 in every draw of all blocks
    assert draw(counts, growth=10.0).score_shares["2+"] == 1


def test_cells_are_drawn_where_there_are_no_blocks(rulebooks: dict[str, Rulebook]) -> None:
    book = rulebooks["gastric-biopsy"]
    counts = _blocks(np.array([100]), 1000)[0]
    for cluster in (False, True):
        intervals = bootstrap_cells(
            counts, np.full(len(book.rules), cluster), rulebook=book, statistics=Statistics()
        )
        assert intervals.fractions[SC] == pytest.approx(np.array(wilson(100, 1000)), abs=0.008)
        assert intervals.score_shares["3+" if cluster else "0"] == 1  # clusters stay as they are


def test_shares_of_the_scores_meet_at_the_cut_off(draw: Callable[..., Intervals]) -> None:
    shares = draw(_blocks(np.full(100, 5) + np.tile([-3, 3], 50))).score_shares
    assert sum(shares.values()) == pytest.approx(1)
    assert 0.2 < shares["3+"] < 0.8
    assert shares["2+"] == pytest.approx(1 - shares["3+"])


def test_a_cluster_is_in_a_replicate_where_its_block_is_drawn(rulebooks: dict[str, Rulebook]) -> None:
    book = rulebooks["gastric-biopsy"]
    counts = _blocks(np.zeros(40, int))
    counts[3, [0, SC]] = [40, 10]
    clustered = np.zeros((40, len(book.rules)), bool)
    clustered[3, :3] = True
    intervals = bootstrap(
        Blocks(counts, clustered, 1.0), rulebook=book, statistics=Statistics(bootstrap_replicates=2000)
    )
    draws = round(39 * (1.96 / 2.0227) ** 2)
    assert intervals.score_shares["3+"] == pytest.approx(1 - (1 - 1 / 40) ** draws, abs=0.03)


@pytest.mark.parametrize("extent_um", [8000, 300])
def test_blocks_are_as_few_as_asked_for_and_hold_every_cell(extent_um: float) -> None:
    rng = np.random.default_rng(5)
    yx_um, strong = rng.uniform(0, extent_um, (3000, 2)), rng.random(3000) < 0.2
    for asked in (15, 60):
        blocks = _cut(yx_um, strong, asked)
        assert blocks is not None
        n = blocks.counts.sum(axis=1)
        assert (n > 0).all()
        assert asked <= n.sum() ** 2 / (n**2).sum() <= len(n) <= 2.5 * asked
        assert blocks.counts.sum(axis=0)[[0, SC]].tolist() == [(~strong).sum(), strong.sum()]
        assert np.array_equal(blocks.clustered[:, 0], blocks.counts[:, SC] > 0)


def test_where_the_tissue_lies_on_the_slide_changes_nothing() -> None:
    rng = np.random.default_rng(6)
    yx_um, strong = rng.integers(0, 4000, (2000, 2)).astype(float), rng.random(2000) < 0.2
    here, there = _cut(yx_um, strong), _cut(yx_um + 4000.0, strong)
    assert here is not None
    assert there is not None
    assert np.array_equal(here.counts, there.counts)


@pytest.mark.parametrize("extent_um", [40, 0])
def test_a_specimen_of_a_few_cell_widths_has_no_blocks(extent_um: float) -> None:
    yx_um = np.random.default_rng(5).uniform(0, extent_um, (30, 2)) if extent_um else np.zeros((30, 2))
    assert _cut(yx_um, np.zeros(30, bool)) is None


def test_variance_grows_beyond_the_blocks_where_patches_are_larger_than_one() -> None:
    rng = np.random.default_rng(9)
    yx_um = rng.uniform(0, 4000, (20_000, 2))
    patchy = _cut(yx_um, (yx_um[:, 1] // 1000) % 2 == 0)
    even = [_cut(yx_um, rng.random(20_000) < 0.5) for _ in range(20)]
    assert patchy is not None
    assert patchy.growth > 1.2
    assert patchy.patches < 15
    assert np.median([blocks.growth for blocks in even if blocks]) < 1.2
    assert np.median([blocks.patches for blocks in even if blocks]) > 100


def test_few_patches_widen_as_few_blocks_do(draw: Callable[..., Intervals]) -> None:
    counts = _blocks(np.random.default_rng(0).integers(0, 20, 60))
    assert _width(draw(counts, patches=4.0)) > 1.3 * _width(draw(counts))


def test_the_design_effect_is_one_for_independent_cells_and_grows_with_likeness(
    draw: Callable[..., Intervals],
) -> None:
    rng = np.random.default_rng(3)
    own = draw(_blocks(rng.binomial(50, 0.2, 400))).design_effect[0]
    alike = draw(_blocks(50 * (rng.random(400) < 0.2))).design_effect[0]
    assert own == pytest.approx(1, abs=0.25)
    assert alike == pytest.approx(50, rel=0.1)
    assert np.isnan(draw(_blocks(np.zeros(60, int))).design_effect[0])


def test_the_interval_holds_the_truth_about_as_often_as_it_says(rulebooks: dict[str, Rulebook]) -> None:
    # Patches of 100 µm, each with its own rate from a wide beta of mean 0.2, on 1.5 by 1.5 mm.
    rng, truth, held, held_by_wilson = np.random.default_rng(11), 0.2, [], []
    for _ in range(120):
        yx_um = rng.uniform(0, 1500, (2500, 2))
        row, column = (yx_um // 100).astype(int).T
        strong = rng.random(2500) < rng.beta(0.4, 1.6, (15, 15))[row, column]
        blocks = _cut(yx_um, strong)
        assert blocks is not None
        intervals = bootstrap(
            Blocks(blocks.counts, np.zeros((len(blocks.counts), 8), bool), blocks.growth, blocks.patches),
            rulebook=rulebooks["breast-2018"],
            statistics=Statistics(bootstrap_replicates=200),
        )
        low, high = intervals.fractions[SC]
        held.append(low <= truth <= high)
        alone_low, alone_high = wilson(strong.sum(), 2500)
        held_by_wilson.append(alone_low <= truth <= alone_high)
    assert np.mean(held) >= 0.93
    assert np.mean(held_by_wilson) < 0.75
