"""The slide by region and by fragment: rows of a table, and the numbers on the overview."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from her2path.report.figures import Segment, grade_stack
from her2path.report.words import SCORES

REGION_COLOUR, FRAGMENT_COLOUR = "#0b4f6c", "#1b2530"


@dataclass(frozen=True, slots=True)
class PartRow:
    """One part."""

    label: str
    """As it stands on the overview."""

    name: str
    area_mm2: float | None
    n_cells: int
    score: str | None
    grade: int | None
    classes: list[Segment]
    """Shares of the four grades."""

    h_score: float | None
    reason: str | None
    at_yx: tuple[float, float] | None
    """Where the label stands, in overview pixels; None where there is no overview."""

    aside: float
    """How many of its own radii it is moved to the right: a region and its fragment have one middle."""

    colour: str


@dataclass(frozen=True, slots=True)
class PartTable:
    """All parts of one kind."""

    title: str
    rows: list[PartRow]


@dataclass(frozen=True, slots=True)
class PartsSection:
    """Results by part; a slide of one piece, all of which was asked for, has none."""

    tables: list[PartTable]
    says: str

    @property
    def marks(self) -> list[PartRow]:
        """Rows with a place on the overview."""
        return [row for table in self.tables for row in table.rows if row.at_yx is not None]


def parts_section(
    score: Mapping[str, Any], grades: Sequence[int], downsample: float | None
) -> PartsSection | None:
    """Lay out the results by region and by fragment.

    Parameters
    ----------
    score
        Content of score.json; one of an older version may know no parts.
    grades
        Grade of each of the nine patterns.
    downsample
        Level-0 pixels per overview pixel; None where there is no overview.

    Returns
    -------
    PartsSection or None
        None where there is no part beside the whole; the parts of a microarray are its cores, which have a
        section of their own.
    """
    if score.get("tma") is not None:
        return None
    regions, fragments = score.get("regions") or [], score.get("fragments") or []
    tables = []
    aside = 1.1 if regions and len(fragments) > 1 else 0.0
    if regions:
        rows = [_row(one, "R", -aside, grades, downsample) for one in regions]
        tables.append(PartTable("Regions", rows))
    if len(fragments) > 1:
        rows = [_row(one, "", aside, grades, downsample) for one in fragments]
        tables.append(PartTable("Fragments", rows))
    if not tables:
        return None
    n, n_tumour = len(fragments), score.get("n_tumour_fragments")
    says = ""
    if len(fragments) > 1:
        says = f"{n} fragments of tissue, {n_tumour} of them with tumour enough for a score of their own."
    return PartsSection(tables, says)


def _row(
    part: Mapping[str, Any], prefix: str, aside: float, grades: Sequence[int], downsample: float | None
) -> PartRow:
    at = part["at_yx_px"]
    return PartRow(
        label=f"{prefix}{part['number']}",
        name=part["name"] or "",
        area_mm2=part["area_mm2"],
        n_cells=part["n_cells"],
        score=part["score"],
        grade=None if part["score"] is None else SCORES.index(part["score"]),
        classes=grade_stack(part["fractions"], grades),
        h_score=part["h_score"],
        reason=part["reason"],
        at_yx=None if at is None or downsample is None else (at[0] / downsample, at[1] / downsample),
        aside=aside,
        colour=REGION_COLOUR if prefix else FRAGMENT_COLOUR,
    )
