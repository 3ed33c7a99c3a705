"""Tissue microarrays: the cores of a slide as regions to score, and what a reader must know of them."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import shapely

from her2path.arrays import Mask
from her2path.errors import UsageError
from her2path.flags import Flag
from her2path.image.geometry import PixelSize
from her2path.pipeline.areas import Areas
from her2path.pipeline.region_classes import RegionClasses, sort_by_meaning
from her2path.pipeline.survey import Survey
from her2path.quality.cores import WHOLE
from her2path.quality.tma import MIN_SHARE, Array, Place, State, dearray
from her2path.recipe import Recipe, TissueArray
from her2path.store.regions import Outline

CORE_CLASS = "Core"
"""Class of the outlines; of a place without a whole core with its state: ``Core: missing``."""

LABEL = re.compile(r"([A-Za-z]{1,2})-?(\d{1,3})")
"""Row and column in the name of a place, as her2path and QuPath write them: A1, A-1."""

QUARTER_CORNERS = 16
"""Corners of a quarter of a circle: in all, it has 0.2 % less area than the round one."""

Source: TypeAlias = Literal["found", "drawn"]


@dataclass(frozen=True, slots=True)
class CorePlace:
    """One place of an array on its slide."""

    number: int
    """Of the region in score.json and in the table of cells."""

    label: str
    row: str | None
    column: int | None
    """From 1. Row and column are None where a drawn place has a name of its own."""

    state: State
    y_px: int | None
    x_px: int | None
    """Level-0 pixel in its middle; None for a drawn place off the slide."""

    share: float
    """Tissue as a share of a core; of a drawn place, of the median place with tissue."""

    area_mm2: float | None = None
    """Of the tissue that was analysed; None where that is not known."""

    unreadable: bool = False
    """Whether a part of the tissue could not be read."""


@dataclass(frozen=True, eq=False)
class SlideArray:
    """The array of a slide."""

    places: tuple[CorePlace, ...]
    found: Array | None = None
    """How the places lie; None where they were drawn by hand."""

    def as_json(self, cores: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Give ``tma`` of score.json: the array, and the result of each place."""
        names = ("n_rows", "n_columns", "core_um", "pitch_um", "rotation_deg", "shear_deg", "outside_mm2")
        source: Source = "drawn" if self.found is None else "found"
        return {"source": source, **{name: getattr(self.found, name, None) for name in names}, "cores": cores}


def find_array(survey: Survey, pixel_size: PixelSize, wanted: TissueArray) -> Array:
    """Find the cores of a slide.

    Raises
    ------
    NotEvaluableError
        ``NOT_AN_ARRAY``, or what the survey refuses.
    """
    if survey.refusal is not None:
        raise survey.refusal
    mpp_um = survey.downsample * pixel_size.mean_um
    return dearray(survey.tissue.tissue, mpp_um, shape=wanted.grid, core_um=wanted.core_um)


def outlines_of(array: Array, pixel_size: PixelSize) -> tuple[Outline, ...]:
    """Draw the places, in their order: circles, cut so that no whole core loses tissue to a place without.

    Where two whole cores touch their circles overlap by a little.
    """
    circles = [
        shapely.Point(place.x_um / pixel_size.mean_um, place.y_um / pixel_size.mean_um).buffer(
            place.radius_um / pixel_size.mean_um, quad_segs=QUARTER_CORNERS
        )
        for place in array.places
    ]
    taken = {
        state: shapely.union_all(
            [circle for circle, place in zip(circles, array.places, strict=True) if place.state in firmer]
        )
        for state, firmer in (("present", ()), ("broken", ("present",)), ("missing", ("present", "broken")))
    }
    return tuple(
        Outline(_left_of(circle, taken[place.state]), _class_of(place), place.label)
        for circle, place in zip(circles, array.places, strict=True)
    )


def place_cores(found: Array | None, areas: Areas, survey: Survey, pixel_size: PixelSize) -> SlideArray:
    """Tell what of each place of an array is analysed.

    Parameters
    ----------
    found
        The array where it was found; None where it was drawn: then every region is a place.
    areas
        With a region for every place, in the order of the array.
    survey, pixel_size
        Of the slide.
    """
    regions = np.zeros(areas.tissue.shape, np.uint8) if areas.regions is None else areas.regions
    n = len(areas.region_names) + 1

    def n_px(mask: Mask) -> list[int]:
        counted: list[int] = np.bincount(regions[mask], minlength=n).tolist()
        return counted

    analysed, unreadable = n_px(areas.analysed), n_px(areas.unreadable)
    pixel_mm2 = survey.downsample**2 * pixel_size.area_um2 * 1e-6
    places = _drawn(areas, survey.downsample) if found is None else _found(found, pixel_size)
    return SlideArray(
        tuple(
            replace(one, area_mm2=analysed[one.number] * pixel_mm2, unreadable=unreadable[one.number] > 0)
            for one in places
        ),
        found,
    )


def core_places_before(before: Mapping[str, Any], *, same_pixels: bool) -> tuple[CorePlace, ...]:
    """Give the places of an earlier score.json; without areas where its pixel size was another."""
    names = [field.name for field in fields(CorePlace)]
    places = (CorePlace(**{name: core[name] for name in names}) for core in before["cores"])
    return tuple(one if same_pixels else replace(one, area_mm2=None) for one in places)


def array_flags(array: SlideArray) -> Iterator[Flag]:
    """Yield what a reader of the whole slide's score must know of its array."""
    states = Counter(place.state for place in array.places)
    found = array.found
    loose_mm2 = found.outside_mm2 if found else 0.0
    outside = f"; {loose_mm2:.2f} mm² of tissue lie in no place" if loose_mm2 else ""
    yield Flag(
        "TMA",
        "info",
        f"{len(array.places)} places with {states['present']} whole and {states['broken']} broken cores: "
        "their own results count (cores.csv), and the score of the slide is that of all cells together"
        f"{outside}",
    )
    if found and found.doubts:
        yield Flag("TMA_GRID", "warning", "; ".join(found.doubts))


def check_labels(outlines: Sequence[Outline], recipe: Recipe) -> None:
    """Refuse a drawn array whose places cannot be told apart.

    Raises
    ------
    UsageError
        Naming every label that is missing or used twice.
    """
    classes = RegionClasses(recipe.in_situ_classes, recipe.control_classes, recipe.normal_classes)
    counts = Counter(outline.label for outline in sort_by_meaning(outlines, classes)["plain"])
    problems = [
        f"{n} of the cores are named {label!r}" if label else f"{n} of the cores have no name"
        for label, n in sorted(counts.items())
        if n > 1 or not label
    ]
    if problems:
        raise UsageError("\n".join(f"{problem}; give each one its own" for problem in problems))


def _class_of(place: Place) -> str:
    return CORE_CLASS if place.state == "present" else f"{CORE_CLASS}: {place.state}"


def _left_of(circle: shapely.Polygon, taken: shapely.Geometry) -> shapely.Polygon | shapely.MultiPolygon:
    left = shapely.difference(circle, taken)
    if isinstance(left, shapely.Polygon | shapely.MultiPolygon) and not left.is_empty:
        return left
    return circle  # a core lies on the whole place: its own circle, the smaller one or the first, is on top


def _found(array: Array, pixel_size: PixelSize) -> Iterator[CorePlace]:
    for number, place in enumerate(array.places, start=1):
        yield CorePlace(
            number=number,
            label=place.label,
            row=place.row,
            column=place.column,
            state=place.state,
            y_px=round(place.y_um / pixel_size.mean_um),
            x_px=round(place.x_um / pixel_size.mean_um),
            share=place.share,
        )


def _drawn(areas: Areas, downsample: int) -> Iterator[CorePlace]:
    regions = np.zeros(areas.tissue.shape, np.uint8) if areas.regions is None else areas.regions
    n = len(areas.region_names) + 1
    y, x = np.nonzero(regions)
    of = regions[y, x]
    size = np.bincount(of, minlength=n)
    middles = [np.bincount(of, weights=at, minlength=n) for at in (y, x)]
    tissue = np.bincount(of, weights=areas.tissue[y, x], minlength=n)
    held = tissue >= np.maximum(MIN_SHARE * size, 1)
    held[0] = False  # between the places
    core_px = float(np.median(tissue[held])) if held.any() else np.inf
    for number, label in enumerate(areas.region_names, start=1):
        parsed = LABEL.fullmatch(label)
        n_px = int(size[number])
        share = float(tissue[number]) / core_px
        y_px, x_px = (int((at[number] / n_px + 0.5) * downsample) if n_px else None for at in middles)
        yield CorePlace(
            number=number,
            label=label,
            row=parsed and parsed[1].upper(),
            column=parsed and int(parsed[2]),
            state="present" if share >= WHOLE else "broken" if share >= MIN_SHARE else "missing",
            y_px=y_px,
            x_px=x_px,
            share=share,
        )
