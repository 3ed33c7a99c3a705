"""Whole-tile arithmetic a strip at a time: what one strip needs stays in the processor's cache."""

from collections.abc import Callable

import numpy as np

from her2path.arrays import Plane16, Rgb8

STRIP_BYTES = 1 << 21
"""Of colour in a strip: with what is made of it, a few MB, the cache that a core has to itself."""


def in_strips(
    rgb: Rgb8, planes_of: Callable[[Rgb8], tuple[Plane16, ...]], *, margin_px: int = 0
) -> tuple[Plane16, ...]:
    """Give ``planes_of(rgb)``, and give it sooner.

    Parameters
    ----------
    rgb
        ``(y, x, 3)`` uint8.
    planes_of
        Makes planes ``(y, x)`` uint16 of it, each pixel from those within ``margin_px`` of it.
    margin_px
        Read beyond each strip.
    """
    height, width = rgb.shape[:2]
    n_rows = max(1, STRIP_BYTES // (3 * max(width, 1)))
    if height <= n_rows:
        return planes_of(rgb)
    planes: list[Plane16] = []
    for top in range(0, height, n_rows):
        bottom = min(top + n_rows, height)
        first = max(top - margin_px, 0)
        strips = planes_of(rgb[first : bottom + margin_px])
        if not planes:
            planes = [np.empty((height, width), np.uint16) for _ in strips]
        for plane, strip in zip(planes, strips, strict=True):
            plane[top:bottom] = strip[top - first : bottom - first]
    return tuple(planes)
