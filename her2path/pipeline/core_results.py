"""A result of its own for each core of a tissue microarray."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from her2path.cells.table import CellTable
from her2path.errors import NotEvaluableError
from her2path.image.geometry import PixelSize
from her2path.pipeline.tma import CorePlace
from her2path.pipeline.verdict import denominator, score_by_recipe
from her2path.recipe import Recipe
from her2path.scoring.score import SlideScore

OF_A_CORE = (
    "score",
    "category",
    "her2_status",
    "tag",
    "rule_fired",
    "fractions",
    "h_score",
    "complete_intense_fraction",
    "borderline",
)
"""What of a core's score stands in its result."""


def score_cores(
    places: Sequence[CorePlace], cells: CellTable, recipe: Recipe, pixel_size: PixelSize | None
) -> list[dict[str, Any]]:
    """Score every core as if it were the slide: status, tag and flags as well as the score.

    Parameters
    ----------
    places
        Of the array.
    cells
        With the column ``region``.
    recipe
        Rulebook, statistics and clone.
    pixel_size
        Of level 0, where it is known.

    Returns
    -------
    list of dict
        One for every place, in their order; null for what is not known of it.
    """
    return [
        asdict(place) | _core_result(place, cells.take(cells.region == place.number), recipe, pixel_size)
        for place in places
    ]


def _core_result(
    place: CorePlace, cells: CellTable, recipe: Recipe, pixel_size: PixelSize | None
) -> dict[str, Any]:
    if place.state == "missing":
        return _result("not_evaluable", "no core in this place", None, None)
    n_cells = denominator(cells)
    try:
        score = score_by_recipe(cells, recipe, pixel_size)
    except NotEvaluableError as error:
        return _result("not_evaluable", error.reason, n_cells, None)
    if place.unreadable:
        return _result("partial", "a part of the core could not be read", n_cells, score)
    return _result("scored", None, n_cells, score)


def _result(status: str, reason: str | None, n_cells: int | None, score: SlideScore | None) -> dict[str, Any]:
    return {
        "status": status,
        "reason": reason,
        "n_cells": n_cells,
        **{name: getattr(score, name, None) for name in OF_A_CORE},
        "flags": None if score is None else [asdict(flag) for flag in score.flags],
    }
