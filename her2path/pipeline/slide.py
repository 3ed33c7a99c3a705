"""One slide from file to score: survey, tiles, cells, what is left out, score, map."""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np

from her2path.arrays import Mask
from her2path.errors import NotEvaluableError, SlideError
from her2path.flags import Flag
from her2path.image.geometry import PixelSize
from her2path.pipeline.areas import Areas, at_cells, find_areas, with_places
from her2path.pipeline.cells import Progress, find_cells, settle
from her2path.pipeline.core_results import score_cores
from her2path.pipeline.damage import damage_flags, find_damage, leave_out
from her2path.pipeline.document import Clock, scored_slide
from her2path.pipeline.evenness import look_at_evenness
from her2path.pipeline.examples import choose_examples
from her2path.pipeline.on_slide_controls import measure_controls
from her2path.pipeline.outcome import Outcome
from her2path.pipeline.overview import mark_overview, read_overview
from her2path.pipeline.parts import places_in, score_places
from her2path.pipeline.refusals import refuse_beside_tissue, refuse_nothing_left
from her2path.pipeline.result import Overview, ScoredSlide
from her2path.pipeline.survey import Survey, mask_area_mm2, survey_slide
from her2path.pipeline.tiles import TileCells
from her2path.pipeline.tma import array_flags, find_array, outlines_of, place_cores
from her2path.pipeline.verdict import denominator, score_by_recipe
from her2path.quality.blocks import plan_blocks
from her2path.quality.grid import merge_blocks
from her2path.quality.stain_type import refuse_other_stain
from her2path.quality.tma import Array
from her2path.recipe import Recipe
from her2path.runners.protocol import Runner
from her2path.runners.threads import ThreadRunner
from her2path.scoring.heterogeneity import heterogeneity
from her2path.segment.protocol import Segmenter
from her2path.slides.open import open_slide
from her2path.slides.protocol import Slide
from her2path.store.regions import Outline

SIDE_BY_SIDE = 500_000
"""Cells up to which two opinions of them are formed side by side. Each needs some 150 bytes a cell on the
way, and a larger slide may need no more memory for them than its tiles did."""

Value = TypeVar("Value")
Look: TypeAlias = Callable[[], Overview | Survey]
Opinion: TypeAlias = Callable[[], dict[str, Any]]
"""Gives fields of the outcome."""


@dataclass(frozen=True, eq=False)
class SlideRequest:
    """One slide to score."""

    slide_id: str
    path: Path
    include: tuple[Outline, ...] | None = None
    """Score inside these only; None scores all tissue."""

    exclude: tuple[Outline, ...] = ()


def score_slide(
    request: SlideRequest,
    recipe: Recipe,
    segmenter: Segmenter,
    runner: Runner,
    *,
    progress: Progress = lambda done, total: None,
) -> ScoredSlide:
    """Score one slide.

    A slide that cannot be read, or holds nothing to score, is a result like any other: its status and reason
    say so. Mistakes in what was asked for are raised.

    Parameters
    ----------
    request
        Which slide, and which regions of it.
    recipe
        Everything that determines the answer.
    segmenter, runner
        Who finds the cells, and who runs the tiles.
    progress
        Told after every tile.

    Raises
    ------
    UsageError
        If the rulebook does not fit the specimen.
    """
    recipe.rulebook.check_specimen(recipe.specimen)
    clock = Clock()
    recipe = with_weights(recipe, segmenter)
    outcome = Outcome(
        request.slide_id,
        request.path,
        recipe,
        engine=segmenter.name,
        device=segmenter.device,
        weights=segmenter.weights,
    )
    try:
        # Whatever ends the work, the last outcome holds all that was known by then.
        for known in _steps(outcome, request, segmenter, runner, progress, clock):
            outcome = known
    except NotEvaluableError as error:
        outcome = outcome.refused(error)
    except SlideError as error:
        outcome = outcome.failed(error)
    return scored_slide(outcome, clock)


@dataclass(frozen=True, eq=False)
class _Seen:
    """What is known of a slide before and after its tiles."""

    slide: Slide
    survey: Survey
    areas: Areas
    array: Array | None
    """The microarray that was found; None where none was looked for, or its cores were drawn by hand."""

    @property
    def downsample(self) -> int:
        return self.survey.downsample

    @property
    def pixel_size(self) -> PixelSize:
        return self.slide.pixel_size

    @property
    def areas_mm2(self) -> dict[str, object]:
        return self.areas.mm2(self.downsample, self.pixel_size)

    @property
    def partial_reason(self) -> str | None:
        """Why not all of the tissue was scored; None where all could be read."""
        if not self.areas.unreadable.any():
            return None
        mm2 = mask_area_mm2(self.areas.unreadable, self.downsample, self.pixel_size)
        return f"{mm2:.2f} mm² of tissue could not be read and were not scored; copy or scan the slide again"


def _steps(
    outcome: Outcome,
    request: SlideRequest,
    segmenter: Segmenter,
    runner: Runner,
    progress: Progress,
    clock: Clock,
) -> Iterator[Outcome]:
    """Yield what is known after every step; the last is the result."""
    slide = open_slide(request.path, mpp_um=outcome.recipe.mpp_um)
    outcome = replace(outcome, slide=slide)
    yield outcome
    outcome, seen = yield from _look(outcome, slide, request, runner, clock)
    outcome, seen = yield from _find(outcome, seen, segmenter, runner, progress, clock)
    yield from _judge(outcome, seen, runner, clock)


def _look(
    outcome: Outcome, slide: Slide, request: SlideRequest, runner: Runner, clock: Clock
) -> Generator[Outcome, None, tuple[Outcome, _Seen]]:
    """Look at the whole slide, and draw on it what is to be scored."""
    recipe, pixel_size = outcome.recipe, slide.pixel_size
    # Two looks, of which neither waits for the other.
    looks: tuple[Look, ...] = (
        partial(read_overview, slide),
        partial(survey_slide, slide, recipe.stains.matrix),
    )
    with closing(runner.map(_take, looks)) as first_looks:
        overview = next(first_looks)
        assert isinstance(overview, Overview)
        clock.lap("overview")
        outcome = replace(outcome, overview=overview)
        yield outcome
        survey = next(first_looks)
        assert isinstance(survey, Survey)
    clock.lap("survey")
    # A refusal waits until the areas can be told; no cores are looked for on another stain.
    array, include, refusal = None, request.include, survey.refusal
    if recipe.tma is not None and include is None and survey.stain.is_scorable:
        try:
            array = find_array(survey, pixel_size, recipe.tma)
            include = outlines_of(array, pixel_size)
        except NotEvaluableError as error:
            refusal = error
    areas = find_areas(
        survey,
        pixel_size,
        include=include,
        exclude=request.exclude,
        in_situ_classes=recipe.in_situ_classes,
        control_classes=recipe.control_classes,
        normal_classes=recipe.normal_classes,
        leave_in=recipe.leave_in,
    )
    if refusal is not None:
        areas = areas.without({refusal.code.lower(): areas.tissue})
    seen = _Seen(slide, survey, areas, array)
    outcome = replace(
        outcome,
        areas_mm2=seen.areas_mm2,
        overview=mark_overview(overview, areas, survey.downsample),
    )
    yield outcome
    refuse_beside_tissue(areas)
    refuse_other_stain(survey.stain)
    if refusal is not None:
        raise refusal
    return replace(outcome, stains=survey.stains, flags=survey.flags), seen


def _take(step: Callable[[], Value]) -> Value:
    return step()


def _find(
    outcome: Outcome, seen: _Seen, segmenter: Segmenter, runner: Runner, progress: Progress, clock: Clock
) -> Generator[Outcome, None, tuple[Outcome, _Seen]]:
    """Find the cells, and leave out the tissue that must not be counted."""
    recipe, downsample, pixel_size = outcome.recipe, seen.downsample, seen.pixel_size
    areas, survey = seen.areas, seen.survey
    plan = plan_blocks(pixel_size, downsample, areas.measured, survey.stains)
    found = find_cells(seen.slide, survey, areas.measured, plan, recipe, segmenter, runner, progress)
    clock.lap("tiles", n_px=found.n_px)
    areas = areas.without_unreadable(_unreadable(found, areas, downsample))
    cells = settle(found, segmenter, pixel_size, areas.analysed, downsample, recipe)
    damage = find_damage(merge_blocks([found.blocks], plan), cells, recipe.leave_in)
    areas = leave_out(areas, damage, plan)
    controls = None
    if areas.controls is not None or areas.normal is not None:
        apart = settle(found, segmenter, pixel_size, areas.apart, downsample, recipe)
        controls = measure_controls(apart, areas, recipe, downsample=downsample, pixel_size=pixel_size)
    left = at_cells(areas.analysed, cells, downsample)
    cells = with_places(cells if left.all() else cells.take(left), areas, downsample)
    seen = replace(seen, areas=areas)
    assert outcome.overview is not None
    outcome = replace(
        outcome,
        cells=cells,
        areas_mm2=seen.areas_mm2,
        overview=mark_overview(outcome.overview, areas, downsample),
        flags=(
            *outcome.flags,
            *_flags_of(seen),
            *damage_flags(areas, survey, damage, pixel_size),
            *(controls.flags if controls else ()),
        ),
        controls=controls,
        tile_seconds=found.seconds,
        n_cells=denominator(cells),
    )
    yield outcome
    refuse_nothing_left(areas, downsample, pixel_size)
    return outcome, seen


def _judge(outcome: Outcome, seen: _Seen, runner: Runner, clock: Clock) -> Iterator[Outcome]:
    """Score the cells: the parts, the whole, and how evenly they are stained."""
    # Again two of which neither waits for the other.
    opinions: tuple[Opinion, ...] = (partial(_of_parts, outcome, seen), partial(_of_whole, outcome, seen))
    judges = runner if len(outcome.cells) <= SIDE_BY_SIDE else ThreadRunner(1)
    with closing(judges.map(_take, opinions)) as judged:
        outcome = replace(outcome, **next(judged))
        yield outcome
        verdict = next(judged)
    clock.lap("score")
    examples = choose_examples(seen.slide, outcome.cells)
    clock.lap("examples")
    yield replace(
        outcome,
        **verdict,
        status="partial" if seen.partial_reason else "scored",
        reason=seen.partial_reason,
        examples=examples,
    )


def _of_parts(outcome: Outcome, seen: _Seen) -> dict[str, Any]:
    """Judge the parts, and how evenly the tissue is stained."""
    recipe, cells, pixel_size = outcome.recipe, outcome.cells.without_contours(), seen.pixel_size
    parts = score_places(places_in(seen.areas, seen.downsample, pixel_size), cells, recipe, pixel_size)
    evenness = look_at_evenness(
        cells, seen.areas, seen.downsample, pixel_size, is_core=recipe.specimen == "tma-core"
    )
    flags = (*outcome.flags, *parts.flags, *evenness.flags)
    if recipe.tma is None:
        return {"parts": parts, "evenness": evenness, "flags": flags}
    placed = place_cores(seen.array, seen.areas, seen.survey, pixel_size)
    cores = score_cores(placed.places, cells, recipe, pixel_size)
    flags = (*flags, *array_flags(placed))
    return {"parts": parts, "evenness": evenness, "tma": placed.as_json(cores), "flags": flags}


def _of_whole(outcome: Outcome, seen: _Seen) -> dict[str, Any]:
    """Score and map all cells together."""
    recipe, cells, pixel_size = outcome.recipe, outcome.cells.without_contours(), seen.pixel_size
    return {
        "score": score_by_recipe(cells, recipe, pixel_size),
        "heterogeneity": heterogeneity(cells, pixel_size=pixel_size, statistics=recipe.statistics),
    }


def with_weights(recipe: Recipe, segmenter: Segmenter) -> Recipe:
    """Write the network that is asked into the recipe: other weights may give another answer."""
    weights = segmenter.weights
    return recipe.model_copy(update={"weights_sha256": weights and weights.sha256})


def _unreadable(found: TileCells, areas: Areas, downsample: int) -> Mask:
    mask = np.zeros_like(areas.tissue)
    for piece in found.unreadable:
        rows = slice(piece.y_px // downsample, -(-piece.bottom_px // downsample))
        columns = slice(piece.x_px // downsample, -(-piece.right_px // downsample))
        mask[rows, columns] = True
    return mask & areas.measured


def _flags_of(seen: _Seen) -> Iterator[Flag]:
    if seen.survey.stains.source == "published":
        detail = "too little pure stain to estimate vectors from; the published H-DAB vectors were used"
        yield Flag("STAINS_PUBLISHED", "info", detail)
    if seen.partial_reason:
        yield Flag("UNREADABLE", "warning", seen.partial_reason)
