"""The tables that ``evaluate.py`` prints, and the same figures as JSON."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from compare import FINDINGS, TRUTHS, Reading, Tally
from drawings import Drawing

Results = dict[str, list["Judged"]]


@dataclass(frozen=True, slots=True)
class Judged:
    """What one engine made of one drawn slide."""

    drawing: Drawing
    tally: Tally
    score: str | None
    category: str | None
    """None where the engine names none."""

    seconds: float

    @property
    def hit(self) -> bool:
        """Whether the score is right."""
        return self.score == self.drawing.score


def figures(tally: Tally) -> dict[str, float]:
    """Every figure of a tally by its name; NaN where it is not defined."""
    return {
        "precision": tally.precision,
        "recall": tally.recall,
        "f1": tally.f1,
        "lymphocytes_counted": tally.lymphocytes_counted,
        "stroma_counted": tally.stroma_counted,
        **_of_reading(tally.read),
        **(_of_reading(tally.pixels, "pixel_") if tally.pixels else {}),
        **(_of_reading(tally.network, "network_") if tally.network else {}),
    }


def _of_reading(reading: Reading, prefix: str = "") -> dict[str, float]:
    return {
        f"{prefix}od_mae": reading.od.mae,
        f"{prefix}od_bias": reading.od.bias,
        f"{prefix}completeness_mae": reading.completeness.mae,
        f"{prefix}completeness_bias": reading.completeness.bias,
        f"{prefix}grade_accuracy": reading.accuracy,
        f"{prefix}grade_kappa": reading.kappa,
    }


def pooled(judged: Iterable[Judged]) -> Tally:
    """All cells of all slides together."""
    return reduce(add, (row.tally for row in judged))


COLUMNS = {
    "precision": "prec",
    "recall": "recall",
    "f1": "F1",
    "lymphocytes_counted": "lymph>t",
    "stroma_counted": "strom>t",
    "od_mae": "OD mae",
    "od_bias": "OD bias",
    "completeness_mae": "comp mae",
    "grade_accuracy": "grade",
    "grade_kappa": "kappa",
    "pixel_od_mae": "pOD mae",
    "pixel_od_bias": "pOD bias",
    "pixel_completeness_mae": "pco mae",
    "pixel_grade_kappa": "pkappa",
    "network_od_mae": "nOD mae",
    "network_od_bias": "nOD bias",
    "network_completeness_mae": "nco mae",
    "network_grade_kappa": "nkappa",
}
"""Figures that are printed, with their heads; those of pixels and network alone only where there are both."""


def show_engine(engine: str, judged: Sequence[Judged]) -> None:
    """Print one line a slide, the pooled line, and who was taken for whom."""
    whole = pooled(judged)
    names = [name for name in COLUMNS if name in figures(whole)]
    print(f"\n{engine}")
    print(_head("slide", names) + "  truth        found        score")
    for row in judged:
        drawing = row.drawing
        label = f"{drawing.slide.stem} ({drawing.scanner} {drawing.mpp:g})"
        verdict = f"{drawing.score:3}{row.score or '-':3} {'ok' if row.hit else 'MISS'}"
        near = f"  near: {drawing.near}" if drawing.near else ""
        print(
            f"{_line(label, names, row.tally)}  {drawing.category:13}{row.category or '-':13}{verdict:10}"
            f"{row.seconds:6.1f} s{near}"
        )
    print(f"{_line('all cells', names, whole)}  {_verdicts(judged)}")
    _show_confusion("drawn \\ found", TRUTHS, FINDINGS, whole.kinds)
    grades = [f"grade {grade}" for grade in range(len(whole.read.grades))]
    _show_confusion("drawn \\ found", grades, grades, whole.read.grades)


def show_comparison(which: str, results: Results) -> None:
    """Print the engines beside each other: all cells, by scanner, by pixel size."""
    names = list(COLUMNS)
    present = set().union(*(figures(pooled(judged)) for judged in results.values()))
    names = [name for name in names if name in present]
    for title, key in (("", None), (" by scanner", _scanner), (" by µm/px", _mpp)):
        print(f"\n{which}{title}")
        print(_head("engine", names))
        for engine, judged in results.items():
            for label, group in _groups(judged, key).items():
                line = _line(f"{engine} {label}".strip(), names, pooled(group))
                print(f"{line}  {_verdicts(group)}")


def as_json(which: str, results: Results) -> dict[str, Any]:
    """Give every figure, for the model card; null where one is not defined."""
    return {
        "set": which,
        "engines": {
            engine: {
                "all": _facts(judged),
                "by_scanner": {label: _facts(group) for label, group in _groups(judged, _scanner).items()},
                "by_mpp": {label: _facts(group) for label, group in _groups(judged, _mpp).items()},
                "slides": {row.drawing.slide.stem: _slide_facts(row) for row in judged},
            }
            for engine, judged in results.items()
        },
    }


def _scanner(row: Judged) -> str:
    return row.drawing.scanner


def _mpp(row: Judged) -> str:
    return f"{row.drawing.mpp:g}"


def _groups(judged: Sequence[Judged], key: Callable[[Judged], str] | None) -> dict[str, list[Judged]]:
    labels = sorted({key(row) for row in judged}) if key else [""]
    return {label: [row for row in judged if key is None or key(row) == label] for label in labels}


def _facts(judged: Sequence[Judged]) -> dict[str, Any]:
    whole = pooled(judged)
    return {
        "slides": len(judged),
        "drawn": whole.drawn,
        "found": whole.found,
        **_without_nan(figures(whole)),
        "scores_right": sum(row.hit for row in judged),
        "scores_wrong_away_from_a_cut_off": sum(not row.hit and row.drawing.near is None for row in judged),
        "kinds": {
            truth: dict(zip(FINDINGS, row, strict=True))
            for truth, row in zip(TRUTHS, whole.kinds.tolist(), strict=True)
        },
        "grades": whole.read.grades.tolist(),
        "seconds": sum(row.seconds for row in judged),
    }


def _slide_facts(row: Judged) -> dict[str, Any]:
    return {
        "scanner": row.drawing.scanner,
        "mpp": row.drawing.mpp,
        "truth": {
            "score": row.drawing.score,
            "category": row.drawing.category,
            "near_cut_off": row.drawing.near,
        },
        "score": row.score,
        "category": row.category,
        **_facts([row]),
    }


def _without_nan(values: dict[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in values.items()}


def _head(first: str, names: Sequence[str]) -> str:
    return f"{first:44}{'drawn':>7}{'found':>7}" + "".join(f"{COLUMNS[name]:>9}" for name in names)


def _line(label: str, names: Sequence[str], tally: Tally) -> str:
    values = figures(tally)
    cells = (
        f"{values[name]:9.3f}" if math.isfinite(values.get(name, math.nan)) else f"{'-':>9}" for name in names
    )
    return f"{label:44}{tally.drawn:7}{tally.found:7}" + "".join(cells)


def _verdicts(judged: Sequence[Judged]) -> str:
    hits = sum(row.hit for row in judged)
    beside = sum(not row.hit and row.drawing.near is not None for row in judged)
    named = [row for row in judged if row.category]
    categories = sum(row.category == row.drawing.category for row in named)
    excuse = f" ({beside} of the others near a cut-off)" if beside else ""
    spoken = f", category {categories}" if named else ""
    return f"score right {hits} of {len(judged)}{excuse}{spoken}, {sum(row.seconds for row in judged):.0f} s"


def _show_confusion(corner: str, rows: Sequence[str], columns: Sequence[str], counts: np.ndarray) -> None:
    print(f"\n  {corner:14}" + "".join(f"{name:>12}" for name in columns))
    for name, values in zip(rows, counts.tolist(), strict=True):
        print(f"  {name:14}" + "".join(f"{value:12}" for value in values))
