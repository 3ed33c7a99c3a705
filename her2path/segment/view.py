"""What the network sees of a tile: windows of a grid of 0.25 µm, and the 1 µm steps that it answers on."""

from dataclasses import dataclass

import numpy as np

from her2path.arrays import Ints, Rgb8
from her2path.image.geometry import PixelSize, Region, Tile, scales_for
from her2path.image.resample import SampleGrid, sample_grid, shrink
from her2path.nets.sample import INPUT_MPP_UM, STRIDE


@dataclass(frozen=True, slots=True)
class Piece:
    """A box of the 1 µm grid that is looked at in one go."""

    rows: range
    columns: range

    def halves(self) -> "tuple[Piece, Piece]":
        """Cut the longer side in two."""
        if len(self.rows) >= len(self.columns):
            middle = len(self.rows) // 2
            return Piece(self.rows[:middle], self.columns), Piece(self.rows[middle:], self.columns)
        middle = len(self.columns) // 2
        return Piece(self.rows, self.columns[:middle]), Piece(self.rows, self.columns[middle:])


@dataclass(frozen=True, eq=False)
class View:
    """The pixels of a tile on the membrane grid, and through them those on the network's."""

    fine: Rgb8
    origin_yx: tuple[int, int]
    """Where the first pixel lies on the membrane grid."""

    grid: SampleGrid
    """From the membrane grid to the network's."""

    scale: int
    """Level-0 pixels per pixel of the membrane grid."""

    def window(self, rows: slice, columns: slice) -> Rgb8:
        """Give a box of the network's grid, white where nothing was read; it may be a part of ``fine``."""
        return self.grid.sample(self.fine, self.origin_yx, (rows, columns))

    def part(self, region: Region) -> Rgb8:
        """Give the membrane grid within a region of level-0 pixels that was read."""
        top, left = (
            region.y_px // self.scale - self.origin_yx[0],
            region.x_px // self.scale - self.origin_yx[1],
        )
        height, width = region.height_px // self.scale, region.width_px // self.scale
        return self.fine[top : top + height, left : left + width]

    def piece(self, region: Region) -> Piece:
        """Give the steps that touch a region of level-0 pixels."""
        y_px, x_px = self._step_px
        return Piece(
            rows=range(int(region.y_px // y_px), int(-(-region.bottom_px // y_px))),
            columns=range(int(region.x_px // x_px), int(-(-region.right_px // x_px))),
        )

    def middles_px(self, y: Ints, x: Ints) -> tuple[Ints, Ints]:
        """Row and column of the level-0 pixel that holds the middle of each step."""
        y_px, x_px = (
            np.floor((at + 0.5) * step_px).astype(np.int32)
            for at, step_px in zip((y, x), self._step_px, strict=True)
        )
        return y_px, x_px

    @property
    def _step_px(self) -> tuple[float, float]:
        """Level-0 pixels per step; a function of the slide alone."""
        return STRIDE * self.grid.y_px * self.scale, STRIDE * self.grid.x_px * self.scale


def view_tile(rgb: Rgb8, tile: Tile, pixel_size: PixelSize) -> View:
    """See a tile as the network does.

    Parameters
    ----------
    rgb
        ``(y, x, 3)`` uint8, the level-0 pixels of ``tile.read``.
    tile
        Where they lie.
    pixel_size
        Of level 0.
    """
    # Through the membrane grid: from 0.16 to 0.32 µm, linear interpolation at 0.25 µm leaves no pixel unseen.
    scale = scales_for(pixel_size).membrane
    return View(
        fine=shrink(rgb, scale),
        origin_yx=(tile.read.y_px // scale, tile.read.x_px // scale),
        grid=sample_grid((pixel_size.y_um * scale, pixel_size.x_um * scale), INPUT_MPP_UM),
        scale=scale,
    )
