"""``her2path rescore``: stored cells under new rules."""

from pathlib import Path

from her2path.cli.console import Console
from her2path.export.slide_files import publish
from her2path.pipeline.rescore import find_tables, rescore
from her2path.report.document import render_report
from her2path.store.cohort import cohort_row, write_cohort
from her2path.store.recipes import load_recipe, read_toml
from her2path.store.runs import check_writable, slide_ids


def run_rescore(
    cells: Path,
    out: Path,
    *,
    rulebook: str | None,
    specimen: str | None,
    mpp: float | None,
    recipe: Path | None,
    quiet: bool,
) -> None:
    """Score every table anew and write the results."""
    loaded = load_recipe(
        recipe, rulebook=rulebook, specimen=specimen, mpp_um=None if mpp is None else (mpp, mpp)
    )
    loaded.rulebook.check_specimen(loaded.specimen)
    # A recipe that says how to grade derives the patterns anew; without one the stored ones stand.
    derive = recipe is not None and "grading" in read_toml(recipe)
    tables = find_tables(cells)
    check_writable(out)
    named = [_name(table) for table in tables]
    rows = []
    with Console(quiet=quiet, as_json=False) as console:
        for table, slide_id in zip(tables, slide_ids(tables, out, named), strict=True):
            scored = rescore(table, slide_id, loaded, derive_patterns=derive)
            publish(scored, out / slide_id, report_html=render_report(scored))
            rows.append(cohort_row(scored.score))
            write_cohort(out, rows)
            console.finished(scored.score, stood=False)


def _name(table: Path) -> str:
    """Name a result: by the slide's folder; a bare table names itself."""
    return table.parent.resolve().name if table.name == "cells.parquet" else table.stem
