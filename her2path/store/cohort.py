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

CASE = "case_id"
"""The one of these that only a manifest tells: a row without it was made without a manifest."""

SAME = {"slide_id", CASE, "path", "rulebook"}
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
        The slide's line; None for a slide that stands in no manifest, whose row then lacks the columns that
        only a manifest tells. A column of the manifest that has a name of the program's own, but not its
        meaning, is called ``manifest_…``.
    """
    codes = [flag["code"] for flag in score.get("flags") or () if flag["severity"] in TOLD]
    row = {
        **{name: score.get(name) for name in COHORT_COLUMNS if name != CASE},
        "rulebook": (score.get("rulebook") or {}).get("id"),
        "flags": " ".join(dict.fromkeys(codes)) or None,
    }
    if manifest is None:
        return row
    own = {
        f"manifest_{name}" if name in COHORT_COLUMNS else name: text
        for name, text in manifest.items()
        if name not in SAME
    }
    return {**row, CASE: manifest.get(CASE), **own}


def write_cohort(
    out: Path, rows: Sequence[Mapping[str, Any]], *, patience_s: float = PATIENCE_S
) -> str | None:
    """Write ``cohort.parquet`` and ``cohort.csv``, sorted by slide.

    Rows that are already in the folder stay, unless their slide has a new one; those of another process
    too, which may write at the same time. What only a manifest tells of a slide stays where its new row was
    made without one. A table that cannot be read, as a power cut may leave it, is kept under another name
    and made again from the slides' folders.

    Parameters
    ----------
    out
        The output folder.
    rows
        Rows that are new or have changed since the last call; see ``cohort_row``.
    patience_s
        How long to wait where another process has the table.

    Returns
    -------
    str or None
        What a person must be told, where the table was made again.

    Raises
    ------
    OutputError
        If the tables cannot be written, or are in other hands for longer than that.
    """
    path = out / COHORT_FILE
    with _alone(out, patience_s):
        try:
            for left in (*out.glob(f".{COHORT_FILE}.*"), *out.glob(".cohort.csv.*")):
                left.unlink()  # of a program that died while it wrote
            before, notice = _read(out)
            if notice is not None:
                shutil.copyfile(
                    path, out / BROKEN_FILE
                )  # a move would leave no table, should the program die
            table = _merge(before, rows)
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
    with _alone(out, PATIENCE_S):
        return _read(out)[0].to_pylist()


def manifest_columns(folder: Path) -> dict[str, dict[str, str | None]]:
    """Give what a manifest told of each slide of a folder, as its cohort table has it; nothing is written.

    Returns
    -------
    dict of str to dict
        By slide: ``case_id`` and the manifest's own columns, for ``cohort_row``. Empty where there is no
        table that can be read.
    """
    path = folder / COHORT_FILE
    try:
        table = _typed(pq.read_table(path)) if path.exists() else _table(())
    except (OSError, KeyError, pa.ArrowException):
        return {}
    told = [name for name in table.column_names if name == "case_id" or name not in COHORT_COLUMNS]
    return {
        row["slide_id"]: {name: row[name] for name in told}
        for row in table.select(["slide_id", *told]).to_pylist()
    }


def check_table_is_ours(out: Path, given: Sequence[Path]) -> None:
    """Look before any work whether the table would be written over something else.

    Parameters
    ----------
    out
        The output folder.
    given
        What the batch is to read.

    Raises
    ------
    OutputError
        If a manifest has the name of the table, or there is a table that this program has not written: one
        that it has written has ``cohort.parquet`` beside it.
    """
    names = ("cohort.csv", "cohort.html")
    read = {path.resolve() for path in given}
    problems = [
        f"{out / name} is the manifest, and the result would be written over it; rename it, or change --out"
        for name in names
        if (out / name).resolve() in read
    ]
    if not any((out / name).exists() for name in (COHORT_FILE, BROKEN_FILE)):
        problems += [
            f"{out / name} is not of her2path; move it away, or change --out"
            for name in names
            if (out / name).exists() and (out / name).resolve() not in read
        ]
    if problems:
        raise OutputError("\n".join(problems))


def rebuild_rows(out: Path) -> list[dict[str, Any]]:
    """Make the rows of the cohort table again from what stands in the slides' folders.

    What only a manifest tells, ``case_id`` and its own columns, is not among them.
    """
    scores = (read_score(file.parent) for file in sorted(out.glob("[!.]*/score.json")))
    return [cohort_row(score) for score in scores if score is not None and score.get("slide_id")]


@contextmanager
def _alone(out: Path, patience_s: float) -> Iterator[None]:
    """Read, merge and write as one step among all processes that write this table."""
    with claim(out, COHORT_FILE, wait_s=patience_s, needed=False) as holder:
        if holder is not None:
            raise OutputError(
                f"{out / COHORT_FILE} has been in the hands of {holder.words} for {patience_s:.0f} s; "
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


def _merge(before: pa.Table, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Put new rows in the place of their slides' old ones, and sort by slide.

    A slide's last row counts, and for the columns of a manifest the last that was made with one.
    """
    both = pa.concat_tables([before, _table(rows)], promote_options="default")
    place = pa.array(range(len(both)), pa.int64())
    has_line = pa.array([True] * len(before) + [CASE in row for row in rows], pa.bool_())
    last = (
        pa.table({"slide_id": both["slide_id"], "row": place, "line": pc.if_else(has_line, place, None)})
        .group_by("slide_id")
        .aggregate([("row", "max"), ("line", "max")])
        .sort_by("slide_id")
    )
    of_manifest = [name for name in both.column_names if name == CASE or name not in COHORT_COLUMNS]
    lines = both.select(of_manifest).take(last["line_max"])
    newest = both.take(last["row_max"])
    return pa.table({name: (lines if name in of_manifest else newest)[name] for name in both.column_names})


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
