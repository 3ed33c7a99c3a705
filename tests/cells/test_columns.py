"""Columns are cut and joined row by row, whatever their types."""

from dataclasses import dataclass, fields

import numpy as np

from her2path.arrays import Codes, Floats
from her2path.cells.columns import Columns


@dataclass(frozen=True, eq=False)
class Three(Columns):
    od: Floats
    radii: Floats
    code: Codes


def numbered(n: int, first: int = 0) -> Three:
    rows = np.arange(first, first + n, dtype=np.float32)
    return Three(od=rows, radii=np.stack([rows, rows + 100], axis=1), code=rows.astype(np.int8))


def test_rows_taken_and_joined_are_the_rows_that_were_there() -> None:
    joined = Columns.concat([numbered(3), numbered(2, 3)])
    assert isinstance(joined, Three)
    assert len(joined) == 5
    for field in fields(Three):
        whole = getattr(numbered(5), field.name)
        assert getattr(joined, field.name).tolist() == whole.tolist()
        assert getattr(joined.take(np.array([4, 1])), field.name).tolist() == whole[[4, 1]].tolist()
        assert getattr(joined, field.name).dtype == whole.dtype


def test_a_mask_takes_as_an_index_does() -> None:
    assert numbered(3).take(np.array([False, True, True])).od.tolist() == [1.0, 2.0]


def test_nothing_joined_has_no_rows() -> None:
    nothing = Columns.concat([])
    assert len(nothing) == 0
    assert len(nothing.take(np.zeros(0, bool))) == 0
