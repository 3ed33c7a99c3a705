"""What a segmenter says about one tile: where cells are, their contours, what they are."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Bools, Codes, Floats, Ints, Plane16


@dataclass(frozen=True, eq=False)
class KindEvidence:
    """What is seen of each nucleus, before the rest of the slide is heard; ``(n,)`` each."""

    shape_logit: Floats
    """Log odds of tumour from size and shape."""

    nucleus_od: Floats
    """Mean haematoxylin density within the contour."""

    contrast_od: Floats
    """That, less the median haematoxylin density just around the nucleus."""

    gap_od: Floats
    """Density of the palest part of the surroundings: near glass among gaps, cytoplasm in a nest."""

    otherwise: Codes
    """What the cell is if it is not tumour."""

    def __len__(self) -> int:
        return len(self.otherwise)

    def take(self, rows: NDArray[np.int64] | Bools) -> "KindEvidence":
        """Give the rows of an index array or of a mask."""
        return KindEvidence(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    @classmethod
    def concat(cls, parts: Sequence["KindEvidence"]) -> "KindEvidence":
        """Join all rows of all parts, in the order given."""
        nothing = np.zeros(0, np.float32)
        none = cls(nothing, nothing, nothing, nothing, np.zeros(0, np.int8))
        columns = {f.name: [getattr(part, f.name) for part in (none, *parts)] for f in fields(cls)}
        return cls(**{name: np.concatenate(column) for name, column in columns.items()})


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

    evidence: KindEvidence
    """``n`` rows: what speaks for and against each being tumour."""

    dab: Plane16
    """``(y, x)`` DAB density of the tile on the membrane grid, lightly smoothed."""

    y0_px: int
    """Level-0 row of the first pixel of ``dab``."""

    x0_px: int
    """Level-0 column of the first pixel of ``dab``."""

    scale: int
    """Level-0 pixels per pixel of ``dab``."""
