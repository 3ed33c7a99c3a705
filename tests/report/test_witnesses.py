from dataclasses import replace

import numpy as np
import pytest

from her2path.cells.table import CellTable
from her2path.report.witnesses import witness_sentence
from her2path.scoring.settings import Grading


@pytest.fixture
def graded() -> CellTable:
    """Four tumour cells; the pixels see a strong closed membrane on each."""
    n = 4
    empty = CellTable.empty()
    columns = {
        name: np.zeros((n, *getattr(empty, name).shape[1:]), getattr(empty, name).dtype)
        for name in empty.__dataclass_fields__
    }
    columns |= {"cell_id": np.arange(n), "counted": np.ones(n, bool)}
    columns |= {"pixel_od": np.full(n, 0.8, np.float32), "pixel_completeness": np.ones(n, np.float32)}
    return CellTable(**columns)


def test_they_agree(graded: CellTable) -> None:
    same = replace(graded, network_od=graded.pixel_od, network_completeness=graded.pixel_completeness)
    assert "agree on the grade of all 4" in witness_sentence(same, Grading())


def test_it_is_said_who_sees_more(graded: CellTable) -> None:
    weaker = np.array([0.8, 0.8, 0.3, 0.0], np.float32)
    seen = replace(graded, network_od=weaker, network_completeness=graded.pixel_completeness)
    said = witness_sentence(seen, Grading(intensity_from="pixels"))
    assert "2 of the 4 tumour cells (50" in said
    assert "0 higher and 2 lower" in said


def test_one_witness_alone_contradicts_nobody(graded: CellTable) -> None:
    silent = np.full(4, np.nan, np.float32)
    assert witness_sentence(replace(graded, network_completeness=silent), Grading()) == ""
    assert witness_sentence(None, Grading()) == ""
