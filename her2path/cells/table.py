"""The cell table: one row a cell, read-only columns, units with every column.

Everything clinical starts here and never from pixels: rules, cut-offs, maps, reports and agreement
studies are functions of this table (docs/decisions/0001-cell-table-is-the-waist.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Codes, Floats, Ints

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
    Column("pattern", "int8", "1", "N | FI | FC | WI | WC | MI | MC | SI | SC"),
    Column("grade", "int8", "1", "0 to 3"),
    Column("tumour_probability", "float32", "1", "that the cell is invasive tumour, 0 to 1"),
    Column("nucleus_area_um2", "float32", "µm²", "area of the nucleus"),
    Column("bin", "int32", "1", "hexagonal bin of the heterogeneity map; -1 outside every bin"),
    Column("nucleus_radii", "uint8", "0.1 µm", "nucleus contour as 32 radii around the centre"),
    Column("cell_radii", "uint8", "0.1 µm", "membrane contour as 32 radii around the centre"),
)
"""Every column in file order. The two contours are optional: a table without them has zero-width arrays."""


@dataclass(frozen=True, eq=False)
class CellTable:
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
    pattern: Codes
    grade: Codes
    tumour_probability: Floats
    nucleus_area_um2: Floats
    bin: Ints
    nucleus_radii: NDArray[np.uint8]
    cell_radii: NDArray[np.uint8]

    def __post_init__(self) -> None:
        for column in COLUMNS:
            # A view: what is made read-only is the table's, not the caller's array.
            values = np.ascontiguousarray(getattr(self, column.name), dtype=column.dtype).view()
            if len(values) != len(self.cell_id):
                raise ValueError(
                    f"column {column.name} has {len(values)} rows, cell_id has {len(self.cell_id)}"
                )
            values.setflags(write=False)
            object.__setattr__(self, column.name, values)

    def __len__(self) -> int:
        return len(self.cell_id)

    @classmethod
    def empty(cls) -> "CellTable":
        """Make a table without rows."""
        return cls(
            **{
                column.name: np.zeros((0, N_RAYS) if column.name.endswith("_radii") else 0, column.dtype)
                for column in COLUMNS
            }
        )

    @classmethod
    def concat(cls, tables: Sequence["CellTable"]) -> "CellTable":
        """Join all rows of all tables, in the order given."""
        if not tables:
            return cls.empty()
        return cls(**{f.name: np.concatenate([getattr(t, f.name) for t in tables]) for f in fields(cls)})

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "CellTable":
        """Keep the rows of an index array or of a mask."""
        return type(self)(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def in_order(self) -> "CellTable":
        """Rows by ``cell_id``, which is reading order: the one order that no tile plan can change."""
        return self.take(np.argsort(self.cell_id, kind="stable"))

    def equals(self, other: "CellTable") -> bool:
        """Whether every value of every column is the same, NaN equal to NaN."""
        return all(
            np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
            for a, b in ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        )
