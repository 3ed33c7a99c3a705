"""New rules on stored cells: no pixel is read."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from her2path.errors import NotEvaluableError, PixelSizeError, UsageError
from her2path.flags import Flag
from her2path.image.geometry import PixelSize
from her2path.pipeline.core_results import score_cores
from her2path.pipeline.document import SCHEMA, Clock, scored_slide
from her2path.pipeline.outcome import Outcome
from her2path.pipeline.parts import places_before, score_places
from her2path.pipeline.result import ScoredSlide
from her2path.pipeline.tma import core_places_before
from her2path.pipeline.verdict import denominator, score_by_recipe
from her2path.recipe import LeftOut, Recipe
from her2path.scoring.grade import regrade
from her2path.scoring.heterogeneity import heterogeneity
from her2path.scoring.hexagons import hex_bins
from her2path.scoring.ish import IshReading
from her2path.scoring.rulebook import Specimen
from her2path.store.runs import read_score
from her2path.store.tables import read_cells

CELLS_FILE = "cells.parquet"

OF_THE_CELLS = frozenset({"NO_TUMOUR", "TOO_FEW_CELLS"})
"""Refusals that new rules may lift. Any other, and a failure, was about the slide: it stands."""

OF_THE_SLIDE = frozenset(
    {
        *(reason.upper() for reason in get_args(LeftOut)),
        "COLOUR_CAST",
        "CONTROL_FAIL",
        "CONTROL_NOT_JUDGED",
        "CONTROL_PASS",
        "EDGE_EFFECT",
        "HARD_JPEG",
        "IN_SITU_SUSPECTED",
        "LOW_CONTRAST",
        "NUCLEAR_STAIN",
        "NUCLEUS_SIZE",
        "SATURATED",
        "STAINING_GRADIENT",
        "STAINS_PUBLISHED",
        "STAIN_VECTORS_ODD",
        "STRONG_COUNTERSTAIN",
        "TMA",
        "TMA_GRID",
        "UNREADABLE",
        "WEAK_COUNTERSTAIN",
        "ZONAL_STAINING",
    }
)
"""Flags that only the slide could raise, not its cells: they stand."""


def find_tables(path: Path) -> tuple[Path, ...]:
    """Cell tables to score again: the file itself, the folder's own, or those of its slide folders.

    Raises
    ------
    UsageError
        If there is none.
    """
    if path.is_file():
        return (path,)
    # A dot in front of a slide's folder: it is not complete.
    own, of_slides = path / CELLS_FILE, path.glob(f"[!.]*/{CELLS_FILE}")
    found = (own,) if own.is_file() else tuple(sorted(of_slides))
    if not found:
        raise UsageError(
            f"{path} holds no {CELLS_FILE}; give a results folder, a slide's folder, or the file"
        )
    return found


def rescore(
    table: Path, slide_id: str, recipe: Recipe, *, derive_patterns: bool, ish: IshReading | None = None
) -> ScoredSlide:
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
    ish
        ISH of the specimen; without one, what an earlier run was told stands where these rules can read it.

    Returns
    -------
    ScoredSlide
        A slide that failed, or was not evaluable for what it is, stays so; one scored in part stays partial.

    Raises
    ------
    UsageError
        If the table cannot be read, or its pixel size is needed and no microscope has it.
    """
    clock = Clock()
    stored = read_cells(table)
    mpp_yx_um = recipe.mpp_um or stored.mpp_yx_um
    pixel_size = None if mpp_yx_um is None else _pixel_size(mpp_yx_um, table)
    before = _before(table, pixel_size)
    cells = stored.cells
    if derive_patterns:
        cells = regrade(cells, recipe.grading)
    if pixel_size is not None:
        y_um, x_um = cells.yx_um(pixel_size).T
        cells = replace(cells, bin=hex_bins(y_um, x_um, recipe.statistics.bin_um))
    clock.lap("read")
    if recipe.specimen is None and (specimen := before.get("specimen")) is not None:
        # What was scored is what it was, where these rules know of such a specimen.
        recipe = _of_specimen(recipe, specimen)
    outcome = Outcome(
        slide_id,
        table,
        recipe,
        engine="stored",
        cells=cells,
        flags=_flags_that_stand(before),
        given_mpp_yx_um=mpp_yx_um,
        given_size_px=stored.size_px,
        before=before,
    )
    if _stands(before):
        outcome = replace(
            outcome, status=before["status"], reason=before["reason"], n_cells=before.get("n_cells")
        )
    else:
        outcome = _scored(outcome, pixel_size, ish or _ish_that_stands(before, recipe))
        outcome = _with_parts(outcome, pixel_size)
    clock.lap("score")
    return scored_slide(outcome, clock)


def _scored(outcome: Outcome, pixel_size: PixelSize | None, ish: IshReading | None) -> Outcome:
    cells, recipe, before = outcome.cells, outcome.recipe, outcome.before or {}
    try:
        score = score_by_recipe(cells, recipe, pixel_size, ish=ish)
        drawn = None
        if pixel_size is not None:
            drawn = heterogeneity(cells, pixel_size=pixel_size, statistics=recipe.statistics)
    except NotEvaluableError as error:
        return replace(outcome, n_cells=denominator(cells)).refused(error)
    if before.get("status") == "partial":
        return replace(outcome, status="partial", reason=before["reason"], score=score, heterogeneity=drawn)
    return replace(outcome, status="scored", score=score, heterogeneity=drawn)


def _of_specimen(recipe: Recipe, specimen: Specimen) -> Recipe:
    try:
        recipe.rulebook.check_specimen(specimen)
    except UsageError:
        return recipe
    return recipe.model_copy(update={"specimen": specimen})


def _with_parts(outcome: Outcome, pixel_size: PixelSize | None) -> Outcome:
    before = outcome.before or {}
    same_pixels = pixel_size is not None and before.get("mpp") == pixel_size.mean_um
    places = places_before(before, outcome.cells, same_pixels=same_pixels)
    parts = score_places(places, outcome.cells, outcome.recipe, pixel_size)
    tma = before.get("tma")
    if tma is not None:
        cores = core_places_before(tma, same_pixels=same_pixels)
        tma = {**tma, "cores": score_cores(cores, outcome.cells, outcome.recipe, pixel_size)}
    return replace(outcome, parts=parts, tma=tma, flags=(*outcome.flags, *parts.flags))


def _pixel_size(mpp_yx_um: tuple[float, float], table: Path) -> PixelSize:
    try:
        return PixelSize(*mpp_yx_um)
    except PixelSizeError as error:
        raise UsageError(f"{table}: {error}") from error


def _before(table: Path, pixel_size: PixelSize | None) -> Mapping[str, Any]:
    """Read score.json beside the table, empty where there is none; without areas of another pixel size."""
    before = read_score(table.parent) if table.name == CELLS_FILE else None
    if before is None or before.get("schema") != SCHEMA:
        return {}
    same = pixel_size is not None and before.get("mpp") == pixel_size.mean_um
    return before if same else {**before, "area_mm2": None}


def _stands(before: Mapping[str, Any]) -> bool:
    """Whether nothing was scored because of the slide, which no rule on its cells can change."""
    refusals = {flag["code"] for flag in before.get("flags", ()) if flag["severity"] == "refusal"}
    return before.get("status") == "failed" or bool(refusals - OF_THE_CELLS)


def _ish_that_stands(before: Mapping[str, Any], recipe: Recipe) -> IshReading | None:
    """ISH that the slide was scored with before, where these rules can read it."""
    told, table = (before.get("ish") or {}).get("reading"), recipe.rulebook.ish
    if told is None or table is None:
        return None
    reading = IshReading.model_validate(told)
    counts = (reading, reading.recount) if reading.recount else (reading,)
    readable = not any(any(table.problems_with(count, reading.probe)) for count in counts)
    return reading if readable else None


def _flags_that_stand(before: Mapping[str, Any]) -> tuple[Flag, ...]:
    of_the_slide = OF_THE_SLIDE | ({"refusal"} if _stands(before) else set())
    return tuple(
        Flag(**flag) for flag in before.get("flags", ()) if {flag["code"], flag["severity"]} & of_the_slide
    )
