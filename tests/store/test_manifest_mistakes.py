"""All mistakes are told, and twenty thousand alike do not hide the one that differs."""

import pytest

from her2path.errors import UsageError
from her2path.store.manifest_mistakes import ALIKE, Mistake, raise_all


def lines_of(*mistakes: Mistake) -> list[str]:
    with pytest.raises(UsageError) as caught:
        raise_all(mistakes)
    return str(caught.value).splitlines()


def at(row: int, column: str | None = "specimen", what: str = "wrong") -> Mistake:
    return Mistake(f"m.csv, row {row}", column, what)


def test_nothing_wrong_raises_nothing() -> None:
    raise_all([])


def test_mistakes_stand_in_the_order_of_the_rows() -> None:
    assert lines_of(
        at(7), at(3, None, "too long"), Mistake("", None, "general"), at(3, "mpp", "no number")
    ) == [
        "general",
        "m.csv, row 3: too long",
        "m.csv, row 3, column mpp: no number",
        "m.csv, row 7, column specimen: wrong",
    ]


def test_what_no_row_is_to_blame_for_is_told_once() -> None:
    assert lines_of(Mistake("", "specimen", "is missing"), Mistake("", "specimen", "is missing")) == [
        "is missing"
    ]


def test_many_alike_share_a_line_that_names_every_row() -> None:
    last = 2 + ALIKE
    rows = [*range(2, last), last, last + 1, last + 3]
    short = [at(row, None, "short") for row in range(100, 101 + ALIKE)]
    assert lines_of(*short)[-1] == f"m.csv, rows {100 + ALIKE}: as in row 100"
    lines = lines_of(*map(at, rows), at(last + 9, "mpp", "other"))
    assert lines[:ALIKE] == [f"m.csv, row {row}, column specimen: wrong" for row in range(2, last)]
    assert lines[ALIKE:] == [
        f"m.csv, row {last + 9}, column mpp: other",
        f"m.csv, rows {last} to {last + 1}, {last + 3}, column specimen: as in row 2",
    ]
