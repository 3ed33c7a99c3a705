"""Which ink covers what: the colours behind the excluded area ``pen``."""

import cv2
import numpy as np

from her2path.arrays import Mask, Rgb8
from her2path.image.ink import INK_COLOURS, find_ink
from her2path.image.stains import Vector, density_image, mean_density
from her2path.image.tissue import TissueMap, thick_enough


def pen_colours(rgb: Rgb8, white: Vector, mpp_um: float, tissue: TissueMap) -> dict[str, Mask]:
    """Share out the ink and its margin among the colours of the ink.

    Parameters
    ----------
    rgb
        ``(y, x, 3)`` uint8, the whole slide at about 4 µm/px.
    white
        Of this slide.
    mpp_um
        Pixel size of ``rgb``.
    tissue
        What ``find_tissue`` made of the same picture.

    Returns
    -------
    dict of str to Mask
        ``(y, x)`` by ``pen_green`` …, the colours found only. Together they are ``tissue.pen``, and no pixel
        is in two: one in the margin goes to the nearest ink.
    """
    if not tissue.pen.any():
        return {}
    od = density_image(rgb, white)
    mean_od = mean_density(od)
    inks = find_ink(od, mean_od, thick_enough(mean_od, mpp_um), mpp_um)
    code = np.zeros(tissue.pen.shape, np.uint8)
    for k, colour in enumerate(INK_COLOURS, start=1):
        code[inks[colour] & tissue.pen] = k
    _, nearest = cv2.distanceTransformWithLabels(
        (code == 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    of = np.zeros(nearest.max() + 1, np.uint8)
    of[nearest[code > 0]] = code[code > 0]
    code = np.where(tissue.pen, of[nearest], 0)
    masks = {f"pen_{colour}": code == k for k, colour in enumerate(INK_COLOURS, start=1)}
    return {name: mask for name, mask in masks.items() if mask.any()}
