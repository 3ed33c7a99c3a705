"""Light and stain of a slide: whether its colours carry what is read from them.

Each check compares the slide with what scanners and stainers give. None of them changes a score: the white
point and the stain vectors are measured on every slide, and what they cannot make up for is flagged
(docs/science/slide-checks.md).
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Doubles
from her2path.flags import Flag
from her2path.image.stains import (
    RUIFROK_DAB,
    RUIFROK_HAEMATOXYLIN,
    StainMatrix,
    Vector,
    optical_density,
)

STRIDE = 8
"""One pixel of so many is looked at."""

TISSUE_OD, STAINED_OD = 0.06, 0.15
"""Length of the density vector from which a pixel is tissue, and from which it has a colour of its own."""

MIN_PIXELS = 500
"""Fewer pixels do not tell a percentile or a share."""

CAST_RATIO = 1.12
"""Brightest over darkest channel of the white point. Three cores, four fields and five drawn scanners: 1.00
to 1.06."""

BLUE_OVER_BROWN = 2.0
"""A pixel speaks for the counterstain if it holds this much more haematoxylin than DAB: no membrane, no
blush."""

WEAK_OD, STRONG_OD = 0.11, 0.50
"""90th percentile of haematoxylin where there is hardly any DAB. Real cores 0.15 to 0.18, phantoms 0.22 to
0.41. With half the haematoxylin two cores read 0.10 and 0.11 and lose three of four tumour cells; with 2.5
and 3.5 times as much one reads 0.41 and 0.57 and loses half and all but 12: what is so dark is taken for
lymphocytes."""

ODD_VECTOR_DEG = 15.0
"""Turn from the published vector. An estimate further than 12° from it is not taken at all, so that this is
a matrix that somebody gave; two published sets for the same stains differ by up to 8°."""

ODD_PLANE_DEG, MIXED = 18.0, 0.5
"""A density this far out of the plane of both stains is neither; this share of the stained tissue is."""

SATURATED_SHARE, WHITEST, BLACKEST = 0.05, 255, 0
"""Share of the tissue at either end of the sensor."""

CONTRAST_OD = 0.035
"""99th percentile of mean density over the tissue."""


def check_balance(pixels: NDArray[np.uint8], stains: StainMatrix) -> tuple[Flag, ...]:
    """Flag light and stain that are far from what scanners and stainers give.

    ``COLOUR_CAST`` · ``WEAK_COUNTERSTAIN`` · ``STRONG_COUNTERSTAIN`` · ``STAIN_VECTORS_ODD`` · ``SATURATED``
    · ``LOW_CONTRAST``.

    Parameters
    ----------
    pixels
        ``(n, 3)`` uint8 at a fine level, spread over the tissue.
    stains
        Vectors and white point of this slide.
    """
    sample = pixels[::STRIDE]
    od = optical_density(sample, stains.white)
    length = np.linalg.norm(od, axis=1)
    is_tissue = length >= TISSUE_OD
    return (
        *_cast(stains.white),
        *_counterstain(od[is_tissue], stains),
        *_vectors(stains),
        *_plane(od[length >= STAINED_OD], stains),
        *_saturation(sample[is_tissue]),
        *_contrast(od),
    )


def _cast(white: Vector) -> Iterator[Flag]:
    ratio = max(white) / min(white)
    if ratio > CAST_RATIO:
        red, green, blue = white
        yield Flag(
            "COLOUR_CAST",
            "warning",
            f"the white of this slide is coloured (red {red:.0f}, green {green:.0f}, blue {blue:.0f}): "
            "the light was, or "
            "there is no glass and pale tissue was taken for white; densities are measured from it",
        )


def _counterstain(od: Doubles, stains: StainMatrix) -> Iterator[Flag]:
    density = od @ np.linalg.inv(stains.vectors)[:, :2]
    blue = density[density[:, 0] > BLUE_OVER_BROWN * np.maximum(density[:, 1], 0.0), 0]
    if len(blue) < MIN_PIXELS:
        return
    p90 = float(np.percentile(blue, 90))
    if p90 < WEAK_OD:
        yield Flag(
            "WEAK_COUNTERSTAIN",
            "warning",
            f"haematoxylin is weak (90th percentile {p90:.2f} OD, usual from {WEAK_OD:g}): pale nuclei "
            "are not found, "
            "and the cells that are may not be all of the tumour",
        )
    elif p90 > STRONG_OD:
        yield Flag(
            "STRONG_COUNTERSTAIN",
            "warning",
            f"haematoxylin is strong (90th percentile {p90:.2f} OD, usual up to {STRONG_OD:g}): it hides "
            "faint "
            "membranes, and 1+ may read as 0",
        )


def _vectors(stains: StainMatrix) -> Iterator[Flag]:
    published = {"haematoxylin": RUIFROK_HAEMATOXYLIN, "DAB": RUIFROK_DAB}
    for name, vector in zip(published, (stains.haematoxylin, stains.dab), strict=True):
        turn_deg = _angle_deg(vector, published[name])
        if turn_deg > ODD_VECTOR_DEG:
            yield Flag(
                "STAIN_VECTORS_ODD",
                "warning",
                f"the vector of {name} is turned by {turn_deg:.0f}° from the published one, where slides "
                "differ by up "
                "to 10°: check the recipe's stains",
            )


def _plane(od: Doubles, stains: StainMatrix) -> Iterator[Flag]:
    if len(od) < MIN_PIXELS:
        return
    residual = stains.vectors[2]
    off_deg = np.degrees(np.arcsin(np.clip(np.abs(od @ residual) / np.linalg.norm(od, axis=1), 0.0, 1.0)))
    share = float(np.mean(off_deg > ODD_PLANE_DEG))
    if share > MIXED:
        yield Flag(
            "STAIN_VECTORS_ODD",
            "warning",
            f"{share:.0%} of the stained tissue has a colour that haematoxylin and DAB cannot mix: look "
            "at the stain "
            "colours on the report, and give this slide's vectors in a recipe",
        )


def _saturation(tissue: NDArray[np.uint8]) -> Iterator[Flag]:
    if len(tissue) < MIN_PIXELS:
        return
    share = float(np.mean(((tissue >= WHITEST) | (tissue <= BLACKEST)).any(axis=1)))
    if share > SATURATED_SHARE:
        yield Flag(
            "SATURATED",
            "warning",
            f"{share:.0%} of the tissue is as dark or as bright as the sensor tells: densities there are "
            "unknown; scan "
            "again with another exposure",
        )


def _contrast(od: Doubles) -> Iterator[Flag]:
    if len(od) < MIN_PIXELS:
        return
    p99 = float(np.percentile(od.mean(axis=1), 99))
    if p99 < CONTRAST_OD:
        yield Flag(
            "LOW_CONTRAST",
            "warning",
            f"the darkest hundredth of the tissue has a mean density of {p99:.3f} OD (usual from "
            f"{CONTRAST_OD:g}): "
            "stain or scan is too pale to find cells",
        )


def _angle_deg(a: Vector, b: Vector) -> float:
    cosine = float(np.dot(a, b)) / float(np.linalg.norm(a) * np.linalg.norm(b))
    return math.degrees(math.acos(min(1.0, max(-1.0, cosine))))
