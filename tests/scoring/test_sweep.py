"""The sweep of cut-offs against scoring the cells anew at each of them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from her2path.cells.table import CellTable
from her2path.image.geometry import PixelSize
from her2path.scoring.grade import patterns_of, regrade
from her2path.scoring.rulebook import Rulebook
from her2path.scoring.score import score_cells
from her2path.scoring.settings import Grading, Statistics
from her2path.scoring.sweep import COMPLETE_STEPS, FACTORS, Sweep, sweep_counts, threshold_sweep

COMPLETE = np.array([0.5, 0.8, 1.0])


def _cells(table_of_counts: Callable[..., CellTable], n: int = 400, seed: int = 0) -> CellTable:
    """Cells of every density and completeness, some at the very cut-offs."""
    rng = np.random.default_rng(seed)
    od = np.where(rng.random(n) < 0.2, rng.choice([0.08, 0.2, 0.4, 0.6], n), rng.uniform(0, 0.9, n))
    completeness = np.where(rng.random(n) < 0.2, rng.choice([0.2, 0.8, 1.0], n), rng.uniform(0, 1, n))
    od[(completeness < 0.2) & (rng.random(n) < 0.5)] = np.nan
    table = table_of_counts({"N": n})
    measured = replace(table, membrane_od=od.astype(np.float32), completeness=completeness.astype(np.float32))
    return regrade(measured, Grading())


def _sweep(table: CellTable, book: Rulebook, statistics: Statistics) -> Sweep:
    yx_um = 0.25 * np.stack([table.y_px, table.x_px], axis=1).astype(float)
    found = threshold_sweep(table, grading=Grading(), rulebook=book, statistics=statistics, yx_um=yx_um)
    assert found is not None
    return found


def _at(factor: float, complete: float) -> Grading:
    grading = Grading()
    names = ("stained_od", "weak_od", "moderate_od", "strong_od")
    return grading.model_copy(
        update={name: factor * getattr(grading, name) for name in names} | {"complete": complete}
    )


def test_counts_are_those_of_patterns_at_every_setting(table_of_counts: Callable[..., CellTable]) -> None:
    table = _cells(table_of_counts)
    counts = sweep_counts(table.membrane_od, table.completeness, Grading(), COMPLETE)
    for c, complete in enumerate(COMPLETE):
        for f, factor in enumerate(FACTORS):
            pattern = patterns_of(table.membrane_od, table.completeness, _at(factor, float(complete)))
            assert counts[c, f].tolist() == np.bincount(pattern, minlength=9).tolist()


@pytest.mark.parametrize("name", ["breast-2018", "gastric-biopsy"])
def test_every_setting_has_the_score_of_its_cells(
    name: str,
    table_of_counts: Callable[..., CellTable],
    rulebooks: dict[str, Rulebook],
    quick: Statistics,
) -> None:
    table, book = _cells(table_of_counts, n=60), rulebooks[name]
    table = replace(table, membrane_od=table.membrane_od * 0.7)
    table = regrade(table, Grading())
    found = _sweep(table, book, quick)
    for r in range(0, len(found.complete_cut_offs), 4):
        for c in range(0, len(FACTORS), 10):
            anew = regrade(table, _at(FACTORS[c], Grading().complete + COMPLETE_STEPS[r]))
            score = score_cells(
                anew, rulebook=book, statistics=quick, pixel_size=PixelSize(0.25, 0.25), specimen="biopsy"
            ).score
            assert found.scores[r][c] == score


def test_the_nearest_flip_is_where_the_cells_lie(
    table_of_counts: Callable[..., CellTable], rulebooks: dict[str, Rulebook], quick: Statistics
) -> None:
    # All strong cells have 0.66 OD: at 1.1 times the cut-off they still are, at 1.12 no more.
    table = table_of_counts({"N": 50, "SC": 50})
    table = replace(table, membrane_od=np.where(table.pattern == 8, 0.66, np.nan).astype(np.float32))
    found = _sweep(table, rulebooks["breast-2018"], quick)
    assert [(flip.intensity_factor, flip.complete, flip.score) for flip in found.flips][:1] == [
        (1.12, 0.8, "2+")
    ]
    assert found.nearest is not None
    assert (found.nearest.intensity_factor, found.nearest.complete) == (1.12, 0.8)
    assert found.scores[8][FACTORS.index(1.0)] == "3+"
    assert 0.3 < found.same_fraction < 0.9


def test_a_score_that_no_setting_moves_has_no_flip(
    table_of_counts: Callable[..., CellTable], rulebooks: dict[str, Rulebook], quick: Statistics
) -> None:
    found = _sweep(table_of_counts({"N": 100}), rulebooks["breast-2018"], quick)
    assert (found.same_fraction, found.flips, found.nearest) == (1, (), None)
    assert {score for row in found.scores for score in row} == {"0"}


def test_no_sweep_where_the_patterns_are_of_other_cut_offs(
    table_of_counts: Callable[..., CellTable], rulebooks: dict[str, Rulebook], quick: Statistics
) -> None:
    table = table_of_counts({"N": 50, "SC": 50})
    other = Grading(strong_od=0.9)
    book = rulebooks["breast-2018"]
    assert threshold_sweep(table, grading=other, rulebook=book, statistics=quick, yx_um=None) is None
    assert threshold_sweep(table, grading=Grading(), rulebook=book, statistics=quick, yx_um=None) is not None


def test_clusters_need_places(
    table_of_counts: Callable[..., CellTable], rulebooks: dict[str, Rulebook], quick: Statistics
) -> None:
    table, book = table_of_counts({"N": 50, "SC": 50}), rulebooks["gastric-biopsy"]
    assert threshold_sweep(table, grading=Grading(), rulebook=book, statistics=quick, yx_um=None) is None
