"""Arithmetic that every reader shares: shapes on a level, white outside the slide, averaged levels."""

import cv2
import numpy as np

from her2path.arrays import Rgb8
from her2path.image.geometry import Region
from her2path.slides.protocol import Level

WHITE = 255

LEVEL_STEP = 4
"""Factor from one level of a virtual pyramid to the next, as most scanners write it."""

OVERVIEW_PX = 1024
"""A virtual pyramid ends with the first level whose longest edge is no longer than this."""


def output_shape(region: Region, level: Level) -> tuple[int, int]:
    """Shape ``(y, x)`` of a region of level-0 pixels when read at a level."""
    return round(region.height_px / level.downsample), round(region.width_px / level.downsample)


def pyramid_levels(height_px: int, width_px: int) -> tuple[Level, ...]:
    """Levels of an image that has only one: each ``LEVEL_STEP`` times coarser, in whole steps."""
    levels = [Level(height_px, width_px, 1.0)]
    while max(levels[-1].height_px, levels[-1].width_px) > OVERVIEW_PX:
        step = LEVEL_STEP ** len(levels)
        levels.append(Level(-(-height_px // step), -(-width_px // step), float(step)))
    return tuple(levels)


def averaged(rgb: Rgb8, step: int) -> Rgb8:
    """Area average over ``step`` × ``step`` blocks, the last row and column repeated to fill their blocks."""
    bottom, right = (-size % step for size in rgb.shape[:2])
    if bottom or right:
        rgb = np.pad(rgb, ((0, bottom), (0, right), (0, 0)), mode="edge")
    size = (rgb.shape[1] // step, rgb.shape[0] // step)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def white_padded(rgb: Rgb8, y: int, x: int, height: int, width: int) -> Rgb8:
    """Cut a box out of an image; what lies outside the image is white.

    Parameters
    ----------
    rgb
        ``(y, x, 3)`` uint8.
    y, x, height, width
        The box in pixels of ``rgb``; may lie outside in part or altogether.

    Returns
    -------
    Rgb8
        ``(height, width, 3)``, always a copy.
    """
    box = np.full((height, width, 3), WHITE, np.uint8)
    top, left = max(y, 0), max(x, 0)
    bottom, right = min(y + height, rgb.shape[0]), min(x + width, rgb.shape[1])
    if top < bottom and left < right:
        box[top - y : bottom - y, left - x : right - x] = rgb[top:bottom, left:right]
    return box


def composed_on_white(rgba: Rgb8) -> Rgb8:
    """``(y, x, 4)`` uint8 with straight alpha, laid on white: ``(y, x, 3)`` uint8."""
    rgb = np.asarray(cv2.cvtColor(rgba, cv2.COLOR_RGBA2RGB), np.uint8)
    alpha = np.asarray(cv2.extractChannel(rgba, 3))
    if alpha.min(initial=WHITE) < WHITE:
        see_through = alpha < WHITE
        weight = alpha[see_through, None].astype(np.uint16)
        # Rounded division by 255; the sum stays below 2**16.
        mixed = rgb[see_through] * weight + WHITE * (WHITE - weight)
        rgb[see_through] = (mixed + 127) // WHITE
    return rgb
