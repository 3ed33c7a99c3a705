"""Cores of microarrays and the map of their cases, and the table of what they collapse to."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from her2path.errors import ConfigurationError, OutputError, UsageError
from her2path.scoring.collapse import Collapsed, CollapseRule, CoreResult
from her2path.store.cases import parse_sample, read_texts
from her2path.store.disk import write_whole

CORE_NEEDED = ("slide_id", "label", "category", "n_cells")
CORE_KNOWN = (*CORE_NEEDED, "her2_status", "tag", "rulebook")
MAP_COLUMNS = ("slide_id", "core", "case_id")

COLLAPSED_COLUMNS: dict[str, pa.DataType] = {
    "slide_id": pa.string(),
    "case_id": pa.string(),
    "status": pa.string(),
    "reason": pa.string(),
    "score": pa.string(),
    "category": pa.string(),
    "her2_status": pa.string(),
    "tag": pa.string(),
    "rulebook": pa.string(),
    "rule": pa.string(),
    "n_cores": pa.int64(),
    "n_evaluable": pa.int64(),
    "agreement": pa.float64(),
    "deciding_cores": pa.string(),
    "highest_category": pa.string(),
    "highest_core": pa.string(),
    "any_low": pa.bool_(),
    "discordances": pa.string(),
    "details": pa.string(),
}
"""Columns of collapsed.csv: one row a case. ``cases`` reads it: a case is one specimen there."""


def read_cores(paths: Sequence[Path], of_cases: Path) -> tuple[tuple[CoreResult, ...], int]:
    """Read the cores of arrays with the cases that they belong to.

    Parameters
    ----------
    paths
        ``cores.csv`` of each slide.
    of_cases
        CSV with the columns ``slide_id``, ``core`` and ``case_id``. Labels as in cores.csv, or with a hyphen
        as QuPath writes them.

    Returns
    -------
    tuple of (tuple of CoreResult, int)
        The cores with a case, and the number of those without one.

    Raises
    ------
    ConfigurationError
        With every mistake: row (as a spreadsheet counts, the names are row 1), column, what is wrong.
    UsageError
        If a file cannot be read, or no core has a case.
    """
    case_of = _read_map(of_cases)
    cores: dict[tuple[str, str], CoreResult] = {}
    n_without, problems = 0, list[str]()
    seen = set()
    for path in paths:
        for number, row in enumerate(read_texts(path, needed=CORE_NEEDED, known=CORE_KNOWN), start=2):
            key = (row["slide_id"], _plain(row["label"]))
            wrong = [("label", f"{row['slide_id']} {row['label']} is there twice")] if key in seen else []
            seen.add(key)
            if key not in case_of:
                n_without += 1
            else:
                core, more = _core(row, case_of[key])
                cores[key], wrong = core, wrong + more
            problems += [f"{path}: row {number}, column {column}: {what}" for column, what in wrong]
    problems += [
        f"{of_cases.name}: slide {slide_id} has no core {label} in the tables given"
        for slide_id, label in case_of
        if (slide_id, label) not in seen
    ]
    if problems:
        raise UsageError("\n".join(problems))
    if not cores:
        raise UsageError(f"{of_cases} gives no core a case_id; fill the column")
    return tuple(cores.values()), n_without


def write_collapsed(out: Path, cases: Sequence[Collapsed], rule: CollapseRule) -> None:
    """Write ``collapsed.parquet`` and ``collapsed.csv``.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    table = pa.Table.from_pylist([_row(case, rule) for case in cases], schema=pa.schema(COLLAPSED_COLUMNS))
    try:
        write_whole(out / "collapsed.parquet", lambda to: pq.write_table(table, to, compression="zstd"))
        write_whole(out / "collapsed.csv", lambda to: pyarrow.csv.write_csv(table, to))
    except OSError as error:
        raise OutputError(f"{out} cannot be written ({error}); close the table where it is open") from error


def _read_map(path: Path) -> dict[tuple[str, str], str]:
    rows = read_texts(path, needed=MAP_COLUMNS, known=MAP_COLUMNS)
    keys = [(row["slide_id"], _plain(row["core"])) for row in rows]
    problems = [
        f"row {number}, column core: {' '.join(key)} is there twice"
        for number, key in enumerate(keys, start=2)
        if key in keys[: number - 2]
    ]
    if problems:
        raise ConfigurationError(path.name, problems)
    return {key: row["case_id"] for key, row in zip(keys, rows, strict=True) if row["case_id"]}


def _core(row: Mapping[str, str], case_id: str) -> tuple[CoreResult, list[tuple[str, str]]]:
    named = {**row, "slide_id": f"{row['slide_id']} {row['label']}", "case_id": case_id}
    sample, wrong = parse_sample(named)
    n_cells = row["n_cells"]
    if n_cells and not n_cells.isdecimal():
        wrong.append(("n_cells", f"{n_cells!r} is no number of cells"))
    return CoreResult(sample, int(n_cells) if n_cells.isdecimal() else 0), wrong


def _plain(label: str) -> str:
    return label.replace("-", "").upper()


def _row(one: Collapsed, rule: CollapseRule) -> dict[str, Any]:
    case, rulebooks = one.case, {core.rulebook for core in one.deciding}
    return {
        "slide_id": case.case_id,
        "case_id": case.case_id,
        "status": "not_evaluable" if one.category is None else "scored",
        "reason": one.reason,
        "score": one.score,
        "category": one.category,
        "her2_status": one.her2_status,
        "tag": one.tag,
        "rulebook": next(iter(rulebooks)) if len(rulebooks) == 1 else None,
        "rule": rule,
        "n_cores": len(case.samples),
        "n_evaluable": one.n_evaluable,
        "agreement": one.agreement,
        "deciding_cores": ", ".join(core.slide_id for core in one.deciding) or None,
        "highest_category": case.highest and case.highest.category,
        "highest_core": case.highest and case.highest.slide_id,
        "any_low": case.any_low,
        "discordances": " ".join(dict.fromkeys(found.code for found in one.discordances)),
        "details": " | ".join(found.detail for found in one.discordances),
    }
