"""Cells of the slides on which raters differ, cut out of the slides where these are still there."""

from pathlib import Path

from her2path.errors import SlideError, UsageError
from her2path.pipeline.examples import choose_examples
from her2path.qa.comparison import Comparison
from her2path.qa.discordance import Evidence
from her2path.report.pictures import CellPicture, cell_pictures
from her2path.slides.open import open_slide
from her2path.store.tables import read_cells

MAX_SLIDES = 24
"""Each slide adds some hundred kilobytes to the page."""

PER_PATTERN = 2


def discordant_pictures(comparison: Comparison) -> dict[str, list[CellPicture]]:
    """Cut typical cells of every pattern out of discordant slides.

    Parameters
    ----------
    comparison
        With the evidence of a results folder; without it there are no pictures.

    Returns
    -------
    dict
        By slide, the farthest apart first, at most ``MAX_SLIDES``. A slide whose file or cells cannot be read
        any more has none.
    """
    known = {
        slide.slide_id: slide.evidence
        for shift in comparison.shifts
        for kind in shift.discordant
        for slide in kind.slides
        if slide.evidence is not None
    }
    pictures: dict[str, list[CellPicture]] = {}
    for slide_id, evidence in known.items():
        if len(pictures) == MAX_SLIDES:
            break
        if found := pictures_of(evidence):
            pictures[slide_id] = found
    return pictures


def pictures_of(evidence: Evidence) -> list[CellPicture]:
    """Cut typical cells out of one slide; empty where it cannot be read."""
    if evidence.folder is None or evidence.slide_path is None:
        return []
    try:
        stored = read_cells(Path(evidence.folder) / "cells.parquet")
        slide = open_slide(Path(evidence.slide_path), mpp_um=stored.mpp_yx_um)
    except (SlideError, UsageError):
        return []
    mpp_yx_um = (slide.pixel_size.y_um, slide.pixel_size.x_um)
    taken: dict[str | None, int] = {}
    chosen = []
    for picture in cell_pictures(choose_examples(slide, stored.cells), stored.cells, mpp_yx_um):
        taken[picture.pattern] = taken.get(picture.pattern, 0) + 1
        if taken[picture.pattern] <= PER_PATTERN:
            chosen.append(picture)
    return chosen
