"""The page of a cohort, from its table and the slides' folders."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from her2path.batch.look import Look, needs_look
from her2path.report.cohort_page import render_cohort
from her2path.store.cohort import read_cohort
from her2path.store.qa_settings import load_bands
from her2path.store.qa_study import write_html
from her2path.store.runs import read_score


def draw_cohort(out: Path) -> None:
    """Draw ``cohort.html``, the page of all slides in a folder, from its cohort table.

    Raises
    ------
    OutputError
        If the table cannot be read, or the page not written.
    """
    rows = read_cohort(out)
    looks = {look.slide_id: look for row in rows if (look := _look(out, row)) is not None}
    software = sorted({row["software"] for row in rows if row["software"]})
    page = render_cohort(rows, looks, load_bands(), software=software)
    write_html(out / "cohort.html", page)


def _look(out: Path, row: Mapping[str, Any]) -> Look | None:
    """Say why a slide needs a look; most need none, and the table alone tells that."""
    if row["status"] == "scored" and not row["borderline"] and not row["flags"]:
        return None
    return needs_look(read_score(out / row["slide_id"]) or {**row, "flags": ()})
