"""How much fine and coarse detail a picture holds, along each axis; and which way its nuclei run."""

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.arrays import OD_STEP, Plane16, Rgb8

Box: TypeAlias = tuple[slice, slice]
Plane16s: TypeAlias = NDArray[np.int16]

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


def detail_bands(small: Rgb8, core: Box, mpp_yx_um: tuple[float, float]) -> dict[str, Plane16s]:
    """Take second differences of the grey picture at two distances, along each axis.

    Blur takes the fine band and leaves the coarse one, motion does so along its own axis; a pale or smooth
    tissue has little of both.

    Parameters
    ----------
    small
        ``(y, x, 3)`` uint8.
    core
        Part of it that is wanted, at least 8 µm inside.
    mpp_yx_um
        Its pixel size.

    Returns
    -------
    dict
        ``fine_y``, ``fine_x``, ``coarse_y``, ``coarse_x``: int16 of the shape of ``core``, ``FINE_GAIN`` and
        ``COARSE_GAIN`` times grey levels.
    """
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    fine_y, fine_x = (max(1, round(FINE_UM / um)) for um in mpp_yx_um)
    # Averaged across the direction of change, which takes the noise and leaves the change.
    across_y = cv2.boxFilter(grey, cv2.CV_16S, (FINE_GAIN, 1), normalize=False)
    across_x = cv2.boxFilter(grey, cv2.CV_16S, (1, FINE_GAIN), normalize=False)
    smooth = cv2.boxFilter(grey, cv2.CV_16S, (5, 5), normalize=False)
    return {
        "fine_y": _bend(across_y, core, (fine_y, 0)),
        "fine_x": _bend(across_x, core, (0, fine_x)),
        "coarse_y": _bend(smooth, core, (COARSE_TIMES * fine_y, 0)),
        "coarse_x": _bend(smooth, core, (0, COARSE_TIMES * fine_x)),
    }


def haematoxylin_gradients(
    haematoxylin: Plane16, core: Box, mpp_yx_um: tuple[float, float]
) -> dict[str, Plane16s]:
    """Give the change of haematoxylin, seen as coarsely as nuclei are, along each axis, and the sum of both.

    The squares, added up, are a structure tensor: they tell how nuclei stand out, and which way they run.

    Parameters
    ----------
    haematoxylin
        ``(y, x)`` uint16, a stain plane.
    core
        Part of it that is wanted, at least 8 µm inside.
    mpp_yx_um
        Its pixel size.

    Returns
    -------
    dict
        ``nuclear_y``, ``nuclear_x``, ``nuclear_yx``: int16 of the shape of ``core``, ``TENSOR_GAIN`` times
        steps of ``TENSOR_STEP`` per pixel.
    """
    rows, columns = core
    tall, wide = (2 * max(1, round(NUCLEAR_UM / 2 / um)) + 1 for um in mpp_yx_um)
    smooth = np.asarray(cv2.blur(haematoxylin, (wide, tall)), np.uint16)
    around = smooth[rows.start - 1 : rows.stop + 1, columns.start - 1 : columns.stop + 1]
    steps = np.minimum(around >> 1, TENSOR_MAX).astype(np.int16)
    along_y, along_x = (
        np.asarray(cv2.Sobel(steps, cv2.CV_16S, 1 - dy, dy), np.int16)[1:-1, 1:-1] for dy in (1, 0)
    )
    return {"nuclear_y": along_y, "nuclear_x": along_x, "nuclear_yx": along_y + along_x}


def _bend(plane: cv2.typing.MatLike, core: Box, step: tuple[int, int]) -> Plane16s:
    """Second difference over a step ``(y, x)``: at most four times 25 pixels of 255, which 16 bits hold."""
    before, here, after = (
        plane[
            core[0].start + k * step[0] : core[0].stop + k * step[0],
            core[1].start + k * step[1] : core[1].stop + k * step[1],
        ]
        for k in (-1, 0, 1)
    )
    return np.asarray(cv2.subtract(cv2.add(before, after), cv2.add(here, here)), np.int16)
