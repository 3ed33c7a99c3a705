"""Cells of discordant slides are cut out of the slide, where it is still there."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from her2path.cells.table import CellTable
from her2path.pipeline.result import ScoredSlide
from her2path.qa.comparison import compare_methods
from her2path.qa.discordance import Evidence
from her2path.qa.readings import Rater, Readings
from her2path.report.qa_gallery import PER_PATTERN, discordant_pictures, pictures_of
from her2path.store.tables import StoredCells, write_cells


def _evidence(folder: Path, slide: Path) -> Evidence:
    return Evidence(None, None, None, None, None, None, None, None, str(folder), str(slide))


@pytest.fixture
def results(scored: ScoredSlide, tmp_path: Path) -> Path:
    """Two hundred cells that fit on a small slide."""
    rng = np.random.default_rng(0)
    cells: CellTable = scored.cells.take(np.arange(200))
    y_px, x_px = rng.integers(100, 900, (2, len(cells))).astype(np.int32)
    write_cells(StoredCells(replace(cells, y_px=y_px, x_px=x_px)), tmp_path / "cells.parquet")
    return tmp_path


def test_some_cells_of_every_pattern_are_shown(results: Path, strong_svs: Path) -> None:
    pictures = pictures_of(_evidence(results, strong_svs))
    assert len(pictures) > 2
    assert max(Counter(one.pattern for one in pictures).values()) <= PER_PATTERN
    assert all(one.data.startswith("data:image/jpeg") for one in pictures)


@pytest.mark.parametrize("lost", ["slide", "cells", "names"])
def test_what_cannot_be_read_any_more_has_no_pictures(results: Path, strong_svs: Path, lost: str) -> None:
    evidence = {
        "slide": _evidence(results, results / "moved.svs"),
        "cells": _evidence(results / "moved", strong_svs),
        "names": replace(_evidence(results, strong_svs), folder=None),
    }[lost]
    assert pictures_of(evidence) == []


def test_only_slides_on_which_raters_differ_are_shown(results: Path, strong_svs: Path) -> None:
    unsplit = np.full(2, -1, np.int8)
    raters = tuple(
        Rater(name, np.array(scores, np.int8), unsplit) for name, scores in (("a", [0, 1]), ("b", [0, 3]))
    )
    known = dict.fromkeys(("same", "apart"), _evidence(results, strong_svs))
    comparison = compare_methods(Readings(("same", "apart"), raters), evidence=known)
    assert list(discordant_pictures(comparison)) == ["apart"]
    assert discordant_pictures(compare_methods(Readings(("same", "apart"), raters))) == {}
