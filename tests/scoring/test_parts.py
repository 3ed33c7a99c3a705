"""A part is scored as if it were the slide: the same rules on its cells alone, whatever lies beside it."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2path.arrays import Doubles
from her2path.cells.table import CellTable
from her2path.errors import NotEvaluableError
from her2path.image.geometry import PixelSize
from her2path.scoring.parts import PartScore, score_parts
from her2path.scoring.rulebook import Rulebook, Specimen
from her2path.scoring.score import score_cells
from her2path.scoring.settings import Statistics

MPP_UM = 0.25
SPECIMENS: Mapping[str, Specimen] = {"gastric-biopsy": "biopsy", "gastric-resection": "resection"}


def positions(table: CellTable) -> Doubles:
    return MPP_UM * np.stack([table.y_px, table.x_px], axis=1).astype(float)


@pytest.mark.parametrize("rulebook", ["breast-2018", "gastric-biopsy", "gastric-resection"])
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), n_cells=st.integers(0, 400))
def test_a_part_is_scored_as_a_slide_of_its_cells(
    seed: int,
    n_cells: int,
    rulebook: str,
    table_of_patterns: Callable[[np.ndarray], CellTable],
    rulebooks: dict[str, Rulebook],
    quick: Statistics,
) -> None:
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(9, 0.3))
    table = table_of_patterns(rng.choice(9, n_cells, p=shares))
    table = replace(table, counted=rng.random(n_cells) < 0.9)
    part = rng.choice([-1, 1, 2, 7], n_cells, p=[0.05, 0.5, 0.1, 0.35]).astype(np.int32)
    book, specimen = rulebooks[rulebook], SPECIMENS.get(rulebook)
    numbers = np.array([1, 2, 5, 7], np.int32)
    found = score_parts(
        table,
        part,
        numbers,
        rulebook=book.for_specimen(specimen),
        statistics=quick,
        yx_um=positions(table),
    )
    for number, one in zip(numbers, found, strict=True):
        alone = table.take(part == number)
        try:
            expected = score_cells(
                alone,
                rulebook=book,
                statistics=quick,
                pixel_size=PixelSize(MPP_UM, MPP_UM),
                specimen=specimen,
            )
        except NotEvaluableError:
            assert (one.score, one.category, one.rule_fired) == (None, None, None)
            assert one.n_cells == alone.counted.sum() < quick.min_cells
            assert one.reason is not None
            assert str(one.n_cells) in one.reason
            continue
        assert (one.score, one.category, one.rule_fired, one.n_cells, one.reason) == (
            expected.score,
            expected.category,
            expected.rule_fired,
            expected.n_cells,
            None,
        )
        assert one.fractions == expected.fractions
        assert one.h_score == pytest.approx(expected.h_score)


def test_no_cluster_reaches_from_one_part_into_another(
    table_of_patterns: Callable[[np.ndarray], CellTable], rulebooks: dict[str, Rulebook], quick: Statistics
) -> None:
    # Five strong cells in a row, neighbours each: three in one part and two in the other.
    pattern = np.zeros(100, int)
    pattern[:5] = 8
    table = table_of_patterns(pattern)
    column = np.arange(100) % 10

    def scores(part: np.ndarray) -> list[str | None]:
        found = score_parts(
            table,
            part.astype(np.int32),
            np.unique(part).astype(np.int32),
            rulebook=rulebooks["gastric-biopsy"].for_specimen("biopsy"),
            statistics=quick,
            yx_um=positions(table),
        )
        return [one.score for one in found]

    assert scores(np.ones(100)) == ["3+"]
    assert scores(1 + (column >= 3)) == ["0", "0"]


def test_an_ungraded_cell_leaves_the_h_score_of_its_part_unknown(
    table_of_patterns: Callable[[np.ndarray], CellTable], rulebooks: dict[str, Rulebook], quick: Statistics
) -> None:
    table = table_of_patterns(np.full(60, 3))
    grade = table.grade.copy()
    grade[0] = -1
    part = np.repeat([1, 2], 30).astype(np.int32)
    found = score_parts(
        replace(table, grade=grade),
        part,
        np.array([1, 2], np.int32),
        rulebook=rulebooks["breast-2018"],
        statistics=quick,
        yx_um=None,
    )
    assert [one.h_score for one in found] == [None, 100.0]


def test_clusters_need_positions(
    table_of_patterns: Callable[[np.ndarray], CellTable], rulebooks: dict[str, Rulebook], quick: Statistics
) -> None:
    def score(rulebook: str) -> tuple[PartScore, ...]:
        return score_parts(
            table_of_patterns(np.full(30, 8)),
            np.ones(30, np.int32),
            np.array([1], np.int32),
            rulebook=rulebooks[rulebook],
            statistics=quick,
            yx_um=None,
        )

    assert score("breast-2018")[0].score == "3+"
    with pytest.raises(ValueError, match="gastric-biopsy measures distances"):
        score("gastric-biopsy")


def test_no_parts_give_nothing(rulebooks: dict[str, Rulebook], quick: Statistics) -> None:
    nothing = np.zeros(0, np.int32)
    assert (
        score_parts(
            CellTable.empty(),
            nothing,
            nothing,
            rulebook=rulebooks["breast-2018"],
            statistics=quick,
            yx_um=None,
        )
        == ()
    )
