"""Where the brown lies: in nuclei, as in Ki-67 or oestrogen receptor, or around them, as in HER2.

The cells cannot tell. A brown nucleus is none to a search for blue ones, and its outline passes for the
strong membrane of its neighbours; so it is asked of the pixels (docs/science/slide-checks.md).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Bools, Floats
from her2path.errors import NotEvaluableError
from her2path.flags import Flag
from her2path.image.stains import StainMatrix
from her2path.quality.patches import density_patches

GRID_UM = 0.5
"""Pixel size that brown is looked at with: a membrane is one to four pixels wide."""

FINE_UM, WIDE_UM = 1.2, 5.0
"""Standard deviations between which a nucleus stands out: it fills the first and not the second."""

NEAR_BROWN_OD = 0.08
"""Mean DAB within ``WIDE_UM`` from which a place has something to tell."""

LINE_UM, BLOB_UM = 4.0, 14.0
"""A square of the first size fits into a nucleus and not into a membrane, which is up to 2.1 µm wide; one of
the second fits into neither, only into stained areas."""

BLOB_OD, LINE_OD = 0.10, 0.08
"""Least density of a blob and of a line above what is around: the default cut-off of staining, and a little
more where it is a whole nucleus."""

DENSE_BLOB_OD, PATCH_SHARE_OF_BLOBS = 0.15, 0.01
MIN_PATCH_UM = 25.0
"""Smaller patches do not hold a nucleus and what is around it."""

AGREES = 0.27
"""Correlation of brown with blue at the size of nuclei, from which brown lies in them. HER2 cores, fields and
phantoms with membrane stain: -0.59 to 0.17; Ki-67: 0.34 to 0.44 on two scanners and by the patches taken,
0.68 to 0.88 drawn."""

BLOBS = 0.4
"""Share of brown in blobs: 2+ and 3+ 0.10 to 0.42 (a field with brown cytoplasm 0.60), pigment 0, Ki-67 0.62
and 0.73, 0.48 to 0.66 drawn."""

REFUSED_BROWN, REFUSED_PATCHES = 0.02, 0.25
"""Least share of brown neighbourhoods and of patches with brown blobs of a slide that is refused: a few brown
nuclei, or a bleeding on one side of it, do not make it another stain."""

FLAGGED_BROWN = 0.003


@dataclass(frozen=True, slots=True)
class BrownPlaces:
    """Where DAB lies on a slide."""

    brown_share: float
    """Of the tissue, with DAB in or around it."""

    blob_share: float
    """Of the DAB, in blobs as large as nuclei rather than in lines."""

    blob_patches: float
    """Share of patches with such blobs."""

    agreement: float
    """Correlation of DAB with haematoxylin at the size of nuclei, where there is DAB: 1 in nuclei, -1
    between them."""

    @property
    def in_nuclei(self) -> bool:
        """Whether most of what is brown is nuclei."""
        return self.agreement > AGREES and self.blob_share > BLOBS

    @property
    def is_other_stain(self) -> bool:
        """Whether that is so all over the slide."""
        return self.in_nuclei and self.brown_share >= REFUSED_BROWN and self.blob_patches >= REFUSED_PATCHES


def brown_places(pixels: NDArray[np.uint8], stains: StainMatrix, mpp_um: float) -> BrownPlaces | None:
    """Tell where DAB lies.

    Parameters
    ----------
    pixels
        ``(n, 3)`` uint8 level-0 pixels: square patches of ``PATCH_PX``, one after the other.
    stains
        Of this slide.
    mpp_um
        Pixel size.

    Returns
    -------
    BrownPlaces or None
        None where there is no DAB, or no patch large enough to tell.
    """
    reduction = max(1, round(GRID_UM / mpp_um))
    haematoxylin, dab = (_reduced(plane, reduction) for plane in density_patches(pixels, stains))
    grid_um = mpp_um * reduction
    if not dab.shape[2] or dab.shape[0] * grid_um < MIN_PATCH_UM:
        return None
    near = _blurred(dab, WIDE_UM / grid_um) > NEAR_BROWN_OD
    if not near.any():
        return None
    blob, line = _blobs_and_lines(dab, grid_um)
    brown_in_blobs = float(blob[blob >= BLOB_OD].sum())
    brown_in_lines = float(line[line >= LINE_OD].sum())
    dense = np.mean(blob >= DENSE_BLOB_OD, axis=(0, 1))
    return BrownPlaces(
        brown_share=float(near.mean()),
        blob_share=brown_in_blobs / max(brown_in_blobs + brown_in_lines, 1e-9),
        blob_patches=float(np.mean(dense > PATCH_SHARE_OF_BLOBS)),
        agreement=_correlation(_standing_out(haematoxylin, grid_um), _standing_out(dab, grid_um), near),
    )


def check_nuclear_stain(places: BrownPlaces | None) -> tuple[Flag, ...]:
    """Flag brown nuclei: ``NUCLEAR_STAIN``.

    Raises
    ------
    NotEvaluableError
        ``NOT_MEMBRANE_STAIN``, where nuclei are what is brown all over the slide.
    """
    if places is None or not places.in_nuclei or places.brown_share < FLAGGED_BROWN:
        return ()
    seen = (
        f"{places.blob_share:.0%} of the brown lies in blobs as large as nuclei and goes with their "
        "haematoxylin "
        f"(correlation {places.agreement:.2f})"
    )
    if places.is_other_stain:
        raise NotEvaluableError(
            "NOT_MEMBRANE_STAIN",
            f"{seen}: a nuclear stain such as Ki-67 or a hormone receptor; give the HER2 slide of this case",
        )
    return (Flag("NUCLEAR_STAIN", "warning", f"{seen}; HER2 stains membranes: look at the stained cells"),)


def _reduced(plane: Floats, reduction: int) -> Floats:
    """Mean of squares of pixels; ``(y, x, patch)``."""
    edge = plane.shape[0] // reduction
    whole = plane[: edge * reduction, : edge * reduction]
    squares = whole.reshape(edge, reduction, edge, reduction, plane.shape[2])
    return np.asarray(squares.mean(axis=(1, 3)), np.float32)


def _blobs_and_lines(dab: Floats, grid_um: float) -> tuple[Floats, Floats]:
    """Split DAB above its surroundings into what holds a square of ``LINE_UM`` and what does not."""
    without_lines, areas = (_opened(dab, size_um / grid_um) for size_um in (LINE_UM, BLOB_UM))
    return without_lines - areas, dab - without_lines


def _opened(planes: Floats, edge_px: float) -> Floats:
    """Grey opening with a square: what is narrower than its edge is gone."""
    edge = max(3, round(edge_px))
    return np.asarray(cv2.morphologyEx(planes, cv2.MORPH_OPEN, np.ones((edge, edge), np.uint8)), np.float32)


def _standing_out(planes: Floats, grid_um: float) -> Floats:
    return _blurred(planes, FINE_UM / grid_um) - _blurred(planes, WIDE_UM / grid_um)


def _blurred(planes: Floats, sigma_px: float) -> Floats:
    blurred = cv2.GaussianBlur(planes, (0, 0), sigma_px, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(blurred, np.float32).reshape(planes.shape)


def _correlation(a: Floats, b: Floats, where: Bools) -> float:
    """Pearson correlation over the places; 0 where one of them does not vary."""
    one, other = (plane[where].astype(np.float64) for plane in (a, b))
    one, other = one - one.mean(), other - other.mean()
    spread = float(np.sqrt(np.sum(one * one) * np.sum(other * other)))
    return float(np.sum(one * other)) / spread if spread > 0 else 0.0
