"""The waist: columns of equal length, read-only, joined and ordered without losing a value."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2path.cells.table import COLUMNS, N_RAYS, NOWHERE, PLACES, CellTable
from her2path.cells.vocabulary import UNGRADED
from her2path.image.geometry import PixelSize


def table_of(cell_ids: list[int]) -> CellTable:
    """A table whose every value follows from its cell_id."""
    ids = np.array(cell_ids, np.int64)
    columns = {
        column.name: (np.outer(ids, np.ones(N_RAYS)) if column.name.endswith("_radii") else ids % 7)
        for column in COLUMNS
    }
    columns["cell_id"] = ids
    columns["membrane_od"] = np.where(ids % 3 == 0, np.nan, ids / 10)
    return CellTable(**{name: values.astype(_dtype(name)) for name, values in columns.items()})


def _dtype(name: str) -> str:
    return next(column.dtype for column in COLUMNS if column.name == name)


ids = st.lists(st.integers(0, 200), unique=True, max_size=12)


def test_every_column_has_a_unit_a_meaning_and_its_own_name() -> None:
    names = [column.name for column in COLUMNS]
    assert len(set(names)) == len(names)
    assert names == list(CellTable.__dataclass_fields__)
    assert all(column.unit and column.meaning for column in COLUMNS)


def test_columns_take_their_declared_type() -> None:
    table = table_of([5, 6])
    for column in COLUMNS:
        assert getattr(table, column.name).dtype == column.dtype


def test_a_column_of_another_length_is_refused() -> None:
    columns = {column.name: getattr(table_of([1, 2, 3]), column.name) for column in COLUMNS}
    columns["grade"] = columns["grade"][:2]
    with pytest.raises(ValueError, match="column grade has 2 rows, cell_id has 3"):
        CellTable(**columns)


@pytest.mark.parametrize("name", [column.name for column in COLUMNS])
def test_columns_cannot_be_written(name: str) -> None:
    with pytest.raises(ValueError, match="read-only"):
        getattr(table_of([1, 2]), name)[0] = 0


def test_making_a_table_leaves_the_callers_arrays_writable() -> None:
    columns = {column.name: np.array(getattr(table_of([1, 2]), column.name)) for column in COLUMNS}
    CellTable(**columns)
    columns["grade"][0] = 3


def test_a_table_without_rows() -> None:
    empty = CellTable.empty()
    assert len(empty) == 0
    assert empty.cell_radii.shape == (0, N_RAYS)
    assert CellTable.concat([]).equals(empty)


def test_take_keeps_rows_by_index_and_by_mask() -> None:
    table = table_of([10, 20, 30])
    assert table.take(np.array([2, 0])).cell_id.tolist() == [30, 10]
    assert table.take(np.array([False, True, False])).equals(table_of([20]))


@given(ids)
def test_order_does_not_depend_on_where_the_rows_came_from(cell_ids: list[int]) -> None:
    half = len(cell_ids) // 2
    parts = [table_of(cell_ids[half:]), CellTable.empty(), table_of(cell_ids[:half])]
    assert CellTable.concat(parts).in_order().equals(table_of(sorted(cell_ids)))


@given(ids, ids, ids)
def test_concat_is_associative(a: list[int], b: list[int], c: list[int]) -> None:
    first, second, third = (table_of(part) for part in (a, b, c))
    left = CellTable.concat([CellTable.concat([first, second]), third])
    assert left.equals(CellTable.concat([first, CellTable.concat([second, third])]))


def test_equality_sees_every_column_and_takes_missing_as_missing() -> None:
    table = table_of([3, 4])
    assert np.isnan(table.membrane_od[0])
    assert table.equals(table_of([3, 4]))
    assert not table.equals(table_of([3]))
    for column in COLUMNS:
        changed = {other.name: np.array(getattr(table, other.name)) for other in COLUMNS}
        changed[column.name][-1] = changed[column.name][-1] == 0
        assert not table.equals(CellTable(**changed)), column.name


def test_a_table_that_nobody_placed_is_nowhere() -> None:
    table = table_of([4, 5, 6])
    given = {c.name: getattr(table, c.name) for c in COLUMNS if c.name not in PLACES}
    nowhere = CellTable(**given)
    assert nowhere.fragment.tolist() == nowhere.region.tolist() == [NOWHERE] * 3
    assert nowhere.take(np.array([2])).fragment.tolist() == [NOWHERE]


def test_a_score_rests_on_rows_that_are_counted_and_have_a_pattern() -> None:
    counted, pattern = np.array([True, True, False, False]), np.array([0, UNGRADED, 8, UNGRADED])
    cells = replace(table_of([1, 2, 3, 4]), counted=counted, pattern=pattern)
    assert cells.in_denominator.tolist() == [True, False, False, False]


def test_places_are_given_in_micrometres_along_each_axis() -> None:
    cells = replace(table_of([1, 2]), y_px=np.array([4, 8]), x_px=np.array([10, 0]))
    np.testing.assert_array_equal(cells.yx_um(PixelSize(0.25, 0.5)), [[1, 5], [2, 0]])
    assert table_of([]).yx_um(PixelSize(0.25, 0.5)).shape == (0, 2)


def test_without_contours_all_else_stays() -> None:
    table = table_of([3, 1, 2])
    bare = table.without_contours()
    assert bare.cell_radii.shape == bare.nucleus_radii.shape == (3, 0)
    assert replace(bare, nucleus_radii=table.nucleus_radii, cell_radii=table.cell_radii).equals(table)
