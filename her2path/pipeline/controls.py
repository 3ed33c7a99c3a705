"""Measured controls: the cell tables of slides or regions whose staining is known."""

import csv
from pathlib import Path

import numpy as np

from her2path.cells.table import CellTable
from her2path.errors import UsageError
from her2path.pipeline.rescore import find_tables
from her2path.scoring.calibration import Control
from her2path.scoring.grade import intensities, regrade
from her2path.scoring.settings import Grading
from her2path.store.tables import read_cells

MIN_CELLS = 100
"""A control of fewer tumour cells says little of its level [P: as for a tag, domain reference §1.5]."""

COLUMNS = ("path", "level", "expected_od")


def stained_share(path: Path, grading: Grading | None) -> float:
    """Give the share of stained cells of a control, 0 to 1.

    Parameters
    ----------
    path
        Its cells.parquet.
    grading
        Says what is stained; None takes the stored patterns.
    """
    cells = read_cells(path).cells
    table = _counted(path, cells if grading is None else regrade(cells, grading))
    return float((table.pattern > 0).mean())


def read_controls(path: Path, grading: Grading) -> list[Control]:
    """Read a list of controls and measure each.

    Parameters
    ----------
    path
        CSV with the columns ``COLUMNS``; ``path`` is a results folder or a cells.parquet, from the CSV's
        folder.
    grading
        Whose density; no calibration.

    Raises
    ------
    UsageError
        With every mistake, each with its line.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows, names = list(reader), reader.fieldnames or ()
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} cannot be read as CSV ({error}); give a text file with commas") from error
    absent = [name for name in COLUMNS if name not in names]
    if absent:
        raise UsageError(f"{path}: column {', '.join(absent)} is missing; needed: {', '.join(COLUMNS)}")
    problems: list[str] = []
    controls: list[Control] = []
    for number, row in enumerate(rows, start=2):
        try:
            controls += _controls_of(row, path.absolute().parent, grading)
        except UsageError as error:
            problems += [f"{path.name} line {number}: {line}" for line in str(error).splitlines()]
    if problems:
        raise UsageError("\n".join(problems))
    return controls


def _controls_of(row: dict[str, str | None], folder: Path, grading: Grading) -> list[Control]:
    level, text = (row["level"] or "").strip(), (row["expected_od"] or "").strip()
    try:
        expected_od = float(text)
    except ValueError:
        expected_od = np.nan
    if not level or not 0 <= expected_od <= 2:
        raise UsageError(f"needs a level and an expected_od from 0 to 2; got {level!r} and {text!r}")
    return [
        Control(_name(table), level, _median_od(table, grading), expected_od)
        for table in find_tables(folder / (row["path"] or ""))
    ]


def _median_od(path: Path, grading: Grading) -> float:
    od = intensities(_counted(path, read_cells(path).cells), grading)[0]
    if np.isnan(od).mean() > 0.5:
        raise UsageError(f"{path}: most cells have no membrane_od; score the control with her2path")
    return float(np.nanmedian(od))


def _counted(path: Path, table: CellTable) -> CellTable:
    """Give the cells of the denominator; too few are refused."""
    cells = table.take(table.in_denominator)
    if len(cells) < MIN_CELLS:
        raise UsageError(f"{path}: {len(cells)} tumour cells; a control needs at least {MIN_CELLS}")
    return cells


def _name(table: Path) -> str:
    return table.parent.name if table.name == "cells.parquet" else table.stem
