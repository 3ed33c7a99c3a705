"""Results by part beside the whole: every region that was to be included, every fragment of the tissue."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from her2path.arrays import Doubles, Ints, Mask
from her2path.cells.table import NOWHERE, CellTable
from her2path.flags import Flag
from her2path.image.fragments import Labels, inner_points
from her2path.image.geometry import PixelSize
from her2path.pipeline.areas import Areas
from her2path.recipe import Recipe
from her2path.scoring.parts import PartScore, score_parts
from her2path.scoring.terms import Score

MANY_FRAGMENTS = 12
"""Of more pieces than this none is a control by itself [P]."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part is. None where that is not known."""

    number: int
    name: str | None = None
    area_mm2: float | None = None
    """Of the tissue in it that was analysed."""

    at_yx_px: tuple[int, int] | None = None
    """A level-0 pixel of it near its middle; None where it holds no tissue to speak of."""


@dataclass(frozen=True, slots=True)
class Places:
    """The parts of a slide."""

    fragments: tuple[Place, ...] | None
    """Those with tissue that was asked for; None where stored cells do not tell."""

    regions: tuple[Place, ...] = ()
    """Empty where all tissue was asked for."""


@dataclass(frozen=True, eq=False)
class Parts:
    """Results by part, as they stand in score.json."""

    fragments: list[dict[str, Any]] | None
    regions: list[dict[str, Any]]
    n_tumour_fragments: int | None
    """Fragments with enough tumour cells for a score of their own."""

    flags: tuple[Flag, ...]


def places_in(areas: Areas, downsample: int, pixel_size: PixelSize) -> Places:
    """Tell the parts of the tissue that was asked for, with their area."""
    pixel_mm2, analysed = downsample**2 * pixel_size.area_um2 * 1e-6, areas.analysed
    asked = np.unique(areas.fragments[areas.requested])
    fragments = _places(areas.fragments, asked, [None] * len(asked), analysed, downsample, pixel_mm2)
    if areas.regions is None:
        return Places(fragments)
    numbers = np.arange(1, len(areas.region_names) + 1)
    regions = _places(areas.regions, numbers, areas.region_names, analysed, downsample, pixel_mm2)
    return Places(fragments, regions)


def places_before(before: Mapping[str, Any], cells: CellTable, *, same_pixels: bool) -> Places:
    """Tell the parts of stored cells, with what an earlier score.json says of them.

    Parameters
    ----------
    before
        Earlier score.json; empty where there is none.
    cells
        The stored cells: their numbers stand.
    same_pixels
        Whether the pixel size is that of ``before``; else its areas do not hold.
    """
    fragments = _stored(before.get("fragments"), cells.fragment, same_pixels=same_pixels)
    regions = _stored(before.get("regions"), cells.region, same_pixels=same_pixels)
    return Places(fragments or None, regions)


def score_places(places: Places, cells: CellTable, recipe: Recipe, pixel_size: PixelSize | None) -> Parts:
    """Score every part by the rules of the slide.

    Parameters
    ----------
    places
        The parts.
    cells
        With the columns ``fragment`` and ``region``.
    recipe
        Rulebook, specimen and statistics.
    pixel_size
        Of level 0; None only for rules that measure no distances.
    """
    rulebook = recipe.rulebook.for_specimen(recipe.specimen)
    yx_um = None if pixel_size is None else cells.yx_um(pixel_size)

    def results(of: Sequence[Place], part: Ints) -> list[dict[str, Any]]:
        numbers = np.array([place.number for place in of], np.int32)
        found = score_parts(
            cells, part, numbers, rulebook=rulebook, statistics=recipe.statistics, yx_um=yx_um
        )
        return [_document(place, score) for place, score in zip(of, found, strict=True)]

    regions = results(places.regions, cells.region)
    if places.fragments is None:
        return Parts(None, regions, None, ())
    fragments = results(places.fragments, cells.fragment)
    n_tumour = sum(fragment["score"] is not None for fragment in fragments)
    flags = (*_few_fragments(n_tumour, recipe), *_deciding_fragments(fragments, cells, recipe, yx_um))
    return Parts(fragments, regions, n_tumour, flags)


def _deciding_fragments(
    fragments: Sequence[Mapping[str, Any]], cells: CellTable, recipe: Recipe, yx_um: Doubles | None
) -> Iterator[Flag]:
    """Warn of a piece of tissue without which the score would be another: it may be control tissue.

    Cores of an array and biopsies are expected to differ, and are not asked.
    """
    scored = [one for one in fragments if one["score"] is not None]
    if (
        not 2 <= len(scored) <= MANY_FRAGMENTS
        or recipe.tma is not None
        or recipe.specimen in ("biopsy", "tma-core")
    ):
        return
    rulebook = recipe.rulebook.for_specimen(recipe.specimen)

    def score_without(number: int | None) -> Score | None:
        rest = np.where(cells.fragment == number, NOWHERE, 1).astype(np.int32)
        (found,) = score_parts(
            cells,
            rest,
            np.array([1], np.int32),
            rulebook=rulebook,
            statistics=recipe.statistics,
            yx_um=yx_um,
        )
        return found.score

    whole = score_without(None)
    for one in scored:
        others = score_without(one["number"])
        if others not in (None, whole):
            yield Flag(
                "FRAGMENT_DECIDES",
                "warning",
                f"Without fragment {one['number']} ({one['n_cells']:,} tumour cells, {one['score']}) the "
                f"score would be {others}: look whether it is tumour of this case, or control tissue; draw a "
                "region of a control class where it is.",
            )


def _few_fragments(n_tumour: int, recipe: Recipe) -> tuple[Flag, ...]:
    wanted = recipe.rulebook.min_fragments
    if wanted is None or recipe.specimen != "biopsy" or not 0 < n_tumour < wanted:
        return ()
    found = f"Tumour was found in {n_tumour} fragment{'s' if n_tumour > 1 else ''}"
    return (
        Flag(
            "FEW_FRAGMENTS",
            "info",
            f"{found}; in fewer than {wanted} a HER2-positive part of the tumour is more easily missed.",
        ),
    )


def _places(
    labels: Labels,
    numbers: np.ndarray,
    names: Sequence[str | None],
    analysed: Mask,
    downsample: int,
    pixel_mm2: float,
) -> tuple[Place, ...]:
    n_px = np.bincount(labels[analysed], minlength=int(numbers.max(initial=0)) + 1)[numbers]
    points = inner_points(np.where(analysed, labels, 0), numbers) * downsample + downsample // 2
    return tuple(
        Place(number, name, n * pixel_mm2, None if y < 0 else (y, x))
        for number, name, n, (y, x) in zip(
            numbers.tolist(), names, n_px.tolist(), points.tolist(), strict=True
        )
    )


def _stored(
    before: Sequence[Mapping[str, Any]] | None, part: Ints, *, same_pixels: bool
) -> tuple[Place, ...]:
    told = {
        one["number"]: Place(
            one["number"],
            one["name"],
            one["area_mm2"] if same_pixels else None,
            one["at_yx_px"] and tuple(one["at_yx_px"]),
        )
        for one in before or ()
    }
    numbers = sorted({*told, *np.unique(part[part != NOWHERE]).tolist()})
    return tuple(told.get(number, Place(number)) for number in numbers)


def _document(place: Place, score: PartScore) -> dict[str, Any]:
    return asdict(place) | asdict(score)
