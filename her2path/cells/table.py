"""The cell table: one row a cell, read-only columns, units with every column.

Everything clinical starts here and never from pixels: rules, cut-offs, maps, reports and agreement
studies are functions of this table (docs/decisions/0001-cell-table-is-the-waist.md).
"""

from dataclasses import dataclass, field, fields, replace

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Bools, Codes, Doubles, Floats, Ints
from her2path.cells.columns import Columns
from her2path.cells.vocabulary import UNGRADED
from her2path.image.geometry import PixelSize

N_RAYS = 32
"""Contours are star-shaped: this many radii around the anchor, anticlockwise from +x, evenly spaced."""

RADIUS_STEP_UM = 0.1
"""Unit of the stored radii."""


@dataclass(frozen=True, slots=True)
class Column:
    """What one column of the table means."""

    name: str
    dtype: str
    unit: str
    meaning: str


COLUMNS = (
    Column("cell_id", "int64", "1", "y_px * slide width + x_px: the same from every tile plan"),
    Column("y_px", "int32", "px", "row of the nucleus centre at level 0"),
    Column("x_px", "int32", "px", "column of the nucleus centre at level 0"),
    Column("kind", "int8", "1", "tumour | stroma | lymphocyte | other"),
    Column("counted", "bool", "1", "in the denominator of the score"),
    Column("membrane_od", "float32", "OD", "mean DAB optical density along the crest of stained membrane"),
    Column("completeness", "float32", "1", "stained fraction of the membrane contour, 0 to 1"),
    Column("longest_gap", "float32", "1", "longest unstained run of the contour as a fraction of it, 0 to 1"),
    Column("cytoplasm_od", "float32", "OD", "median DAB optical density between nucleus and membrane"),
    Column("pixel_od", "float32", "OD", "membrane_od as the pixels alone tell it"),
    Column("pixel_completeness", "float32", "1", "completeness as the pixels alone tell it, 0 to 1"),
    Column(
        "network_od", "float32", "OD", "membrane_od as the network estimates it; null in the classical engine"
    ),
    Column(
        "network_completeness",
        "float32",
        "1",
        "completeness as the network estimates it, 0 to 1; null in the classical engine",
    ),
    Column("pattern", "int8", "1", "N | FI | FC | WI | WC | MI | MC | SI | SC"),
    Column("grade", "int8", "1", "0 to 3"),
    Column("tumour_probability", "float32", "1", "that the cell is invasive tumour, 0 to 1"),
    Column("nucleus_area_um2", "float32", "µm²", "area of the nucleus"),
    Column("bin", "int32", "1", "hexagonal bin of the heterogeneity map; -1 outside every bin"),
    Column("nucleus_radii", "uint8", "0.1 µm", "nucleus contour as 32 radii around the centre"),
    Column("cell_radii", "uint8", "0.1 µm", "membrane contour as 32 radii around the centre"),
    Column("fragment", "int32", "1", "number of the tissue fragment, from 1 in reading order; -1 not known"),
    Column("region", "int32", "1", "number of the region to include, from 1 in file order; -1 in none"),
)
"""Every column in file order. The two contours are optional: a table without them has zero-width arrays."""

PLACES = ("fragment", "region")
NOWHERE = -1
"""In a column of ``PLACES``: in none, or not known."""


def _nowhere() -> Ints:
    """Stand-in for a column of places that nobody gives: ``NOWHERE`` for each row."""
    return np.zeros(0, np.int32)


@dataclass(frozen=True, eq=False)
class CellTable(Columns):
    """Columns of equal length; see ``COLUMNS`` for the meaning of each. Arrays are made read-only."""

    cell_id: NDArray[np.int64]
    y_px: Ints
    x_px: Ints
    kind: Codes
    counted: NDArray[np.bool_]
    membrane_od: Floats
    completeness: Floats
    longest_gap: Floats
    cytoplasm_od: Floats
    pixel_od: Floats
    pixel_completeness: Floats
    network_od: Floats
    network_completeness: Floats
    pattern: Codes
    grade: Codes
    tumour_probability: Floats
    nucleus_area_um2: Floats
    bin: Ints
    nucleus_radii: NDArray[np.uint8]
    cell_radii: NDArray[np.uint8]
    fragment: Ints = field(default_factory=_nowhere)
    region: Ints = field(default_factory=_nowhere)

    def __post_init__(self) -> None:
        for name in PLACES:
            if not len(getattr(self, name)):
                object.__setattr__(self, name, np.full(len(self.cell_id), NOWHERE, np.int32))
        for column in COLUMNS:
            # A view: what is made read-only is the table's, not the caller's array.
            values = np.ascontiguousarray(getattr(self, column.name), dtype=column.dtype).view()
            if len(values) != len(self.cell_id):
                raise ValueError(
                    f"column {column.name} has {len(values)} rows, cell_id has {len(self.cell_id)}"
                )
            values.setflags(write=False)
            object.__setattr__(self, column.name, values)

    @classmethod
    def empty(cls) -> "CellTable":
        """Make a table without rows."""
        return cls(
            **{
                column.name: np.zeros((0, N_RAYS) if column.name.endswith("_radii") else 0, column.dtype)
                for column in COLUMNS
            }
        )

    @property
    def in_denominator(self) -> Bools:
        """``(n,)`` rows that a score rests on: counted, and with a pattern."""
        rows: Bools = self.counted & (self.pattern != UNGRADED)
        return rows

    def yx_um(self, pixel_size: PixelSize) -> Doubles:
        """Give the nucleus centres ``(n, 2)`` in µm; the pixel size is that of level 0."""
        return np.stack([self.y_px * pixel_size.y_um, self.x_px * pixel_size.x_um], axis=1)

    def without_contours(self) -> "CellTable":
        """Leave out the two contours, which are half of the memory and no score reads."""
        return replace(self, nucleus_radii=self.nucleus_radii[:, :0], cell_radii=self.cell_radii[:, :0])

    def in_order(self) -> "CellTable":
        """Rows by ``cell_id``, which is reading order: the one order that no tile plan can change."""
        return self.take(np.argsort(self.cell_id, kind="stable"))

    def equals(self, other: "CellTable") -> bool:
        """Whether every value of every column is the same, NaN equal to NaN."""
        return all(
            np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
            for a, b in ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        )
