"""The colours of this slide: white point and stain vectors, once a slide.

Tissue spread over the slide is looked at, never one tile: a stain estimated per tile would change the
answer from tile to tile (docs/decisions/0003-no-per-tile-statistics.md).
"""

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Doubles, Rgb8
from her2path.image.stains import (
    RUIFROK_DAB,
    RUIFROK_HAEMATOXYLIN,
    StainMatrix,
    Vector,
    optical_density,
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
    pixels = rgb.reshape(-1, 3)
    scanned = pixels[(pixels < PADDING_GREY).any(axis=1)]
    if len(scanned) < 0.01 * len(pixels):
        scanned = pixels
    grey = scanned.mean(axis=1)
    counts, edges = np.histogram(grey, bins=256, range=(0.0, 256.0))
    near = np.convolve(counts, np.ones(2 * GLASS_SPREAD_GREY + 1), mode="same")
    enough = np.flatnonzero(near >= GLASS_SHARE * len(grey))
    brightest = enough[-1] if len(enough) else np.argmax(near)
    # The first grey with enough around it lies on the bright flank: the peak is just below.
    flank = np.arange(max(0, brightest - 3 * GLASS_SPREAD_GREY), brightest + 1)
    peak = edges[flank[np.argmax(near[flank])]] + 0.5
    red, green, blue = np.median(scanned[np.abs(grey - peak) <= GLASS_SPREAD_GREY + 0.5], axis=0).tolist()
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
    od = optical_density(pixels, white)
    length = np.linalg.norm(od, axis=1)
    tissue = (length >= min(MIN_STAIN_OD)) & (length <= MAX_STAIN_OD)
    od, length = od[tissue], length[tissue]
    published = (RUIFROK_HAEMATOXYLIN, RUIFROK_DAB)
    vectors: tuple[Vector | None, Vector | None] = (None, None)
    for _ in range(ROUNDS):
        stains = StainMatrix(*_known(vectors, published), white=white, source="published")
        density = np.maximum(od @ np.linalg.inv(stains.vectors)[:, :2], 0.0)
        share = density / np.maximum(density.sum(axis=1, keepdims=True), 1e-6)
        haematoxylin, dab = (
            _mean_direction(od[(share[:, s] >= PURITY) & (length >= MIN_STAIN_OD[s])], published[s], len(od))
            for s in (0, 1)
        )
        vectors = (haematoxylin, dab)
    estimated = any(vector is not None for vector in vectors)
    return StainMatrix(
        *_known(vectors, published), white=white, source="estimated" if estimated else "published"
    )


def _known(
    vectors: tuple[Vector | None, Vector | None], published: tuple[Vector, Vector]
) -> tuple[Vector, Vector]:
    return vectors[0] or published[0], vectors[1] or published[1]


def _mean_direction(od: Doubles, published: Vector, n_tissue: int) -> Vector | None:
    if len(od) < max(MIN_PIXELS, MIN_SHARE * n_tissue):
        return None
    mean = od.mean(axis=0)
    mean /= np.linalg.norm(mean)
    reference = np.asarray(published) / np.linalg.norm(published)
    if np.degrees(np.arccos(np.clip(mean @ reference, -1.0, 1.0))) > MAX_TURN_DEG:
        return None
    red, green, blue = mean.tolist()
    return (red, green, blue)
