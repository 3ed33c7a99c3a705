"""Tissue against glass, pen and dust, on a low level of the slide.

The mask must not depend on DAB: the pale negative tumour is the denominator of the score, and a mask that
loses it raises the percentage. It looks at light lost in any colour, smoothed over a cell or two.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Floats, Mask, Rgb8
from her2path.image.stains import Vector, optical_density

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

PEN_OD = 0.20
PEN_MARGIN_UM = 40.0


@dataclass(frozen=True, eq=False)
class TissueMap:
    """Masks ``(y, x)`` at the survey level."""

    tissue: Mask
    """All tissue, whatever its state; pen beside the tissue is none."""

    pen: Mask
    """Ink, grown by a margin: what lies under it is not scored."""


def find_tissue(rgb: Rgb8, white: Vector, mpp_um: float) -> TissueMap:
    """Find the tissue on a slide.

    Parameters
    ----------
    rgb
        ``(y, x, 3)`` uint8, the whole slide at about ``SURVEY_MPP_UM``.
    white
        Of this slide.
    mpp_um
        Pixel size of ``rgb``.
    """
    od = optical_density(rgb, white).astype(np.float32)
    ink = _ink(np.asarray(cv2.GaussianBlur(od, (0, 0), 0.5 * SMOOTH_UM / mpp_um), np.float32))
    ink_core = _without_specks(ink, MIN_TISSUE_MM2, mpp_um)
    pen = cv2.dilate(ink_core.astype(np.uint8), _disc(PEN_MARGIN_UM / mpp_um)).astype(bool)
    dense = _dense(od.mean(axis=2), SMOOTH_UM / mpp_um) & ~ink_core
    closed = cv2.morphologyEx(dense.astype(np.uint8), cv2.MORPH_CLOSE, _disc(CLOSE_UM / mpp_um)) > 0
    tissue = _without_specks(closed & ~ink_core, MIN_TISSUE_MM2, mpp_um)
    # What lies only in the margin of a pen stroke is the stroke's own halo.
    tissue = _with_part_outside(tissue, pen)
    return TissueMap(tissue=_without_holes(tissue, MAX_HOLE_MM2, mpp_um) & ~ink_core, pen=pen)


def _dense(od: Floats, sigma_px: float) -> Mask:
    mean = cv2.GaussianBlur(od, (0, 0), sigma_px)
    variance = cv2.GaussianBlur(od * od, (0, 0), sigma_px) - mean * mean
    textured = variance >= PALE_TEXTURE_OD**2
    dense: Mask = (mean >= TISSUE_OD) | ((mean >= PALE_OD) & textured)
    return dense


def _ink(od: Floats) -> Mask:
    """Pixels whose colour neither haematoxylin nor DAB nor a mixture of them has."""
    red, green, blue = (od[..., c] for c in range(3))
    strong = od.max(axis=2) >= PEN_OD
    green_ink = (green < 0.6 * red) & (green < 0.8 * blue)
    # Haematoxylin takes at least 0.8 times as much green light as red; a blue marker about half.
    blue_ink = (green < 0.7 * red) & (blue < green)
    red_ink = (red < 0.15 * blue) & (red < 0.2 * green)
    black_ink = od.min(axis=2) >= np.maximum(0.8 * od.max(axis=2), 0.5)
    ink: Mask = strong & (green_ink | blue_ink | red_ink | black_ink)
    return ink


def _disc(radius_px: float) -> NDArray[np.uint8]:
    size = 2 * max(1, round(radius_px)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


def _without_specks(mask: Mask, min_mm2: float, mpp_um: float) -> Mask:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    large = stats[:, cv2.CC_STAT_AREA] * mpp_um**2 >= min_mm2 * 1e6
    large[0] = False
    kept: Mask = large[labels]
    return kept


def _without_holes(mask: Mask, max_mm2: float, mpp_um: float) -> Mask:
    return ~_without_specks(~mask, max_mm2, mpp_um)


def _with_part_outside(mask: Mask, other: Mask) -> Mask:
    """Keep the components of ``mask`` that reach outside ``other``."""
    n, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    reaches = np.zeros(n, bool)
    reaches[np.unique(labels[~other])] = True
    reaches[0] = False
    kept: Mask = reaches[labels]
    return kept
