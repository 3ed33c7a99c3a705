"""The files of a study of agreement: ``qa.json`` and its tables."""

import csv
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from her2path.errors import OutputError
from her2path.qa.comparison import Comparison
from her2path.qa.document import (
    EVIDENCE,
    agreement_rows,
    confusion_rows,
    discordant_rows,
    reading_rows,
    study_document,
    unread_rows,
)
from her2path.qa.study import Study
from her2path.store.disk import write_whole
from her2path.store.runs import json_bytes

TABLES: Mapping[str, tuple[str, ...]] = {
    "agreement.csv": (
        "a", "b", "scale", "cut", "statistic", "value", "low", "high", "n", "method", "note", "reason",
    ),
    "confusion.csv": ("a", "b", "scale", "class_a", "class_b", "n"),
    "discordant.csv": ("a", "b", "class_a", "class_b", "steps", "slide_id", *EVIDENCE),
    "unread.csv": ("row", "column", "slide_id", "text", "why"),
}  # fmt: skip
"""Columns of the tables that have the same ones in every study; ``readings.csv`` has one a rater."""


def write_study(out: Path, study: Study, comparison: Comparison, head: Mapping[str, Any]) -> None:
    """Write ``qa.json`` and its tables, those of ``TABLES`` and ``readings.csv``.

    Parameters
    ----------
    out
        Folder, there already.
    study, comparison
        What was found.
    head
        What else ``qa.json`` tells, first: software, disclaimer.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    readings = study.readings
    raters = [rater.name for rater in readings.raters]
    tables = (
        ("agreement.csv", TABLES["agreement.csv"], agreement_rows(study)),
        ("confusion.csv", TABLES["confusion.csv"], confusion_rows(study)),
        ("discordant.csv", TABLES["discordant.csv"], discordant_rows(comparison)),
        ("unread.csv", TABLES["unread.csv"], unread_rows(readings)),
        ("readings.csv", ("slide_id", *raters), reading_rows(readings)),
    )
    document = json_bytes({**head, **study_document(study, comparison)})
    try:
        for name, columns, rows in tables:
            write_whole(out / name, partial(_write_csv, columns=columns, rows=rows))
        write_whole(out / "qa.json", lambda to: to.write_bytes(document))
    except OSError as error:
        raise OutputError(
            f"{out} cannot be written ({error}); close the tables where they are open"
        ) from error


def write_html(path: Path, page: str) -> None:
    """Write a page, whole or not at all.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    try:
        write_whole(path, lambda to: to.write_text(page, encoding="utf-8"))
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error}); give another folder with --out") from error


def _write_csv(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
