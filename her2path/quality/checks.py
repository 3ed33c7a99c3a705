"""What is asked of a slide, besides its stain, before its tiles are read."""

import numpy as np
from numpy.typing import NDArray

from her2path.flags import Flag
from her2path.image.stains import StainMatrix
from her2path.quality.balance import check_balance
from her2path.quality.jpeg import check_jpeg
from her2path.quality.nuclear_stain import brown_places, check_nuclear_stain
from her2path.quality.nucleus_size import check_nucleus_size, nucleus_diameter_um
from her2path.quality.patches import PATCH_PX, without_blood


def check_pixels(pixels: NDArray[np.uint8], stains: StainMatrix, mpp_um: float) -> tuple[Flag, ...]:
    """Look at tissue spread over a slide, and say what a reader of its score must know.

    Parameters
    ----------
    pixels
        ``(n, 3)`` uint8 level-0 pixels of an H-DAB slide: square patches of ``patches.PATCH_PX``, one after
        the other.
    stains
        Vectors and white point of this slide.
    mpp_um
        Pixel size of level 0.

    Raises
    ------
    NotEvaluableError
        ``WRONG_PIXEL_SIZE`` or ``NOT_MEMBRANE_STAIN``.
    """
    telling = without_blood(pixels, stains.white)
    return (
        *check_nucleus_size(nucleus_diameter_um(telling, stains, mpp_um), patch_um=PATCH_PX * mpp_um),
        *check_nuclear_stain(brown_places(telling, stains, mpp_um)),
        *check_balance(pixels, stains),
        *check_jpeg(pixels),
    )
