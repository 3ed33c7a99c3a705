"""Specimens from a cohort table, and the table of their patients."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from her2path.errors import ConfigurationError, OutputError, UsageError
from her2path.scoring.cases import Case, Sample
from her2path.scoring.terms import CATEGORIES, STATUSES, TAGS
from her2path.store.disk import write_whole

NEEDED = ("slide_id", "case_id", "category")
KNOWN = (*NEEDED, "her2_status", "tag", "rulebook", "date", "site")

Word = TypeVar("Word", bound=str)

CASE_COLUMNS: dict[str, pa.DataType] = {
    "case_id": pa.string(),
    "n_specimens": pa.int64(),
    "n_scored": pa.int64(),
    "first_date": pa.date32(),
    "last_date": pa.date32(),
    "latest_slide_id": pa.string(),
    "latest_score": pa.string(),
    "latest_category": pa.string(),
    "latest_her2_status": pa.string(),
    "latest_tag": pa.string(),
    "highest_slide_id": pa.string(),
    "highest_score": pa.string(),
    "highest_category": pa.string(),
    "highest_her2_status": pa.string(),
    "highest_tag": pa.string(),
    "any_low": pa.bool_(),
    "discordances": pa.string(),
    "details": pa.string(),
    "timeline": pa.string(),
}
"""Columns of cases.parquet and cases.csv: one row a patient."""


def read_samples(path: Path) -> tuple[tuple[Sample, ...], int]:
    """Read the specimens of a cohort table.

    Parameters
    ----------
    path
        ``cohort.csv``, ``cohort.parquet`` or the folder that holds them. Columns ``slide_id``, ``case_id``
        and ``category``; optional ``her2_status, tag, rulebook``, ``date`` (YYYY-MM-DD) and ``site``.

    Returns
    -------
    tuple of (tuple of Sample, int)
        Rows with a ``case_id``, and the number of rows without one.

    Raises
    ------
    ConfigurationError
        With every mistake: row (as a spreadsheet counts, the names are row 1), column, what is wrong.
    UsageError
        If the file cannot be read, or no row has a ``case_id``.
    """
    if path.is_dir():
        path = path / "cohort.parquet"
    texts = read_texts(path, needed=NEEDED, known=KNOWN)
    problems: list[str] = []
    samples: dict[str, Sample] = {}
    for number, row in enumerate(texts, start=2):
        if not row["case_id"]:
            continue
        sample, wrong = parse_sample(row)
        if sample.slide_id in samples:
            wrong.append(("slide_id", f"{sample.slide_id!r} is there twice"))
        problems += [f"row {number}, column {column}: {what}" for column, what in wrong]
        samples[sample.slide_id] = sample
    if problems:
        raise ConfigurationError(path.name, problems)
    if not samples:
        raise UsageError(f"{path} has no case_id in any row; give it in the manifest, or fill the column")
    return tuple(samples.values()), sum(not row["case_id"] for row in texts)


def write_cases(out: Path, cases: Sequence[Case]) -> None:
    """Write ``cases.parquet`` and ``cases.csv``.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    table = pa.Table.from_pylist([_row(case) for case in cases], schema=pa.schema(CASE_COLUMNS))
    try:
        write_whole(out / "cases.parquet", lambda to: pq.write_table(table, to, compression="zstd"))
        write_whole(out / "cases.csv", lambda to: pyarrow.csv.write_csv(table, to))
    except OSError as error:
        raise OutputError(f"{out} cannot be written ({error}); close the table where it is open") from error


def read_texts(path: Path, *, needed: Sequence[str], known: Sequence[str]) -> list[dict[str, str]]:
    """Read the rows of a table as they are written; what is not there is empty.

    Parameters
    ----------
    path
        CSV or Parquet.
    needed, known
        Columns that must be there, and all that are read.

    Raises
    ------
    ConfigurationError
        If a column is missing.
    UsageError
        If the file cannot be read.
    """
    table = _read(path, known)
    if missing := [name for name in needed if name not in table.column_names]:
        raise ConfigurationError(path.name, [f"the column {name} is missing" for name in missing])
    rows = table.select([name for name in known if name in table.column_names]).to_pylist()
    return [
        {name: "" if value is None else str(value).strip() for name, value in row.items()} for row in rows
    ]


def _read(path: Path, known: Sequence[str]) -> pa.Table:
    try:
        if path.suffix == ".parquet":
            return pq.read_table(path)
        as_written = dict.fromkeys(known, pa.string())  # identifiers stay what they are: 007 is no 7
        return pyarrow.csv.read_csv(path, convert_options=pyarrow.csv.ConvertOptions(column_types=as_written))
    except (OSError, pa.ArrowInvalid) as error:
        raise UsageError(f"{path} cannot be read as a table ({error}); check the path") from error


def parse_sample(row: Mapping[str, str]) -> tuple[Sample, list[tuple[str, str]]]:
    """Parse one row, and say what is wrong with it by column."""
    wrong: list[tuple[str, str]] = []

    def word(column: str, known: Sequence[Word]) -> Word | None:
        text = row.get(column, "")
        found = next((one for one in known if one == text), None)
        if text and found is None:
            wrong.append((column, f"{text!r} is not known; known: {', '.join(known)}"))
        return found

    if not row["slide_id"]:
        wrong.append(("slide_id", "is missing"))
    taken = None
    if text := row.get("date", ""):
        try:
            taken = datetime.fromisoformat(text).date()
        except ValueError:
            wrong.append(("date", f"{text!r} is no date; write YYYY-MM-DD"))
    sample = Sample(
        slide_id=row["slide_id"],
        case_id=row["case_id"],
        category=word("category", CATEGORIES),
        her2_status=word("her2_status", STATUSES),
        tag=word("tag", TAGS),
        rulebook=row.get("rulebook") or None,
        taken=taken,
        site=row.get("site") or None,
    )
    return sample, wrong


def _row(case: Case) -> dict[str, Any]:
    dates: list[date] = [one.taken for one in case.samples if one.taken is not None]
    summary = {
        f"{name}_{field}": getattr(sample, field, None)
        for name, sample in (("latest", case.latest), ("highest", case.highest))
        for field in ("slide_id", "score", "category", "her2_status", "tag")
    }
    return summary | {
        "case_id": case.case_id,
        "n_specimens": len(case.samples),
        "n_scored": sum(one.category is not None for one in case.samples),
        "first_date": min(dates, default=None),
        "last_date": max(dates, default=None),
        "any_low": case.any_low,
        "discordances": " ".join(dict.fromkeys(one.code for one in case.discordances)),
        "details": " | ".join(one.detail for one in case.discordances),
        "timeline": " → ".join(f"{one.about}: {one.tag or one.score or 'no score'}" for one in case.samples),
    }
