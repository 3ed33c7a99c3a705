"""Tissue against glass, pen and dust, on a low level of the slide.

The mask must not depend on DAB: the pale negative tumour is the denominator of the score, and a mask that
loses it raises the percentage. It looks at light lost in any colour, smoothed over a cell or two.
"""

from dataclasses import dataclass
from functools import partial, reduce

import cv2
import numpy as np

from her2path.arrays import Floats, Mask
from her2path.image.ink import MIN_INK_MM2, find_ink
from her2path.image.masks import closed, grown, pieces_with, without_holes, without_specks
from her2path.image.stains import mean_density
from her2path.image.strips import GAUSSIAN_REACH, Picture, in_strips

SURVEY_MPP_UM = 4.0
"""Pixel size that tissue is looked for at."""

SMOOTH_UM = 14.0
TISSUE_OD = 0.02
"""Mean density over the channels, smoothed: tissue from here whatever its texture. Glass reads 0.002, the
palest stroma of a real score 0 core 0.03."""

PALE_OD, PALE_TEXTURE_OD = 0.008, 0.006
"""Paler tissue (0.014 on a real score 0 breast field) counts if its density varies from pixel to pixel by
this standard deviation; glass varies by 0.002, the scanner's smears by less."""

CLOSE_UM = 24.0
MIN_TISSUE_MM2 = 0.01
"""Smaller specks are dust, or too small to hold the cells of a score."""

MAX_HOLE_MM2 = 0.004
"""Smaller holes are filled: lumina and tears between which the tile would be read anyway."""

PEN_MARGIN_UM = 40.0


@dataclass(frozen=True, eq=False)
class TissueMap:
    """Masks ``(y, x)`` at the survey level."""

    tissue: Mask
    """All tissue, whatever its state; pen beside the tissue is none."""

    pen: Mask
    """Ink, grown by a margin: what lies under it is not scored."""


def find_tissue(od: Picture, mpp_um: float) -> tuple[TissueMap, dict[str, Mask]]:
    """Find the tissue on a slide, and the ink.

    Parameters
    ----------
    od
        ``(y, x, 3)`` float32 densities of the channels, the whole slide at about ``SURVEY_MPP_UM``.
    mpp_um
        Pixel size.

    Returns
    -------
    tuple of (TissueMap, dict of str to Mask)
        The masks, and what ``find_ink`` says: ``(y, x)`` by colour, specks included.
    """
    mean_od, thick = in_strips(
        partial(_thick_enough, mpp_um=mpp_um), od, reach_px=GAUSSIAN_REACH * SMOOTH_UM / mpp_um
    )
    inks = find_ink(od, mean_od, thick, mpp_um)
    ink = without_specks(reduce(np.logical_or, inks.values()), MIN_INK_MM2, mpp_um)
    pen = grown(ink, PEN_MARGIN_UM / mpp_um)
    tissue = without_specks(closed(thick & ~ink, CLOSE_UM / mpp_um) & ~ink, MIN_TISSUE_MM2, mpp_um)
    # What lies only in the margin of a pen stroke is the stroke's own halo.
    tissue = pieces_with(tissue, ~pen)
    return TissueMap(tissue=without_holes(tissue, MAX_HOLE_MM2, mpp_um) & ~ink, pen=pen), inks


def _thick_enough(od: Floats, *, mpp_um: float) -> tuple[Floats, Mask]:
    """Give the mean density ``(y, x)`` of the channels, and tell what is no glass, ink included."""
    mean_od, sigma_px = mean_density(od), SMOOTH_UM / mpp_um
    mean = cv2.GaussianBlur(mean_od, (0, 0), sigma_px)
    variance = cv2.GaussianBlur(mean_od * mean_od, (0, 0), sigma_px) - mean * mean
    textured = variance >= PALE_TEXTURE_OD**2
    dense: Mask = (mean >= TISSUE_OD) | ((mean >= PALE_OD) & textured)
    return mean_od, dense
