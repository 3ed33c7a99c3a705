"""Ink on the slide, by colour: markers on the glass, surgical ink along the margin of the specimen."""

from functools import partial
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Floats, Mask
from her2path.image.masks import grown, light, pieces_with, without_specks
from her2path.image.stains import channel_range
from her2path.image.strips import GAUSSIAN_REACH, Picture, in_strips

INK_COLOURS = ("green", "blue", "red", "black", "brown")
"""Where two rules fit, the first."""

CODES = MappingProxyType({colour: code for code, colour in enumerate(INK_COLOURS, start=1)})

SMOOTH_UM = 7.0
"""Standard deviation of the Gaussian that colour is looked at through: wider than a granule of pigment."""

INK_OD = 0.20
MIN_INK_MM2 = 0.004
"""A dab of 70 µm. Clumps of coal in macrophages are smaller."""

BROWN_OD = 0.45
BROWN_HUE = MappingProxyType({"red": 0.85, "green": 0.95})
"""Of brown the red density is at most the first part of the green one, the green the second of the blue."""

BROWN_ROUGH = 0.12
BROWN_WINDOW_UM = 20.0
"""Ink is as dense as the densest DAB, and even: over this window its density varies by less than this part of
its mean. Of a dense real 3+ breast field 99 % of the pixels vary by more than 0.13: a window holds membranes
and nuclei."""

MIN_EVEN_MM2 = 0.00015
"""Area, in one piece, that is so even: in the densest real field single pixels are."""

BROWN_RIM_OD, BROWN_REACH_UM = 0.36, 150.0
"""A stroke goes on round its even middle down to this density and so far: ink soaks in by up to 150 µm, and
thins out."""

BORDER_UM = 40.0
"""How near to glass the stroke must come."""


def find_ink(od: Picture, mean_od: Floats, dense: Mask, mpp_um: float) -> dict[str, Mask]:
    """Find ink of each colour.

    Parameters
    ----------
    od
        ``(y, x, 3)`` float32 densities of the channels, at about 4 µm/px.
    mean_od
        ``(y, x)`` float32, their mean.
    dense
        ``(y, x)`` what is no glass.
    mpp_um
        Pixel size.

    Returns
    -------
    dict of str to Mask
        ``(y, x)`` by colour, in the order of ``INK_COLOURS``; no pixel is in two.
    """
    sigma_px = SMOOTH_UM / mpp_um
    codes, inked, hue = in_strips(
        partial(_colours, sigma_px=sigma_px), od, reach_px=GAUSSIAN_REACH * sigma_px
    )
    codes[inked & (codes == 0) & _even_to_the_glass(hue, mean_od, dense, mpp_um)] = CODES["brown"]
    return {colour: light(codes == code) for colour, code in CODES.items()}


def _colours(od: Floats, *, sigma_px: float) -> tuple[NDArray[np.uint8], Mask, Mask]:
    """Code of the ink by its colour alone, 0 for none; what is dense enough; what has the hue of brown."""
    smooth = cv2.GaussianBlur(od, (0, 0), sigma_px)
    red, green, blue = cv2.split(smooth)
    least, most = channel_range(smooth)
    rules: dict[str, Mask] = {
        "green": (green < 0.6 * red) & (green < 0.8 * blue),
        # Haematoxylin takes at least 0.8 times as much green light as red; a blue marker about half.
        "blue": (green < 0.7 * red) & (blue < green),
        # Eosin leaves blue light a way, and blood takes more of it than of green.
        "red": (red < 0.25 * blue) & (red < 0.2 * green) & (blue < 1.6 * green),
        "black": least >= np.maximum(0.8 * most, 0.5),
    }
    inked = most >= INK_OD
    codes = np.zeros(inked.shape, np.uint8)
    for colour, rule in reversed(rules.items()):
        codes[inked & rule] = CODES[colour]
    return codes, inked, (red <= BROWN_HUE["red"] * green) & (green <= BROWN_HUE["green"] * blue)


def _even_to_the_glass(brown: Mask, mean_od: Floats, dense: Mask, mpp_um: float) -> Mask:
    """Thick, even brown that reaches the glass: DAB of that density is a net of membranes."""
    window = _odd(BROWN_WINDOW_UM / mpp_um)
    level, is_even = in_strips(partial(_even, window=window), mean_od, reach_px=window[0])
    even = without_specks(brown & is_even, MIN_EVEN_MM2, mpp_um)
    if not even.any():
        return even
    away_px = cv2.distanceTransform((~even).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    stroke = brown & (level >= BROWN_RIM_OD) & (away_px * mpp_um <= BROWN_REACH_UM)
    return pieces_with(stroke | even, even, grown(~dense, BORDER_UM / mpp_um))


def _even(mean_od: Floats, *, window: tuple[int, int]) -> tuple[Floats, Mask]:
    """Mean density over a window, and whether it is high and varies little there."""
    level = np.asarray(cv2.blur(mean_od, window), np.float32)
    variance = np.maximum(cv2.blur(mean_od * mean_od, window) - level * level, 0)
    return level, (level >= BROWN_OD) & (variance <= (BROWN_ROUGH * level) ** 2)


def _odd(size_px: float) -> tuple[int, int]:
    edge = 2 * max(1, round((size_px - 1) / 2)) + 1
    return edge, edge
