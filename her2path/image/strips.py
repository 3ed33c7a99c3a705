"""A large picture a strip of rows at a time: what is made of a strip on the way is gone with it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from her2path.arrays import Rgb8
from her2path.image.stains import Vector, density_image

ROWS = 256
"""Of a strip: many times the reach of the filters that lean on the rows around."""

GAUSSIAN_REACH = 4.5
"""Standard deviations: beyond four and half a pixel OpenCV cuts a Gaussian of floats off."""


@dataclass(frozen=True, eq=False)
class Densities:
    """Densities ``(y, x, 3)`` of a picture, float32: made when an array is asked for.

    The whole would take four times the memory of the picture.
    """

    rgb: Rgb8
    white: Vector

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows, columns and channels."""
        return self.rgb.shape

    def __getitem__(self, part: slice | tuple[slice, ...]) -> "Densities":
        return Densities(self.rgb[part], self.white)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return density_image(self.rgb, self.white).astype(dtype or np.float32, copy=False)


Picture: TypeAlias = NDArray[Any] | Densities


def in_strips(
    planes_of: Callable[..., tuple[NDArray[Any], ...]], *pictures: Picture, reach_px: float = 0
) -> tuple[NDArray[Any], ...]:
    """Give ``planes_of(*pictures)``, made strip by strip.

    Parameters
    ----------
    planes_of
        Makes planes ``(y, x)`` of pictures, each pixel from those within ``reach_px`` of it.
    pictures
        ``(y, x)`` or ``(y, x, channel)`` of one height.
    reach_px
        Rows beyond a strip that it is made with.
    """
    height, reach = pictures[0].shape[0], math.ceil(reach_px)
    planes: list[NDArray[Any]] = []
    for top in range(0, height, ROWS):
        first, bottom = max(top - reach, 0), min(top + ROWS, height)
        strips = planes_of(*(np.asarray(picture[first : bottom + reach]) for picture in pictures))
        if not planes:
            planes = [np.empty((height, *strip.shape[1:]), strip.dtype) for strip in strips]
        for plane, strip in zip(planes, strips, strict=True):
            plane[top:bottom] = strip[top - first : bottom - first]
    return tuple(planes)
