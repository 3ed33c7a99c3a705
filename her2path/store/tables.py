"""Cell tables as Parquet files: units and meaning with every column, words instead of codes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from her2path.cells.table import COLUMNS, N_RAYS, NOWHERE, PLACES, CellTable, Column
from her2path.cells.vocabulary import KINDS, PATTERNS, UNGRADED
from her2path.errors import UsageError
from her2path.store.arrow import Arrow, arrow_numbers, arrow_words

SCHEMA = "her2path.cells/1"

WORDS = {"kind": KINDS, "pattern": PATTERNS}
"""Columns that are written as strings, with the word of each code."""

REQUIRED = ("y_px", "x_px", "kind", "counted", "pattern")
"""Without these nothing can be scored again; what another column would tell is null where it is absent."""

UPPER = {
    "completeness": 1.0,
    "longest_gap": 1.0,
    "pixel_completeness": 1.0,
    "network_completeness": 1.0,
    "tumour_probability": 1.0,
    "grade": 3.0,
}
LOWER = {"bin": -1, **dict.fromkeys(PLACES, NOWHERE)}
"""Bounds of values; the lower one is 0 where nothing is said."""

ROW_GROUP = 1 << 16
"""Rows that a reader can take one by one, about 5 MB with contours."""


@dataclass(frozen=True, eq=False)
class StoredCells:
    """A cell table and what its file says about the slide; None where it does not tell."""

    cells: CellTable
    mpp_yx_um: tuple[float, float] | None = None
    """As it is written there: NaN where that is not a number."""

    size_px: tuple[int, int] | None = None
    """``(height, width)`` of the slide at level 0."""


def write_cells(stored: StoredCells, path: Path) -> None:
    """Write a cell table, compressed with Zstandard.

    NaN and the codes for "not measured" become null. A table without contours has no contour columns.

    Parameters
    ----------
    stored
        The table; pixel size and size of the slide go into the metadata of the file, for scoring it again.
    path
        Written in place; ``publish`` is what makes results appear as a whole.
    """
    cells, groups = stored.cells, range(0, max(len(stored.cells), 1), ROW_GROUP)
    metadata: dict[bytes | str, bytes | str] = {"schema": SCHEMA}
    if stored.mpp_yx_um is not None:
        metadata["mpp_y_um"], metadata["mpp_x_um"] = (repr(float(value)) for value in stored.mpp_yx_um)
    if stored.size_px is not None:
        metadata["slide_height_px"], metadata["slide_width_px"] = map(str, stored.size_px)
    schema = pa.schema(_columns(cells.take(slice(0, 0)))[0], metadata=metadata)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for first in groups:  # of a million cells, the table and its Arrow twin need not lie side by side
            arrays = _columns(cells.take(slice(first, first + ROW_GROUP)))[1]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema), row_group_size=ROW_GROUP)


def _columns(cells: CellTable) -> tuple[list["pa.Field[Any]"], list[Arrow]]:
    """Fields and arrays of the columns that are written."""
    fields, arrays = [], []
    for column in COLUMNS:
        array = _to_arrow(column, getattr(cells, column.name))
        if array is not None:
            about = {"unit": column.unit, "meaning": column.meaning}
            fields.append(pa.field(column.name, array.type, metadata=about))
            arrays.append(array)
    return fields, arrays


def read_cells(path: Path) -> StoredCells:
    """Read a cell table, written by her2path or by anyone who keeps to its columns.

    Columns other than ``REQUIRED`` may be absent; unknown columns are ignored.

    Raises
    ------
    UsageError
        If this is no Parquet file, or columns are missing, mistyped or hold impossible values: one line
        for each mistake.
    """
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise UsageError(
            f"{path} cannot be read as a Parquet file ({error}); give a cells.parquet"
        ) from error
    metadata = {
        key.decode(errors="replace"): value.decode(errors="replace")
        for key, value in (table.schema.metadata or {}).items()
    }
    schema = metadata.get("schema", SCHEMA)
    if schema != SCHEMA:
        raise UsageError(
            f"{path}: schema {schema} is not {SCHEMA}; use the version of her2path that wrote it"
        )
    problems = [f"column {name} is missing" for name in REQUIRED if name not in table.column_names]
    columns = {}
    for column in COLUMNS:
        if column.name in table.column_names:
            values, mistakes = _from_arrow(column, table[column.name].combine_chunks())
            problems.extend(f"column {column.name} {mistake}" for mistake in mistakes)
        else:
            values = _absent(column, table.num_rows)
        columns[column.name] = values
    if problems:
        raise UsageError("\n".join(f"{path}: {problem}" for problem in problems))
    return StoredCells(CellTable(**columns), _pixel_size(metadata), _size(metadata))


def _to_arrow(column: Column, values: np.ndarray) -> "Arrow | None":
    """One column as it stands in the file; None for contours that the table does not have."""
    if column.name in WORDS:
        missing = values == UNGRADED
        codes = arrow_numbers(np.where(missing, 0, values).astype(np.int8), missing)
        return pa.DictionaryArray.from_arrays(codes, arrow_words(WORDS[column.name]))
    if column.name.endswith("_radii"):
        if values.shape[1] != N_RAYS:
            return None
        return pa.FixedSizeListArray.from_arrays(arrow_numbers(values.ravel()), N_RAYS)
    return arrow_numbers(values, values == UNGRADED if column.name == "grade" else np.isnan(values))


def _from_arrow(column: Column, array: Arrow) -> tuple[np.ndarray, Sequence[str]]:
    """Values of one column, and what is wrong with them."""
    try:
        if column.name in WORDS:
            return _codes(array.cast(pa.string()), WORDS[column.name], nulls=column.name == "pattern")
        if column.name.endswith("_radii"):
            flat: Any = array.cast(pa.list_(pa.uint8(), N_RAYS))
            if flat.null_count:
                return _absent(column, len(array)), ["holds nulls"]
            return flat.flatten().to_numpy(zero_copy_only=False).reshape(-1, N_RAYS), []
        if pa.types.is_boolean(array.type) != (column.dtype == "bool"):
            raise pa.ArrowInvalid(f"is {array.type}")
        typed = array.cast(pa.from_numpy_dtype(np.dtype(column.dtype)), safe=column.dtype != "float32")
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        wanted = "string" if column.name in WORDS else column.dtype
        return _absent(column, len(array)), [f"has type {array.type} or values that do not fit {wanted}"]
    return _numbers(column, typed)


def _codes(words: Arrow, known: Sequence[str], *, nulls: bool) -> tuple[np.ndarray, Sequence[str]]:
    codes = pc.index_in(words, pa.array(known))
    unknown = pc.and_(pc.is_null(codes), pc.is_valid(words))
    problems = []
    if pc.any(unknown).as_py():
        strange = ", ".join(repr(word.as_py()) for word in words.filter(unknown).unique()[:5])
        problems.append(f"holds {strange}; known: {', '.join(known)}")
    if words.null_count and not nulls:
        problems.append(f"holds {words.null_count} nulls, the first in row {_first(pc.is_null(words))}")
    return codes.fill_null(UNGRADED).to_numpy(zero_copy_only=False).astype(np.int8), problems


def _numbers(column: Column, array: Arrow) -> tuple[np.ndarray, Sequence[str]]:
    problems = []
    if array.null_count:
        missing = ({"grade": UNGRADED} | LOWER).get(column.name)
        if column.dtype != "float32" and missing is None:
            rows = f"{array.null_count} nulls, the first in row {_first(pc.is_null(array))}"
            return _absent(column, len(array)), [f"holds {rows}"]
        array = array if missing is None else array.fill_null(missing)
    values = array.to_numpy(zero_copy_only=False)
    if column.dtype == "bool":
        return values, []
    valid = pc.is_valid(array).to_numpy(zero_copy_only=False)
    low = UNGRADED if column.name == "grade" else LOWER.get(column.name, 0)
    high = UPPER.get(column.name, np.inf)
    finite = np.isfinite(values)
    for wrong, what in (
        (valid & ~finite, "values that are not finite (leave out what is missing)"),
        (finite & (values < low), f"values below {max(low, 0) if column.name == 'grade' else low}"),
        (finite & (values > high), f"values above {high:g}"),
    ):
        if wrong.any():
            problems.append(f"holds {wrong.sum()} {what}, the first in row {int(wrong.argmax())}")
    if column.name == "cell_id" and (np.diff(np.sort(values)) == 0).any():
        problems.append("holds the same id twice")
    return values, problems


def _absent(column: Column, n_rows: int) -> np.ndarray:
    """Stand-in for a column that is not there: null for each row."""
    if column.name.endswith("_radii"):
        return np.zeros((n_rows, 0), np.uint8)
    if column.name == "cell_id":
        return np.arange(n_rows, dtype=np.int64)
    if column.dtype == "float32":
        return np.full(n_rows, np.nan, np.float32)
    return np.full(n_rows, UNGRADED, column.dtype)


def _pixel_size(metadata: dict[str, str]) -> tuple[float, float] | None:
    if "mpp_y_um" not in metadata or "mpp_x_um" not in metadata:
        return None
    try:
        return float(metadata["mpp_y_um"]), float(metadata["mpp_x_um"])
    except ValueError:
        return np.nan, np.nan


def _size(metadata: dict[str, str]) -> tuple[int, int] | None:
    texts = metadata.get("slide_height_px", ""), metadata.get("slide_width_px", "")
    return (int(texts[0]), int(texts[1])) if all(text.isdecimal() for text in texts) else None


def _first(mask: Arrow) -> int:
    return int(np.argmax(mask.to_numpy(zero_copy_only=False)))
