"""What labels of nuclei are worth: which are one nucleus, of which kind, and what they left out."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from skimage.feature import peak_local_max
from skimage.measure import regionprops_table
from skimage.segmentation import watershed

from her2path.arrays import Bools, Codes, Doubles, Floats, Ints, Mask
from her2path.cells.vocabulary import LYMPHOCYTE, STROMA, TUMOUR
from her2path.nets.sample import INPUT_MPP_UM

MIN_NUCLEI = 3
"""Sound nuclei that a field must hold."""

LARGE_UM2 = 35.0
"""A nucleus from here, and not slender, is no lymphocyte's: theirs end at about 6.5 µm across."""

SMALL_UM2 = (14.0, 33.0)
"""A lymphocyte's nucleus, 4.2 to 6.5 µm across."""

SLENDER, SLENDER_UM = 2.2, 3.8
"""Ratio of the axes from which, and short axis up to which, a nucleus is a spindle cell's. Nuclei of columnar
epithelium are as long, but broader."""

COMPANY, COMPANY_UM, COMPANY_UM2 = 2, 20.0, 30.0
"""Other nuclei within this distance and of this area or more that make a nucleus epithelial: large nuclei of
fibroblasts, muscle and nerve lie apart."""

LEAST_EPITHELIAL_UM2 = 22.0
"""Smaller ones are fragments or lymphocytes; no membrane is drawn about them."""

_SOUND_UM2 = (8.0, 250.0)
_SOUND_SOLIDITY = 0.90
"""Share of its convex hull that one nucleus fills; two round ones that touch fill 0.88."""

_STANDS_OUT = 0.7
"""Haematoxylin just outside nuclei, in units of that inside, above which labels and picture do not agree."""

_SHARP = 0.45
"""Least rise of haematoxylin at the outlines of nuclei, a µm, in units of that inside: the blurred third of
the NuInsSeg fields lies below, all of TNBC above."""

_DARK = 0.62
"""Haematoxylin, in units of the median nucleus, from which an unlabelled blob may be a nucleus."""


@dataclass(frozen=True, eq=False)
class Nuclei:
    """Judged labels of one field; ``n`` nuclei."""

    at: Ints
    """``(y, x)`` row of the nucleus, -1 for none."""

    centre_yx_px: Doubles
    """``(n, 2)``"""

    kind: Codes
    epithelial: Bools
    doubtful: Bools
    stand_out: bool
    """Nuclei are darker than what surrounds them, as they must where labels lie right."""


def split_touching(mask: Mask) -> Ints:
    """Cut a mask of nuclei where two touch: ``(y, x)`` int32, a number a nucleus, -1 for none.

    Watershed of the smoothed distance to the outline. What is wrongly left in one is told by its shape later.
    """
    distance = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    distance = cv2.GaussianBlur(distance, (0, 0), 0.4 / INPUT_MPP_UM)
    # Centres nearer than 2 µm are one nucleus with a rough outline.
    apart_px = round(2.0 / INPUT_MPP_UM)
    labels = mask.astype(np.int32)
    # scikit-image has no types.
    peaks = peak_local_max(distance, min_distance=apart_px, labels=labels)  # type: ignore[no-untyped-call]
    seeds = np.zeros(mask.shape, np.int32)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    basins = watershed(-distance, seeds, mask=mask)  # type: ignore[no-untyped-call]
    return np.asarray(basins, np.int32) - 1


def judge_nuclei(nucleus_at: Ints, haematoxylin: Floats) -> Nuclei:
    """Measure labelled nuclei, and say what they are as far as that tells.

    Parameters
    ----------
    nucleus_at
        ``(y, x)`` int32 number of the nucleus, -1 for none; gaps in the numbers are closed.
    haematoxylin
        ``(y, x)`` float32, 1 in the median nucleus.
    """
    number, at = np.unique(nucleus_at, return_inverse=True)
    nucleus: Ints = (at.reshape(nucleus_at.shape) - int(number[0] < 0)).astype(np.int32)
    columns = regionprops_table(  # type: ignore[no-untyped-call]
        nucleus + 1,
        haematoxylin,
        properties=(
            "area",
            "solidity",
            "axis_major_length",
            "axis_minor_length",
            "centroid",
            "intensity_mean",
        ),
    )
    area_um2 = columns["area"] * INPUT_MPP_UM**2
    short_um = np.maximum(columns["axis_minor_length"] * INPUT_MPP_UM, 0.1)
    ratio = columns["axis_major_length"] * INPUT_MPP_UM / short_um
    centre_yx_px = np.stack([columns["centroid-0"], columns["centroid-1"]], axis=1)

    doubtful = touches_edge(nucleus, len(area_um2)) | (columns["solidity"] < _SOUND_SOLIDITY)
    doubtful |= (area_um2 < _SOUND_UM2[0]) | (area_um2 > _SOUND_UM2[1])
    dark = columns["intensity_mean"]
    large = (area_um2 >= LARGE_UM2) & (ratio < 2.0)
    fair = (area_um2 >= COMPANY_UM2) & (ratio < SLENDER)
    epithelial = (_others_near(centre_yx_px * INPUT_MPP_UM, fair) >= COMPANY) & (ratio < SLENDER)
    epithelial &= area_um2 >= LEAST_EPITHELIAL_UM2
    kind = np.full(len(area_um2), -1, np.int8)
    kind[(ratio >= SLENDER) & (short_um <= SLENDER_UM)] = STROMA
    small = (area_um2 > SMALL_UM2[0]) & (area_um2 < SMALL_UM2[1]) & (ratio < 1.4)
    # Among large nuclei only the smallest and darkest: tumours have small nuclei too.
    clearly = (area_um2 < 0.75 * SMALL_UM2[1]) & (dark > 1.3)
    kind[small & (dark > 1.15) & (clearly | ~epithelial)] = LYMPHOCYTE
    # A large and very dark nucleus may be two lymphocytes, or dying.
    kind[large & epithelial & (dark < 1.4)] = TUMOUR
    kind[doubtful] = -1
    return Nuclei(
        at=nucleus,
        centre_yx_px=centre_yx_px,
        kind=kind,
        epithelial=np.asarray(epithelial & (kind != LYMPHOCYTE)),
        doubtful=np.asarray(doubtful),
        stand_out=_stand_out(nucleus, haematoxylin),
    )


def unlabelled_nuclei(nucleus_at: Ints, haematoxylin: Floats) -> Mask:
    """Find what is dark as a nucleus and nucleus-sized, but has no label, and 1 µm around it."""
    soft = cv2.GaussianBlur(haematoxylin, (0, 0), 0.5 / INPUT_MPP_UM)
    labelled = cv2.dilate((nucleus_at >= 0).astype(np.uint8), _disc(0.75))
    blobs = cv2.morphologyEx(((soft > _DARK) & (labelled == 0)).astype(np.uint8), cv2.MORPH_OPEN, _disc(1.0))
    return np.asarray(cv2.dilate(blobs, _disc(1.0)) > 0)


def touches_edge(at: Ints, n: int) -> Bools:
    """Tell which of ``n`` nuclei the edge of a field cuts: ``(n,)``."""
    rim = np.concatenate([at[0], at[-1], at[:, 0], at[:, -1]])
    cut = np.zeros(n, bool)
    cut[rim[rim >= 0]] = True
    return cut


def _others_near(centre_um: Doubles, fair: Bools) -> NDArray[np.int64]:
    """Count the other ``fair`` nuclei near each: ``(n,)``."""
    if not fair.any():
        return np.zeros(len(centre_um), np.int64)
    near = cKDTree(centre_um[fair]).query_ball_point(centre_um, COMPANY_UM, return_length=True)
    return np.asarray(near - fair, np.int64)


def _stand_out(at: Ints, haematoxylin: Floats) -> bool:
    """Compare nuclei with a ring from 0.5 to 2 µm outside them, and look how sharply they end."""
    inside = (at >= 0).astype(np.uint8)
    ring = (cv2.dilate(inside, _disc(2.0)) > 0) & (cv2.dilate(inside, _disc(0.5)) == 0)
    outline = (cv2.dilate(inside, _disc(0.5)) > 0) & (cv2.erode(inside, _disc(0.5)) == 0)
    if not ring.any() or not outline.any():
        return False
    soft = cv2.GaussianBlur(haematoxylin, (0, 0), 0.25 / INPUT_MPP_UM)
    # Sobel's kernel weighs a step of one pixel eightfold.
    slope = [cv2.Sobel(soft, cv2.CV_32F, *way)[outline] / (8 * INPUT_MPP_UM) for way in ((1, 0), (0, 1))]
    sharp = float(np.mean(np.hypot(*slope)))
    return sharp > _SHARP and float(np.median(haematoxylin[ring])) < _STANDS_OUT


def _disc(radius_um: float) -> NDArray[np.uint8]:
    radius_px = round(radius_um / INPUT_MPP_UM)
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius_px + 1,) * 2), np.uint8)
