"""How much of each stain a block holds, and how many of its pixels hold much."""

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import OD_STEP, Plane16
from her2path.compiled import compiled
from her2path.quality.cuts import Cuts

DARK_OD = 0.30
"""Haematoxylin of a pixel as dark as pyknotic and crushed nuclei; a mean tumour nucleus of the real cores
reads 0.12 to 0.25."""

STAINED_OD = 0.20
"""DAB from which a membrane counts as weak, and a pixel here as stained."""


def stain_sums(haematoxylin: Plane16, dab: Plane16, cuts: Cuts) -> dict[str, NDArray[np.int64]]:
    """Add up both stains, and count the pixels with much of them, block by block.

    Parameters
    ----------
    haematoxylin, dab
        ``(y, x)`` uint16, stain planes.
    cuts
        Blocks of them.

    Returns
    -------
    dict
        ``(rows, columns)`` int64 each: ``haematoxylin`` and ``dab`` in steps of ``OD_STEP``, ``dark`` from
        ``DARK_OD`` on and ``stained`` from ``STAINED_OD`` on.
    """
    blue, brown = (
        _sums_and_counts(np.ascontiguousarray(plane), np.uint16(round(limit_od / OD_STEP)), cuts)
        for plane, limit_od in ((haematoxylin, DARK_OD), (dab, STAINED_OD))
    )
    return {"haematoxylin": blue[0], "dark": blue[1], "dab": brown[0], "stained": brown[1]}


@compiled
def _sums_and_counts(plane: Plane16, limit: np.uint16, cuts: Cuts) -> NDArray[np.int64]:
    """Give the sum, and the number from a limit on, ``(2, rows, columns)``."""
    top, left, row_cuts, column_cuts, seen = cuts
    sums = np.zeros((2, len(row_cuts) - 1, len(column_cuts) - 1), np.int64)
    for i in range(len(row_cuts) - 1):
        for y in range(row_cuts[i], row_cuts[i + 1]):
            for j in range(len(column_cuts) - 1):
                first, end = column_cuts[j], column_cuts[j + 1]
                values, here = plane[top + y, left + first : left + end], seen[y, first:end]
                total, n = np.uint32(0), np.uint16(0)
                for x in range(end - first):
                    total = np.uint32(total + np.uint32(values[x] * np.uint32(here[x])))
                    n = np.uint16(n + (np.uint8(values[x] >= limit) & here[x]))
                sums[0, i, j] += total
                sums[1, i, j] += n
    return sums
