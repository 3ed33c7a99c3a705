"""How much fine and coarse detail a picture holds, along each axis; and which way its nuclei run."""

import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.arrays import OD_STEP, Plane16, Rgb8
from her2path.compiled import compiled
from her2path.quality.cuts import Cuts

FINE_UM = 1.0
"""Half the wavelength of the fine band. Chromatin, membranes and fibres change over 2 µm; a point spread with
a standard deviation of 1 µm leaves less than 1 % of it, the optics of a scanner in focus most."""

COARSE_TIMES = 4
"""The coarse band is so much longer: nuclei and cells, which blur leaves standing."""

FINE_GAIN, COARSE_GAIN = 3, 25
"""Grey pixels added up for one value of each band."""

NUCLEAR_UM = 3.5
"""Haematoxylin is averaged over so much before gradients are taken: the grain of chromatin, fibres and the
dust of dead nuclei go, nuclei of 5 µm and more stay."""

TENSOR_STEP = 2 * OD_STEP
"""Of the plane that gradients are taken of, at most ``TENSOR_MAX`` steps: sums of two fit 16 bits."""

TENSOR_MAX = 2047
TENSOR_GAIN = 8
"""Sobel's kernel adds up the change over two pixels four times."""


def detail_squares(small: Rgb8, mpp_yx_um: tuple[float, float], cuts: Cuts) -> dict[str, NDArray[np.int64]]:
    """Add up, block by block, the squares of second differences of the grey picture at two distances.

    Blur takes the fine band and leaves the coarse one, motion does so along its own axis; a pale or smooth
    tissue has little of both.

    Parameters
    ----------
    small
        ``(y, x, 3)`` uint8.
    mpp_yx_um
        Its pixel size.
    cuts
        Blocks of it, at least 8 µm inside.

    Returns
    -------
    dict
        ``fine_y``, ``fine_x``, ``coarse_y``, ``coarse_x``: ``(rows, columns)`` int64, the squares of
        ``FINE_GAIN`` and ``COARSE_GAIN`` times grey levels.
    """
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
    fine_y, fine_x = (max(1, round(FINE_UM / um)) for um in mpp_yx_um)
    steps = fine_y, fine_x, COARSE_TIMES * fine_y, COARSE_TIMES * fine_x
    sums = _detail_squares(grey, steps, cuts)
    return dict(zip(("fine_y", "fine_x", "coarse_y", "coarse_x"), sums, strict=True))


def nuclear_squares(
    haematoxylin: Plane16, mpp_yx_um: tuple[float, float], cuts: Cuts
) -> dict[str, NDArray[np.int64]]:
    """Add up, block by block, the squares of the change of haematoxylin, seen as coarsely as nuclei are.

    They are a structure tensor: they tell how nuclei stand out, and which way they run.

    Parameters
    ----------
    haematoxylin
        ``(y, x)`` uint16, a stain plane.
    mpp_yx_um
        Its pixel size.
    cuts
        Blocks of it, at least 8 µm inside.

    Returns
    -------
    dict
        ``nuclear_y``, ``nuclear_x`` along each axis, and ``nuclear_yx`` of the sum of both changes:
        ``(rows, columns)`` int64, the squares of ``TENSOR_GAIN`` times steps of ``TENSOR_STEP`` per pixel.
    """
    tall, wide = (2 * max(1, round(NUCLEAR_UM / 2 / um)) + 1 for um in mpp_yx_um)
    smooth = np.asarray(cv2.blur(haematoxylin, (wide, tall)), np.uint16)
    sums = _nuclear_squares(smooth, np.uint16(TENSOR_MAX), cuts)
    return dict(zip(("nuclear_y", "nuclear_x", "nuclear_yx"), sums, strict=True))


@compiled
def _detail_squares(
    grey: NDArray[np.uint8],
    steps: tuple[int, int, int, int],
    cuts: Cuts,
) -> NDArray[np.int64]:
    """Give ``(4, rows, columns)``."""
    top, left, row_cuts, column_cuts, seen = cuts
    fine_y, fine_x, coarse_y, coarse_x = steps
    width = seen.shape[1]
    # Values are at most four times 25 pixels of 255, which 16 bits hold.
    line, bent = np.empty(grey.shape[1], np.int16), np.empty(width + 4, np.int16)
    bends = np.empty((4, width), np.int16)
    sums = np.zeros((4, len(row_cuts) - 1, len(column_cuts) - 1), np.int64)
    # Second differences of five rows, and five rows: each row one comes and one goes.
    five_bent, five = np.zeros(grey.shape[1], np.int16), np.zeros(grey.shape[1], np.int16)
    for y in range(top - 3, top + 2):
        _add_bent_row(grey, y, coarse_y, 1, five_bent)
        _add_row(grey[y], 1, five)
    for i in range(len(row_cuts) - 1):
        for row in range(row_cuts[i], row_cuts[i + 1]):
            y = top + row
            # Averaged across the direction of change, which takes the noise and leaves the change.
            line[:] = 0
            _add_bent_row(grey, y, fine_y, 1, line)
            _sum_of_three(line[left - 1 :], bends[0])
            line[:] = 0
            for k in range(y - 1, y + 2):
                _add_row(grey[k], 1, line)
            _second_difference(line[left - fine_x :], fine_x, bends[1])
            _add_bent_row(grey, y + 2, coarse_y, 1, five_bent)
            _add_bent_row(grey, y - 3, coarse_y, -1, five_bent)
            _sum_of_five(five_bent[left - 2 :], bends[2])
            _add_row(grey[y + 2], 1, five)
            _add_row(grey[y - 3], -1, five)
            _second_difference(five[left - 2 - coarse_x :], coarse_x, bent)
            _sum_of_five(bent, bends[3])
            _add_squares(bends, seen[row], column_cuts, sums[:, i])
    return sums


@compiled
def _add_row(row: NDArray[np.uint8], times: int, total: NDArray[np.int16]) -> None:
    for x in range(len(total)):
        total[x] = np.int16(total[x] + times * row[x])


@compiled
def _add_bent_row(grey: NDArray[np.uint8], y: int, step: int, times: int, total: NDArray[np.int16]) -> None:
    """Add the second difference along y."""
    before, here, after = grey[y - step], grey[y], grey[y + step]
    for x in range(len(total)):
        total[x] = np.int16(total[x] + times * (before[x] + after[x] - 2 * here[x]))


@compiled
def _nuclear_squares(
    smooth: NDArray[np.uint16],
    most: np.uint16,
    cuts: Cuts,
) -> NDArray[np.int64]:
    """Give ``(3, rows, columns)``: gradients as Sobel took them."""
    top, left, row_cuts, column_cuts, seen = cuts
    width = seen.shape[1]
    change, total = np.empty(width + 2, np.int16), np.empty(width + 2, np.int16)
    gradients = np.empty((3, width), np.int16)
    along_y, along_x, both = gradients[0], gradients[1], gradients[2]
    sums = np.zeros((3, len(row_cuts) - 1, len(column_cuts) - 1), np.int64)
    for i in range(len(row_cuts) - 1):
        for row in range(row_cuts[i], row_cuts[i + 1]):
            y = top + row
            before, here, after = smooth[y - 1, left - 1 :], smooth[y, left - 1 :], smooth[y + 1, left - 1 :]
            for x in range(width + 2):
                a = min(np.uint16(before[x] >> 1), most)
                b = min(np.uint16(here[x] >> 1), most)
                c = min(np.uint16(after[x] >> 1), most)
                change[x], total[x] = np.int16(c - a), np.int16(a + 2 * b + c)
            for x in range(width):
                along_y[x] = np.int16(change[x] + 2 * change[x + 1] + change[x + 2])
                along_x[x] = np.int16(total[x + 2] - total[x])
                both[x] = np.int16(along_y[x] + along_x[x])
            _add_squares(gradients, seen[row], column_cuts, sums[:, i])
    return sums


@compiled
def _second_difference(line: NDArray[np.int16], step: int, bent: NDArray[np.int16]) -> None:
    """Fill ``bent``, whose first value lies ``step`` into ``line``."""
    here, after = line[step:], line[2 * step :]
    for x in range(len(bent)):
        bent[x] = np.int16(line[x] + after[x] - 2 * here[x])


@compiled
def _sum_of_three(line: NDArray[np.int16], sums: NDArray[np.int16]) -> None:
    """Fill ``sums``, whose first value lies one into ``line``."""
    for x in range(len(sums)):
        sums[x] = np.int16(line[x] + line[x + 1] + line[x + 2])


@compiled
def _sum_of_five(line: NDArray[np.int16], sums: NDArray[np.int16]) -> None:
    """Fill ``sums``, whose first value lies two into ``line``."""
    for x in range(len(sums)):
        sums[x] = np.int16(line[x] + line[x + 1] + line[x + 2] + line[x + 3] + line[x + 4])


@compiled
def _add_squares(
    values: NDArray[np.int16],
    seen: NDArray[np.uint8],
    column_cuts: NDArray[np.int64],
    sums: NDArray[np.int64],
) -> None:
    """Add the squares of a row of several values to ``(values, columns)``; what is not seen is set to 0."""
    for k in range(len(values)):
        row = values[k]
        for x in range(len(row)):
            row[x] *= np.int16(seen[x])
        for j in range(len(column_cuts) - 1):
            inside = row[column_cuts[j] : column_cuts[j + 1]]
            total = np.int64(0)
            for x in range(len(inside)):
                value = np.int32(inside[x])
                total += np.int64(np.int32(value * value))
            sums[k, j] += total
