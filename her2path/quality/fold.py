"""Folds: where the section lies double."""

import math
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np

from her2path.arrays import Bools, Doubles, Floats, Mask, Rgb8
from her2path.image.masks import closed, grown, pieces_where
from her2path.image.stains import StainMatrix, unmix
from her2path.image.strips import GAUSSIAN_REACH, in_strips

SMOOTH_UM = 7.0
"""Standard deviation of the Gaussian that averages over four or five cells: narrower than most folds."""

NUCLEUS_OD = 0.02
"""Haematoxylin from which a peak of the picture may be a nucleus."""

NUCLEUS_QUANTILE = 0.75
"""Of the peaks of haematoxylin: what a good section of a nucleus shows at 4 µm/px. As long as folds hold less
than half of the peaks, this is the density of a single layer."""

DOUBLE, MAY_BE = 1.0, 0.5
"""Averaged over cells, one layer is paler than its own nuclei, because cytoplasm lies between them: on the
three real cores and on drawn slides 99 % of the tissue lies below 0.84 of them. Two layers reach them. What
reaches the first somewhere is a fold; it goes on, where stroma is folded with tumour, down to the second."""

SINGLE = 0.80
"""Paler than this the tissue around is one layer."""

RISE = 1.6
"""Haematoxylin against the tissue around: one layer more doubles it, the average blurs that to this much."""

DAB_RISE = 1.3
"""DAB rises with it, background and staining alike. In follicles and crowded nuclei, the densest single layer
there is, haematoxylin rises alone: on a 2+ core DAB falls to 0.7 and less in every such place."""

NO_DAB_OD = 0.008
"""Paler DAB around says nothing: it is noise."""

AROUND_UM = 150.0
"""Half the edge of the square of tissue that a fold is compared with: wider than most folds."""

DOUBLE_UM2, DOUBLE_ALONE_UM2 = 400.0, 2000.0
"""Least area that is surely double, two or three cells; and where DAB says nothing. Of what rises with DAB,
single layers of cores and drawn slides have up to 305 µm²; of what rises without it, up to 825."""

MIN_FOLD_UM2 = 2000.0
MARGIN_UM, GAP_UM = 8.0, 24.0
"""Round what is found, and half of what is bridged: between cells a fold is as pale as one layer."""


def find_folds(rgb: Rgb8, stains: StainMatrix, tissue: Mask, mpp_um: float) -> Mask:
    """Find where the section lies double.

    Parameters
    ----------
    rgb
        ``(y, x, 3)`` uint8, the whole slide at about 4 µm/px.
    stains
        Of this slide.
    tissue
        ``(y, x)`` tissue without ink and whatever else covers it.
    mpp_um
        Pixel size of ``rgb``.

    Returns
    -------
    Mask
        ``(y, x)``.
    """
    found = _dense(rgb, stains, tissue, mpp_um)
    if not found.mask.any():
        return found.mask
    n, pieces = cv2.connectedComponents(found.mask.view(np.uint8), connectivity=8)
    of = pieces[found.mask]

    def total(values: Floats | Bools) -> Doubles:
        return np.bincount(of, values, minlength=n).astype(float)

    area_um2, double_um2 = np.bincount(of, minlength=n) * mpp_um**2, total(found.is_double) * mpp_um**2
    told = total(found.dab_around) * mpp_um**2 >= NO_DAB_OD * area_um2
    dab_rises = total(found.dab) >= DAB_RISE * total(found.dab_around)
    rises = told & dab_rises & (double_um2 >= DOUBLE_UM2)
    fold = (area_um2 >= MIN_FOLD_UM2) & (rises | (~told & (double_um2 >= DOUBLE_ALONE_UM2)))
    fold[0] = False
    return closed(grown(pieces_where(fold, pieces), MARGIN_UM / mpp_um), GAP_UM / mpp_um) & tissue


class _Dense(NamedTuple):
    """Tissue that is denser than what lies around it, and its ``(n,)`` pixels in reading order."""

    mask: Mask
    is_double: Bools
    dab: Floats
    dab_around: Floats


def _dense(rgb: Rgb8, stains: StainMatrix, tissue: Mask, mpp_um: float) -> _Dense:
    # A function of its own, and planes written over, so that a large slide never has many of them.
    sigma_px = SMOOTH_UM / mpp_um
    peaks, haematoxylin, dab = in_strips(
        partial(_densities, stains=stains, sigma_px=sigma_px), rgb, reach_px=GAUSSIAN_REACH * sigma_px
    )
    peaks = peaks[tissue & (peaks > 0)]
    # Without a nucleus nothing is compared with one.
    nucleus_od = float(np.quantile(peaks, NUCLEUS_QUANTILE)) if len(peaks) else math.inf
    single = (tissue & (haematoxylin < SINGLE * nucleus_od)).astype(np.float32)
    reach_px = AROUND_UM / mpp_um
    around = _mean(haematoxylin * single, reach_px)
    n_single: Floats = np.maximum(_mean(single.copy(), reach_px), np.float32(1e-6))
    around /= n_single
    around *= RISE
    mask = tissue & (haematoxylin >= np.maximum(around, MAY_BE * nucleus_od, out=around))
    is_double, own_dab = haematoxylin[mask] >= DOUBLE * nucleus_od, dab[mask]
    dab *= single
    dab_around: Floats = _mean(dab, reach_px)[mask] / n_single[mask]
    return _Dense(mask, is_double, own_dab, dab_around)


def _densities(rgb: Rgb8, *, stains: StainMatrix, sigma_px: float) -> tuple[Floats, Floats, Floats]:
    """Haematoxylin at its peaks, 0 elsewhere; haematoxylin and DAB, smoothed."""
    # A picture of its own for each: of planes side by side the filters would make a copy.
    haematoxylin, dab = (np.maximum(plane, 0).astype(np.float32) for plane in unmix(rgb, stains)[:2])
    is_peak = (haematoxylin == cv2.dilate(haematoxylin, np.ones((3, 3), np.uint8))) & (
        haematoxylin >= NUCLEUS_OD
    )
    smooth = (cv2.GaussianBlur(plane, (0, 0), sigma_px) for plane in (haematoxylin, dab))
    return np.where(is_peak, haematoxylin, np.float32(0)), *smooth


def _mean(plane: Floats, reach_px: float) -> Floats:
    """Mean over a square around each pixel, 0 beyond the border, in place of ``plane``."""
    cv2.blur(plane, (2 * round(reach_px) + 1,) * 2, plane, borderType=cv2.BORDER_CONSTANT)
    return plane
