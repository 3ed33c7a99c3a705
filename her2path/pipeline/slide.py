"""One slide from file to score: survey, tiles, cells, score, map."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from her2path.arrays import Mask, Rgb8
from her2path.cells.table import CellTable
from her2path.cells.vocabulary import TUMOUR, UNGRADED
from her2path.errors import NotEvaluableError, SlideError
from her2path.flags import Flag
from her2path.image.geometry import PixelSize
from her2path.pipeline.areas import Areas, find_areas, with_places
from her2path.pipeline.document import Clock, Outcome, run_document, score_document
from her2path.pipeline.examples import choose_examples
from her2path.pipeline.parts import places_in, score_places
from her2path.pipeline.result import Overview, ScoredSlide
from her2path.pipeline.survey import Survey, mask_area_mm2, read_whole, survey_slide
from her2path.pipeline.tiles import TileCells, cells_in_slide, tiles_with_tissue
from her2path.recipe import Recipe
from her2path.runners.protocol import Runner
from her2path.scoring.calibration import uncalibrated_od
from her2path.scoring.grade import regrade
from her2path.scoring.heterogeneity import heterogeneity
from her2path.scoring.hexagons import hex_bins
from her2path.scoring.score import score_cells
from her2path.segment.protocol import Segmenter
from her2path.slides.open import open_slide
from her2path.slides.protocol import Slide
from her2path.store.regions import Outline

OVERVIEW_PX = 1600
"""Longest edge of the overview picture."""

Progress = Callable[[int, int], None]
"""Called with the tiles done and the tiles in all."""


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
        slide = open_slide(request.path, mpp_um=recipe.mpp_um)
        outcome = replace(outcome, slide=slide)
        overview, overview_step = _overview(slide)
        clock.lap("overview")
        outcome = replace(outcome, overview=_plain_overview(overview, overview_step))
        survey = survey_slide(slide, recipe.stains.matrix)
        clock.lap("survey")
        areas = find_areas(
            survey,
            slide.pixel_size,
            include=request.include,
            exclude=request.exclude,
            in_situ_classes=recipe.in_situ_classes,
        )
        outcome = replace(
            outcome,
            areas_mm2=areas.mm2(survey.downsample, slide.pixel_size),
            overview=_marked_overview(overview, overview_step, survey, areas),
        )
        _refuse(survey, areas)
        outcome = replace(outcome, stains=survey.stains)
        found = _find_cells(slide, survey, areas, recipe, segmenter, runner, progress)
        clock.lap("tiles", n_px=found.n_px)
        areas = replace(areas, unreadable=areas.unreadable | _unreadable(found, areas, survey.downsample))
        cells = _settle(found, segmenter, slide.pixel_size, areas.analysed, survey.downsample, recipe)
        cells = with_places(cells, areas, survey.downsample)
        places = places_in(areas, survey.downsample, slide.pixel_size)
        parts = score_places(places, cells, recipe, slide.pixel_size)
        outcome = replace(
            outcome,
            cells=cells,
            areas_mm2=areas.mm2(survey.downsample, slide.pixel_size),
            overview=_marked_overview(overview, overview_step, survey, areas),
            flags=(*_area_flags(areas, survey, slide), *parts.flags),
            parts=parts,
            tile_seconds=found.seconds,
            n_cells=_denominator(cells),
        )
        score = score_cells(
            cells,
            rulebook=recipe.rulebook,
            statistics=recipe.statistics,
            pixel_size=slide.pixel_size,
            specimen=recipe.specimen,
            clone=recipe.clone,
        )
        heterogeneity_map = heterogeneity(cells, pixel_size=slide.pixel_size, statistics=recipe.statistics)
        clock.lap("score")
        examples = choose_examples(slide, cells)
        clock.lap("examples")
        outcome = replace(
            outcome,
            status="partial" if areas.unreadable.any() else "scored",
            reason=_partial_reason(areas, survey, slide) if areas.unreadable.any() else None,
            score=score,
            heterogeneity=heterogeneity_map,
            examples=examples,
        )
    except NotEvaluableError as error:
        flag = Flag(error.code, "refusal", error.reason)
        outcome = replace(outcome, status="not_evaluable", reason=error.reason, flags=(*outcome.flags, flag))
    except SlideError as error:
        outcome = replace(outcome, status="failed", reason=str(error))
    return ScoredSlide(
        slide_id=request.slide_id,
        score=score_document(outcome, clock),
        run=run_document(outcome, clock),
        mpp_yx_um=outcome.mpp_yx_um,
        size_px=outcome.size_px,
        cells=outcome.cells,
        heterogeneity=outcome.heterogeneity,
        overview=outcome.overview,
        examples=outcome.examples,
    )


def with_weights(recipe: Recipe, segmenter: Segmenter) -> Recipe:
    """Write the network that is asked into the recipe: other weights may give another answer."""
    weights = segmenter.weights
    return recipe.model_copy(update={"weights_sha256": weights and weights.sha256})


def _overview(slide: Slide) -> tuple[Rgb8, int]:
    full = slide.levels[0]
    step = max(1, -(-max(full.height_px, full.width_px) // OVERVIEW_PX))
    return read_whole(slide, step)[0], step


def _plain_overview(rgb: Rgb8, step: int) -> Overview:
    return Overview(rgb=rgb, downsample=step, tissue=np.zeros(rgb.shape[:2], bool), excluded={})


def _marked_overview(rgb: Rgb8, step: int, survey: Survey, areas: Areas) -> Overview:
    def fitted(mask: Mask) -> Mask:
        rows, columns = (
            np.minimum((np.arange(n) * step + step // 2) // survey.downsample, limit - 1)
            for n, limit in zip(rgb.shape[:2], mask.shape, strict=True)
        )
        fit: Mask = mask[np.ix_(rows, columns)]
        return fit

    left_out = {reason: mask for reason, mask in areas.excluded.items() if mask.any()}
    if areas.unreadable.any():
        left_out["unreadable"] = areas.unreadable
    return Overview(
        rgb=rgb,
        downsample=step,
        tissue=fitted(areas.analysed),
        excluded={reason: fitted(mask) for reason, mask in left_out.items()},
    )


def _refuse(survey: Survey, areas: Areas) -> None:
    """Raise where nothing may be scored, once it is known how much tissue that leaves out."""
    if not areas.requested.any():
        raise NotEvaluableError(
            "NO_TISSUE_IN_REGION",
            "no tissue lies in the regions to include; check that they were drawn on this slide, "
            "and that not all of them are of an in-situ class",
        )
    if survey.is_eosin:
        raise NotEvaluableError(
            "NOT_IHC",
            f"{survey.eosin_share:.0%} of the tissue is eosin pink: this is an H&E slide; "
            "give the HER2 immunohistochemistry (haematoxylin and DAB) slide of this case",
        )


def _find_cells(
    slide: Slide,
    survey: Survey,
    areas: Areas,
    recipe: Recipe,
    segmenter: Segmenter,
    runner: Runner,
    progress: Progress,
) -> TileCells:
    tiles = tiles_with_tissue(slide, areas.analysed, survey.downsample, segmenter)
    parts = []
    for part in cells_in_slide(
        slide,
        tiles,
        survey.stains,
        segmenter,
        runner,
        stained_od=uncalibrated_od(recipe.grading.stained_od, recipe.grading.calibration),
    ):
        parts.append(part)
        progress(len(parts), len(tiles))
    return TileCells.concat(parts)


def _unreadable(found: TileCells, areas: Areas, downsample: int) -> Mask:
    mask = np.zeros_like(areas.tissue)
    for piece in found.unreadable:
        rows = slice(piece.y_px // downsample, -(-piece.bottom_px // downsample))
        columns = slice(piece.x_px // downsample, -(-piece.right_px // downsample))
        mask[rows, columns] = True
    return mask & areas.analysed


def _settle(
    found: TileCells,
    segmenter: Segmenter,
    pixel_size: PixelSize,
    analysed: Mask,
    downsample: int,
    recipe: Recipe,
) -> CellTable:
    """Keep the cells of the analysed tissue; settle kind, pattern, grade, counted and bin."""
    table = found.table
    rows = np.clip(table.y_px // downsample, 0, analysed.shape[0] - 1)
    columns = np.clip(table.x_px // downsample, 0, analysed.shape[1] - 1)
    inside = analysed[rows, columns]
    table = table.take(inside)
    y_um, x_um = table.y_px * pixel_size.y_um, table.x_px * pixel_size.x_um
    if not len(table):
        return table
    kind, probability = segmenter.settle(np.stack([y_um, x_um], axis=1), found.evidence.take(inside))
    return regrade(
        replace(
            table,
            kind=kind,
            counted=kind == TUMOUR,
            tumour_probability=probability,
            bin=hex_bins(y_um, x_um, recipe.statistics.bin_um),
        ),
        recipe.grading,
    )


def _denominator(cells: CellTable) -> int:
    return int(np.count_nonzero(cells.counted & (cells.pattern != UNGRADED)))


def _area_flags(areas: Areas, survey: Survey, slide: Slide) -> tuple[Flag, ...]:
    flags = []
    if areas.excluded["pen"].any():
        mm2 = mask_area_mm2(areas.excluded["pen"], survey.downsample, slide.pixel_size)
        flags.append(Flag("PEN", "info", f"{mm2:.2f} mm² of tissue lie beside ink and were left out"))
    if survey.stains.source == "published":
        flags.append(
            Flag(
                "STAINS_PUBLISHED",
                "info",
                "too little pure stain to estimate vectors from; the published H-DAB vectors were used",
            )
        )
    if areas.unreadable.any():
        flags.append(Flag("UNREADABLE", "warning", _partial_reason(areas, survey, slide)))
    return tuple(flags)


def _partial_reason(areas: Areas, survey: Survey, slide: Slide) -> str:
    mm2 = mask_area_mm2(areas.unreadable, survey.downsample, slide.pixel_size)
    return f"{mm2:.2f} mm² of tissue could not be read and were not scored; copy or scan the slide again"
