"""The border of the tissue, where reagents dry and cling, and whether it is stained unlike the rest.

The border is measured apart and compared, not left out: of a core of a tissue microarray it is a third
(docs/science/edge-effect.md).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.special import stdtrit

from her2path.arrays import Bools, Doubles, Floats, Mask
from her2path.cells.table import CellTable
from her2path.flags import Flag
from her2path.image.geometry import PixelSize
from her2path.image.masks import pieces_where

BAND_UM = 100.0
"""Width of the band along the border [P: domain reference §6 row 4]; deeper cells are what it is held
against."""

RIM_UM = 50.0
"""Width of the rim, the outermost part of the band: what dries on reaches a few cells deep, and the tissue
mask is about 20 µm wider than the tissue [P, measured on drawn edges]."""

MIN_TEAR_MM2 = 0.25
"""A hole in the tissue from here is a tear, and its rim a border; smaller ones are lumina, vessels and fat.
A disc of this area is 560 µm wide: no lumen of the three real cores is half as wide [P]."""

MIN_CELLS = 50
"""Fewer cells on either side tell no share to better than 14 percentage points (binomial, 95 %)."""

BLOCK_UM = 200.0
"""Twice the band: a block on the border holds as much of the band as of what lies behind it."""

WIDER = (2, 4)
"""Neighbouring blocks stain alike: the spread is also taken over squares of so many blocks along an edge, and
the widest interval counts. With blocks alone 24 % of drawn slides without an edge effect show one at 95 %
[P, measured on Gaussian fields of staining, 15 to 400 µm]."""

MIN_BLOCK_CELLS = 5
"""On either side of a block that takes part."""

MIN_SQUARES = 4
"""A spread over fewer squares of equal weight says little."""

CONFIDENCE = 0.99
"""Of the interval: every slide is asked, and a warning without cause costs as much as one that is missed."""

SHARE_MATTERS = 0.10
"""Of the cells: the cut-off between the scores of most rulebooks (ASCO/CAP 2018)."""

OD_MATTERS = 0.05
"""A quarter of the width of the band of weak staining, 0.20 to 0.40 [P]."""


@dataclass(frozen=True, slots=True)
class Excess:
    """By how much the border is above what lies behind it."""

    low: float
    estimate: float
    high: float

    def matters(self, size: float) -> bool:
        """Whether the excess is more than chance, either way, and at least so large."""
        return abs(self.estimate) >= size and (self.low > 0 or self.high < 0)


@dataclass(frozen=True, slots=True)
class EdgeEffect:
    """The counted tumour cells along the border against those deeper than the band."""

    width_um: float
    """How far from the border its cells lie."""

    n_edge: int
    n_inside: int
    share_edge: float
    """Of the cells along the border that are stained."""

    share_inside: float
    od_edge: float
    """Median membrane density of the cells along the border."""

    od_inside: float
    share_excess: Excess
    """Of the stained share, cells compared within blocks of tissue."""

    od_excess: Excess
    """Of the mean membrane density, cells compared within blocks of tissue."""

    background_excess: Excess
    """Of the mean density of the cytoplasm, cells compared within blocks of tissue."""

    @property
    def matters(self) -> bool:
        """Whether the border differs by more than chance and by enough to move a score.

        What dries on covers the cytoplasm as well, without the scatter of membranes, and is strongest in the
        rim: the background speaks there alone.
        """
        stained = self.share_excess.matters(SHARE_MATTERS) or self.od_excess.matters(OD_MATTERS)
        return stained or (self.width_um <= RIM_UM and self.background_excess.matters(OD_MATTERS))


def edge_depth_um(tissue: Mask, mpp_um: float) -> Floats:
    """Measure how deep each pixel lies in the tissue, from its outer border and from big tears.

    Lumina are no border, and where the picture ends there is none: the tissue may go on.

    Parameters
    ----------
    tissue
        ``(y, x)`` bool.
    mpp_um
        Pixel size of ``tissue``.

    Returns
    -------
    Floats
        ``(y, x)`` µm; 0 outside, infinite where there is no border at all.
    """
    _, pieces, stats, _ = cv2.connectedComponentsWithStats((~tissue).astype(np.uint8), connectivity=4)
    left, top = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
    right, bottom = left + stats[:, cv2.CC_STAT_WIDTH], top + stats[:, cv2.CC_STAT_HEIGHT]
    height, width = tissue.shape
    outside = (left == 0) | (top == 0) | (right == width) | (bottom == height)
    outside |= stats[:, cv2.CC_STAT_AREA] * mpp_um**2 * 1e-6 >= MIN_TEAR_MM2
    outside[0] = False  # the tissue
    if not outside.any():
        return np.where(tissue, np.inf, 0).astype(np.float32)
    inner = pieces_where(~outside, pieces).view(np.uint8)
    del pieces  # planes of a large slide take much memory
    depth_um = np.asarray(cv2.distanceTransform(inner, cv2.DIST_L2, cv2.DIST_MASK_5), np.float32)
    depth_um *= np.float32(mpp_um)
    depth_um[~tissue] = 0
    return depth_um


def edge_effect(cells: CellTable, depth_um: Floats, pixel_size: PixelSize) -> EdgeEffect | None:
    """Compare the counted cells along the border with those beside them that lie deeper.

    Parameters
    ----------
    cells
        Rows that are ``counted``, with a pattern and the densities of membrane and cytoplasm, take part.
    depth_um
        ``(n,)`` how deep each row lies, as ``edge_depth_um`` has it at its place.
    pixel_size
        Of level 0.

    Returns
    -------
    EdgeEffect | None
        Of the rim where that differs by a size that matters, else of the whole band; None where the border
        or the rest has too few cells, or they share too few blocks of tissue.
    """
    used = cells.in_denominator & np.isfinite(cells.membrane_od + cells.cytoplasm_od)
    rows, depth_um = cells.take(used), depth_um[used]
    yx_um = rows.yx_um(pixel_size).T
    rim, band = (_compare(rows, yx_um, depth_um, width_um) for width_um in (RIM_UM, BAND_UM))
    return rim if rim is not None and rim.matters else band


def edge_flags(effect: EdgeEffect | None) -> tuple[Flag, ...]:
    """Raise ``EDGE_EFFECT`` where the border differs by more than chance and by a size that matters."""
    if effect is None or not effect.matters:
        return ()
    share, od, background = effect.share_excess, effect.od_excess, effect.background_excess
    return (
        Flag(
            "EDGE_EFFECT",
            "warning",
            f"Within {effect.width_um:.0f} µm of the tissue border {effect.share_edge:.0%} of "
            f"{effect.n_edge:,} tumour cells are stained (median {effect.od_edge:.2f} OD), deeper inside "
            f"{effect.share_inside:.0%} of {effect.n_inside:,} ({effect.od_inside:.2f} OD). Side by side the "
            f"border has {100 * share.estimate:+.0f} percentage points of stained cells "
            f"({100 * share.low:+.0f} to {100 * share.high:+.0f}), {od.estimate:+.2f} OD of membrane "
            f"({od.low:+.2f} to {od.high:+.2f}) and {background.estimate:+.2f} OD of cytoplasm "
            f"({background.low:+.2f} to {background.high:+.2f}).",
        ),
    )


def _compare(cells: CellTable, yx_um: Doubles, depth_um: Floats, width_um: float) -> EdgeEffect | None:
    edge, inside = depth_um <= width_um, depth_um > BAND_UM
    n_edge, n_inside = int(np.count_nonzero(edge)), int(np.count_nonzero(inside))
    if min(n_edge, n_inside) < MIN_CELLS:
        return None
    stained = cells.pattern > 0
    values = np.stack([stained, cells.membrane_od, cells.cytoplasm_od]).astype(float)
    excesses = _excess(values, yx_um, edge, inside)
    if excesses is None:
        return None
    return EdgeEffect(
        width_um=width_um,
        n_edge=n_edge,
        n_inside=n_inside,
        share_edge=float(stained[edge].mean()),
        share_inside=float(stained[inside].mean()),
        od_edge=float(np.median(cells.membrane_od[edge])),
        od_inside=float(np.median(cells.membrane_od[inside])),
        share_excess=excesses[0],
        od_excess=excesses[1],
        background_excess=excesses[2],
    )


def _excess(values: Doubles, yx_um: Doubles, edge: Bools, inside: Bools) -> list[Excess] | None:
    """Mean of ``edge`` less ``inside`` within blocks of tissue, for each row of ``(k, n)`` values.

    Clones and gradients are wider than the band: within a block they stain both sides alike.
    """
    block_yx = np.floor(yx_um / BLOCK_UM).astype(np.int64)
    blocks, block = np.unique(block_yx, axis=1, return_inverse=True)
    n = blocks.shape[1]
    n_edge, n_inside = (np.bincount(block, side, minlength=n) for side in (edge, inside))
    used = np.minimum(n_edge, n_inside) >= MIN_BLOCK_CELLS
    if not used.any():
        return None
    # The weight of a difference of two means, were cells independent.
    weight = (n_edge * n_inside)[used] / (n_edge + n_inside)[used]
    groups = [np.unique(blocks[:, used] // k, axis=1, return_inverse=True)[1] for k in (1, *WIDER)]
    excesses = []
    for row in values:
        sums = (np.bincount(block, row * side, minlength=n)[used] for side in (edge, inside))
        mean_edge, mean_inside = (s / m[used] for s, m in zip(sums, (n_edge, n_inside), strict=True))
        difference = mean_edge - mean_inside
        estimate = float(weight @ difference / weight.sum())
        residual = weight * (difference - estimate)
        halves = [half for group in groups if (half := _half_width(residual, weight, group)) is not None]
        if not halves:
            return None
        excesses.append(Excess(estimate - max(halves), estimate, estimate + max(halves)))
    return excesses


def _half_width(residual: Doubles, weight: Doubles, group: np.ndarray) -> float | None:
    """Half an interval of the weighted mean, from how the sums of groups spread; None for too few groups."""
    sums, weights = np.bincount(group, residual), np.bincount(group, weight)
    worth = float(weights.sum() ** 2 / (weights**2).sum())  # groups of equal weight (Kish)
    if worth < MIN_SQUARES:
        return None
    variance = worth / (worth - 1) * float((sums**2).sum()) / float(weights.sum()) ** 2
    return float(stdtrit(worth - 1, (1 + CONFIDENCE) / 2) * np.sqrt(variance))
