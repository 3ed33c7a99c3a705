"""Pixels of the colour of red cells: nearly none, or the orange of haemoglobin."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.arrays import OD_STEP, Plane16

DENSE_OD = 0.06
"""Mean density over the channels from which a pixel's hue can be told: three standard deviations of
glass."""

RED_CELL_OD = 0.45
"""Mean density of the darkest pixel of a red cell, its rim; in the lakes of the real cores up to 0.3."""

BLUE_OFF, GREEN_OFF = 5, 7
"""Red cells that lost their haemoglobin are as good as grey: blue within a fifth and green within a seventh
of red. In the lakes of the real cores that holds for 45 to 90 % of the dense pixels of a block;
haematoxylin has 0.4 to 0.6 times as much blue as red, DAB two to three times as much."""

ORANGE_RED, ORANGE_BLUE = 2, (4, 3)
"""Haemoglobin lets red light through, which DAB does not: red at most half of green, blue at least four
thirds of it. 19 in 20 pixels of the stained core have red from 0.56 of green on, of a 3+ field from
0.47."""


def red_cell_pixels(channels: Sequence[Plane16]) -> dict[str, NDArray[np.uint8]]:
    """Find the pixels whose hue can be told, and those of them that have the colour of red cells.

    Parameters
    ----------
    channels
        Red, green and blue density, ``(y, x)`` uint16 in steps of ``OD_STEP``.

    Returns
    -------
    dict
        ``dense`` and ``red_cell``: ``(y, x)`` uint8, 0 or 1.
    """
    red, green, blue = channels
    total = np.asarray(cv2.add(cv2.add(red, green), blue), np.uint16)
    # Densities stay below 5000 steps, so that seven times a difference fits 16 bits.
    grey = np.asarray(cv2.absdiff(blue, red), np.uint16) * np.uint16(BLUE_OFF) <= red
    grey &= np.asarray(cv2.absdiff(green, red), np.uint16) * np.uint16(GREEN_OFF) <= red
    orange = (red * np.uint16(ORANGE_RED) <= green) & (
        blue * np.uint16(ORANGE_BLUE[1]) >= green * np.uint16(ORANGE_BLUE[0])
    )
    dense = total >= round(3 * DENSE_OD / OD_STEP)
    cells = dense & (grey | orange) & (total <= round(3 * RED_CELL_OD / OD_STEP))
    return {"dense": dense.view(np.uint8), "red_cell": cells.view(np.uint8)}
