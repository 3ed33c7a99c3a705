"""Columns of equal length: what every table, and every segmenter's evidence, is made of."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Bools


@dataclass(frozen=True, eq=False)
class Columns:
    """One row a cell. A frozen dataclass that inherits from this has arrays of ``n`` rows as its fields.

    By itself it has no column and no row: the evidence of no cell.
    """

    def __len__(self) -> int:
        return next((len(getattr(self, f.name)) for f in fields(self)), 0)

    def take(self, rows: NDArray[np.integer] | Bools | slice) -> Self:
        """Give the rows of an index array, of a mask or of a slice."""
        columns = {f.name: getattr(self, f.name) for f in fields(self)}
        if isinstance(rows, slice):
            return type(self)(**{name: column[rows] for name, column in columns.items()})
        # Looked up by number, and by ``take``: ten times as fast as brackets.
        numbers = np.flatnonzero(rows) if rows.dtype == bool else rows
        return type(self)(**{name: column.take(numbers, axis=0) for name, column in columns.items()})

    @classmethod
    def concat(cls, parts: Sequence[Self]) -> Self:
        """Join all rows of all parts, which are of one class, in the order given."""
        if not parts:
            return cls.empty()
        kind = type(parts[0])
        return kind(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(kind)})

    @classmethod
    def empty(cls) -> Self:
        """Make one without rows; a class that has columns says here of which types they are."""
        return cls()
