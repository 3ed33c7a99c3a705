"""What a segmenter says about one tile: where cells are, their contours, what they are."""

from dataclasses import dataclass

from her2path.arrays import Floats, Ints, Plane16, Rgb8
from her2path.cells.columns import Columns


@dataclass(frozen=True, eq=False)
class CoarseTile:
    """All pixels of a tile on the nucleus grid."""

    rgb: Rgb8
    haematoxylin: Plane16
    dab: Plane16
    """Stain planes of ``rgb``."""


@dataclass(frozen=True, eq=False)
class CellMaps:
    """The cells of one tile and the pixels that testify about them; ``n`` cells, ``k`` rays.

    Radii are measured from the anchor along rays anticlockwise from +x, evenly spaced.
    """

    y_px: Ints
    """``(n,)`` level-0 row of the anchor, the nucleus centre."""

    x_px: Ints
    """``(n,)`` level-0 column."""

    nucleus_radii_um: Floats
    """``(n, k)`` contour of the nucleus."""

    cell_radii_um: Floats
    """``(n, k)`` contour of the cell: where its membrane is, or should be."""

    membrane_seen: Floats
    """``(n, k)`` probability that a network gives a stained membrane there; NaN where none was asked."""

    network_od: Floats
    """``(n,)`` mean membrane density as a network estimates it; NaN where none was asked."""

    network_completeness: Floats
    """``(n,)`` stained share of the contour as a network estimates it; NaN where none was asked."""

    evidence: Columns
    """``n`` rows: what speaks for each kind. The segmenter that gave it settles it, slide-wide."""

    coarse: CoarseTile
    """What the segmenter saw of the whole tile."""

    dab: Plane16
    """``(y, x)`` DAB density of the tile on the membrane grid, lightly smoothed."""

    y0_px: int
    """Level-0 row of the first pixel of ``dab``."""

    x0_px: int
    """Level-0 column of the first pixel of ``dab``."""

    scale: int
    """Level-0 pixels per pixel of ``dab``."""
