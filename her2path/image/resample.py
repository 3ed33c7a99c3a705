"""The same pixels for everybody: a slide on a grid of another pixel size, whatever box of it was read.

The grid starts at the corner of the slide. Where its pixel ``k`` lies follows from ``k`` alone, so two tiles
that hold it see the same value to the last bit.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Rgb8

SAME_WITHIN = 0.01
"""A pixel size this near to the wanted one is taken as it is: scanners report it no better."""

FRACTION = 32
"""Positions between pixels are rounded to this part of a pixel, the step of OpenCV's table of weights."""


@dataclass(frozen=True, slots=True)
class SampleGrid:
    """Pixels of about the same size, whatever the slide's."""

    y_px: float
    x_px: float
    """Source pixels per pixel of the grid; 1 where the slide's own pixels are taken as they are."""

    def sample(self, rgb: Rgb8, origin_yx_px: tuple[int, int], box: tuple[slice, slice]) -> Rgb8:
        """Give a box of the grid, by linear interpolation.

        Parameters
        ----------
        rgb
            ``(y, x, 3)`` uint8, part of the source.
        origin_yx_px
            Where in the source its first pixel lies.
        box
            Rows and columns of the grid.

        Returns
        -------
        Rgb8
            ``(y, x, 3)`` uint8, 255 beyond ``rgb``. Where the source's own pixels are taken, none of them
            beyond it, this is a part of ``rgb`` and no copy.
        """
        rows, columns = box
        row, y_part = _positions(rows, self.y_px, origin_yx_px[0])
        column, x_part = _positions(columns, self.x_px, origin_yx_px[1])
        if self.y_px == self.x_px == 1:
            return _cut(rgb, rows, columns, origin_yx_px)
        at = np.empty((len(row), len(column), 2), np.int16)
        at[..., 0], at[..., 1] = column, row[:, None]
        part = (y_part[:, None] * FRACTION + x_part).astype(np.uint16)
        sampled = cv2.remap(
            rgb, at, part, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(255,) * 3
        )
        return np.asarray(sampled, np.uint8)


def sample_grid(mpp_yx_um: tuple[float, float], wanted_um: float) -> SampleGrid:
    """Choose the grid of pixels of ``wanted_um`` on a source of ``mpp_yx_um``."""
    ratio = tuple(wanted_um / mpp_um for mpp_um in mpp_yx_um)
    if all(abs(1 / one - 1) <= SAME_WITHIN for one in ratio):
        return SampleGrid(1.0, 1.0)
    return SampleGrid(*ratio)


def shrink(rgb: Rgb8, factor: int) -> Rgb8:
    """Average whole blocks of ``factor`` × ``factor`` pixels; the tile plan makes the edge a multiple."""
    if factor == 1:
        return rgb
    height, width = rgb.shape[0] // factor, rgb.shape[1] // factor
    return np.asarray(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _positions(box: slice, step_px: float, origin_px: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Whole and fractional part of where the centre of each pixel of the grid lies in the source."""
    # Rounded before the origin is taken off: the rounding is everybody's.
    centre_px = (np.arange(box.start, box.stop) + 0.5) * step_px - 0.5
    parts = np.rint(centre_px * FRACTION).astype(np.int64)
    return parts // FRACTION - origin_px, parts % FRACTION


def _cut(rgb: Rgb8, rows: slice, columns: slice, origin_yx_px: tuple[int, int]) -> Rgb8:
    top, left = rows.start - origin_yx_px[0], columns.start - origin_yx_px[1]
    bottom, right = rows.stop - origin_yx_px[0], columns.stop - origin_yx_px[1]
    inside = rgb[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    if min(top, left) >= 0 and bottom <= rgb.shape[0] and right <= rgb.shape[1]:
        return inside
    cut = np.full((bottom - top, right - left, 3), 255, np.uint8)
    y, x = max(-top, 0), max(-left, 0)
    cut[y : y + inside.shape[0], x : x + inside.shape[1]] = inside
    return cut
