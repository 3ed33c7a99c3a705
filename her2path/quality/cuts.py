"""Which pixels of a picture are added up, and to which block."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Cuts(NamedTuple):
    """A part of a picture, cut into blocks; what lies around it is for filters to lean on.

    A tuple, because compiled functions take those.
    """

    top: int
    """Pixels of the picture before the part."""

    left: int

    rows: NDArray[np.int64]
    """Where blocks begin and end along y, counted from ``top``: one more than there are blocks."""

    columns: NDArray[np.int64]

    seen: NDArray[np.uint8]
    """``(y, x)`` of the part: 1 where a pixel is looked at, or else 0."""
