"""Control tissue and normal epithelium: what they should read, what they read, and whether that will do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from her2path.report.figures import Segment, grade_stack
from her2path.report.words import SCORES

VERDICTS = {True: ("Passed", "pass"), False: ("Failed", "fail"), None: ("Not judged", "unjudged")}
"""Word and CSS class."""


@dataclass(frozen=True, slots=True)
class ControlRow:
    """One control, or all normal epithelium."""

    name: str
    expected: str
    reached: str | None
    grade: int | None
    n_cells: int
    stained_share: float | None
    membrane_od: float | None
    window_od: tuple[float, float] | None
    area_mm2: float | None
    classes: list[Segment]
    verdict: str
    style: str
    detail: str


@dataclass(frozen=True, slots=True)
class ControlsSection:
    """All that was measured beside the score."""

    rows: list[ControlRow]
    says: str


def controls_section(score: Mapping[str, Any], grades: Sequence[int]) -> ControlsSection | None:
    """Lay out the controls of score.json; None where none was drawn, or an older version knew none.

    Parameters
    ----------
    score
        Content of score.json.
    grades
        Grade of each of the nine patterns.
    """
    rows = [_control(control, grades) for control in score.get("controls") or ()]
    normal = score.get("normal_epithelium")
    if normal is not None:
        rows.append(_normal(normal, grades))
    return ControlsSection(rows, _says(rows)) if rows else None


def _control(control: Mapping[str, Any], grades: Sequence[int]) -> ControlRow:
    reading, reached = control["reading"], control["reached"]
    verdict, style = VERDICTS[control["passed"]]
    return ControlRow(
        name=control["name"],
        expected=control["expected"] or "not named",
        reached=reached,
        grade=None if reached is None else SCORES.index(reached),
        n_cells=reading["n_cells"],
        stained_share=reading["stained_share"],
        membrane_od=reading["membrane_od"],
        window_od=control["window_od"],
        area_mm2=control["area_mm2"],
        classes=grade_stack(reading["fractions"], grades),
        verdict=verdict,
        style=style,
        detail=control["detail"],
    )


def _normal(normal: Mapping[str, Any], grades: Sequence[int]) -> ControlRow:
    reading, n = normal["reading"], normal["n_regions"]
    verdict, style = VERDICTS[normal["passed"]]
    return ControlRow(
        name=f"Normal epithelium ({n} {'region' if n == 1 else 'regions'})",
        expected="faint at most",
        reached=None,
        grade=None,
        n_cells=reading["n_cells"],
        stained_share=reading["stained_share"],
        membrane_od=reading["membrane_od"],
        window_od=None,
        area_mm2=normal["area_mm2"],
        classes=grade_stack(reading["fractions"], grades),
        verdict=verdict,
        style=style,
        detail="",
    )


def _says(rows: Sequence[ControlRow]) -> str:
    styles = [row.style for row in rows]
    if "fail" in styles:
        return "A control failed: do not use the score before the run is checked."
    if "pass" not in styles:
        return "No control could be judged: nothing on this slide says how well it was stained."
    return "Every control that could be judged passed. It speaks for its own place on the slide."
