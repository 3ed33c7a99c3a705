"""The cohort table: one row a slide, whatever its fate."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from her2path.errors import OutputError
from her2path.store.runs import write_whole

COHORT_COLUMNS: dict[str, pa.DataType] = {
    "slide_id": pa.string(),
    "case_id": pa.string(),
    "path": pa.string(),
    "status": pa.string(),
    "reason": pa.string(),
    "score": pa.string(),
    "category": pa.string(),
    "her2_status": pa.string(),
    "tag": pa.string(),
    "n_cells": pa.int64(),
    "complete_intense_fraction": pa.float64(),
    "h_score": pa.float64(),
    "borderline": pa.bool_(),
    "rulebook": pa.string(),
    "recipe_digest": pa.string(),
    "seconds": pa.float64(),
}
"""The columns of every cohort table, in order; a manifest's own columns follow as text."""


def cohort_row(score: Mapping[str, Any], manifest: Mapping[str, str | None] | None = None) -> dict[str, Any]:
    """Take one slide's row from its score.json and its line of the manifest.

    Parameters
    ----------
    score
        Content of score.json.
    manifest
        The slide's line; columns that the cohort table has of its own are the program's to fill, apart from
        ``case_id``.
    """
    own = {name: text for name, text in (manifest or {}).items() if name not in COHORT_COLUMNS}
    row = {name: score.get(name) for name in COHORT_COLUMNS}
    return {
        **row,
        "case_id": (manifest or {}).get("case_id"),
        "rulebook": (score.get("rulebook") or {}).get("id"),
        **own,
    }


def write_cohort(out: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write ``cohort.parquet`` and ``cohort.csv``, sorted by slide.

    Rows that are already in the folder stay, unless their slide has a new one.

    Raises
    ------
    OutputError
        If the tables cannot be written, or the one that is there cannot be read.
    """
    path = out / "cohort.parquet"
    try:
        before = pq.read_table(path).to_pylist() if path.exists() else []
    except (OSError, pa.ArrowInvalid) as error:
        raise OutputError(f"{path} cannot be read ({error}); move it away and run again") from error
    by_slide = {row["slide_id"]: row for row in (*before, *rows)}
    table = _table([by_slide[slide_id] for slide_id in sorted(by_slide)])
    try:
        write_whole(path, lambda to: pq.write_table(table, to, compression="zstd"))
        write_whole(out / "cohort.csv", lambda to: pyarrow.csv.write_csv(table, to))
    except OSError as error:
        raise OutputError(f"{out} cannot be written ({error}); close the table where it is open") from error


def _table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    own = dict.fromkeys(name for row in rows for name in row if name not in COHORT_COLUMNS)
    schema = pa.schema(COHORT_COLUMNS | dict.fromkeys(own, pa.string()))
    return pa.table(
        {
            field.name: pa.array([_value(row.get(field.name), field) for row in rows], field.type)
            for field in schema
        },
        schema=schema,
    )


def _value(value: Any, field: "pa.Field[Any]") -> Any:  # noqa: ANN401 - a cell of a table
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return str(value) if pa.types.is_string(field.type) else value
