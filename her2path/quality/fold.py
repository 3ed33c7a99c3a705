"""Folds: where the section lies double."""

import cv2
import numpy as np

from her2path.arrays import Doubles, Floats, Mask, Rgb8
from her2path.image.masks import closed, grown
from her2path.image.stains import StainMatrix, unmix

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

ROWS = 256
"""Unmixed at a time."""

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
    haematoxylin, dab = _densities(rgb, stains)
    nuclei: Mask = (
        tissue
        & (haematoxylin == cv2.dilate(haematoxylin, np.ones((3, 3), np.uint8)))
        & (haematoxylin >= NUCLEUS_OD)
    )
    if not nuclei.any():
        return nuclei
    nucleus_od = float(np.quantile(haematoxylin[nuclei], NUCLEUS_QUANTILE))
    haematoxylin, dab = (cv2.GaussianBlur(x, (0, 0), SMOOTH_UM / mpp_um) for x in (haematoxylin, dab))
    single = (tissue & (haematoxylin < SINGLE * nucleus_od)).astype(np.float32)
    around, brown_around = (_mean_where(x, single, AROUND_UM / mpp_um) for x in (haematoxylin, dab))
    dense = tissue & (haematoxylin >= np.maximum(RISE * around, MAY_BE * nucleus_od))
    n, pieces = cv2.connectedComponents(dense.astype(np.uint8), connectivity=8)
    of = pieces[dense]

    def total(plane: Floats | Mask) -> Doubles:
        return np.bincount(of, plane[dense], minlength=n).astype(float)

    area_um2, double_um2 = (total(mask) * mpp_um**2 for mask in (dense, haematoxylin >= DOUBLE * nucleus_od))
    told = total(brown_around) * mpp_um**2 >= NO_DAB_OD * area_um2
    rises = told & (total(dab) >= DAB_RISE * total(brown_around)) & (double_um2 >= DOUBLE_UM2)
    fold = (area_um2 >= MIN_FOLD_UM2) & (rises | (~told & (double_um2 >= DOUBLE_ALONE_UM2)))
    fold[0] = False
    return closed(grown(fold[pieces], MARGIN_UM / mpp_um), GAP_UM / mpp_um) & tissue


def _densities(rgb: Rgb8, stains: StainMatrix) -> Floats:
    """Unmix haematoxylin and DAB, ``(2, y, x)``, some rows at a time: ``unmix`` needs much memory."""
    planes = np.empty((2, *rgb.shape[:2]), np.float32)
    for top in range(0, len(rgb), ROWS):
        planes[:, top : top + ROWS] = np.maximum(unmix(rgb[top : top + ROWS], stains)[:2], 0)
    return planes


def _mean_where(plane: Floats, weight: Floats, reach_px: float) -> Floats:
    size = (2 * round(reach_px) + 1,) * 2
    total, n = (cv2.blur(x, size, borderType=cv2.BORDER_CONSTANT) for x in (plane * weight, weight))
    return np.asarray(total / np.maximum(n, 1e-6), np.float32)
