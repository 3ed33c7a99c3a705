"""Evidence is cut and joined row by row."""

from dataclasses import fields

import numpy as np

from her2path.cells.maps import KindEvidence


def numbered(n: int, first: int = 0) -> KindEvidence:
    rows = np.arange(first, first + n, dtype=np.float32)
    return KindEvidence(
        shape_logit=rows,
        nucleus_od=rows + np.float32(100),
        contrast_od=rows + np.float32(200),
        gap_od=rows + np.float32(300),
        otherwise=rows.astype(np.int8),
    )


def test_rows_taken_and_joined_are_the_rows_that_were_there() -> None:
    joined = KindEvidence.concat([numbered(3), numbered(2, 3)])
    assert len(joined) == 5
    for field in fields(KindEvidence):
        whole = getattr(numbered(5), field.name)
        assert getattr(joined, field.name).tolist() == whole.tolist()
        assert getattr(joined.take(np.array([4, 1])), field.name).tolist() == whole[[4, 1]].tolist()
        assert getattr(joined, field.name).dtype == whole.dtype


def test_nothing_joined_has_no_rows_and_the_right_types() -> None:
    nothing = KindEvidence.concat([])
    assert len(nothing) == 0
    assert nothing.otherwise.dtype == np.int8
    assert nothing.gap_od.dtype == np.float32
