"""The cells of a slide as columns: where each lies and what it looks like."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Bools, Codes, Doubles

CREST_OD = np.array([0.0, 0.14, 0.29, 0.49, 0.82])
"""Optical density of a mean membrane of intensity none, faint, weak, moderate and strong."""

LONGEST_NUCLEUS_UM = 7.5
"""Longest semi-axis of a nucleus."""


@dataclass(frozen=True, eq=False)
class CellPlan:
    """Columns of equal length, one row a cell; lengths in µm, angles in radians."""

    y_um: Doubles
    x_um: Doubles
    """The middle of the cell."""

    kind: Codes
    reach_um: Doubles
    """How far the cell spreads from its spine where no neighbour stops it."""

    spine_um: Doubles
    """Half the length of the line that the cell is drawn around."""

    axis: Doubles
    """Direction of the spine."""

    nucleus_y_um: Doubles
    nucleus_x_um: Doubles
    nucleus_long_um: Doubles
    """Semi-axis along ``axis``; 0 where the section misses the nucleus."""

    nucleus_short_um: Doubles
    nucleus_od: Doubles
    vesicular: Doubles
    """0 for a dark nucleus without structure to 1 for a clear one with a rim and nucleoli."""

    nucleus_soft_um: Doubles
    """Over which the nucleus fades at its edge: sharp in the focal plane, soft above and below."""

    nucleolus_angle: Doubles
    cytoplasm_od: Doubles
    pattern: Codes
    """As asked for; what is drawn, and therefore true, also depends on the neighbours."""

    crest_od: Doubles
    arc_count: Doubles
    """Stained arcs of an incomplete membrane: 1 or 2 (opposite)."""

    arc_axis: Doubles
    """Direction in the middle of the first arc."""

    arc_half: Doubles
    """Half the opening of an arc; π or more is a full ring."""

    vacuole_um: Doubles
    """Radius of the clear ball of mucin in the middle of a signet-ring cell; 0 in others."""

    spills: Bools
    """The nucleus reaches across the cell's border, over or under its neighbour's."""

    golgi_od: Doubles
    """DAB of the granules beside the nucleus."""

    nucleus_dab_od: Doubles

    def __len__(self) -> int:
        return len(self.y_um)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Self:
        """Take the rows of an index array or of a mask."""
        return type(self)(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def and_then(self, *others: Self) -> Self:
        """Append the rows of other plans."""
        plans = (self, *others)
        columns = {f.name: np.concatenate([getattr(plan, f.name) for plan in plans]) for f in fields(self)}
        return type(self)(**columns)
