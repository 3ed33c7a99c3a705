"""Pixels of the colour of red cells: nearly none, or the orange of haemoglobin."""

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import OD_STEP, Rgb8
from her2path.compiled import compiled
from her2path.quality.cuts import Cuts

DENSE_OD = 0.06
"""Mean density over the channels from which a pixel's hue can be told: three standard deviations of
glass."""

RED_CELL_OD = 0.45
"""Mean density of the darkest pixel of a red cell, its rim; in the lakes of the real cores up to 0.3."""

BLUE_OFF, GREEN_OFF = 5, 7
"""Red cells that lost their haemoglobin are as good as grey: blue within a fifth and green within a seventh
of red. In the lakes of the real cores that holds for 45 to 90 % of the dense pixels of a block;
haematoxylin has 0.4 to 0.6 times as much blue as red, DAB two to three times as much."""

ORANGE_RED, ORANGE_BLUE = 2, (4, 3)
"""Haemoglobin lets red light through, which DAB does not: red at most half of green, blue at least four
thirds of it. 19 in 20 pixels of the stained core have red from 0.56 of green on, of a 3+ field from
0.47."""


def red_cell_sums(rgb: Rgb8, density_steps: NDArray[np.uint16], cuts: Cuts) -> dict[str, NDArray[np.int64]]:
    """Add up densities, and count the pixels of the colour of red cells, block by block.

    Parameters
    ----------
    rgb
        ``(y, x, 3)`` uint8.
    density_steps
        ``(3, 256)`` uint16: density of every grey value of a channel, in ``OD_STEP``, below 5000.
    cuts
        Blocks of it, each narrower than 65536 pixels.

    Returns
    -------
    dict
        ``(rows, columns)`` int64 each: ``red_od``, ``green_od`` and ``blue_od``, in steps; ``dense``, the
        number of pixels whose hue can be told, and ``red_cell``, of those that have the colour of red cells.
    """
    limits = (BLUE_OFF, GREEN_OFF, ORANGE_RED, *ORANGE_BLUE)
    totals = round(3 * DENSE_OD / OD_STEP), round(3 * RED_CELL_OD / OD_STEP)
    height, width, _ = rgb.shape
    sums = _red_cell_sums(
        np.ascontiguousarray(rgb).reshape(height, 3 * width),
        cuts,
        density_steps,
        tuple(np.uint16(limit) for limit in (*limits, *totals)),
    )
    return dict(zip(("red_od", "green_od", "blue_od", "dense", "red_cell"), sums, strict=True))


@compiled
def _red_cell_sums(
    rgb: NDArray[np.uint8],
    cuts: Cuts,
    density_steps: NDArray[np.uint16],
    limits: tuple[np.uint16, ...],
) -> NDArray[np.int64]:
    """Give ``(5, rows, columns)``; ``rgb`` is ``(y, 3 x)``."""
    top, left, row_cuts, column_cuts, seen = cuts
    blue_off, green_off, orange_red, orange_green, orange_blue, dense_from, red_cell_to = limits
    width = seen.shape[1]
    sums = np.zeros((5, len(row_cuts) - 1, len(column_cuts) - 1), np.int64)
    densities = np.empty((3, width), np.uint16)
    red_od, green_od, blue_od = densities[0], densities[1], densities[2]
    red_steps, green_steps, blue_steps = density_steps[0], density_steps[1], density_steps[2]
    for i in range(len(row_cuts) - 1):
        for y in range(row_cuts[i], row_cuts[i + 1]):
            pixels = rgb[top + y, 3 * left : 3 * (left + width)]
            # Three short loops: one that writes three rows is slower.
            for x in range(width):
                red_od[x] = red_steps[pixels[3 * x]]
            for x in range(width):
                green_od[x] = green_steps[pixels[3 * x + 1]]
            for x in range(width):
                blue_od[x] = blue_steps[pixels[3 * x + 2]]
            for j in range(len(column_cuts) - 1):
                first, end = column_cuts[j], column_cuts[j + 1]
                red, green, blue = red_od[first:end], green_od[first:end], blue_od[first:end]
                here = seen[y, first:end]
                red_sum = green_sum = blue_sum = np.int32(0)
                for x in range(end - first):
                    red_sum = np.int32(red_sum + red[x] * np.int32(here[x]))
                    green_sum = np.int32(green_sum + green[x] * np.int32(here[x]))
                    blue_sum = np.int32(blue_sum + blue[x] * np.int32(here[x]))
                n_dense = n_red_cell = np.uint16(0)
                for x in range(end - first):
                    r, g, b = red[x], green[x], blue[x]
                    # Densities stay below 5000 steps, so that seven times a difference fits 16 bits.
                    blue_away = np.uint16((max(b, r) - min(b, r)) * blue_off)
                    green_away = np.uint16((max(g, r) - min(g, r)) * green_off)
                    grey = (blue_away <= r) & (green_away <= r)
                    orange = (np.uint16(r * orange_red) <= g) & (
                        np.uint16(b * orange_blue) >= np.uint16(g * orange_green)
                    )
                    total = np.uint16(r + g + b)
                    dense = np.uint16(total >= dense_from) & np.uint16(here[x])
                    n_dense = np.uint16(n_dense + dense)
                    red_cell = np.uint16((grey | orange) & (total <= red_cell_to)) & dense
                    n_red_cell = np.uint16(n_red_cell + red_cell)
                sums[0, i, j] += red_sum
                sums[1, i, j] += green_sum
                sums[2, i, j] += blue_sum
                sums[3, i, j] += n_dense
                sums[4, i, j] += n_red_cell
    return sums
