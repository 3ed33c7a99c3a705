"""``her2path rescore``: stored cells under new rules."""

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from her2path.cli import EXIT_FAILED
from her2path.cli.console import Console
from her2path.cli.mistakes import Mistakes
from her2path.errors import UsageError
from her2path.export.slide_files import publish
from her2path.pipeline.document import run_record
from her2path.pipeline.rescore import find_tables, rescore
from her2path.report.document import render_report
from her2path.scoring.ish import IshReading
from her2path.store.cohort import cohort_row, manifest_columns, write_cohort
from her2path.store.ish import read_ish
from her2path.store.names import slide_ids
from her2path.store.recipes import load_recipe, read_toml
from her2path.store.runs import check_writable, write_run


def run_rescore(
    cells: Path,
    out: Path,
    *,
    rulebook: str | None,
    specimen: str | None,
    mpp: float | None,
    recipe: Path | None,
    ish: Path | None,
    quiet: bool,
) -> int:
    """Score every table anew and write the results; give the exit code.

    Of several tables, one that cannot be read is told and left out; the others are finished.
    """
    started, mistakes = datetime.now(UTC), Mistakes()
    ids: Sequence[str] = ()
    readings: Mapping[str, IshReading] = {}
    with mistakes.noted():
        tables = find_tables(cells.absolute())
        named = [_name(table) for table in tables]
        ids = slide_ids(tables, out, named)
        if any(
            (out / slide_id).resolve() == table.parent.resolve()
            for slide_id, table in zip(ids, tables, strict=True)
        ):
            raise UsageError(f"{out} holds the cells themselves; give another folder with --out")
    with mistakes.noted():
        loaded = load_recipe(
            recipe, rulebook=rulebook, specimen=specimen, mpp_um=None if mpp is None else (mpp, mpp)
        )
        with mistakes.noted():
            loaded.rulebook.check_specimen(loaded.specimen)
        if ish is not None:
            readings = read_ish(ish, loaded.rulebook.ish_table())
    with mistakes.noted():
        strangers = _without_cells(readings, ids)
    mistakes.raise_all()
    if strangers:
        sys.stderr.write(f"her2path: {ish}: no cells here for {', '.join(strangers)}; passed over\n")
    # A recipe that says how to grade derives the patterns anew; without one the stored ones stand.
    derive = recipe is not None and "grading" in read_toml(recipe)
    check_writable(out)
    # The table of the slides stands beside their folders.
    told = manifest_columns(cells) or manifest_columns(cells.parent)
    rows, code = [], 0
    with Console(quiet=quiet, as_json=False) as console:
        for table, slide_id in zip(tables, ids, strict=True):
            try:
                scored = rescore(table, slide_id, loaded, derive_patterns=derive, ish=readings.get(slide_id))
            except UsageError as error:
                if len(tables) == 1:
                    raise
                sys.stderr.write(f"her2path: {error}\n")
                code = EXIT_FAILED
                continue
            publish(scored, out / slide_id, report_html=partial(render_report, scored))
            rows.append(cohort_row(scored.score, told.get(slide_id)))
            write_cohort(out, rows[-1:])
            console.finished(scored.score, stood=False)
            code = EXIT_FAILED if scored.score["status"] == "failed" else code
    write_run(out, run_record(loaded, rows, started=started), now=started)
    return code


def _without_cells(readings: Mapping[str, IshReading], ids: Sequence[str]) -> Sequence[str]:
    """Slides with ISH that are not scored here, which is a mistake only where none of them is."""
    strangers = [slide_id for slide_id in readings if slide_id not in ids]
    if ids and strangers and len(strangers) == len(readings):
        raise UsageError(f"--ish tells of none of the slides here ({', '.join(ids[:5])}); check slide_id")
    return strangers


def _name(table: Path) -> str:
    """Name a result: by the slide's folder; a bare table names itself."""
    return table.parent.resolve().name if table.name == "cells.parquet" else table.stem
