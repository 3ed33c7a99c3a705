"""Small operations on masks: grow, sift by size, choose pieces by what they touch."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Bools, Mask
from her2path.image.strips import in_strips


def disc(radius_px: float) -> NDArray[np.uint8]:
    """Give a structuring element, a disc of at least one pixel's radius."""
    size = 2 * max(1, round(radius_px)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


def light(mask: Mask) -> Mask:
    """Give an empty mask that takes no memory in place of one that does, read-only; any other as it is.

    A large slide has a dozen masks, most of them empty.
    """
    return mask if mask.any() else np.broadcast_to(np.False_, mask.shape)


def is_light(mask: Mask) -> bool:
    """Whether a mask is one of those empty ones."""
    return not any(mask.strides)


def grown(mask: Mask, radius_px: float) -> Mask:
    """Add what lies within a radius of a mask."""
    return cv2.dilate(mask.astype(np.uint8), disc(radius_px)) > 0


def closed(mask: Mask, radius_px: float) -> Mask:
    """Bridge gaps of up to twice the radius."""
    return cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, disc(radius_px)) > 0


def without_specks(mask: Mask, min_mm2: float, mpp_um: float) -> Mask:
    """Keep the pieces of at least this area."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        np.ascontiguousarray(mask).view(np.uint8), connectivity=8
    )
    large = stats[:, cv2.CC_STAT_AREA] * mpp_um**2 >= min_mm2 * 1e6
    large[0] = False
    return pieces_where(large, labels)


def without_holes(mask: Mask, max_mm2: float, mpp_um: float) -> Mask:
    """Fill the holes below this area."""
    return ~without_specks(~mask, max_mm2, mpp_um)


def pieces_with(mask: Mask, *others: Mask) -> Mask:
    """Keep the pieces of ``mask`` that share a pixel with each of ``others``."""
    n, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    shares = np.ones(n, bool)
    for other in others:
        touched = np.zeros(n, bool)
        for row, here in zip(labels, other, strict=True):
            touched[row[here]] = True
        shares &= touched
    shares[0] = False
    return pieces_where(shares, labels)


def pieces_where(chosen: Bools, labels: NDArray[Any]) -> Mask:
    """Give the pixels of the pieces that are chosen.

    Parameters
    ----------
    chosen
        ``(n,)`` by label.
    labels
        ``(y, x)``.
    """
    # NumPy makes eight bytes of each label that it looks up.
    mask: Mask = in_strips(lambda strip: (chosen[strip],), labels)[0]
    return mask
