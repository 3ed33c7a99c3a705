"""What a segmenter says about one tile: where cells are, their contours, what they are."""

from dataclasses import dataclass

from her2path.arrays import Codes, Floats, Ints, Plane16


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

    nucleus_od: Floats
    """``(n,)`` mean haematoxylin density of the nucleus."""

    contrast_od: Floats
    """``(n,)`` that, less the density just around the nucleus: what is no spot is no nucleus."""

    tumour_logit: Floats
    """``(n,)`` evidence of the cell alone that it is invasive tumour, as log odds."""

    otherwise: Codes
    """``(n,)`` kind of the cell if it is not tumour."""

    dab: Plane16
    """``(y, x)`` DAB density of the tile on the membrane grid, lightly smoothed."""

    y0_px: int
    """Level-0 row of the first pixel of ``dab``."""

    x0_px: int
    """Level-0 column of the first pixel of ``dab``."""

    scale: int
    """Level-0 pixels per pixel of ``dab``."""
