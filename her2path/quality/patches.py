"""Square patches of level-0 pixels, spread over the tissue: what a slide is judged by before any tile."""

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import OD_STEP, Floats
from her2path.image.stains import StainMatrix, Vector, density_tables, stain_planes
from her2path.quality.cuts import Cuts
from her2path.quality.red_cells import red_cell_sums

PATCH_PX = 128
"""Edge of a patch: about four nuclei across at 0.25 µm/px."""


AT_LEAST = 8
"""Fewer patches than this say too little of a slide to leave any out [P]."""

BLOOD = 0.60
"""Share of the dense pixels of a patch that have the colour of red cells, as ``haemorrhage.RED_CELLS``."""

AT_MOST = 32
"""So many patches are looked at, evenly spread: they are channels of one picture, and OpenCV takes 128."""


def density_patches(pixels: NDArray[np.uint8], stains: StainMatrix) -> tuple[Floats, Floats]:
    """Haematoxylin and DAB of the patches, each patch a channel of one picture.

    Parameters
    ----------
    pixels
        ``(n, 3)`` uint8: patches of ``PATCH_PX`` × ``PATCH_PX``, one after the other; what is left over is
        dropped.
    stains
        Of this slide.

    Returns
    -------
    tuple of Floats
        ``(PATCH_PX, PATCH_PX, patches)`` OD each, of at most ``AT_MOST`` patches.
    """
    n = len(pixels) // PATCH_PX**2
    if not n:
        nothing = np.zeros((PATCH_PX, PATCH_PX, 0), np.float32)
        return nothing, nothing
    rows = spread(pixels[: n * PATCH_PX**2].reshape(n, PATCH_PX**2, 3))
    haematoxylin, dab = (
        np.ascontiguousarray(plane.T, np.float32).reshape(PATCH_PX, PATCH_PX, len(rows)) * np.float32(OD_STEP)
        for plane in stain_planes(rows, stains)
    )
    return haematoxylin, dab


def without_blood(pixels: NDArray[np.uint8], white: Vector) -> NDArray[np.uint8]:
    """Drop the patches that are mostly red cells: as round as nuclei, as brown as DAB, and neither.

    Parameters
    ----------
    pixels
        As for ``density_patches``.
    white
        Of this slide.

    Returns
    -------
    NDArray[np.uint8]
        The other patches; all of them where fewer than ``AT_LEAST`` would be left.
    """
    n = len(pixels) // PATCH_PX**2
    patches = pixels[: n * PATCH_PX**2].reshape(n, PATCH_PX**2, 3)
    steps = np.rint(density_tables(white) / OD_STEP).astype(np.uint16)
    seen = np.ones(patches.shape[:2], np.uint8)
    each = Cuts(0, 0, rows=np.arange(n + 1), columns=np.array([0, PATCH_PX**2]), seen=seen)
    found = red_cell_sums(patches, steps, each)
    dense, red_cell = (found[name].ravel() for name in ("dense", "red_cell"))
    bloody = red_cell >= BLOOD * np.maximum(dense, 1)
    if np.count_nonzero(~bloody) < AT_LEAST:
        return pixels
    return np.ascontiguousarray(patches[~bloody]).reshape(-1, 3)


def spread(patches: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give ``AT_MOST`` of the patches, which are along the first axis, evenly spread."""
    return patches[:: -(-len(patches) // AT_MOST)]
