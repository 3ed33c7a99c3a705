"""The slides of a cohort as rows of its page: what needs a look first, and how each is named and linked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from her2path.batch.look import FINAL, GROUPS, Look
from her2path.report.document import file_name
from her2path.report.numbers import is_given
from her2path.report.words import SCORES, STATUS_WORDS, TAG_WORDS, plain
from her2path.store.cohort import COHORT_COLUMNS

GROUP_WORDS = {
    "failed": "Failed",
    "not_evaluable": "Not evaluable",
    "partial": "Scored in part",
    "not_finished": "Not finished",
    "flagged": "Flagged",
    "borderline": "Borderline",
}
"""Why a slide needs a look, in the order of ``GROUPS``."""

SLIDE_STATUS_WORDS = STATUS_WORDS | {"failed": GROUP_WORDS["failed"]}
"""A slide of a cohort may have failed for other reasons than that it was not read."""

HER2_WORDS = {"negative": "Negative", "equivocal": "Equivocal", "positive": "Positive"}

FOLDED = ("status", "category", "flags", "path", "rulebook", "recipe_digest", "software", "seconds")
"""Columns of the cohort table that stand behind the toggle, before the manifest's own."""

FOLDED_WORDS = {
    "status": "Status",
    "category": "Category",
    "flags": "Flags",
    "path": "File",
    "rulebook": "Rulebook",
    "recipe_digest": "Recipe",
    "software": "Software",
    "seconds": "Seconds",
}


@dataclass(frozen=True, slots=True)
class CohortRow:
    """One slide."""

    slide_id: str
    folder: str
    """Name of its folder as an address; empty where there is no result to open."""

    has_picture: bool
    case_id: str
    score: str | None
    grade: int | None
    borderline: bool
    her2: str
    tag: str
    h_score: float | None
    strong: float | None
    n_cells: int | None
    group: str
    """Of the look that it needs; empty where it needs none."""

    group_words: str
    rank: int | None
    """Place of the group; None where it needs no look."""

    reasons: tuple[str, ...]
    folded: tuple[Any, ...]
    """Values of the folded columns."""


FILES = {"path", "include", "exclude", "control_roi"}
"""Columns that name files: their folders are not shown."""


def folded_columns(rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Name the columns behind the toggle: some of the cohort table, then all of the manifest's own."""
    own = dict.fromkeys(name for row in rows for name in row if name not in COHORT_COLUMNS)
    return (*FOLDED, *own)


def cohort_rows(rows: Sequence[Mapping[str, Any]], looks: Mapping[str, Look]) -> list[CohortRow]:
    """Lay out every slide: what needs a look first, worst group first, by name within each.

    Parameters
    ----------
    rows
        Rows of the cohort table.
    looks
        By slide; a slide that is not in it needs none.
    """
    columns = folded_columns(rows)
    laid_out = [_row(row, looks.get(row["slide_id"]), columns) for row in rows]
    return sorted(laid_out, key=lambda row: (len(GROUPS) if row.rank is None else row.rank, row.slide_id))


def _row(row: Mapping[str, Any], look: Look | None, columns: Sequence[str]) -> CohortRow:
    score, status = row.get("score"), row.get("status")
    group = look.group if look else ""
    return CohortRow(
        slide_id=row["slide_id"],
        folder=quote(row["slide_id"], safe="") if status in FINAL else "",
        has_picture=status in FINAL and status != "failed",
        case_id=row.get("case_id") or "",
        score=score,
        grade=SCORES.index(score) if score in SCORES else None,
        borderline=bool(row.get("borderline")),
        her2=HER2_WORDS.get(row.get("her2_status") or "", ""),
        tag=TAG_WORDS.get(row.get("tag") or "", ""),
        h_score=_finite(row.get("h_score")),
        strong=_finite(row.get("complete_intense_fraction")),
        n_cells=row.get("n_cells"),
        group=group,
        group_words=GROUP_WORDS.get(group) or (plain(group) if group else ""),
        rank=GROUPS.index(look.group) if look else None,
        reasons=tuple(_without_folder(reason, row.get("path")) for reason in look.reasons) if look else (),
        folded=tuple(_folded(name, row.get(name)) for name in columns),
    )


def _without_folder(reason: str, path: str | None) -> str:
    """Leave the folder out of what is said of a slide: its name may be a patient's."""
    return reason if not path else reason.replace(path, file_name(path))


def _folded(name: str, value: Any) -> Any:  # noqa: ANN401 - a cell of a table
    if name in FILES and value:
        return file_name(value)
    if name == "status":
        return SLIDE_STATUS_WORDS.get(value) or plain(value)
    if isinstance(value, float):
        return _finite(value)
    return None if value == "" else value


def _finite(value: float | None) -> float | None:
    return value if is_given(value) else None
