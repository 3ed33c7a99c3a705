"""The cohort table: one row a slide, whatever its fate."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from her2path.errors import OutputError
from her2path.store.claims import claim
from her2path.store.disk import write_whole
from her2path.store.runs import read_score

COHORT_FILE = "cohort.parquet"
BROKEN_FILE = "cohort.parquet.broken"

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
    "flags": pa.string(),
    "software": pa.string(),
}
"""The columns of every cohort table, in order; a manifest's own columns follow as text."""

SAME = {"slide_id", "case_id", "path", "rulebook"}
"""Columns that mean the same in a manifest and in the cohort table."""

TOLD = {"warning", "refusal"}
"""Severities of the flags that stand in the table."""

PATIENCE_S = 60.0
"""How long to wait for another process to write the table; 20 000 rows take it less than a second."""


def cohort_row(score: Mapping[str, Any], manifest: Mapping[str, str | None] | None = None) -> dict[str, Any]:
    """Take one slide's row from its score.json and its line of the manifest.

    Parameters
    ----------
    score
        Content of score.json.
    manifest
        The slide's line. A column of the manifest that has a name of the program's own, but not its
        meaning, is called ``manifest_…``.
    """
    own = {
        f"manifest_{name}" if name in COHORT_COLUMNS else name: text
        for name, text in (manifest or {}).items()
        if name not in SAME
    }
    row = {name: score.get(name) for name in COHORT_COLUMNS}
    codes = [flag["code"] for flag in score.get("flags") or () if flag["severity"] in TOLD]
    return {
        **row,
        "case_id": (manifest or {}).get("case_id"),
        "rulebook": (score.get("rulebook") or {}).get("id"),
        "flags": " ".join(dict.fromkeys(codes)) or None,
        **own,
    }


def write_cohort(out: Path, rows: Sequence[Mapping[str, Any]]) -> str | None:
    """Write ``cohort.parquet`` and ``cohort.csv``, sorted by slide.

    Rows that are already in the folder stay, unless their slide has a new one; those of another process
    too, which may write at the same time. A table that cannot be read, as a power cut may leave it, is kept
    under another name and made again from the slides' folders.

    Parameters
    ----------
    out
        The output folder.
    rows
        Rows that are new or have changed since the last call; see ``cohort_row``.

    Returns
    -------
    str or None
        What a person must be told, where the table was made again.

    Raises
    ------
    OutputError
        If the tables cannot be written.
    """
    path = out / COHORT_FILE
    with _alone(out):
        try:
            for left in (*out.glob(f".{COHORT_FILE}.*"), *out.glob(".cohort.csv.*")):
                left.unlink()  # of a program that died while it wrote
            before, notice = _read(out)
            if notice is not None:
                shutil.copyfile(
                    path, out / BROKEN_FILE
                )  # a move would leave no table, should the program die
            table = _merge(before, _table(rows))
            write_whole(path, lambda to: pq.write_table(table, to, compression="zstd"))
            write_whole(out / "cohort.csv", lambda to: pyarrow.csv.write_csv(table, to))
        except OSError as error:
            raise OutputError(
                f"{out} cannot be written ({error}); free space, or close the table where it is open"
            ) from error
    return notice


def read_cohort(out: Path) -> list[dict[str, Any]]:
    """Read the rows of the cohort table, by slide; none where there is no table.

    Raises
    ------
    OutputError
        If the table is in other hands for long.
    """
    with _alone(out):
        return _read(out)[0].to_pylist()


def rebuild_rows(out: Path) -> list[dict[str, Any]]:
    """Make the rows of the cohort table again from what stands in the slides' folders.

    What only a manifest tells, ``case_id`` and its own columns, is null.
    """
    scores = (read_score(file.parent) for file in sorted(out.glob("[!.]*/score.json")))
    return [cohort_row(score) for score in scores if score is not None and score.get("slide_id")]


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Read, merge and write as one step among all processes that write this table."""
    with claim(out, COHORT_FILE, wait_s=PATIENCE_S, needed=False) as holder:
        if holder is not None:
            raise OutputError(
                f"{out / COHORT_FILE} has been in the hands of {holder.words} for {PATIENCE_S:.0f} s; "
                "see whether that process hangs"
            )
        yield


def _read(out: Path) -> tuple[pa.Table, str | None]:
    """Read the table that is there, or make it again, and say so."""
    path = out / COHORT_FILE
    if not path.exists():
        return _table(()), None
    try:
        return _typed(pq.read_table(path)), None
    except (OSError, KeyError, pa.ArrowException) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the drive and not the table
        rows = rebuild_rows(out)
        return _table(rows), (
            f"{path} could not be read ({error}) and was made again from the folders of {len(rows)} slides; "
            f"run the manifest again for its columns; the old table is {BROKEN_FILE}"
        )


def _merge(before: pa.Table, new: pa.Table) -> pa.Table:
    """Put new rows in the place of their slides' old ones, and sort by slide."""
    both = pa.concat_tables([before, new], promote_options="default")
    order = pa.array(range(len(both)), pa.int64())
    last = (
        pa.table({"slide_id": both["slide_id"], "row": order})
        .group_by("slide_id")
        .aggregate([("row", "max")])
    )
    return both.take(last.sort_by("slide_id")["row_max"])


def _typed(table: pa.Table) -> pa.Table:
    """Give a table the columns of a cohort table, null where it has none, and all others as text."""
    columns = {
        name: table[name].cast(kind) if name in table.column_names else pa.array([None] * len(table), kind)
        for name, kind in COHORT_COLUMNS.items()
    }
    own = {name: table[name].cast(pa.string()) for name in table.column_names if name not in columns}
    return pa.table(columns | own)


def _table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    own = dict.fromkeys(name for row in rows for name in row if name not in COHORT_COLUMNS)
    columns = COHORT_COLUMNS | dict.fromkeys(own, pa.string())
    return pa.table({name: _column(rows, name, kind) for name, kind in columns.items()})


def _column(rows: Sequence[Mapping[str, Any]], name: str, kind: pa.DataType) -> "pa.Array[Any]":
    values = [row.get(name) for row in rows]
    if pa.types.is_string(kind):
        return pa.array([None if value is None else str(value) for value in values], kind)
    array = pa.array(values, kind)
    return pc.if_else(pc.is_nan(array), None, array) if pa.types.is_floating(kind) else array
