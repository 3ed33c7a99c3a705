"""Colours that a pixel is told by: decided once a slide, looked up for every pixel."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Mask, Rgb8
from her2path.compiled import compiled
from her2path.image.stains import StainMatrix, optical_density
from her2path.quality.cuts import Cuts

GLASS, TISSUE, DARK_DAB, DARK_PIGMENT = range(4)
"""Classes of colour: no tissue; pale or blue tissue; what is as dark and brown as strong staining; and what
is as dark and has no colour that DAB has, alone or over a nucleus."""

TISSUE_OD = 0.02
"""Mean density over the channels from which a pixel is no glass: palest stroma of the real cores has 0.03."""

DARK_OD = 0.33
"""Mean density over the channels of strong staining: DAB of 0.6, where it begins."""

BROWN = 0.30
"""DAB as a part of haematoxylin from which a pixel is not just a dark nucleus. Carbon, which takes all light
alike, reads 0.5."""

FLAT = 0.70
"""Haematoxylin as a part of DAB from which a pixel is too grey for DAB. Under the published
vectors carbon reads 1.9, and the DAB of the real cores and the scanner presets up to 0.34."""

GOLDEN = -0.15
"""Haematoxylin as a part of DAB from which a pixel is too golden for DAB, as haemosiderin is (-0.27); the
most golden DAB of the scanner presets reads -0.09. DAB that clips, or lies on a nucleus, only gets greyer."""


def colour_classes(stains: StainMatrix) -> NDArray[np.uint8]:
    """Give the class of every colour.

    Parameters
    ----------
    stains
        Of the slide.

    Returns
    -------
    NDArray[np.uint8]
        ``(65536,)``, by the code of ``colour_codes``.
    """
    od = optical_density(_colours(), stains.white)
    haematoxylin, dab, _ = (od @ np.linalg.inv(stains.vectors)).T
    mean = od.mean(axis=1)
    dark = (mean >= DARK_OD) & (dab >= BROWN * haematoxylin)
    foreign = (haematoxylin >= FLAT * dab) | (haematoxylin <= GOLDEN * dab)
    classes = np.where(mean < TISSUE_OD, GLASS, TISSUE).astype(np.uint8)
    classes[dark] = np.where(foreign, DARK_PIGMENT, DARK_DAB)[dark]
    return classes


def colour_codes(rgb: Rgb8) -> NDArray[np.uint16]:
    """Give each colour a number below 65536: 5 bits of red, 6 of green, 5 of blue.

    Parameters
    ----------
    rgb
        ``(y, x, 3)`` uint8.

    Returns
    -------
    NDArray[np.uint16]
        ``(y, x)``.
    """
    packed: NDArray[Any] = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR565))
    return packed.view("<u2")[..., 0]


def classes_of(rgb: Rgb8, classes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give the class of every pixel.

    Parameters
    ----------
    rgb
        ``(y, x, 3)`` uint8.
    classes
        From ``colour_classes``.

    Returns
    -------
    NDArray[np.uint8]
        ``(y, x)``.
    """
    return _looked_up(classes, colour_codes(rgb))


def class_counts(
    colour: NDArray[np.uint8], grain: Mask, clump: Mask, cuts: Cuts
) -> dict[str, NDArray[np.int64]]:
    """Count pixels by their class and by what they are part of, block by block.

    Parameters
    ----------
    colour
        ``(y, x)`` uint8, from ``classes_of``.
    grain, clump
        ``(y, x)`` bool, from ``grains``.
    cuts
        Blocks of them.

    Returns
    -------
    dict
        ``(rows, columns)`` int64 each: ``pixels`` looked at, ``tissue``, ``grain``, and ``pigment``, short or
        clumped dark bits that have no colour of DAB.
    """
    planes = colour, grain.view(np.uint8), clump.view(np.uint8)
    classes = np.uint8(GLASS), np.uint8(DARK_PIGMENT)
    counts = _class_counts(planes, classes, cuts)
    return dict(zip(("pixels", "tissue", "grain", "pigment"), counts, strict=True))


@compiled
def _looked_up(table: NDArray[np.uint8], codes: NDArray[np.uint16]) -> NDArray[np.uint8]:
    found = np.empty(codes.shape, np.uint8)
    for y in range(len(codes)):
        row, code = found[y], codes[y]
        for x in range(len(row)):
            row[x] = table[code[x]]
    return found


@compiled
def _class_counts(
    planes: tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]],
    classes: tuple[np.uint8, np.uint8],
    cuts: Cuts,
) -> NDArray[np.int64]:
    """Give ``(4, rows, columns)``."""
    top, left, row_cuts, column_cuts, seen = cuts
    colours, grains, clumps = planes
    glass, dark_pigment = classes
    counts = np.zeros((4, len(row_cuts) - 1, len(column_cuts) - 1), np.int64)
    for i in range(len(row_cuts) - 1):
        for y in range(row_cuts[i], row_cuts[i + 1]):
            for j in range(len(column_cuts) - 1):
                first, end = column_cuts[j], column_cuts[j + 1]
                here = seen[y, first:end]
                colour = colours[top + y, left + first : left + end]
                grain = grains[top + y, left + first : left + end]
                clump = clumps[top + y, left + first : left + end]
                n = n_tissue = n_grain = n_pigment = np.uint16(0)
                for x in range(end - first):
                    n = np.uint16(n + here[x])
                    n_tissue = np.uint16(n_tissue + (np.uint8(colour[x] != glass) & here[x]))
                    n_grain = np.uint16(n_grain + (grain[x] & here[x]))
                    pigment = np.uint8(colour[x] == dark_pigment) & (grain[x] | clump[x])
                    n_pigment = np.uint16(n_pigment + (pigment & here[x]))
                counts[0, i, j] += n
                counts[1, i, j] += n_tissue
                counts[2, i, j] += n_grain
                counts[3, i, j] += n_pigment
    return counts


def _colours() -> Rgb8:
    """Middle of the colours that share a code, ``(65536, 3)``."""
    code = np.arange(65536)
    red, green, blue = (code >> 11) * 8 + 4, (code >> 5 & 63) * 4 + 2, (code & 31) * 8 + 4
    return np.stack([red, green, blue], axis=1).astype(np.uint8)
