"""The files of monitoring and of a comparison of two runs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv

from her2path.errors import OutputError
from her2path.qa.change import Change
from her2path.qa.control_chart import Break, ControlChart
from her2path.qa.drift import PeriodDrift
from her2path.qa.gate import GateResult
from her2path.qa.monitoring import Monitoring
from her2path.qa.plain import plain
from her2path.qa.values import Statistic, Undefined, as_json
from her2path.store.disk import write_whole
from her2path.store.runs import json_bytes

TEXT, WHOLE, NUMBER = pa.string(), pa.int64(), pa.float64()

RATE_COLUMNS: dict[str, pa.DataType] = {
    **dict.fromkeys(("of", "rate", "by", "group"), TEXT),
    **dict.fromkeys(("count", "n"), WHOLE),
    **dict.fromkeys(("value", "low", "high"), NUMBER),
    "level": TEXT,
    **dict.fromkeys(("limit_low", "limit_high"), NUMBER),
    "place": TEXT,
}
"""rates.csv: one row a group and level of limits."""

BREAK_COLUMNS: dict[str, pa.DataType] = {
    **dict.fromkeys(("control", "rule", "severity", "run", "date"), TEXT),
    **dict.fromkeys(("membrane_od", "z"), NUMBER),
    **dict.fromkeys(("since_run", "until_run", "told"), TEXT),
}
"""breaks.csv: one row a rule that was broken, at its first run."""

FLIP_COLUMNS: dict[str, pa.DataType] = dict.fromkeys(
    ("slide_id", "what", "before", "after", "rule_before", "rule_after", "told"), TEXT
)
"""flips.csv: one row a decision that flipped."""


def write_monitoring(out: Path, monitoring: Monitoring, head: Mapping[str, Any]) -> None:
    """Write ``monitoring.json`` and ``rates.csv``.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    rows = [
        {
            "of": chart.of,
            "rate": chart.what,
            "by": chart.by,
            "group": group.name,
            "count": group.count,
            "n": group.n,
            **_numbers(group.rate),
            "level": level.name,
            "limit_low": low,
            "limit_high": high,
            "place": place,
        }
        for chart in monitoring.charts
        for group in chart.groups
        for level, (low, high), place in zip(chart.levels, group.limits, group.places, strict=True)
    ]
    _write(out, "monitoring.json", {**head, **plain(monitoring)}, "rates.csv", rows, RATE_COLUMNS)


def write_controls(
    out: Path,
    charts: Mapping[str, ControlChart | Undefined],
    breaks: Sequence[Break],
    head: Mapping[str, Any],
) -> None:
    """Write ``controls.json`` and ``breaks.csv``.

    Parameters
    ----------
    out
        Folder, there already.
    charts
        By control.
    breaks
        Of all controls, those between controls too.
    head
        What else the document tells, first: software, disclaimer.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    rows = [
        {
            "control": one.control,
            "rule": one.rule,
            "severity": one.severity,
            "run": one.run.run,
            "date": one.run.date.isoformat(),
            "membrane_od": one.run.value,
            "z": one.z,
            "since_run": one.since.run,
            "until_run": one.until.run,
            "told": one.sentence,
        }
        for one in breaks
    ]
    document = {**head, "controls": plain(charts), "breaks": rows}
    _write(out, "controls.json", document, "breaks.csv", rows, BREAK_COLUMNS)


def write_change(out: Path, change: Change, result: GateResult | None, head: Mapping[str, Any]) -> None:
    """Write ``change.json`` and ``flips.csv``.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    rows = [
        {
            "slide_id": flip.slide_id,
            "what": what,
            "before": before,
            "after": after,
            "rule_before": flip.rules[0],
            "rule_after": flip.rules[1],
            "told": flip.sentence,
        }
        for flip in change.flips
        for what, before, after in flip.decisions
    ]
    gate = None if result is None else {"passed": result.passed, "reasons": result.reasons, **plain(result)}
    _write(out, "change.json", {**head, **plain(change), "gate": gate}, "flips.csv", rows, FLIP_COLUMNS)


def write_drift(out: Path, drift: PeriodDrift, head: Mapping[str, Any]) -> None:
    """Write ``drift.json`` and ``scores.csv``.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    rows = [
        {"score": score, "before": before, "after": after}
        for score, (before, after) in zip(drift.scores, drift.table.T.tolist(), strict=True)
    ]
    columns: dict[str, pa.DataType] = {"score": TEXT, "before": WHOLE, "after": WHOLE}
    _write(out, "drift.json", {**head, **plain(drift)}, "scores.csv", rows, columns)


def _numbers(statistic: Statistic) -> dict[str, float | None]:
    told = as_json(statistic)
    return {name: told.get(name) for name in ("value", "low", "high")}


def _write(
    out: Path,
    document_name: str,
    document: Mapping[str, Any],
    table_name: str,
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, pa.DataType],
) -> None:
    table = pa.Table.from_pylist(list(rows), schema=pa.schema(dict(columns)))
    try:
        write_whole(out / table_name, lambda to: pyarrow.csv.write_csv(table, to))
        write_whole(out / document_name, lambda to: to.write_bytes(json_bytes(document)))
    except OSError as error:
        raise OutputError(
            f"{out} cannot be written ({error}); close the tables where they are open"
        ) from error
