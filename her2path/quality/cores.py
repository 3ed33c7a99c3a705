"""Round cores in a tissue mask: how large they are, and where they lie.

A core is a disc of tissue with glass around it. A filter with that shape finds it whether it stands alone,
touches its neighbour, or has lost a part; components of the mask alone would join and split cores.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Bools, Doubles, Floats, Mask

CORE_UM = (600.0, 2000.0)
"""Diameters of the needles that arrays are punched with: 0.6, 1.0, 1.5 and 2.0 mm."""

SLACK = 0.25
"""A core on the glass is this much smaller or larger than its needle at most: tissue shrinks in processing
and swells in the water bath; cores of 1 mm read 0.85 to 1.15 mm [P]."""

ROUND = 0.70
"""A component is one core if it fills this much of its smallest circle: a disc with a bite out of its edge
does, two discs that touch fill half, a needle biopsy less."""

HOLE_SHARE = 0.15
"""Holes up to this share of the smallest core are lumen or fat. Between four cores that touch stays a hole
of (4 - π) / π = 0.27 of a core."""

WHOLE = 0.60
"""A core is whole if its disc holds this much tissue."""

CONTRAST = 0.35
"""Tissue in the disc less tissue in the ring around it, as shares. A disc alone reads 1; one whose four
neighbours touch it 0.55, because they fill 0.44 of its ring; the inside of a larger piece 0."""

JOINED = 1 / 3
"""Of the way around it, a core is joined to other tissue over less than this in one piece: to a neighbour
that touches it over a tenth, to one pushed into it over a sixth; the corner of a section, over a half."""

N_ANGLES = 72

RING = (1.05, 1.30)
"""Inner and outer radius of the ring, in radii of the core."""


@dataclass(frozen=True, eq=False)
class Cores:
    """Whole cores of a slide."""

    yx_px: Doubles
    """``(n, 2)`` their centres, in pixels of the mask."""

    diameter_px: float
    """Of a core, in pixels of the mask."""


def find_cores(tissue: Mask, mpp_um: float, *, core_um: float | None = None) -> Cores:
    """Find the whole cores of a tissue mask.

    Parameters
    ----------
    tissue
        ``(y, x)`` bool.
    mpp_um
        Pixel size of the mask; 16 µm is fine enough.
    core_um
        Diameter of a core; by default it is measured.

    Returns
    -------
    Cores
        Without any core, and with a diameter of NaN, where nothing of the size of a core is round.
    """
    filled = _without_lumina(tissue, mpp_um)
    diameter_px = _diameter_px(filled, mpp_um) if core_um is None else core_um / mpp_um
    if not np.isfinite(diameter_px):
        return Cores(np.zeros((0, 2)), diameter_px)
    share, contrast = _disc_and_ring(filled, diameter_px / 2)
    peaks = _peaks(contrast * (share >= WHOLE), CONTRAST, diameter_px)
    centres = _centred(filled, peaks, diameter_px)
    return Cores(centres[_joined(filled, centres, diameter_px / 2) < JOINED], diameter_px)


def _without_lumina(tissue: Mask, mpp_um: float) -> Mask:
    largest_px = HOLE_SHARE * np.pi / 4 * (CORE_UM[0] / mpp_um) ** 2
    _, labels, stats, _ = cv2.connectedComponentsWithStats((~tissue).astype(np.uint8), connectivity=4)
    hole = stats[:, cv2.CC_STAT_AREA] <= largest_px
    hole[0] = False  # the tissue
    filled: Mask = tissue | hole[labels]
    return filled


def _diameter_px(tissue: Mask, mpp_um: float) -> float:
    """Measure the cores that stand alone; where fewer than three do, the circles that fit into the tissue."""
    low_px, high_px = ((1 - SLACK) * CORE_UM[0] / mpp_um, (1 + SLACK) * CORE_UM[1] / mpp_um)
    edges, _ = cv2.findContours(tissue.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    circles = 2 * np.array([cv2.minEnclosingCircle(edge)[1] for edge in edges])
    areas = np.array([cv2.contourArea(edge) for edge in edges])
    discs = 2 * np.sqrt(areas / np.pi)
    is_core = (discs >= low_px) & (discs <= high_px) & (areas >= ROUND * np.pi / 4 * circles**2)
    if np.count_nonzero(is_core) < 3:
        framed = np.pad(tissue, 1).astype(np.uint8)
        depth = np.asarray(cv2.distanceTransform(framed, cv2.DIST_L2, 5)[1:-1, 1:-1], np.float32)
        peaks = _peaks(depth, low_px / 2, low_px)
        y, x = peaks.astype(np.int64).T
        discs = 2 * depth[y, x].astype(np.float64)
        is_core = discs <= high_px
    return float(np.median(discs[is_core])) if is_core.any() else np.nan


def _disc_and_ring(tissue: Mask, radius_px: float) -> tuple[Floats, Floats]:
    """``(y, x)`` share of tissue in the disc around every pixel, and that less the share in the ring."""
    reach = int(np.ceil(RING[1] * radius_px))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    distance = np.hypot(y, x) / radius_px
    padded = cv2.copyMakeBorder(
        tissue.astype(np.float32), reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=0
    )

    def mean_over(kernel: Bools) -> Floats:
        weights = kernel.astype(np.float32) / np.count_nonzero(kernel)
        return np.asarray(cv2.filter2D(padded, cv2.CV_32F, weights)[reach:-reach, reach:-reach], np.float32)

    share = mean_over(distance <= 1)
    return share, share - mean_over((distance > RING[0]) & (distance <= RING[1]))


def _joined(tissue: Mask, yx_px: Doubles, radius_px: float) -> Doubles:
    """``(n,)`` longest piece of the way around each core that runs through tissue, as a share."""
    angle = np.linspace(0, 2 * np.pi, N_ANGLES, endpoint=False)
    around = RING[1] * radius_px * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    y, x = np.moveaxis(np.rint(yx_px[:, None] + around).astype(np.int64), -1, 0)
    inside = (y >= 0) & (y < tissue.shape[0]) & (x >= 0) & (x < tissue.shape[1])
    y, x = np.where(inside, y, 0), np.where(inside, x, 0)
    # Twice around, so that a piece over the start is one; glass ends a piece.
    is_tissue = np.tile(tissue[y, x] & inside, 2)
    position = np.arange(2 * N_ANGLES)
    last_glass = np.maximum.accumulate(np.where(is_tissue, -1, position), axis=1)
    longest = (position - last_glass).max(axis=1, initial=0)
    share: Doubles = np.minimum(longest, N_ANGLES) / N_ANGLES
    return share


def _peaks(response: Floats, least: float, apart_px: float) -> Doubles:
    """``(n, 2)`` pixels with the highest response of all within 0.4 of ``apart_px``, each plateau once."""
    size = 2 * max(1, round(0.4 * apart_px)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    highest = (response >= least) & (response >= cv2.dilate(response.astype(np.float32), disc))
    _, _, _, middles = cv2.connectedComponentsWithStats(highest.astype(np.uint8), connectivity=8)
    return np.rint(middles[1:, ::-1])


def nearest_point(points_px: Doubles, shape: tuple[int, ...]) -> tuple[NDArray[np.int32], Floats]:
    """Tell for every pixel which point is nearest, and how far it is.

    Parameters
    ----------
    points_px
        ``(n, 2)`` y and x in pixels; those outside count from the nearest pixel inside.
    shape
        ``(y, x)``.

    Returns
    -------
    tuple of (NDArray[np.int32], Floats)
        ``(y, x)`` number of the point from 0, and the distance in pixels.
    """
    y, x = np.clip(np.rint(points_px).astype(np.int64), 0, np.array(shape) - 1).T
    elsewhere = np.ones(shape, np.uint8)
    elsewhere[y, x] = 0
    distance, label = cv2.distanceTransformWithLabels(
        elsewhere, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    number = np.zeros(int(label.max()) + 1, np.int32)
    number[label[y, x]] = np.arange(len(points_px))
    return number[label], np.asarray(distance, np.float32)


def _centred(tissue: Mask, peaks: Doubles, diameter_px: float) -> Doubles:
    """Move every peak to the middle of the tissue around it that is nearer to it than to any other."""
    if not len(peaks):
        return peaks
    nearest, distance = nearest_point(peaks, tissue.shape)
    y, x = np.nonzero(tissue & (distance <= 0.6 * diameter_px))
    owner = nearest[y, x]
    n = np.bincount(owner, minlength=len(peaks))
    middles = np.stack([np.bincount(owner, weights=at, minlength=len(peaks)) for at in (y, x)], axis=1)
    return middles / n[:, None]
