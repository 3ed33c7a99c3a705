"""The runs of control tissue: from a table of them, or from a results folder in which controls were drawn."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from math import isfinite
from pathlib import Path

from her2path.errors import ConfigurationError, UsageError
from her2path.qa.control_chart import Baseline, ControlRun
from her2path.store.cases import read_texts
from her2path.store.runs import read_score

NEEDED = ("control", "date", "membrane_od")
KNOWN = (*NEEDED, "run", "baseline_mean_od", "baseline_sd_od")


@dataclass(frozen=True, slots=True)
class ControlSeries:
    """All runs of one control."""

    control: str
    runs: tuple[ControlRun, ...]
    """As they stand in the table."""

    given: Baseline | None
    """The baseline that the table gives."""


def read_control_series(path: Path) -> tuple[ControlSeries, ...]:
    """Read the runs of every control.

    Parameters
    ----------
    path
        A table (CSV or Parquet) with the columns ``control``, ``date`` (YYYY-MM-DD) and ``membrane_od``;
        optional ``run`` (its name; by default the date, and rows of one control and day are numbered in their
        order: its batches), ``baseline_mean_od`` and ``baseline_sd_od`` (of the control, in any of its rows).
        Or a results folder: its slides are the runs, the controls drawn on them the controls, and the dates
        are those of the cohort table.

    Returns
    -------
    tuple of ControlSeries
        By the name of the control.

    Raises
    ------
    ConfigurationError
        With every mistake: row, column, what is wrong.
    UsageError
        If the file cannot be read, or there is no run.
    """
    rows = _rows_of_results(path) if path.is_dir() else _rows_of_table(path)
    problems: list[str] = []
    runs: dict[str, list[ControlRun]] = {}
    given: dict[str, set[tuple[float, float]]] = {}
    batches: Counter[tuple[str, date]] = Counter()
    known: dict[tuple[str, str], str] = {}
    for where, row in rows:
        control = row["control"]
        run, baseline, wrong = _parse(row)
        if run is not None and not run.run:
            batches[control, run.date] += 1
            run = replace(run, run=_numbered(run.date.isoformat(), batches[control, run.date]))
        if run is not None and isfinite(run.value):
            if (control, run.run) in known:
                first = known[control, run.run]
                wrong.append(("run", f"{run.run!r} of {control} is in {first} already; name every run once"))
            known.setdefault((control, run.run), where)
            runs.setdefault(control, []).append(run)
        if baseline is not None:
            given.setdefault(control, set()).add(baseline)
        problems += [f"{where}, column {column}: {what}" for column, what in wrong]
    problems += [
        f"control {name} has {len(values)} baselines; give one"
        for name, values in given.items()
        if len(values) > 1
    ]
    if problems:
        raise ConfigurationError(path.name, problems)
    if not runs:
        raise UsageError(
            f"{path} holds no run of a control; draw controls, or give a table of {', '.join(NEEDED)}"
        )
    return tuple(
        ControlSeries(
            name, tuple(runs[name]), next((Baseline(mean, sd, 0) for mean, sd in given.get(name, ())), None)
        )
        for name in sorted(runs)
    )


def _parse(
    row: Mapping[str, str],
) -> tuple[ControlRun | None, tuple[float, float] | None, list[tuple[str, str]]]:
    """Parse one row: its run (NaN where it was not measured), its baseline, what is wrong by column."""
    wrong: list[tuple[str, str]] = []

    def number(column: str) -> float | None:
        text = row.get(column, "")
        try:
            value = float(text) if text else None
        except ValueError:
            value = float("nan")
        if value is not None and not (isfinite(value) and value >= 0):
            wrong.append((column, f"{text!r} is no density; write a number from 0"))
        return value

    if not row["control"]:
        wrong.append(("control", "is missing"))
    day = None
    try:
        day = date.fromisoformat(row["date"][:10])
    except ValueError:
        wrong.append(("date", f"{row['date']!r} is no date; write YYYY-MM-DD"))
    value, mean, sd = (number(column) for column in ("membrane_od", "baseline_mean_od", "baseline_sd_od"))
    if (mean is None) != (sd is None) or sd == 0:
        wrong.append(("baseline_sd_od", "give mean and standard deviation, both, the latter above 0"))
    baseline = None if mean is None or sd is None else (mean, sd)
    if wrong or day is None:
        return None, baseline, wrong
    return ControlRun(row.get("run", ""), day, float("nan") if value is None else value), baseline, wrong


def _numbered(name: str, place: int) -> str:
    """Tell what has one name apart: the second is ``name (2)``."""
    return name if place == 1 else f"{name} ({place})"


def _rows_of_table(path: Path) -> list[tuple[str, dict[str, str]]]:
    rows = read_texts(path, needed=NEEDED, known=KNOWN)
    return [(f"row {number}", row) for number, row in enumerate(rows, start=2)]


def _rows_of_results(path: Path) -> list[tuple[str, dict[str, str]]]:
    """Rows as they would stand in a table, from the controls in every score.json of a folder."""
    table = path / "cohort.parquet"
    dates = {
        row["slide_id"]: row["date"]
        for row in read_texts(table, needed=("slide_id", "date"), known=("slide_id", "date"))
    }
    rows = []
    for file in sorted(path.glob("[!.]*/score.json")):
        score = read_score(file.parent) or {}
        slide = file.parent.name
        pieces: Counter[str] = Counter()
        for control in score.get("controls") or ():
            od = control["reading"]["membrane_od"]
            pieces[control["name"]] += 1
            row = {
                "control": control["name"],
                "run": _numbered(slide, pieces[control["name"]]),
                "date": dates.get(slide, ""),
                "membrane_od": "" if od is None else repr(od),
            }
            rows.append((f"slide {slide} of the cohort table", row))
    return rows
