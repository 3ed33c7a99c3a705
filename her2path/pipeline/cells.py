"""The cells of a slide: found tile by tile, settled slide-wide."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from her2path.arrays import Mask
from her2path.cells.table import CellTable
from her2path.cells.vocabulary import TUMOUR
from her2path.image.geometry import PixelSize
from her2path.pipeline.areas import at_cells
from her2path.pipeline.survey import Survey
from her2path.pipeline.tiles import TileCells, cells_in_slide, gather, tiles_with_tissue
from her2path.quality.blocks import BlockPlan
from her2path.recipe import Recipe
from her2path.runners.protocol import Runner
from her2path.scoring.calibration import uncalibrated_od
from her2path.scoring.grade import regrade
from her2path.scoring.hexagons import hex_bins
from her2path.segment.protocol import Segmenter
from her2path.slides.protocol import Slide

Progress = Callable[[int, int], None]
"""Called with the tiles done and the tiles in all."""


def find_cells(
    slide: Slide,
    survey: Survey,
    measured: Mask,
    blocks: BlockPlan,
    recipe: Recipe,
    segmenter: Segmenter,
    runner: Runner,
    progress: Progress,
) -> TileCells:
    """Find the cells of part of a slide; kinds are still open.

    Parameters
    ----------
    slide, survey
        The slide, and what is known of it.
    measured
        ``(y, x)`` where to look, on the survey grid.
    blocks
        By which the state of the tissue is measured on the way.
    recipe, segmenter, runner
        See ``score_slide``.
    progress
        Told after every tile.
    """
    tiles = tiles_with_tissue(slide, measured, survey.downsample, segmenter)
    parts = cells_in_slide(
        slide,
        tiles,
        survey.stains,
        segmenter,
        runner,
        blocks=blocks,
        stained_od=uncalibrated_od(recipe.grading.stained_od, recipe.grading.calibration),
    )
    return gather(_counted(parts, len(tiles), progress))


def settle(
    found: TileCells,
    segmenter: Segmenter,
    pixel_size: PixelSize,
    within: Mask,
    downsample: int,
    recipe: Recipe,
) -> CellTable:
    """Keep the cells within a mask; settle kind, pattern, grade, counted and bin.

    Parameters
    ----------
    found
        From ``find_cells``.
    segmenter
        That found them.
    pixel_size
        Of level 0.
    within
        ``(y, x)`` on a grid of ``downsample`` level-0 pixels.
    downsample
        Of that grid.
    recipe
        How cells are graded.
    """
    inside = at_cells(within, found.table, downsample)
    table, evidence = found.table, found.evidence
    if not inside.all():
        table, evidence = table.take(inside), evidence.take(inside)
    if not len(table):
        return table
    yx_um = table.yx_um(pixel_size)
    kind, probability = segmenter.settle(yx_um, evidence)
    return regrade(
        replace(
            table,
            kind=kind,
            counted=kind == TUMOUR,
            tumour_probability=probability,
            bin=hex_bins(yx_um[:, 0], yx_um[:, 1], recipe.statistics.bin_um),
        ),
        recipe.grading,
    )


def _counted(parts: Iterable[TileCells], total: int, progress: Progress) -> Iterator[TileCells]:
    for done, part in enumerate(parts, start=1):
        yield part
        progress(done, total)
