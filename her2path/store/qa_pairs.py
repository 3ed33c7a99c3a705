"""The table of a study of agreement: who scored which slide how, from one file or two."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from her2path.arrays import Doubles
from her2path.errors import ConfigurationError, UsageError
from her2path.qa.readings import Rater, Readings, UnreadText
from her2path.qa.spelling import MISSING, UNKNOWN, Reading, Unread, read_ish, read_score

GROUPS = ("site", "scanner", "clone", "lot", "region")
KNOWN = ("slide_id", "case_id", *GROUPS, "date", "ish")
"""Columns that are no raters; every other column is one, or holds numbers."""

COHORT = {"slide_id", "status", "score", "category", "recipe_digest"}
"""A table with these columns is a cohort table of her2path."""

PROGRAM = "her2path"
"""Name of the rater that a cohort table holds."""

COHORT_KEPT = ("manual_score", "complete_intense_fraction", "h_score")
"""What else of a cohort table is compared: the scores of a manifest, and two measures."""

NUMBER = re.compile(r"-?\d+([.,]\d+)?(e[+-]?\d+)?", re.IGNORECASE)

BETWEEN = (0.5, 1.5, 2.5)
"""Between two scores: what a rater in doubt writes. Any other number with decimals was measured."""

SEPARATOR_LINE = re.compile(r'"?sep=([,;\t])"?\s*', re.IGNORECASE)
"""First line by which Excel is told the separator; it shows none of it and counts the rows after it."""

Value = TypeVar("Value")


@dataclass(frozen=True)
class _Column:
    """One column: its texts in the order of the slides, and the row of each; row 0 where there is none."""

    name: str
    texts: tuple[str, ...]
    rows: tuple[int, ...]


@dataclass(frozen=True)
class _Table:
    source: str
    slide_ids: tuple[str, ...]
    columns: tuple[_Column, ...]


def read_readings(path: Path, manual: Path | None = None) -> Readings:
    """Read the scores that raters gave.

    Parameters
    ----------
    path
        ``slide_id`` and a column a rater, optional ``case_id, site, scanner, clone, lot, date, ish, region``
        (all of these in any capitals);
        CSV (comma, semicolon or tab; UTF-8) or Parquet. Or a cohort table of her2path, or its folder.
    manual
        A second such table, joined by ``slide_id``.

    Raises
    ------
    ConfigurationError
        With every mistake: row (as a spreadsheet counts, the names are row 1), column, what is wrong.
    UsageError
        If a file cannot be read, or the two have no slide in common.
    """
    table, only_in = _read_table(path), dict[str, tuple[str, ...]]()
    if manual is not None:
        table, only_in = _join(table, _read_table(manual))
    return _readings(table, only_in)


def _readings(table: _Table, only_in: Mapping[str, tuple[str, ...]]) -> Readings:
    columns = {column.name: column for column in table.columns}
    unread: list[UnreadText] = []
    left_out: dict[str, str] = {}
    raters: list[Rater] = []
    measures: dict[str, Doubles] = {}

    def note(column: _Column, place: int, why: str) -> None:
        slide_id, text = table.slide_ids[place], column.texts[place]
        unread.append(UnreadText(column.rows[place], column.name, slide_id, text, why))

    for column in table.columns:
        if column.name in KNOWN:
            continue
        spelt = [read_score(text) for text in column.texts]
        wrong = {place: one for place, one in enumerate(spelt) if isinstance(one, Unread)}
        n_told = sum(one != MISSING for one in spelt)
        example = column.texts[next(iter(wrong))] if wrong else ""
        if _are_measured(column.texts, spelt):
            measures[column.name] = _numbers(column.texts)
            left_out[column.name] = f"read as numbers, not as a rater ({example!r} is no score)"
        elif wrong and len(wrong) == n_told:
            why = next(iter(wrong.values())).why
            left_out[column.name] = f"none of its {n_told} texts is read as a score; {example!r} {why}"
        else:
            raters.append(_rater(column.name, spelt))
            for place, one in wrong.items():
                note(column, place, one.why)

    def parsed(name: str, read: Callable[[str], Value | Unread]) -> list[Value | None] | None:
        if name not in columns:
            return None
        values = [read(text) for text in columns[name].texts]
        for place, value in enumerate(values):
            if isinstance(value, Unread):
                note(columns[name], place, value.why)
        return [None if isinstance(value, Unread) else value for value in values]

    ish, dates = parsed("ish", read_ish), parsed("date", _day)
    words = {name: tuple(text or None for text in columns[name].texts) for name in KNOWN if name in columns}
    return Readings(
        slide_ids=table.slide_ids,
        raters=tuple(raters),
        case_ids=words.get("case_id"),
        ish=None if ish is None else np.array([UNKNOWN if one is None else one for one in ish], np.int8),
        dates=None if dates is None else tuple(dates),
        groups={name: words[name] for name in GROUPS if name in words},
        measures=measures,
        unread=tuple(sorted(unread, key=lambda one: one.row)),
        left_out=left_out,
        only_in=only_in,
    )


def _rater(name: str, spelt: Sequence[Reading | Unread]) -> Rater:
    read = [MISSING if isinstance(one, Unread) else one for one in spelt]
    scores = np.array([one.score for one in read], np.int8)
    return Rater(name, scores, np.array([one.category for one in read], np.int8))


def _are_measured(texts: Sequence[str], spelt: Sequence[Reading | Unread]) -> bool:
    """Tell numbers from scores with slips: most are no score, or one has decimals no rater writes."""
    told = [(text, one) for text, one in zip(texts, spelt, strict=True) if one != MISSING]
    if not all(NUMBER.fullmatch(text) for text, _ in told):
        return False
    numbers = _numbers([text for text, _ in told])
    n_wrong = sum(isinstance(one, Unread) for _, one in told)
    return 2 * n_wrong > len(told) or bool(((numbers % 1 != 0) & ~np.isin(numbers, BETWEEN)).any())


def _numbers(texts: Sequence[str]) -> Doubles:
    return np.array([float(text.replace(",", ".")) if NUMBER.fullmatch(text) else np.nan for text in texts])


def _day(text: str) -> date | Unread | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        return Unread("is no date; write YYYY-MM-DD")


def _join(table: _Table, manual: _Table) -> tuple[_Table, dict[str, tuple[str, ...]]]:
    """Put the columns of a second table beside those of the first, by slide."""
    place_of = {slide_id: place for place, slide_id in enumerate(manual.slide_ids)}
    common = set(place_of) & set(table.slide_ids)
    if not common:
        raise UsageError(f"{table.source} and {manual.source} have no slide_id in common")
    taken = {column.name: column for column in table.columns}
    places = [place_of.get(slide_id) for slide_id in table.slide_ids]
    problems: list[str] = []
    for column in manual.columns:
        texts = tuple("" if place is None else column.texts[place] for place in places)
        rows = tuple(0 if place is None else column.rows[place] for place in places)
        before = taken.get(column.name)
        if before is not None:
            if column.name not in KNOWN:
                problems.append(f"column {column.name}: is in {table.source} as well; rename one of the two")
                continue
            problems += [
                f"row {row}, column {column.name}: {text!r}, but {table.source} has {one!r}"
                for one, text, row in zip(before.texts, texts, rows, strict=True)
                if one and text and one != text
            ]
            texts = tuple(one or text for one, text in zip(before.texts, texts, strict=True))
        taken[column.name] = _Column(column.name, texts, rows)
    if problems:
        raise ConfigurationError(manual.source, problems)
    only_in = {
        source: tuple(slide for slide in slides if slide not in common)
        for source, slides in ((table.source, table.slide_ids), (manual.source, manual.slide_ids))
    }
    joined = _Table(table.source, table.slide_ids, tuple(taken.values()))
    return joined, {source: slides for source, slides in only_in.items() if slides}


def _read_table(path: Path) -> _Table:
    path = path / "cohort.parquet" if path.is_dir() else path
    written, rows = _read_parquet(path) if path.suffix == ".parquet" else _read_csv(path)
    names = [name.casefold() if name.casefold() in KNOWN else name for name in written]
    problems = [
        f"row 1, column {name}: is there twice{_in_capitals(name, names, written)}"
        for name, n in Counter(names).items()
        if name and n > 1
    ]
    if "slide_id" not in names:
        problems.append("row 1: the column slide_id is missing")
    by_name = {name: tuple(row[place] for _, row in rows) for place, name in enumerate(names)}
    numbers = tuple(number for number, _ in rows)
    if any(by_name.pop("", ())):
        problems.append("row 1: a column with values has no name")
    slide_ids = by_name.pop("slide_id", ("",) * len(rows))
    repeated = Counter(slide_ids)
    problems += [
        f"row {number}, column slide_id: {slide_id!r} is there {repeated[slide_id]} times"
        if slide_id
        else f"row {number}, column slide_id: is missing"
        for number, slide_id in zip(numbers, slide_ids, strict=True)
        if "slide_id" in names and (not slide_id or repeated[slide_id] > 1)
    ]
    if not rows:
        problems.append("has no row of a slide")
    if problems:
        raise ConfigurationError(path.name, problems)
    if set(names) >= COHORT:
        by_name = _of_cohort(by_name)
    return _Table(
        path.name, slide_ids, tuple(_Column(name, texts, numbers) for name, texts in by_name.items())
    )


def _in_capitals(name: str, names: Sequence[str], written: Sequence[str]) -> str:
    """Say how a column that is there twice is written; nothing where both are written alike."""
    forms = dict.fromkeys(form for one, form in zip(names, written, strict=True) if one == name)
    return f", as {' and '.join(forms)}" if len(forms) > 1 else ""


def _of_cohort(by_name: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Keep what a study compares; a slide that was not scored has no score."""
    told = tuple(
        (category or score) if status == "scored" else ""
        for status, category, score in zip(
            by_name["status"], by_name["category"], by_name["score"], strict=True
        )
    )
    kept = {name: texts for name, texts in by_name.items() if name in KNOWN or name in COHORT_KEPT}
    return kept | {PROGRAM: told}


def _read_parquet(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise UsageError(f"{path} cannot be read as a table ({error}); check the path") from error
    columns = [column.to_pylist() for column in table.columns]
    rows = [
        ["" if value is None else str(value).strip() for value in row] for row in zip(*columns, strict=True)
    ]
    return table.column_names, list(enumerate(rows, start=2))


def _read_csv(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            if told := SEPARATOR_LINE.fullmatch(header):
                separator = told[1]
            else:
                file.seek(0)
                separator = max(",;\t", key=header.count)  # spreadsheets of half the world write semicolons
            reader = csv.reader(file, delimiter=separator, strict=True)
            lines = [(reader.line_num, [text.strip() for text in row]) for row in reader]
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); check the path") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} is no CSV file in UTF-8 ({error}); save it as one") from error
    names = lines[0][1] if lines else []
    rows = [(number, row) for number, row in lines[1:] if any(row)]
    if long := [number for number, row in rows if any(row[len(names) :])]:
        problems = [f"row {number}: has more values than there are columns" for number in long]
        raise ConfigurationError(path.name, problems)
    return names, [(number, (row + [""] * len(names))[: len(names)]) for number, row in rows]
