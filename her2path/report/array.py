"""A tissue microarray: its grid with each core's score in its place, and a row for every core."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from her2path.quality.tma import row_name
from her2path.report.figures import Segment, grade_stack
from her2path.report.words import SCORES, plain

WIDE_COLUMNS = 8
"""From more columns the grid takes the whole width of the page: a score stays as large as the text."""

STATE_WORDS = {"present": "whole", "broken": "broken", "missing": "missing"}


@dataclass(frozen=True, slots=True)
class Core:
    """One place of the array."""

    label: str
    state: str
    score: str | None
    grade: int | None
    borderline: bool
    n_cells: int | None
    h_score: float | None
    complete_intense_fraction: float | None
    classes: list[Segment]
    area_mm2: float | None
    tag: str | None
    remark: str
    """Why there is no score, and its warnings; being borderline has a sign of its own."""

    row: int | None
    """From 0; row and column are None where the place has a name of its own."""

    column: int | None
    at_yx: tuple[float, float] | None
    """On the overview; None where it is not known, or there is none."""


@dataclass(frozen=True, slots=True)
class ArraySection:
    """All places of an array."""

    cores: list[Core]
    row_names: list[str]
    """Empty where the places have no grid."""

    n_columns: int
    radius: float | None
    """Of a core, in overview pixels."""

    says: str

    @property
    def wide(self) -> bool:
        """Whether the grid needs the whole width of the page."""
        return self.n_columns > WIDE_COLUMNS

    @property
    def marks(self) -> list[Core]:
        """Places that can be shown on the overview."""
        return [core for core in self.cores if core.at_yx is not None]


def array_section(
    score: Mapping[str, Any], grades: Sequence[int], overview_um: float | None
) -> ArraySection | None:
    """Lay out ``tma`` of score.json; None where the slide is no array.

    Parameters
    ----------
    score
        Content of score.json.
    grades
        Grade of each of the nine patterns.
    overview_um
        Micrometres per overview pixel; None where there is no overview.
    """
    tma = score.get("tma")
    if tma is None:
        return None
    scale = None if overview_um is None else score["mpp"] / overview_um
    cores = [_core(core, grades, scale) for core in tma["cores"]]
    on_grid = [core for core in cores if core.row is not None and core.column is not None]
    n_rows = n_columns = 0
    if len(on_grid) == len(cores):
        n_rows = max([tma["n_rows"] or 0, *(core.row + 1 for core in cores if core.row is not None)])
        n_columns = max([tma["n_columns"] or 0, *(c.column + 1 for c in cores if c.column is not None)])
    diameter_um = tma["core_um"]
    return ArraySection(
        cores=cores,
        row_names=[row_name(row) for row in range(n_rows)],
        n_columns=n_columns,
        radius=None if diameter_um is None or overview_um is None else diameter_um / 2 / overview_um,
        says=_says(cores),
    )


def _core(core: Mapping[str, Any], grades: Sequence[int], scale: float | None) -> Core:
    y_px, x_px, score = core["y_px"], core["x_px"], core["score"]
    warnings = [
        plain(flag["code"].lower())
        for flag in core["flags"] or ()
        if flag["severity"] != "info" and flag["code"] != "BORDERLINE"
    ]
    return Core(
        label=core["label"],
        state=STATE_WORDS[core["state"]],
        score=score,
        grade=None if score is None else SCORES.index(score),
        borderline=bool(core["borderline"]),
        n_cells=core["n_cells"],
        h_score=core["h_score"],
        complete_intense_fraction=core["complete_intense_fraction"],
        classes=grade_stack(core["fractions"], grades),
        area_mm2=core["area_mm2"],
        tag=core["tag"],
        remark="; ".join(([core["reason"]] if core["reason"] else []) + warnings),
        row=None if core["row"] is None else _number(core["row"]),
        column=None if core["column"] is None else core["column"] - 1,
        at_yx=None if scale is None or y_px is None or x_px is None else (y_px * scale, x_px * scale),
    )


def _says(cores: Sequence[Core]) -> str:
    """Count the places by state, and the cores by score."""
    states, scores = Counter(core.state for core in cores), Counter(core.score for core in cores)
    n = len(cores)
    places = [f"{states[word]} {word}" for word in STATE_WORDS.values() if states[word]]
    results = [f"{scores[name]} × {name}" for name in reversed(SCORES) if scores[name]]
    results += [f"{scores[None]} without a score"] if scores[None] else []
    return f"{n} {'place' if n == 1 else 'places'}: {', '.join(places)}. Scores: {', '.join(results)}."


def _number(letters: str) -> int:
    """Read the letters of a row as its place from the top.

    >>> [_number(row) for row in ("A", "Z", "AA")]
    [0, 25, 26]
    """
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1
