"""The cells of one tile, and of all tiles of a slide: the part that runs in parallel."""

import time
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Floats, Mask, Rgb8
from her2path.cells.columns import Columns
from her2path.cells.maps import CellMaps
from her2path.cells.measure import measure_membranes
from her2path.cells.table import RADIUS_STEP_UM, CellTable
from her2path.cells.vocabulary import UNGRADED
from her2path.errors import ReadError
from her2path.image.geometry import Region, Tile, plan_tiles, scales_for
from her2path.image.stains import StainMatrix
from her2path.pipeline.spool import Spool
from her2path.quality.blocks import BlockPlan, BlockSums, measure_blocks
from her2path.runners.memory import freed_memory_kept, give_back
from her2path.runners.protocol import Runner
from her2path.segment.protocol import Segmenter
from her2path.segment.rays import polygon_area_um2
from her2path.slides.protocol import Slide

LARGEST_TILE_PX, SMALLEST_TILE_PX = 3584, 2048
"""Edge of a tile's core: with a halo of 56 µm each pixel is looked at 1.27 times at 0.25 µm/px, 1.5 times in
the smallest. Larger ones would make the network need more than 2 GB for two workers."""

ENOUGH_TILES = 16
"""Tissue is cut into about this many at least, so that all workers have something to do until the end."""

GIVE_BACK_EVERY = 32
"""Tiles after which kept memory that is free is given back, some ten seconds of work: taking what is needed
again costs a hundredth of that."""

PIECE_PX = 256
"""A tile that cannot be read whole is read in pieces of this size; those that fail are unreadable area."""


@dataclass(frozen=True, eq=False)
class TileCells:
    """The cells of one tile, or of all tiles together."""

    table: CellTable
    """Kind, pattern, grade, counted and bin are still open: they are settled slide-wide."""

    evidence: Columns
    blocks: BlockSums
    """What the tissue looks like, block by block."""

    unreadable: tuple[Region, ...]
    """Pieces of the slide that could not be read."""

    n_px: int
    """Level-0 pixels read."""

    seconds: tuple[float, ...]
    """Reading, segmenting, measuring, looking at the tissue."""


def gather(parts: Iterable[TileCells]) -> TileCells:
    """Bring the cells of all tiles together, in reading order.

    The cells wait on disk until the last tile is done (``Spool``).
    """
    unreadable: list[Region] = []
    n_px, seconds = 0, np.zeros(4)
    with (
        closing(Spool(CellTable.empty())) as tables,
        closing(Spool(Columns())) as evidence,
        closing(Spool(BlockSums.empty())) as blocks,
    ):
        for part in parts:
            tables.append(part.table)
            evidence.append(part.evidence)
            blocks.append(part.blocks)
            unreadable += part.unreadable
            n_px += part.n_px
            seconds += part.seconds
        order = np.argsort(tables.column("cell_id"), kind="stable")
        return TileCells(
            table=tables.rows(order),
            evidence=evidence.rows(order),
            blocks=blocks.rows(),
            unreadable=tuple(unreadable),
            n_px=n_px,
            seconds=tuple(seconds.tolist()),
        )


def tiles_with_tissue(
    slide: Slide,
    tissue: Mask,
    downsample: int,
    segmenter: Segmenter,
    *,
    tile_px: int | None = None,
    origin_yx_px: tuple[int, int] = (0, 0),
) -> tuple[Tile, ...]:
    """Tiles whose core holds tissue, in reading order; no other is ever read at full resolution.

    Cores are trimmed to the tissue in them, and end with the slide: beyond there is nothing to own.

    Parameters
    ----------
    slide
        An open slide.
    tissue
        ``(y, x)`` what to analyse, on a grid of ``downsample`` level-0 pixels.
    downsample
        Of that grid.
    segmenter
        Says how much margin it needs.
    tile_px, origin_yx_px
        The tile plan; may not change a cell. By default as suits the amount of tissue.
    """
    whole, pixel_size = _whole(slide), slide.pixel_size
    if tile_px is None:
        tissue_px = np.count_nonzero(tissue) * downsample**2
        tile_px = min(max(isqrt(tissue_px // ENOUGH_TILES), SMALLEST_TILE_PX), LARGEST_TILE_PX)
    planned = plan_tiles(
        whole.height_px,
        whole.width_px,
        tile_px=tile_px,
        halo_px=int(np.ceil(segmenter.halo_um / min(pixel_size.y_um, pixel_size.x_um))),
        stride_px=scales_for(pixel_size).nucleus,
        origin_yx_px=origin_yx_px,
    )
    stride_px = scales_for(pixel_size).nucleus
    trimmed = (_trimmed(tile, tissue, downsample, stride_px) for tile in planned)
    return tuple(replace(tile, core=_common(tile.core, whole)) for tile in trimmed if tile is not None)


def cells_in_slide(
    slide: Slide,
    tiles: Sequence[Tile],
    stains: StainMatrix,
    segmenter: Segmenter,
    runner: Runner,
    *,
    blocks: BlockPlan,
    stained_od: float,
) -> Generator[TileCells]:
    """Cells of every tile, tile by tile in the order given.

    Parameters
    ----------
    slide
        An open slide.
    tiles
        From ``tiles_with_tissue``.
    stains
        Of this slide.
    segmenter, runner
        Who finds the cells, and who runs the tiles.
    blocks
        By which the state of the tissue is measured.
    stained_od
        From here a membrane counts as stained.
    """
    work = partial(
        cells_in_tile, slide=slide, stains=stains, segmenter=segmenter, blocks=blocks, stained_od=stained_od
    )
    with freed_memory_kept(), closing(runner.map(work, tiles)) as found:
        for n_done, cells in enumerate(found, start=1):
            yield cells
            if n_done % GIVE_BACK_EVERY == 0:
                give_back()
        slide.relax()


def cells_in_tile(
    tile: Tile,
    *,
    slide: Slide,
    stains: StainMatrix,
    segmenter: Segmenter,
    blocks: BlockPlan,
    stained_od: float,
) -> TileCells:
    """Read, segment and measure one tile."""
    started = time.perf_counter()
    rgb, unreadable = _read(slide, tile)
    read = time.perf_counter()
    maps = segmenter(rgb, tile, slide.pixel_size, stains)
    segmented = time.perf_counter()
    mpp_yx_um = (slide.pixel_size.y_um, slide.pixel_size.x_um)
    table = _rows(maps, mpp_yx_um, slide.levels[0].width_px, stained_od)
    measured = time.perf_counter()
    coarse = maps.coarse
    sums = measure_blocks(coarse.rgb, coarse.haematoxylin, coarse.dab, tile, blocks)
    return TileCells(
        table=table,
        evidence=maps.evidence,
        blocks=sums,
        unreadable=unreadable,
        n_px=tile.read.height_px * tile.read.width_px,
        seconds=(read - started, segmented - read, measured - segmented, time.perf_counter() - measured),
    )


def _rows(maps: CellMaps, mpp_yx_um: tuple[float, float], width_px: int, stained_od: float) -> CellTable:
    membranes = measure_membranes(maps, mpp_yx_um, stained_od=stained_od)
    n = len(maps.y_px)
    return CellTable(
        cell_id=maps.y_px.astype(np.int64) * width_px + maps.x_px,
        y_px=maps.y_px,
        x_px=maps.x_px,
        kind=np.full(n, UNGRADED, np.int8),
        counted=np.zeros(n, bool),
        membrane_od=membranes.membrane_od,
        completeness=membranes.completeness,
        longest_gap=membranes.longest_gap,
        cytoplasm_od=membranes.cytoplasm_od,
        pixel_od=membranes.membrane_od,
        pixel_completeness=membranes.completeness,
        network_od=maps.network_od,
        network_completeness=maps.network_completeness,
        pattern=np.full(n, UNGRADED, np.int8),
        grade=np.full(n, UNGRADED, np.int8),
        tumour_probability=np.zeros(n, np.float32),
        nucleus_area_um2=polygon_area_um2(maps.nucleus_radii_um).astype(np.float32),
        bin=np.full(n, -1, np.int32),
        nucleus_radii=_stored(maps.nucleus_radii_um),
        cell_radii=_stored(maps.cell_radii_um),
    )


def _stored(radii_um: Floats) -> NDArray[np.uint8]:
    steps: NDArray[np.uint8] = np.clip(np.rint(radii_um / RADIUS_STEP_UM), 0, 255).astype(np.uint8)
    return steps


def _trimmed(tile: Tile, tissue: Mask, downsample: int, stride_px: int) -> Tile | None:
    """Cut the tile down to the box of the tissue in its core; None where there is none."""
    core, margin_px = tile.core, tile.core.y_px - tile.read.y_px
    first_row, first_column = max(0, core.y_px // downsample), max(0, core.x_px // downsample)
    end_row, end_column = -(-core.bottom_px // downsample), -(-core.right_px // downsample)
    within = tissue[first_row:end_row, first_column:end_column]
    rows, columns = np.flatnonzero(within.any(axis=1)), np.flatnonzero(within.any(axis=0))
    if not len(rows):
        return None

    def cut(held: NDArray[np.intp], first: int, start_px: int, end_px: int) -> tuple[int, int]:
        """First and last pixel of the tissue along one axis, on the working grid and inside the core."""
        begin = max(start_px, int(first + held[0]) * downsample // stride_px * stride_px)
        end = min(end_px, -(-int(first + held[-1] + 1) * downsample // stride_px) * stride_px)
        return begin, end

    top, bottom = cut(rows, first_row, core.y_px, core.bottom_px)
    left, right = cut(columns, first_column, core.x_px, core.right_px)
    smaller = Region(top, left, bottom - top, right - left)
    return Tile(core=smaller, read=smaller.grown(margin_px))


def _read(slide: Slide, tile: Tile) -> tuple[Rgb8, tuple[Region, ...]]:
    """Pixels of the tile; pieces that cannot be read come back white and are named."""
    try:
        return slide.read(tile.read), ()
    except ReadError:
        return _read_in_pieces(slide, tile)


def _read_in_pieces(slide: Slide, tile: Tile) -> tuple[Rgb8, tuple[Region, ...]]:
    box, whole = tile.read, _whole(slide)
    rgb = np.full((box.height_px, box.width_px, 3), 255, np.uint8)
    unreadable = []
    # Pieces lie on the slide's own grid and are read whole, so that every tile loses the same ones.
    on_slide = _common(box, whole)
    for y in range(on_slide.y_px // PIECE_PX * PIECE_PX, on_slide.bottom_px, PIECE_PX):
        for x in range(on_slide.x_px // PIECE_PX * PIECE_PX, on_slide.right_px, PIECE_PX):
            piece = _common(Region(y, x, PIECE_PX, PIECE_PX), whole)
            try:
                pixels = slide.read(piece)
            except ReadError:
                unreadable.append(piece)
                continue
            part = _common(piece, box)
            rgb[part.within(box)] = pixels[part.within(piece)]
    return rgb, tuple(unreadable)


def _whole(slide: Slide) -> Region:
    return Region(0, 0, slide.levels[0].height_px, slide.levels[0].width_px)


def _common(a: Region, b: Region) -> Region:
    top, left = max(a.y_px, b.y_px), max(a.x_px, b.x_px)
    return Region(top, left, min(a.bottom_px, b.bottom_px) - top, min(a.right_px, b.right_px) - left)
