"""Nuclei: where haematoxylin makes a round spot, and the contour of each.

All filters run in 16-bit integers on the nucleus grid (about 0.5 µm/px); see
docs/decisions/0004-fixed-point-density.md.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from her2path.arrays import OD_STEP, Bools, Doubles, Floats, Ints, Plane16
from her2path.cells.columns import Columns
from her2path.cells.rays import Samples, median_sample, sample_rays
from her2path.cells.table import N_RAYS
from her2path.compiled import compiled
from her2path.image.gaussian import gaussian, gaussian_at, gaussian_difference
from her2path.segment.peaks import local_maxima
from her2path.segment.rays import best_closed_path

SMOOTH_UM = 0.5
FILL_UM = 1.2
"""Radius of the grey closing that fills the pale centre between the chromatin of a vesicular nucleus."""

CAP_OD = 0.25
"""Haematoxylin above this counts as this: a dark lymphocyte must not outshine the pale tumour beside it."""

DAB_FREE_OD, DAB_CAP_OD = 0.05, 0.65
"""DAB between these is taken from the source, so that a stained membrane separates two nuclei."""

OVERLAP = 0.9
"""A centre within this fraction of another's contour lies in it."""

SPOT_SIGMA_UM = 1.6
SURROUND = 1.6
"""A spot is darker within this standard deviation than within ``SURROUND`` times it: nuclei of 5 to 9 µm.
Larger widths, alone or beside this one, merge neighbours: recall 0.73 against 0.90 in drawn pseudostratified
glands."""

MIN_RESPONSE_OD = 0.010
"""Smallest centre-surround difference of a nucleus. Pale tumour nuclei on real score 0 cores differ from
their cytoplasm by 0.02 to 0.05 OD."""

MIN_NUCLEUS_OD = 0.03
SPACING_UM = 2.6
"""Two maxima closer than this are one nucleus."""

LEFT_OD = 0.03
"""A ray has left its nucleus when the sum of its densities has fallen by this much, in OD × samples."""

OUTSIDE = -(1 << 20)
"""Score of a place that the contour must not pass: below any sum of gains."""

MAX_RADIUS_UM = 8.0
SOURCE_GAIN = 16
"""Source units per ``OD_STEP``: finer steps make ties between neighbouring pixels rare."""

TOGETHER = 1024
"""Nuclei whose contours are traced at a time: what their rays read and gain, 3 MiB, stays in a cache."""


@dataclass(frozen=True, eq=False)
class Nuclei(Columns):
    """Nuclei of one tile on its nucleus grid."""

    y: Ints
    x: Ints
    """``(n,)`` pixel of the nucleus grid."""

    radii_um: Floats
    """``(n, N_RAYS)``."""

    od: Floats
    """``(n,)`` mean haematoxylin density within 1.5 µm of the centre."""

    contrast_od: Floats
    """``(n,)`` inside minus surroundings."""


def nuclear_source(haematoxylin: Plane16, dab: Plane16, mpp_um: float) -> Plane16:
    """Haematoxylin with filled nuclei, minus DAB: high in nuclei, low on membranes; ``(y, x)`` uint16."""
    smooth = gaussian(haematoxylin, SMOOTH_UM / mpp_um)
    filled = np.asarray(cv2.morphologyEx(smooth, cv2.MORPH_CLOSE, _disc(round(FILL_UM / mpp_um))), np.uint16)
    source = np.empty(filled.shape, np.uint16)
    # As wide as the pixels, sixteen of which are then compared at once.
    cap, free, dab_cap = (np.uint16(_steps(od)) for od in (CAP_OD, DAB_FREE_OD, DAB_CAP_OD))
    _take_dab(filled, np.ascontiguousarray(dab), cap, free, dab_cap, source)
    return source


@compiled
def _take_dab(
    filled: Plane16, dab: Plane16, cap: np.uint16, free: np.uint16, dab_cap: np.uint16, source: Plane16
) -> None:
    """Haematoxylin up to ``cap``, less five eighths of the DAB between ``free`` and ``dab_cap``.

    As much is added everywhere, so that nothing is negative.
    """
    floor = np.uint16((dab_cap - free) * 5 // 8)
    for y in range(source.shape[0]):
        for x in range(source.shape[1]):
            stained = np.uint16(min(max(dab[y, x], free), dab_cap) - free)
            source[y, x] = (min(filled[y, x], cap) + floor - (stained >> 3) * 5) * SOURCE_GAIN


def find_nuclei(haematoxylin: Plane16, dab: Plane16, mpp_yx_um: tuple[float, float]) -> Nuclei:
    """Find the nuclei of one tile.

    Parameters
    ----------
    haematoxylin, dab
        ``(y, x)`` uint16 on the nucleus grid.
    mpp_yx_um
        Pixel size of that grid.
    """
    mpp_um = float(np.sqrt(mpp_yx_um[0] * mpp_yx_um[1]))
    source = nuclear_source(haematoxylin, dab, mpp_um)
    response = _spot_response(source, mpp_um)
    y, x = local_maxima(
        response, _disc(round(SPACING_UM / mpp_um)), above=_steps(MIN_RESPONSE_OD) * SOURCE_GAIN - 1
    )
    inside = gaussian_at(haematoxylin, 1.0 / mpp_um, y, x)
    dark = inside >= _steps(MIN_NUCLEUS_OD)
    y, x, inside = y[dark], x[dark], inside[dark]
    radii_um, contrast_od = _contours(gaussian(source, SMOOTH_UM / mpp_um), y, x, mpp_yx_um)
    keep = _strongest(y, x, response[y, x], radii_um, mpp_yx_um)
    return Nuclei(
        y=y[keep],
        x=x[keep],
        radii_um=radii_um[keep],
        od=(inside[keep] * OD_STEP).astype(np.float32),
        contrast_od=contrast_od[keep],
    )


def _steps(od: float) -> int:
    return round(od / OD_STEP)


def _disc(radius_px: int) -> NDArray[np.uint8]:
    size = 2 * radius_px + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(disc, np.uint8)


def _spot_response(source: Plane16, mpp_um: float) -> NDArray[np.int16]:
    """Difference of centre and surround: ``(y, x)`` int16 in source units."""
    return gaussian_difference(source, SPOT_SIGMA_UM / mpp_um, SURROUND * SPOT_SIGMA_UM / mpp_um)


def _contours(source: Plane16, y: Ints, x: Ints, mpp_yx_um: tuple[float, float]) -> tuple[Floats, Floats]:
    """Contour of each nucleus ``(n, N_RAYS)`` µm, and its contrast ``(n,)`` OD.

    Along each ray the source is high up to the edge of the nucleus: the sum of (source - threshold) from
    the centre outwards is largest there. The threshold lies half-way between the centre and the valleys
    around the nucleus, each cell its own.
    """
    if len(y) > TOGETHER:
        blocks = (slice(first, first + TOGETHER) for first in range(0, len(y), TOGETHER))
        contours, contrasts = zip(*(_contours(source, y[b], x[b], mpp_yx_um) for b in blocks), strict=True)
        return np.concatenate(contours), np.concatenate(contrasts)
    step_um = max(mpp_yx_um)
    radii_um = np.arange(1, int(MAX_RADIUS_UM / step_um) + 1) * step_um
    samples = sample_rays(source, y, x, np.tile(radii_um, (1, N_RAYS, 1)), mpp_yx_um)
    near, far = np.searchsorted(radii_um, 1.5, side="right"), np.searchsorted(radii_um, 2.0)
    centre = np.mean(samples[:, :near], axis=(0, 1), dtype=np.float64)
    valley = median_sample(np.min(samples[:, far:], axis=1, keepdims=True))
    gain = _gains(samples, ((centre + valley) / 2).astype(np.int32), _steps(LEFT_OD) * SOURCE_GAIN)
    path = best_closed_path(gain, reach=1, step_penalty=_steps(0.01) * SOURCE_GAIN)
    contrast_od = (centre - valley) * (OD_STEP / SOURCE_GAIN)
    contours_um = np.ascontiguousarray(radii_um.astype(np.float32)[path].T)
    return contours_um, contrast_od.astype(np.float32)


@compiled
def _gains(samples: Samples, threshold: Ints, fall: int) -> Ints:
    """Sum up (sample - threshold) from the centre outwards; ``OUTSIDE`` where a ray has left its nucleus.

    It has where the sum has fallen by more than ``fall``, and must not go on into the next one. Arrays
    ``(rays, radii, n)``, ``threshold`` ``(n,)``.
    """
    n_rays, n_radii, n = samples.shape
    gain = np.empty(samples.shape, np.int32)
    total, highest, left = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32)
    for ray in range(n_rays):
        total[:], highest[:], left[:] = 0, OUTSIDE, 0
        for radius in range(n_radii):
            sample, gained = samples[ray, radius], gain[ray, radius]
            for i in range(n):
                total[i] += np.int32(sample[i]) - threshold[i]
                highest[i] = max(highest[i], total[i])
                left[i] |= np.int32(highest[i] - total[i]) > fall
                gained[i] = OUTSIDE if left[i] else total[i]
    return gain


def _strongest(
    y: Ints,
    x: Ints,
    response: NDArray[np.int16],
    radii_um: Floats,
    mpp_yx_um: tuple[float, float],
) -> Bools:
    """Keep the seeds that share no nucleus with a stronger one: neither lies in the other's contour.

    Whether the stronger seed is itself kept plays no part: the rule then looks no further than one
    nucleus, and every tile that holds both seeds decides alike.
    """
    keep = np.ones(len(y), bool)
    if len(y) < 2:
        return keep
    at_um = np.stack([y * mpp_yx_um[0], x * mpp_yx_um[1]], axis=1)
    first, second = cKDTree(at_um).query_pairs(MAX_RADIUS_UM, output_type="ndarray").T
    # Seeds are in reading order: of two equal ones the earlier is the stronger.
    swap = response[second] > response[first]
    strong, weak = np.where(swap, second, first), np.where(swap, first, second)
    away_um = at_um[weak] - at_um[strong]
    apart_um = np.hypot(*away_um.T)
    inside = apart_um < OVERLAP * radii_um[strong, _ray_towards(away_um)]
    around = apart_um < OVERLAP * radii_um[weak, _ray_towards(-away_um)]
    keep[weak[inside | around]] = False
    return keep


def _ray_towards(away_um: Doubles) -> NDArray[np.intp]:
    """Which ray runs in each direction ``(n, 2)`` of (y, x)."""
    turns = np.arctan2(-away_um[:, 0], away_um[:, 1]) * (N_RAYS / (2 * np.pi))
    return np.rint(turns).astype(np.intp) % N_RAYS
