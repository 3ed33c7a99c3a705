"""Dust: dark, sharp bits without a hue, on the glass and on the tissue."""

from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Floats, Mask
from her2path.image.masks import disc, grown, pieces_where, without_specks
from her2path.image.stains import channel_range
from her2path.image.strips import Picture, in_strips

DARK_OD = 0.35
"""Rise of the clearest channel above its surroundings. No stain closes all channels: on the three real cores
the clearest rises by up to 0.2 at 4 µm/px where nuclei lie on brown membranes."""

FLAT = 0.75
"""Least density by the most: soot and lint in shadow take all light alike."""

WIDTH_UM = 60.0
"""What is wider is ink or a bubble's rim that lies on another."""

MIN_DUST_MM2 = 0.0001
"""A grain of 11 µm. Smaller ones are granules of pigment, which lie in cells and are looked for there."""

CRUMB_MM2 = 0.05
CRUMB_FLAT = 0.90
"""Pieces taken for tissue that are below the area of a fragment, lie apart, and have no hue, pixel by pixel:
where blue nuclei and brown membranes lie side by side, the mean of a piece of tissue is as grey as lint.
Drawn pieces of pale tissue read 0.70 to 0.84."""

MARGIN_UM = 8.0


def find_dust(od: Picture, tissue: Mask, mpp_um: float) -> Mask:
    """Find dust.

    Parameters
    ----------
    od
        ``(y, x, 3)`` float32 densities of the channels, at about 4 µm/px.
    tissue
        ``(y, x)`` what was taken for tissue.
    mpp_um
        Pixel size.

    Returns
    -------
    Mask
        ``(y, x)``: each grain with a margin, and crumbs of the tissue that are none.
    """
    width = disc(0.5 * WIDTH_UM / mpp_um)
    clearest, darkest, dark = in_strips(partial(_rises, width=width), od, reach_px=len(width))
    grains = without_specks(dark, MIN_DUST_MM2, mpp_um)
    return grown(grains, MARGIN_UM / mpp_um) | _crumbs(clearest, darkest, tissue, mpp_um)


def _rises(od: Floats, *, width: NDArray[np.uint8]) -> tuple[Floats, Floats, Mask]:
    """Density of the clearest and of the darkest channel, and where both rise alike."""
    clearest, darkest = channel_range(od)
    flat = (clearest >= DARK_OD) & (clearest >= FLAT * darkest)
    if flat.any():  # on most strips nothing is
        flat &= cv2.morphologyEx(clearest, cv2.MORPH_TOPHAT, width) >= DARK_OD
    return clearest, darkest, flat


def _crumbs(clearest: Floats, darkest: Floats, tissue: Mask, mpp_um: float) -> Mask:
    n, pieces, stats, _ = cv2.connectedComponentsWithStats(
        np.ascontiguousarray(tissue).view(np.uint8), connectivity=8
    )
    small = stats[:, cv2.CC_STAT_AREA] * mpp_um**2 < CRUMB_MM2 * 1e6
    small[0] = False
    within = pieces_where(small, pieces)
    of = pieces[within]
    least, most = (np.bincount(of, plane[within], minlength=n) for plane in (clearest, darkest))
    return pieces_where(small & (least >= CRUMB_FLAT * most), pieces)
