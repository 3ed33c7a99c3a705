"""Controls are measured on their counted cells; what cannot be used is told, every line of it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from her2path.errors import UsageError
from her2path.pipeline.controls import read_controls, stained_share
from her2path.pipeline.result import ScoredSlide
from her2path.scoring.settings import Grading
from her2path.store.tables import StoredCells, write_cells

Write = Callable[..., Path]


@pytest.fixture
def write(strong: ScoredSlide, tmp_path: Path) -> Write:
    """Write a control: the cells of a scored slide with densities of our own."""

    def run(name: str, od: float, n: int = 200, stained: int = 0) -> Path:
        cells = strong.cells.take(np.arange(n) % len(strong.cells))
        table = replace(
            cells,
            cell_id=np.arange(n),
            counted=np.ones(n, bool),
            membrane_od=np.full(n, od, np.float32),
            pattern=np.where(np.arange(n) < stained, 1, 0).astype(np.int8),
            completeness=np.zeros(n, np.float32),
            pixel_completeness=np.full(n, np.nan, np.float32),
        )
        folder = tmp_path / name
        folder.mkdir()
        write_cells(StoredCells(table), folder / "cells.parquet")
        return folder / "cells.parquet"

    return run


def test_the_share_of_stained_cells(write: Write) -> None:
    path = write("a", 0.5, stained=30)
    assert stained_share(path, None) == pytest.approx(0.15)
    assert stained_share(path, Grading()) == 0  # nothing of the contour is stained


def test_controls_are_measured_by_their_median(write: Write, tmp_path: Path) -> None:
    write("weak", 0.25)
    sheet = tmp_path / "controls.csv"
    sheet.write_text("path,level,expected_od,note\nweak,2+,0.3,anything\n")
    (control,) = read_controls(sheet, Grading())
    assert (control.name, control.level, control.expected_od) == ("weak", "2+", 0.3)
    assert control.measured_od == pytest.approx(0.25)


def test_every_line_that_cannot_be_used_is_told(write: Write, tmp_path: Path) -> None:
    write("few", 0.25, n=99)
    sheet = tmp_path / "controls.csv"
    sheet.write_text("path,level,expected_od\nfew,2+,0.3\nnowhere,1+,0.1\nfew,,0.1\nfew,1+,dark\n")
    with pytest.raises(UsageError) as caught:
        read_controls(sheet, Grading())
    told = str(caught.value).splitlines()
    assert [line.split(":")[0] for line in told] == [f"controls.csv line {k}" for k in (2, 3, 4, 5)]
    assert "99 tumour cells" in told[0]
    assert "got '1+' and 'dark'" in told[3]


def test_columns_that_are_missing_are_named(tmp_path: Path) -> None:
    sheet = tmp_path / "controls.csv"
    sheet.write_text("path,level\n")
    with pytest.raises(UsageError, match="column expected_od is missing"):
        read_controls(sheet, Grading())
    with pytest.raises(UsageError, match="cannot be read as CSV"):
        read_controls(tmp_path / "nowhere.csv", Grading())
