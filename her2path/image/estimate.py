"""The colours of this slide: white point and stain vectors, once a slide.

Tissue spread over the slide is looked at, never one tile: a stain estimated per tile would change the
answer from tile to tile (docs/decisions/0003-no-per-tile-statistics.md).
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Doubles, Rgb8
from her2path.compiled import compiled
from her2path.image.stains import (
    RUIFROK_DAB,
    RUIFROK_HAEMATOXYLIN,
    StainMatrix,
    Vector,
    density_tables,
)

PADDING_GREY = 254
"""Pixels at least this bright in every channel are what readers fill unscanned areas with; glass is not."""

GLASS_SHARE = 0.01
GLASS_SPREAD_GREY = 2
"""Glass is the brightest grey around which, within this spread, this share of the slide lies: fewer bright
pixels are dust, or the halo that a scanner's sharpening leaves at edges."""

MIN_STAIN_OD, MAX_STAIN_OD = (0.15, 0.30), 1.2
"""Length of the density vectors that haematoxylin and DAB are estimated from: above noise (for DAB also above
the tan of background and red cells), below saturation."""

PURITY = 0.85
"""A pixel speaks for a stain if this share of its density is that stain's."""

MIN_PIXELS = 2000
MIN_SHARE = 0.002
"""Fewer pure pixels than this, or a smaller share of the tissue, leave the published vector."""

MAX_TURN_DEG = 12.0
"""An estimate further than this from the published vector is something else than that stain. Real HER2 cores
turn haematoxylin by 8° and DAB by 7°."""

ROUNDS = 3


def estimate_white(rgb: Rgb8) -> Vector:
    """White point: the colour of clear glass.

    Parameters
    ----------
    rgb
        ``(y, x, 3)`` uint8, the whole slide at a low level.

    Returns
    -------
    Vector
        Median grey of the brightest pixels, per channel. A slide without glass gives its palest tissue.
    """
    red, green, blue = cv2.split(rgb)
    scanned = cv2.min(cv2.min(red, green), blue) < PADDING_GREY
    if np.count_nonzero(scanned) < 0.01 * scanned.size:
        scanned = np.ones(scanned.shape, bool)
    # Three times the grey: whole numbers, of which there are few.
    total = cv2.add(cv2.add(red, green, dtype=cv2.CV_16U), blue, dtype=cv2.CV_16U)
    counts = np.bincount(total[scanned], minlength=3 * 256).reshape(256, 3).sum(axis=1)
    near = np.convolve(counts, np.ones(2 * GLASS_SPREAD_GREY + 1), mode="same")
    enough = np.flatnonzero(near >= GLASS_SHARE * counts.sum())
    brightest = enough[-1] if len(enough) else np.argmax(near)
    # The first grey with enough around it lies on the bright flank: the peak is just below.
    flank = np.arange(max(0, brightest - 3 * GLASS_SPREAD_GREY), brightest + 1)
    peak = flank[np.argmax(near[flank])] + 0.5
    glass = rgb[scanned & (np.abs(np.arange(3 * 256) / 3 - peak) <= GLASS_SPREAD_GREY + 0.5)[total]]
    red, green, blue = np.median(glass, axis=0).tolist()
    return (red, green, blue)


def estimate_stains(pixels: NDArray[np.uint8], white: Vector) -> StainMatrix:
    """Stain vectors of this slide, from tissue pixels spread over it.

    Starting from the published vectors, each stain's vector becomes the mean direction of the pixels that
    are almost purely that stain, a few times over. A stain with too few pure pixels, or one that turns
    too far, keeps its published vector.

    Parameters
    ----------
    pixels
        ``(n, 3)`` uint8 at a fine level.
    white
        From ``estimate_white``.
    """
    od, length = _coloured(pixels, density_tables(white), min(MIN_STAIN_OD), MAX_STAIN_OD)
    published = (RUIFROK_HAEMATOXYLIN, RUIFROK_DAB)
    vectors: tuple[Vector | None, Vector | None] = (None, None)
    for _ in range(ROUNDS):
        stains = StainMatrix(*_known(vectors, published), white=white, source="published")
        density = od @ np.linalg.inv(stains.vectors)[:, :2]
        n_pure, total = _pure(od, length, density, MIN_STAIN_OD, PURITY)
        haematoxylin, dab = (_mean_direction(int(n_pure[s]), total[s], published[s], len(od)) for s in (0, 1))
        vectors = (haematoxylin, dab)
    estimated = any(vector is not None for vector in vectors)
    return StainMatrix(
        *_known(vectors, published), white=white, source="estimated" if estimated else "published"
    )


def _known(
    vectors: tuple[Vector | None, Vector | None], published: tuple[Vector, Vector]
) -> tuple[Vector, Vector]:
    return vectors[0] or published[0], vectors[1] or published[1]


def _mean_direction(n_pure: int, total: Doubles, published: Vector, n_tissue: int) -> Vector | None:
    if n_pure < max(MIN_PIXELS, MIN_SHARE * n_tissue):
        return None
    mean = total / n_pure
    mean /= np.linalg.norm(mean)
    reference = np.asarray(published) / np.linalg.norm(published)
    if np.degrees(np.arccos(np.clip(mean @ reference, -1.0, 1.0))) > MAX_TURN_DEG:
        return None
    red, green, blue = mean.tolist()
    return (red, green, blue)


@compiled
def _coloured(
    pixels: NDArray[np.uint8], tables: Doubles, least: float, most: float
) -> tuple[Doubles, Doubles]:
    """Density vectors ``(n, 3)`` of the pixels that have a colour, by their length, and the lengths."""
    od, length = np.empty((len(pixels), 3)), np.empty(len(pixels))
    n = 0
    for k in range(len(pixels)):
        red, green, blue = tables[0, pixels[k, 0]], tables[1, pixels[k, 1]], tables[2, pixels[k, 2]]
        # Always written, and kept by going on: most pixels of tissue have a colour.
        od[n, 0], od[n, 1], od[n, 2] = red, green, blue
        length[n] = math.sqrt(red * red + green * green + blue * blue)
        n += (length[n] >= least) & (length[n] <= most)
    return od[:n], length[:n]


@compiled
def _pure(
    od: Doubles, length: Doubles, density: Doubles, least: tuple[float, float], purity: float
) -> tuple[NDArray[np.int64], Doubles]:
    """Count the pixels that speak for each stain, ``(2,)``, and add their vectors up, ``(2, 3)``."""
    n, total = np.zeros(2, np.int64), np.zeros((2, 3))
    for k in range(len(od)):
        haematoxylin, dab = max(density[k, 0], 0.0), max(density[k, 1], 0.0)
        both = max(haematoxylin + dab, 1e-6)
        for stain, share in enumerate((haematoxylin / both, dab / both)):
            if share >= purity and length[k] >= least[stain]:
                n[stain] += 1
                for channel in range(3):
                    total[stain, channel] += od[k, channel]
    return n, total
