"""Which ink covers what: the colours behind the excluded area ``pen``."""

from collections.abc import Mapping

import cv2
import numpy as np

from her2path.arrays import Mask
from her2path.image.ink import INK_COLOURS


def pen_colours(inks: Mapping[str, Mask], pen: Mask) -> dict[str, Mask]:
    """Share out the ink and its margin among the colours of the ink.

    Parameters
    ----------
    inks
        ``(y, x)`` by colour, from ``find_tissue``.
    pen
        ``(y, x)`` all ink with its margin, from the same ``TissueMap``.

    Returns
    -------
    dict of str to Mask
        ``(y, x)`` by ``pen_green`` …, the colours found only. Together they are ``pen``, and no pixel is
        in two: one in the margin goes to the nearest ink.
    """
    if not pen.any():
        return {}
    code = np.zeros(pen.shape, np.uint8)
    for k, colour in enumerate(INK_COLOURS, start=1):
        code[inks[colour] & pen] = k
    _, nearest = cv2.distanceTransformWithLabels(
        (code == 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    of = np.zeros(nearest.max() + 1, np.uint8)
    of[nearest[code > 0]] = code[code > 0]
    code = np.where(pen, of[nearest], 0)
    masks = {f"pen_{colour}": code == k for k, colour in enumerate(INK_COLOURS, start=1)}
    return {name: mask for name, mask in masks.items() if mask.any()}
