"""A slide that is an array: for tests, phantoms and decoded images."""

from dataclasses import dataclass, field

import numpy as np

from her2path.arrays import Rgb8
from her2path.image.geometry import PixelSize, Region
from her2path.slides.crop import LEVEL_STEP, averaged, output_shape, pyramid_levels, white_padded
from her2path.slides.protocol import Level, PixelSizeSource


@dataclass(frozen=True, eq=False)
class ArraySlide:
    """Pixels in memory, with a pyramid averaged from them.

    Raises
    ------
    ValueError
        If ``rgb`` is not ``(y, x, 3)`` uint8 with at least one pixel.
    """

    rgb: Rgb8
    """``(y, x, 3)`` uint8, level 0; not copied."""

    pixel_size: PixelSize
    pixel_size_source: PixelSizeSource = "given"
    objective: float | None = None
    reader: str = field(default="array", init=False)
    levels: tuple[Level, ...] = field(init=False)
    _pyramid: tuple[Rgb8, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.rgb.ndim != 3 or self.rgb.shape[2] != 3 or self.rgb.dtype != np.uint8 or not self.rgb.size:
            raise ValueError(f"rgb must be (y, x, 3) uint8, got {self.rgb.shape} {self.rgb.dtype}")
        height_px, width_px = self.rgb.shape[:2]
        levels = pyramid_levels(height_px, width_px)
        pyramid = [self.rgb]
        for _ in levels[1:]:
            pyramid.append(averaged(pyramid[-1], LEVEL_STEP))
        object.__setattr__(self, "levels", levels)
        object.__setattr__(self, "_pyramid", tuple(pyramid))

    def read(self, region: Region, level: int = 0) -> Rgb8:
        """Read pixels, as ``Slide.read`` says."""
        target = self.levels[level]
        y, x = round(region.y_px / target.downsample), round(region.x_px / target.downsample)
        return white_padded(self._pyramid[level], y, x, *output_shape(region, target))

    def relax(self) -> None:
        """Do nothing: the pixels are the slide."""
