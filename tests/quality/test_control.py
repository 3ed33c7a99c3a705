"""A control that reads what it should not is the only sign that a run went wrong: it must be said."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from her2path.cells.table import CellTable
from her2path.quality.control import MIN_CELLS, ControlResult, control_flags, control_result, read_cells

TableOf = Callable[..., CellTable]


def judged(
    cells: CellTable, expected: str | None, reached: str | None, window: tuple[float, float] | None = None
) -> ControlResult:
    reading = read_cells(cells, cells.membrane_od)
    return control_result(reading, name="c", expected=expected, reached=reached, window_od=window)


def test_a_reading_tells_shares_and_density(table_of: TableOf) -> None:
    cells = table_of({"N": 30, "WC": 90})
    reading = read_cells(cells, cells.membrane_od)
    assert reading.n_cells == 120
    assert reading.stained_share == pytest.approx(0.75)
    assert reading.membrane_od == pytest.approx(0.3)
    assert reading.fractions is not None
    assert reading.fractions["WC"] == pytest.approx(0.75)


def test_missing_is_not_zero(table_of: TableOf) -> None:
    uncounted = replace(table_of({"SC": 50}), counted=np.zeros(50, bool))
    nothing = read_cells(uncounted, np.zeros(50, np.float32))
    assert nothing.n_cells == 0
    assert (nothing.fractions, nothing.stained_share, nothing.membrane_od) == (None, None, None)
    cells = table_of({"WC": 120})
    assert read_cells(cells, np.full(120, np.nan, np.float32)).membrane_od is None


@pytest.mark.parametrize(("reached", "passed"), [("3+", True), ("2+", False), (None, False)])
def test_a_control_must_reach_its_level(table_of: TableOf, reached: str | None, passed: bool) -> None:
    assert judged(table_of({"SC": 200}), "3+", reached).passed is passed


@pytest.mark.parametrize(
    ("window", "passed"), [((0.2, 0.5), True), ((0.31, 0.5), False), ((0.1, 0.29), False)]
)
def test_a_control_must_lie_in_its_window(
    table_of: TableOf, window: tuple[float, float], passed: bool
) -> None:
    result = judged(table_of({"WC": 200}), "2+", "2+", window)
    assert result.passed is passed
    assert f"{window[0]:.2f} to {window[1]:.2f} OD" in result.detail


def test_who_cannot_be_judged_does_not_pass(table_of: TableOf) -> None:
    few = judged(table_of({"SC": MIN_CELLS - 1}), "3+", "3+")
    unnamed = judged(table_of({"SC": 200}), None, "3+")
    assert (few.passed, unnamed.passed) == (None, None)
    assert [flag.code for flag in control_flags([few, unnamed])] == ["CONTROL_NOT_JUDGED"] * 2


def test_the_flag_names_the_control_and_what_it_read(table_of: TableOf) -> None:
    good, bad = judged(table_of({"SC": 200}), "3+", "3+"), judged(table_of({"WC": 50, "N": 150}), "3+", "2+")
    flags = list(control_flags([good, bad]))
    assert [(flag.code, flag.severity) for flag in flags] == [
        ("CONTROL_PASS", "info"),
        ("CONTROL_FAIL", "warning"),
    ]
    for said in ("'c'", "200 cells", "25% stained", "0.02 OD", "reached 2+", "expected 3+"):
        assert said in flags[1].detail
