"""The results of a run, to be compared with those of another: a results folder, or its cohort table."""

from collections.abc import Iterator, Mapping
from math import isfinite
from os.path import relpath
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from her2path.arrays import Doubles
from her2path.errors import ConfigurationError, UsageError
from her2path.qa.slide_result import DECISIONS, UNITS, Setting, SlideResult
from her2path.store.cases import read_texts
from her2path.store.runs import read_score

IN_SCORE = ("software", "rulebook", "engine", "device", "mpp", "mpp_source", "objective", "recipe_digest")
"""Settings that score.json tells."""

IN_RUN = ("versions", "recipe", "weights", "weights_sha256", "input_sha256", "reader", "platform")
"""Settings that run.json tells."""

IN_TABLE = ("h_score", "complete_intense_fraction", "n_cells")
"""Measures that the cohort table tells."""

SET_IN_TABLE = {"rulebook": "rulebook.id", "recipe_digest": "recipe_digest"}
"""Settings that the cohort table tells, by column."""

THINNED = 10_000
"""Cells of a slide that its density is known from: enough for tenths, and a large slide does not outweigh all
others."""

KNOWN = ("slide_id", "reason", "borderline", *DECISIONS, *IN_TABLE, *SET_IN_TABLE)

YES_OR_NO = {"true": True, "false": False}


def read_results(path: Path) -> tuple[SlideResult, ...]:
    """Read the results of a run.

    Parameters
    ----------
    path
        A results folder, or a cohort.parquet or cohort.csv. A folder tells more: the table has neither
        fractions nor what the slides were scored with. Slides of which the folder has the table's row alone
        are taken from there.

    Raises
    ------
    UsageError
        If there is no result, or the table cannot be read or names a slide twice.
    """
    results: dict[str, SlideResult] = {}
    table = path
    if path.is_dir():
        table = path / "cohort.parquet"
        found = [_from_folder(file.parent) for file in sorted(path.glob("[!.]*/score.json"))]
        results = {one.slide_id: one for one in found}
    if not path.is_dir() or table.exists():
        results = {one.slide_id: one for one in _from_table(table)} | results
    if not results:
        raise UsageError(
            f"{path} holds no results; give the folder that her2path wrote, or its cohort.parquet"
        )
    return tuple(results.values())


def read_densities(path: Path) -> list[Doubles]:
    """Read the membrane density of the cells of a results folder.

    Parameters
    ----------
    path
        Results folder; a cohort table tells no cells.

    Returns
    -------
    list of Doubles
        One array a slide: OD of its counted cells, evenly thinned to about ``THINNED``.

    Raises
    ------
    UsageError
        If a table of cells cannot be read.
    """
    densities = []
    for file in sorted(path.glob("[!.]*/cells.parquet")):
        try:
            cells = pq.read_table(file, columns=["counted", "membrane_od"])
        except (OSError, pa.ArrowInvalid) as error:
            raise UsageError(f"{file} cannot be read ({error}); score this slide again") from error
        od = cells["membrane_od"].filter(cells["counted"]).drop_null().to_numpy().astype(float)
        densities.append(od[:: max(1, len(od) // THINNED)])
    return densities


def find_reports(run: Path, seen_from: Path) -> dict[str, str]:
    """Find the reports of the slides of a results folder.

    Parameters
    ----------
    run
        Results folder; a cohort table has no reports beside it.
    seen_from
        Folder of the page that leads to them.

    Returns
    -------
    dict of str to str
        Address by slide: relative, so that both folders may move together; absolute on another drive.
    """
    if not run.is_dir():
        return {}
    return {
        file.parent.name: _address(file.resolve(), seen_from.resolve())
        for file in sorted(run.glob("[!.]*/report.html"))
    }


def _address(file: Path, seen_from: Path) -> str:
    if file.anchor != seen_from.anchor:
        return file.as_uri()
    return quote(Path(relpath(file, seen_from)).as_posix())


def flat(document: Mapping[str, Any]) -> dict[str, Setting]:
    """Flatten a document to one key a value: ``recipe.grading.weak_od``.

    The items of a list are told apart by their ``name``, else by their place from 0; a list of plain
    values is one value, as text.
    """
    return dict(_leaves(document, ""))


def _leaves(value: Any, key: str) -> Iterator[tuple[str, Setting]]:  # noqa: ANN401 - parsed JSON
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from _leaves(one, f"{key}.{name}" if key else name)
    elif isinstance(value, list) and any(isinstance(one, Mapping | list) for one in value):
        for place, one in enumerate(value):
            name = one.get("name", place) if isinstance(one, Mapping) else place
            yield from _leaves(one, f"{key}[{name}]")
    elif isinstance(value, list):
        yield key, ", ".join(map(str, value))
    else:
        yield key, value


def _from_folder(folder: Path) -> SlideResult:
    score = read_score(folder)
    if score is None or "slide_id" not in score:
        raise UsageError(
            f"{folder / 'score.json'} cannot be read; score this slide again, or move its folder away"
        )
    measures = {name: value for name, value in flat(score).items() if name in UNITS}
    run = _read_run(folder)
    told = {name: score.get(name) for name in IN_SCORE} | {name: run[name] for name in IN_RUN if name in run}
    return SlideResult(
        slide_id=score["slide_id"],
        decisions={what: score.get(what) for what in DECISIONS},
        # A group that is null as a whole, on a slide without cells, is null in each of its measures.
        measures={name: _number(measures.get(name)) for name in UNITS},
        rule=score.get("rule_fired"),
        reason=score.get("reason"),
        borderline=score.get("borderline"),
        settings=flat(told),
    )


def _read_run(folder: Path) -> Mapping[str, Any]:
    """Read what the slide was scored with; nothing where there is no run.json."""
    try:
        run = orjson.loads((folder / "run.json").read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, orjson.JSONDecodeError) as error:
        raise UsageError(f"{folder / 'run.json'} cannot be read ({error}); score this slide again") from error
    return run if isinstance(run, Mapping) else {}


def _number(value: Setting) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _from_table(path: Path) -> Iterator[SlideResult]:
    rows = read_texts(path, needed=("slide_id",), known=KNOWN)
    problems = []
    seen: set[str] = set()
    for number, row in enumerate(rows, start=2):
        name = row["slide_id"]
        if not name or name in seen:
            what = f"{name!r} is there twice" if name else "is missing"
            problems.append(f"row {number}, column slide_id: {what}")
        seen.add(name)
        problems += [
            f"row {number}, column {what}: {row[what]!r} is no number"
            for what in IN_TABLE
            if row.get(what) and not _is_number(row[what])
        ]
    if problems:
        raise ConfigurationError(path.name, problems)
    for row in rows:
        yield SlideResult(
            slide_id=row["slide_id"],
            decisions={what: row[what] or None for what in DECISIONS if what in row},
            measures={what: float(row[what]) if row[what] else None for what in IN_TABLE if what in row},
            reason=row.get("reason") or None,
            borderline=YES_OR_NO.get(row.get("borderline", "").casefold()),
            settings={key: row[what] or None for what, key in SET_IN_TABLE.items() if what in row},
        )


def _is_number(text: str) -> bool:
    try:
        return isfinite(float(text))
    except ValueError:
        return False
