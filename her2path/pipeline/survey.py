"""The first look at a slide: overview, tissue, stains, and whether it is a HER2 stain at all."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Mask, Rgb8
from her2path.errors import NotEvaluableError, ReadError
from her2path.flags import Flag
from her2path.image.estimate import estimate_stains, estimate_white
from her2path.image.geometry import PixelSize, Region
from her2path.image.masks import light
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix, Vector
from her2path.image.strips import Densities, Picture
from her2path.image.tissue import MIN_TISSUE_MM2, SURVEY_MPP_UM, TissueMap, find_tissue
from her2path.quality.checks import check_pixels
from her2path.quality.glass import find_on_glass
from her2path.quality.pen import pen_colours
from her2path.quality.stain_type import StainType, stain_type
from her2path.slides.protocol import Slide

BLOCK_PX = 256
"""Edge of the blocks, in pixels of the result, that a whole slide is read in."""

SMALLEST_BLOCK_PX = 16
"""A block that cannot be read is quartered down to this; what is left is unreadable."""

BRIGHT: Vector = (255.0, 255.0, 255.0)
"""Stands for the white of a slide that is not unmixed."""

MANY_BLOCKS = 64
"""If none of so many can be read, the slide cannot: a drive that went away must not cost hours."""

SAMPLE_PX = 128
N_SAMPLES = 64
"""Patches of level-0 pixels, spread over the tissue, that stains are estimated from."""

MIN_CLEAR = 8
"""Fewer patches than this say too little of a slide to leave the others out [P]."""


@dataclass(frozen=True, eq=False)
class Survey:
    """What is known of a slide before any tile is analysed."""

    downsample: int
    """Level-0 pixels per pixel of the survey grid."""

    tissue: TissueMap
    """Masks on the survey grid."""

    unreadable: Mask
    """Part of the tissue: what cannot be read, nobody can say that it is glass."""

    on_glass: Mapping[str, Mask]
    """What lies on the slide and is no tissue, or no single layer of it, by reason (``quality.glass``)."""

    pens: Mapping[str, Mask]
    """The parts of the ink by colour."""

    stains: StainMatrix
    stain: StainType
    """What the slide is stained with."""

    flags: tuple[Flag, ...]
    """What its pixels tell of the slide."""

    refusal: NotEvaluableError | None = None
    """Why nothing on it can be scored, though it is an H-DAB stain: what ``check_pixels`` refuses."""


def survey_slide(slide: Slide, given: StainMatrix | None) -> Survey:
    """Find tissue and stains.

    Parameters
    ----------
    slide
        An open slide.
    given
        Stain matrix of the recipe; wins over the estimate.

    Raises
    ------
    NotEvaluableError
        ``NO_TISSUE``. Any other refusal is told, and not raised: the tissue is known by then.
    ReadError
        If nothing of the slide can be read.
    """
    pixel_size = slide.pixel_size
    downsample = max(1, round(SURVEY_MPP_UM / pixel_size.mean_um))
    mpp_um = pixel_size.mean_um * downsample
    rgb, unreadable = read_whole(slide, downsample)
    white = estimate_white(rgb) if given is None else given.white
    od = Densities(rgb, white)
    tissue, pens = _tissue_and_pens(od, mpp_um)
    tissue_mm2 = mask_area_mm2(tissue.tissue, downsample, pixel_size)
    if tissue_mm2 < MIN_TISSUE_MM2:
        raise NotEvaluableError(
            "NO_TISSUE",
            f"no tissue found ({tissue_mm2:.3f} mm²): an empty slide, or one too pale to tell from glass; "
            "check the slide, or give its white point and stains in a recipe",
        )
    patches, middles = _tissue_patches(slide, tissue.tissue & ~tissue.pen, downsample)
    pixels = patches.reshape(-1, 3)
    stain = stain_type(pixels, white)
    flags: tuple[Flag, ...] = ()
    refusal = None
    if stain.is_scorable:
        stains = given or estimate_stains(pixels, white)
        on_glass = find_on_glass(rgb, od, stains, mpp_um, tissue)
        # Ink, the rim of a bubble and dust tell nothing of nuclei.
        clear = _clear_of(reduce(np.logical_or, on_glass.values()), middles, downsample)
        try:
            flags = check_pixels(patches[clear].reshape(-1, 3), stains, pixel_size.mean_um)
        except NotEvaluableError as error:
            refusal = error
    else:
        stains = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, BRIGHT, "published")
        on_glass = {"pen": tissue.pen}
    seen = replace(tissue, tissue=tissue.tissue | unreadable, pen=light(tissue.pen))
    on_glass = {reason: light(mask) for reason, mask in on_glass.items()}
    return Survey(downsample, seen, light(unreadable), on_glass, pens, stains, stain, flags, refusal)


def _tissue_and_pens(od: Picture, mpp_um: float) -> tuple[TissueMap, dict[str, Mask]]:
    # A function of its own, so that the masks of all inks are gone before the survey needs most memory.
    tissue, inks = find_tissue(od, mpp_um)
    return tissue, pen_colours(inks, tissue.pen)


def read_whole(slide: Slide, downsample: int) -> tuple[Rgb8, Mask]:
    """Read the whole slide, one pixel for ``downsample`` × ``downsample`` level-0 pixels.

    From the coarsest level that is fine enough, in blocks, averaging; where it is damaged, from another.

    Returns
    -------
    tuple of (Rgb8, Mask)
        ``(y, x, 3)`` pixels, and ``(y, x)`` where no level can be read: white in the pixels.

    Raises
    ------
    ReadError
        If nothing of the slide can be read.
    """
    full = slide.levels[0]
    height, width = math.ceil(full.height_px / downsample), math.ceil(full.width_px / downsample)
    fine = [i for i, level in enumerate(slide.levels) if level.downsample <= downsample * 1.01]
    order = [*reversed(fine), *range(len(fine), len(slide.levels))]
    whole = np.full((height, width, 3), 255, np.uint8)
    unreadable = np.zeros((height, width), bool)
    blocks, nothing_yet = _cut(Region(0, 0, height, width), BLOCK_PX), True
    while blocks:
        failed: list[Region] = []
        for block in blocks:
            rows, columns = slice(block.y_px, block.bottom_px), slice(block.x_px, block.right_px)
            try:
                whole[rows, columns] = _read_block(slide, block, downsample, order)
            except ReadError as error:
                failed.append(block)
                unreadable[rows, columns] = _smallest(block)
                if unreadable.all() or (nothing_yet and len(failed) > MANY_BLOCKS):
                    raise error
            else:
                nothing_yet = False
        blocks = [part for block in failed if not _smallest(block) for part in _quarters(block)]
    return whole, unreadable


def _smallest(block: Region) -> bool:
    return max(block.height_px, block.width_px) <= SMALLEST_BLOCK_PX


def _quarters(block: Region) -> list[Region]:
    return _cut(block, -(-max(block.height_px, block.width_px) // 2))


def _cut(block: Region, edge_px: int) -> list[Region]:
    return [
        Region(y, x, min(edge_px, block.bottom_px - y), min(edge_px, block.right_px - x))
        for y in range(block.y_px, block.bottom_px, edge_px)
        for x in range(block.x_px, block.right_px, edge_px)
    ]


def _read_block(slide: Slide, block: Region, downsample: int, order: Sequence[int]) -> Rgb8:
    """Pixels of a block of the survey grid, from the first level in ``order`` that can be read there."""
    for level in order:
        try:
            pixels = _read_on_slide(slide, block, downsample, level)
        except ReadError:
            if level == order[-1]:
                raise
            continue
        break
    size = (block.width_px, block.height_px)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _read_on_slide(slide: Slide, block: Region, downsample: int, level: int) -> Rgb8:
    """Pixels of a block at a level; where it reaches beyond the slide, the slide's edge is repeated.

    Averaged with the white beyond it, the edge would look like glass, brighter than any on the slide.
    """
    full, step = slide.levels[0], slide.levels[level].downsample
    y, x, height, width = (
        value * downsample for value in (block.y_px, block.x_px, block.height_px, block.width_px)
    )
    rows = min(height, max(full.height_px - y, math.ceil(step)))
    columns = min(width, max(full.width_px - x, math.ceil(step)))
    pixels = slide.read(Region(y, x, rows, columns), level)
    below, right = (round(size / step) - n for size, n in zip((height, width), pixels.shape[:2], strict=True))
    return np.asarray(cv2.copyMakeBorder(pixels, 0, below, 0, right, cv2.BORDER_REPLICATE), np.uint8)


def mask_area_mm2(mask: Mask, downsample: int, pixel_size: PixelSize) -> float:
    """Area of a mask on a grid of ``downsample`` level-0 pixels."""
    return float(np.count_nonzero(mask)) * downsample**2 * pixel_size.area_um2 * 1e-6


def _tissue_patches(
    slide: Slide, tissue: Mask, downsample: int
) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """Level-0 pixels ``(n, y, x, 3)`` of patches spread evenly over the tissue, and their ``(n, 2)`` middles.

    In reading order; the middles are pixels of the survey grid.
    """
    until = np.cumsum(np.count_nonzero(tissue, axis=1))
    chosen = np.unique(np.linspace(0, until[-1] - 1, N_SAMPLES).astype(int))
    patches, middles = [], []
    for n, row in zip(chosen.tolist(), np.searchsorted(until, chosen, side="right").tolist(), strict=True):
        # Counted from the end of its row: no place is kept for every pixel of tissue.
        column = int(np.flatnonzero(tissue[row])[n - until[row]])
        y_px, x_px = row * downsample - SAMPLE_PX // 2, column * downsample - SAMPLE_PX // 2
        try:
            patches.append(slide.read(Region(y_px, x_px, SAMPLE_PX, SAMPLE_PX)))
        except ReadError:
            continue
        middles.append((row, column))
    if not patches:
        raise ReadError("none of the tissue can be read at full resolution; copy or scan the slide again")
    return np.stack(patches), np.array(middles)


def _clear_of(mask: Mask, middles: NDArray[np.intp], downsample: int) -> Mask:
    """Tell which patches a mask on the survey grid does not touch; all of them where few would be left."""
    reach = -(-SAMPLE_PX // (2 * downsample))
    near = cv2.dilate(mask.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)) > 0
    clear: Mask = ~near[middles[:, 0], middles[:, 1]]
    return clear if np.count_nonzero(clear) >= MIN_CLEAR else np.ones(len(middles), bool)
