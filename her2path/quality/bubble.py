"""Air bubbles under the cover glass: what a closed dark rim surrounds."""

from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Floats, Mask
from her2path.image.masks import closed, disc, grown
from her2path.image.stains import channel_range
from her2path.image.strips import Picture, in_strips

RIM_OD = 0.12
"""By how much the rim is denser, in its clearest channel, than what lies on both sides of it. The curved
surface throws the light of all channels past the objective; a stain leaves one of them open: nuclei and
membranes of real cores rise by less than 0.1 in their clearest channel at 4 µm/px."""

RIM_WIDTH_UM = 48.0
"""What is wider is no rim. Optics alone make it 10 to 30 µm wide."""

RIM_GAP_UM = 16.0
RIM_FLAT = 0.85
"""Median over the rim of the least rise of a channel by the most. A rim takes all light alike, whatever lies
under it: drawn ones read 0.89 (on a 3+ tumour) to 0.96, and rings of strongly stained cells around a hollow
nest or a duct up to 0.82."""

MIN_BUBBLE_MM2 = 0.005
"""A disc of 80 µm. What is smaller is a lumen, a fat cell or a vacuole as likely as air."""

SOLID = 0.9
"""Least part of its convex hull that a bubble fills: surface tension makes it round."""

ON_BORDER = 0.4
"""A bubble may be cut by the picture's border, along less than this part of its outline."""

MARGIN_UM = 16.0


def find_bubbles(od: Picture, mpp_um: float) -> Mask:
    """Find air bubbles.

    Parameters
    ----------
    od
        ``(y, x, 3)`` float32 densities of the channels, at about 4 µm/px.
    mpp_um
        Pixel size.

    Returns
    -------
    Mask
        ``(y, x)``: inside of each bubble, its rim and a margin.
    """
    width = disc(0.5 * RIM_WIDTH_UM / mpp_um)
    (dark,) = in_strips(partial(_dark, width=width), od, reach_px=len(width))
    rim = closed(dark, 0.5 * RIM_GAP_UM / mpp_um)
    found = np.zeros(rim.shape, np.uint8)
    if not rim.any():
        return found > 0
    # The picture's border closes what it cuts.
    framed = cv2.copyMakeBorder(rim.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    outlines, family = cv2.findContours(framed, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE, offset=(-1, -1))
    for outline, (_, _, _, parent) in zip(outlines, family[0], strict=True):
        if parent < 0:
            continue
        outline_xy = np.asarray(outline[:, 0], np.int32)
        is_round = _is_round(outline_xy, rim.shape, mpp_um)
        if is_round and _flatness(outline_xy, rim, od, mpp_um) >= RIM_FLAT:
            cv2.drawContours(found, [outline], -1, 1, cv2.FILLED)
    return grown(found > 0, (MARGIN_UM + 0.5 * RIM_WIDTH_UM) / mpp_um) if found.any() else found > 0


def _dark(od: Floats, *, width: NDArray[np.uint8]) -> tuple[Mask]:
    """Where the clearest channel rises as a rim does."""
    return (cv2.morphologyEx(channel_range(od)[0], cv2.MORPH_TOPHAT, width) >= RIM_OD,)


def _is_round(outline_xy: NDArray[np.int32], shape: tuple[int, ...], mpp_um: float) -> bool:
    """Whether an outline is large, round, and not made by the border of the picture."""
    area_px = cv2.contourArea(outline_xy)
    if area_px * mpp_um**2 < MIN_BUBBLE_MM2 * 1e6:
        return False
    x, y = outline_xy.T
    inside = (x >= 0) & (y >= 0) & (x < shape[1]) & (y < shape[0])
    return bool(
        np.mean(~inside) < ON_BORDER and area_px >= SOLID * cv2.contourArea(cv2.convexHull(outline_xy))
    )


def _flatness(outline_xy: NDArray[np.int32], rim: Mask, od: Picture, mpp_um: float) -> float:
    """Least rise of a channel by the most, median over the rim along an outline."""
    reach_px = round(RIM_WIDTH_UM / mpp_um)
    left, top = np.maximum(outline_xy.min(axis=0) - reach_px, 0)
    right, bottom = outline_xy.max(axis=0) + reach_px
    here = (slice(top, bottom), slice(left, right))
    along = np.zeros(rim[here].shape, np.uint8)
    cv2.polylines(along, [outline_xy - np.array([left, top], np.int32)], isClosed=True, color=1)
    width = disc(0.5 * RIM_WIDTH_UM / mpp_um)
    near = grown(along > 0, 0.5 * reach_px) & rim[here]
    least, most = (
        plane[near] for plane in in_strips(partial(_rises, width=width), od[here], reach_px=len(width) + 1)
    )
    return float(np.median(least / np.maximum(most, 1e-6)))


def _rises(od: Floats, *, width: NDArray[np.uint8]) -> tuple[Floats, Floats]:
    """Least and most by which a channel rises."""
    return channel_range(cv2.morphologyEx(cv2.blur(od, (3, 3)), cv2.MORPH_TOPHAT, width))
