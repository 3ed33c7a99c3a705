"""How large nuclei look: a pixel size that is wrong makes them too small or too large.

The cells themselves do not tell. The search for nuclei looks for spots of 5 to 9 µm, and with a wrong pixel
size finds such spots too: halves of nuclei, or clusters (docs/science/slide-checks.md).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Doubles, Floats
from her2path.errors import NotEvaluableError
from her2path.flags import Flag
from her2path.image.stains import StainMatrix
from her2path.quality.patches import density_patches

FINEST_PX, OCTAVES, STEPS = 2.0, 4, 4
"""Standard deviation of the finest spots, how often it doubles, and in how many steps: 2 to 32 pixels. In
pixels, so that what is found in µm grows with the pixel size and with nothing else."""

AROUND = 3
"""The curve is flat at its top: a parabola through so many sizes on either side says where that is."""

CAP_OD = 0.6
"""Haematoxylin above this counts as this: a few black spots must not speak for all nuclei."""

LEAST_ENERGY = 0.0012**2
"""Square of the least density by which spots must stand out, in the mean over all pixels. Cores and fields
with nuclei read 0.0016 to 0.0032, phantoms up to 0.005; a field too pale to show any, and noise, 0.0007."""

MOST_PATCHES = 0.75
"""No patch speaks louder than three quarters of them do: the rim of a bubble or the edge of a pen stroke is a
larger and darker spot than any nucleus."""

MIN_PATCH_UM = 20.0
"""Smaller patches hold about one nucleus: a drawn field at 0.12 µm/px once read 21 µm."""

PER_SIGMA = 4.6
"""Diameter of a nucleus over the standard deviation of the spot that fits it best: 3 to 3.5 for drawn discs
and more where they have a texture; set so that three real cores read 6.8 to 7.6 µm, where pathologists see 6
to 9."""

USUAL_UM = (4.2, 14.0)
POSSIBLE_UM = (3.2, 18.0)
"""Nuclei of tissue measure 5 to 15 µm. At their right pixel size three real cores, three real fields, two
Ki-67 slides and 14 phantoms read 4.5 to 12.9 µm; what lies beyond the second pair is a third off all of
them."""


def nucleus_diameter_um(pixels: NDArray[np.uint8], stains: StainMatrix, mpp_um: float) -> float | None:
    """Diameter of what is round and blue, from the size of spot that haematoxylin is richest in.

    Parameters
    ----------
    pixels
        ``(n, 3)`` uint8 level-0 pixels: square patches of ``PATCH_PX``, one after the other.
    stains
        Of this slide.
    mpp_um
        Pixel size that the slide is taken to have.

    Returns
    -------
    float or None
        None where no size stands out: too few nuclei, or too blurred ones.
    """
    haematoxylin, _ = density_patches(pixels, stains)
    if not haematoxylin.shape[2]:
        return None
    energy = _spot_energy(np.minimum(haematoxylin, np.float32(CAP_OD)))
    inner = np.flatnonzero((energy[1:-1] >= energy[:-2]) & (energy[1:-1] > energy[2:])) + 1
    if not len(inner):
        return None
    peak = int(inner[np.argmax(energy[inner])])
    if energy[peak] < LEAST_ENERGY:
        return None
    near = np.arange(max(0, peak - AROUND), min(len(energy), peak + AROUND + 1))
    curvature, slope, _ = np.polyfit(near - peak, np.log(energy[near]), 2)
    # A parabola that opens upwards has no top: then the highest of the sizes looked at is it.
    off = float(np.clip(-0.5 * slope / curvature, -AROUND, AROUND)) if curvature < 0 else 0.0
    return float(PER_SIGMA * FINEST_PX * 2.0 ** ((peak + off) / STEPS) * mpp_um)


def _spot_energy(planes: Floats) -> Doubles:
    """Mean square of how much darker places are than what is around, at every size, finest first."""
    energy = []
    narrow = _blurred(planes, FINEST_PX)
    for _ in range(OCTAVES):
        for step in range(STEPS):
            # What is blurred already needs only the rest: variances add.
            sigma_px = FINEST_PX * 2.0 ** (step / STEPS)
            wide = _blurred(narrow, sigma_px * np.sqrt(4.0 ** (1 / STEPS) - 1))
            spots = np.square(np.maximum(narrow - wide, 0.0))
            of_patch = np.mean(spots, axis=(0, 1), dtype=np.float64)
            energy.append(float(np.minimum(of_patch, np.quantile(of_patch, MOST_PATCHES)).mean()))
            narrow = wide
        narrow = np.ascontiguousarray(narrow[::2, ::2])
    return np.asarray(energy)


def _blurred(planes: Floats, sigma_px: float) -> Floats:
    blurred = cv2.GaussianBlur(planes, (0, 0), sigma_px, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(blurred, np.float32).reshape(planes.shape)


def check_nucleus_size(diameter_um: float | None, *, patch_um: float) -> tuple[Flag, ...]:
    """Compare nuclei with what nuclei can be: ``NUCLEUS_SIZE``.

    Parameters
    ----------
    diameter_um
        From ``nucleus_diameter_um``; None tells nothing.
    patch_um
        Edge of the patches that it was read in: where they hold about one nucleus, nothing is refused.

    Raises
    ------
    NotEvaluableError
        ``WRONG_PIXEL_SIZE``, where no nucleus can be so small or so large.
    """
    if diameter_um is None or USUAL_UM[0] <= diameter_um <= USUAL_UM[1]:
        return ()
    seen = f"nuclei look {diameter_um:.1f} µm across, where {USUAL_UM[0]:g} to {USUAL_UM[1]:g} µm are usual"
    if patch_um >= MIN_PATCH_UM and not POSSIBLE_UM[0] <= diameter_um <= POSSIBLE_UM[1]:
        raise NotEvaluableError(
            "WRONG_PIXEL_SIZE",
            f"{seen}: the pixel size cannot be right; find out at what µm per pixel the slide was "
            "scanned, and give "
            "it with --mpp",
        )
    return (Flag("NUCLEUS_SIZE", "warning", f"{seen}: check the pixel size, and the tissue"),)
