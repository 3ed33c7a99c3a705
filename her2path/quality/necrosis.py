"""Dead tumour: solid tissue without living nuclei, pale and granular, inside the tumour or beside it."""

import cv2
import numpy as np

from her2path.arrays import Mask
from her2path.flags import Flag
from her2path.quality.grid import BlockGrid
from her2path.quality.windows import (
    blocks_in,
    left_out_flag,
    orientation,
    window_means,
    without_small,
)

FEW_NUCLEI = 0.65
"""Nuclei of a square of four blocks stand out at most so much, as a share of what they do in living tissue.
Drawn necrosis reads 0.45 to 0.74, of living tumour and stroma of the same slides 19 in 20 squares 0.81 and
more."""

FEW_NUCLEI_ALONE = 0.85
"""The same for one block of the square, which may hold the edge of living tumour."""

PALE = 0.90
"""Most haematoxylin in the tissue, as a share of living tissue's; drawn necrosis reads 0.6 to 0.9, under
strong staining, which takes haematoxylin from its surroundings, up to 1."""

GRANULAR = 1.05
"""Least fine detail over coarse, as a multiple of the living tumour's: dust and broken membranes stay where
cells are gone; mucin has neither. Drawn necrosis reads 1.1 to 2."""

SOLID = 0.70
"""Least tissue among the pixels, as a share of the living tumour's: mucin, fat, torn tissue and the border
hold more glass. Drawn necrosis reads 0.6 to 1."""

LEAST_TISSUE = 0.3
"""Less tissue among the pixels is border and holes."""

UNSTAINED_OD = 0.20
"""Most DAB: beyond it brown hides the nuclei. Dead cells stain in a haze at most."""

NO_DIRECTION = 0.35
"""Collagen, muscle and nerve run one way, the dust of dead cells none (drawn necrosis up to 0.2)."""

MIN_MM2 = 0.006
"""Six blocks, a gap of some 40 tumour cells: smaller ones are lumina and sheets of cytoplasm [P]."""

BESIDE_TUMOUR = 0.4
"""Least share of the tissue around that is tumour: acellular stroma is none of ours [P]."""

HOLDS_TUMOUR = 0.5
"""Most of the blocks of a piece that hold tumour cells: dust is taken for cells here and there, but where
most blocks have some, the tumour is pale and sparse, not dead [P]."""

MIN_LIVING = 10
"""Fewer squares of tumour do not say what living nuclei look like on this slide [P]."""

AROUND = np.ones((5, 5), np.uint8)
"""Two blocks, 64 µm, on each side."""


def necrosis(grid: BlockGrid, tumour: Mask) -> Mask:
    """Find dead tumour.

    The living tumour of the same slide says how nuclei look, whatever the stain, the scanner and the
    focus. What cannot be told from mucin, collagen or muscle is left in.

    Parameters
    ----------
    grid
        Of the slide.
    tumour
        ``(rows, columns)`` blocks of the tumour (``tumour_blocks``), without those that are left out for
        another reason: nuclei of crushed ones stand out too much.

    Returns
    -------
    Mask
        ``(rows, columns)`` bool, on the blocks.
    """
    # Of the tissue alone: along the border, and round holes, a square is part glass.
    tissue = window_means(grid, grid.tissue)
    nuclei, haematoxylin = (
        window_means(grid, values) / np.maximum(tissue, LEAST_TISSUE)
        for values in (grid.nuclear_y + grid.nuclear_x, grid.haematoxylin)
    )
    coarse = window_means(grid, grid.coarse_y + grid.coarse_x)
    granular = window_means(grid, grid.fine_y + grid.fine_x) / np.where(coarse > 0, coarse, np.nan)
    living = (window_means(grid, tumour.astype(float)) > 0.99) & (nuclei > 0) & (granular > 0)
    if np.count_nonzero(living) < MIN_LIVING:
        return np.zeros_like(tumour)
    of_nuclei = float(np.median(nuclei[living]))
    # Strong staining takes haematoxylin from the tumour: the tissue around it shows what it would be.
    of_haematoxylin = max(float(np.median(haematoxylin[living])), float(np.nanmedian(haematoxylin)))
    dead = (
        (nuclei <= FEW_NUCLEI**2 * of_nuclei)
        & (haematoxylin <= PALE * of_haematoxylin)
        & (granular >= GRANULAR**2 * np.median(granular[living]))
        & (tissue >= SOLID * np.median(tissue[living]))
        & (window_means(grid, grid.dab) <= UNSTAINED_OD)
        & (orientation(grid) <= NO_DIRECTION)
    )
    alone = (grid.nuclear_y + grid.nuclear_x) / np.maximum(grid.tissue, LEAST_TISSUE)
    blocks = blocks_in(dead, alone <= FEW_NUCLEI_ALONE**2 * of_nuclei)
    return _beside(without_small(blocks, MIN_MM2, grid.plan), tumour, grid.tissue >= LEAST_TISSUE)


def necrosis_flags(necrosis_mm2: float, tumour_mm2: float) -> tuple[Flag, ...]:
    """Raise ``NECROSIS``: ``info``, or ``warning`` where more than a third of the tumour is dead.

    Parameters
    ----------
    necrosis_mm2
        Area left out.
    tumour_mm2
        Area of the tumour that is left.
    """
    return left_out_flag("NECROSIS", "Dead tumour", necrosis_mm2, tumour_mm2)


def _beside(dead: Mask, tumour: Mask, tissue: Mask) -> Mask:
    """Keep the pieces that have tumour around them and not in them."""
    n, pieces = cv2.connectedComponents(dead.astype(np.uint8), connectivity=8)
    keep = np.zeros(n, bool)
    for k in range(1, n):
        piece = (pieces == k).astype(np.uint8)
        around = cv2.dilate(piece, AROUND).astype(bool) & ~dead & tissue
        beside = around.any() and tumour[around].mean() >= BESIDE_TUMOUR
        keep[k] = beside and tumour[piece > 0].mean() <= HOLDS_TUMOUR
    kept: Mask = keep[pieces]
    return kept
