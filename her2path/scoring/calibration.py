"""One laboratory's membrane densities on the scale of another, through controls that both have stained.

The same membrane reads darker under another clone, stainer or scanner (docs/science/calibration.md).
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import numpy as np

from her2path.arrays import Floats
from her2path.errors import UsageError
from her2path.scoring.settings import MIN_LEVELS, Calibration


@dataclass(frozen=True, slots=True)
class Control:
    """One control region or slide."""

    name: str
    level: str
    """What it is known to be: ``1+``, or the name of a cell line."""

    measured_od: float
    """Median membrane density of its counted cells, here."""

    expected_od: float
    """The same of this level in the reference."""


def calibrated(od: Floats, calibration: Calibration) -> Floats:
    """Map densities onto the scale of the reference.

    Parameters
    ----------
    od
        ``(n,)`` densities as measured; NaN stays NaN.
    calibration
        Beyond its outermost levels the shift of the nearest one holds: no cut-off lies out there.

    Returns
    -------
    Floats
        ``(n,)``, never below 0; the order of the cells stays.
    """
    measured, expected = np.array(calibration.measured_od), np.array(calibration.expected_od)
    inside = np.interp(od, measured, expected)
    below, above = np.minimum(od - measured[0], 0.0), np.maximum(od - measured[-1], 0.0)
    mapped: Floats = np.maximum(inside + below + above, 0.0).astype(np.float32)
    return mapped


def uncalibrated_od(od: float, calibration: Calibration | None) -> float:
    """Give the density as measured that the calibration maps to ``od``."""
    if calibration is None:
        return od
    return float(np.interp(od, calibration.expected_od, calibration.measured_od))


def fit_calibration(
    controls: Sequence[Control], *, assay: str, clone: str, scanner: str, date: datetime.date
) -> Calibration:
    """Fit straight lines through the levels of the controls.

    Parameters
    ----------
    controls
        At least three levels; several controls of a level are taken at their median.
    assay, clone, scanner, date
        What the calibration holds for.

    Raises
    ------
    UsageError
        With every reason why the controls do not support a calibration: too few levels, two expectations of
        one level, levels that overlap or do not rise.
    """
    by_level: dict[str, list[Control]] = {}
    for control in controls:
        by_level.setdefault(control.level, []).append(control)
    problems = [
        f"level {level!r} is expected at {' and '.join(f'{od:g}' for od in expectations)}; give one"
        for level, members in by_level.items()
        if len(expectations := sorted({control.expected_od for control in members})) > 1
    ]
    if len(by_level) < MIN_LEVELS:
        problems.append(
            f"{len(by_level)} levels of controls ({', '.join(by_level) or 'none'}); a calibration needs "
            f"{MIN_LEVELS} or more, from unstained to strong"
        )
    levels = sorted(by_level, key=lambda level: by_level[level][0].expected_od)
    problems += _out_of_order({level: by_level[level] for level in levels})
    if problems:
        raise UsageError("\n".join(problems))
    draft = Calibration(
        assay=assay,
        clone=clone,
        scanner=scanner,
        date=date,
        levels=tuple(levels),
        measured_od=tuple(_measured(by_level[level]) for level in levels),
        expected_od=tuple(by_level[level][0].expected_od for level in levels),
        n_controls=len(controls),
        residual_od=0.0,
    )
    mapped = calibrated(np.array([control.measured_od for control in controls], np.float32), draft)
    expected = np.array([control.expected_od for control in controls])
    return draft.model_copy(update={"residual_od": round(float(np.abs(mapped - expected).max()), 4)})


def _out_of_order(by_level: Mapping[str, Sequence[Control]]) -> list[str]:
    """Neighbouring levels whose controls are not apart, in words."""
    problems = []
    for (lower, below), (higher, above) in pairwise(by_level.items()):
        if below[0].expected_od == above[0].expected_od:
            problems.append(f"levels {lower!r} and {higher!r} are expected at the same density")
            continue
        darkest = max(below, key=lambda control: control.measured_od)
        palest = min(above, key=lambda control: control.measured_od)
        if darkest.measured_od >= palest.measured_od:
            problems.append(
                f"{darkest.name} ({lower}) reads {darkest.measured_od:.3f} and {palest.name} ({higher}) "
                f"{palest.measured_od:.3f}: the measured densities must rise with the level"
            )
    return problems


def _measured(controls: Sequence[Control]) -> float:
    return round(median(control.measured_od for control in controls), 4)
