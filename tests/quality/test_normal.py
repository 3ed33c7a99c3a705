"""Strongly stained normal ducts mean that the assay is overstained, whatever the tumour reads."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from her2path.cells.table import CellTable
from her2path.cells.vocabulary import UNGRADED
from her2path.quality.normal import MIN_CELLS, NormalResult, normal_flags, normal_result

TableOf = Callable[..., CellTable]


def judged(table_of: TableOf, counts: dict[str, int]) -> NormalResult:
    cells = table_of(counts)
    return normal_result(cells, cells.membrane_od)


@pytest.mark.parametrize(
    ("counts", "passed"),
    [
        ({"N": 100}, True),
        ({"N": 20, "FI": 50, "WI": 30}, True),
        ({"N": 90, "SC": 10}, True),
        ({"N": 89, "SC": 11}, False),
        ({"FI": 80, "WC": 20}, False),
        ({"MI": 100}, False),
    ],
)
def test_none_to_faint_incomplete_passes(table_of: TableOf, counts: dict[str, int], passed: bool) -> None:
    assert judged(table_of, counts).passed is passed


def test_a_few_cells_are_not_judged(table_of: TableOf) -> None:
    few, none = judged(table_of, {"SC": MIN_CELLS - 1}), judged(table_of, {})
    assert (few.passed, few.overstained_share) == (None, 1.0)
    assert (none.passed, none.overstained_share) == (None, None)
    assert [flag.code for flag in (*normal_flags(few), *normal_flags(none))] == ["CONTROL_NOT_JUDGED"] * 2


def test_cells_without_a_pattern_take_no_part(table_of: TableOf) -> None:
    strong = table_of({"SC": 60})
    unmeasured = replace(strong, pattern=np.full(60, UNGRADED, np.int8))
    both = CellTable.concat([table_of({"N": 60}), unmeasured])
    result = normal_result(both, both.membrane_od)
    assert (result.reading.n_cells, result.passed) == (60, True)


def test_the_flag_says_how_much_is_stained(table_of: TableOf) -> None:
    good, bad = judged(table_of, {"N": 100}), judged(table_of, {"N": 50, "SC": 50})
    flags = [*normal_flags(good), *normal_flags(bad)]
    assert [(flag.code, flag.severity) for flag in flags] == [
        ("CONTROL_PASS", "info"),
        ("CONTROL_FAIL", "warning"),
    ]
    assert "50% of 100 cells" in flags[1].detail
