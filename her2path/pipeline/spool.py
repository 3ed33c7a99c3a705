"""Rows that wait on disk until the last tile is done: memory does not grow with what has been found."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from her2path.cells.columns import Columns
from her2path.errors import SlideError

Rows = TypeVar("Rows", bound=Columns)


@contextmanager
def _told() -> Iterator[None]:
    """Turn what the disk says into an error of this slide: the others may still fit."""
    try:
        yield
    except OSError as error:
        raise SlideError(
            f"the disk of temporary files cannot be used ({error.strerror}): {tempfile.gettempdir()}; "
            "free some space there, or set TMPDIR to another folder"
        ) from error


class Spool(Generic[Rows]):
    """Appends parts of a table to a temporary file, and reads it back a column at a time.

    The file has no name and is gone when the spool is, whatever becomes of the program.
    """

    def __init__(self, empty: Rows) -> None:
        self._empty = empty
        with _told():
            self._file = tempfile.TemporaryFile(prefix="her2path-")  # noqa: SIM115 - closed by ``close``
        self._parts: list[dict[str, tuple[int, np.dtype[Any], tuple[int, ...]]]] = []

    def append(self, part: Rows) -> None:
        """Add rows of the same columns as all before.

        Raises
        ------
        SlideError
            If the disk of temporary files is full; so the others.
        """
        if not len(part):
            return
        self._empty = part.take(slice(0, 0))
        held = {}
        for field in fields(part):
            column = np.ascontiguousarray(getattr(part, field.name))
            with _told():
                held[field.name] = (self._file.tell(), column.dtype, column.shape)
                self._file.write(column.data)
        self._parts.append(held)

    def column(self, name: str) -> NDArray[Any]:
        """Read a column of all rows, in the order of the parts."""
        column = []
        for held in self._parts:
            offset, dtype, shape = held[name]
            values = np.empty(shape, dtype)
            with _told():
                self._file.seek(offset)
                self._file.readinto(values.data.cast("B"))
            column.append(values)
        return np.concatenate(column) if column else np.asarray(getattr(self._empty, name))

    def rows(self, order: NDArray[np.integer] | slice = slice(None)) -> Rows:
        """Give all rows, in the order of an index array; without one, as they came."""
        columns = {}
        for field in fields(self._empty):
            column = self.column(field.name)
            columns[field.name] = column[order] if isinstance(order, slice) else column.take(order, axis=0)
        return type(self._empty)(**columns)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
