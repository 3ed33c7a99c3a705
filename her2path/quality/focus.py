"""Where a slide is out of focus, or was scanned while it moved."""

import cv2
import numpy as np

from her2path.arrays import Doubles, Mask
from her2path.flags import Flag
from her2path.quality.grid import BlockGrid

SHARP = 0.05
"""Least energy of the fine band, as a share of the coarse one. Blocks of real cores in focus read 0.23
to 1.8, of soft breast fields 0.10 to 0.4, of phantoms 0.06 to 1; the same pixels under a point spread of 1 µm
(standard deviation) 0.03 to 0.05, under 1.6 µm 0.02 to 0.03, moved by 4 µm 0.04 to 0.07. From about 0.9 µm
on a faint membrane, 0.64 µm wide, keeps less than a third of its density."""

NOISE = 1.0
"""Energy of the fine band, in grey levels squared, that sensor and compression add: what is left of it under
a point spread of 2.5 µm."""

CONTRAST = 4.0**2
"""Least energy of the coarse band where blur can be told from smoothness, in grey levels squared: there the
fine detail of a soft scanner still stands out of the noise. Stained tissue in focus reads 8² and more."""

MANY = 0.10
"""Share of the tissue out of focus from which the slide should be scanned again."""


def out_of_focus(grid: BlockGrid) -> Mask:
    """Find blocks without fine detail in which there should be some.

    The band about 2 µm long is compared with the one about 8 µm long, along the axis that has less: stages
    move along the axes of the picture. A block without contrast, such as mucin, cannot tell; it goes with
    those around it, as does a block that differs from most of them.

    Parameters
    ----------
    grid
        Of the slide.

    Returns
    -------
    Mask
        ``(rows, columns)`` bool, on the blocks.
    """
    tells = (np.minimum(grid.coarse_y, grid.coarse_x) >= CONTRAST).astype(np.uint8)
    blurred = tells & (_is_soft(grid.fine_y, grid.coarse_y) | _is_soft(grid.fine_x, grid.coarse_x))
    n_telling, n_blurred = (_around(which) for which in (tells, blurred))
    mask: Mask = (grid.pixels > 0) & (n_blurred > 0.5 * n_telling)
    return mask


def focus_flags(out_of_focus_mm2: float, tissue_mm2: float) -> tuple[Flag, ...]:
    """Say how much of the tissue was left out because it is not in focus.

    Parameters
    ----------
    out_of_focus_mm2
        Area left out.
    tissue_mm2
        Of what was asked for.
    """
    if not out_of_focus_mm2:
        return ()
    share = out_of_focus_mm2 / tissue_mm2
    detail = f"{out_of_focus_mm2:.2f} mm² of tissue ({share:.0%}) are out of focus and were left out"
    return (Flag("OUT_OF_FOCUS", "warning" if share > MANY else "info", detail),)


def _is_soft(fine: Doubles, coarse: Doubles) -> Mask:
    soft: Mask = fine < NOISE + SHARP * coarse
    return soft


def _around(which: np.ndarray) -> np.ndarray:
    """Count among a block and the eight around it."""
    return cv2.boxFilter(which, cv2.CV_16U, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
