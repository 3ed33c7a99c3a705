"""New rules on stored cells: no pixel is read."""

from dataclasses import replace
from pathlib import Path

from her2path.errors import NotEvaluableError, UsageError
from her2path.flags import Flag
from her2path.image.geometry import PixelSize
from her2path.pipeline.document import Clock, Outcome, run_document, score_document
from her2path.pipeline.result import ScoredSlide
from her2path.recipe import Recipe
from her2path.scoring.grade import regrade
from her2path.scoring.heterogeneity import heterogeneity
from her2path.scoring.hexagons import hex_bins
from her2path.scoring.score import score_cells
from her2path.store.runs import SCORE_FILE, read_score
from her2path.store.tables import read_cells

CELLS_FILE = "cells.parquet"


def find_tables(path: Path) -> tuple[Path, ...]:
    """Cell tables to score again: the file itself, the folder's own, or those of its slide folders.

    Raises
    ------
    UsageError
        If there is none.
    """
    if path.is_file():
        return (path,)
    found = (
        (path / CELLS_FILE,) if (path / CELLS_FILE).is_file() else tuple(sorted(path.glob(f"*/{CELLS_FILE}")))
    )
    if not found:
        raise UsageError(
            f"{path} holds no {CELLS_FILE}; give a results folder, a slide's folder, or the file"
        )
    return found


def rescore(table: Path, slide_id: str, recipe: Recipe, *, derive_patterns: bool) -> ScoredSlide:
    """Score a stored cell table.

    Parameters
    ----------
    table
        A cells.parquet, of her2path or of anyone who keeps to its columns.
    slide_id
        Name of the result.
    recipe
        Its rulebook, statistics and, where given, pixel size hold.
    derive_patterns
        Derive pattern and grade anew from density and completeness; else the stored ones stand.
    """
    clock = Clock()
    stored = read_cells(table)
    before = read_score(table.parent) if (table.parent / SCORE_FILE).is_file() else None
    given = recipe.mpp_um
    mpp_yx_um = given or stored.mpp_yx_um
    pixel_size = None if mpp_yx_um is None else PixelSize(*mpp_yx_um)
    cells = stored.cells
    if derive_patterns:
        cells = regrade(cells, recipe.grading)
    if pixel_size is not None:
        y_um, x_um = cells.y_px * pixel_size.y_um, cells.x_px * pixel_size.x_um
        cells = replace(cells, bin=hex_bins(y_um, x_um, recipe.statistics.bin_um))
    clock.lap("read")
    outcome = Outcome(
        slide_id, table, recipe, engine="stored", cells=cells, given_mpp_yx_um=mpp_yx_um, before=before
    )
    try:
        score = score_cells(
            cells,
            rulebook=recipe.rulebook,
            statistics=recipe.statistics,
            pixel_size=pixel_size,
            specimen=recipe.specimen,
        )
        drawn = None
        if pixel_size is not None:
            drawn = heterogeneity(cells, pixel_size=pixel_size, statistics=recipe.statistics)
        outcome = replace(outcome, status="scored", score=score, heterogeneity=drawn)
    except NotEvaluableError as error:
        flag = Flag(error.code, "refusal", error.reason)
        outcome = replace(outcome, status="not_evaluable", reason=error.reason, flags=(flag,))
    clock.lap("score")
    return ScoredSlide(
        slide_id=slide_id,
        score=score_document(outcome, clock),
        run=run_document(outcome, clock),
        mpp_yx_um=mpp_yx_um,
        size_px=None,
        cells=cells,
        heterogeneity=outcome.heterogeneity,
        overview=None,
        examples=(),
    )
