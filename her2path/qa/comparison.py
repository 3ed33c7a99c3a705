"""Everything about raters beside their agreement: who reads higher, where, and against whom.

`qa.study` says how far raters agree; this says in which direction they part, on which slides, how readers
stand to each other's consensus, and how columns of numbers compare.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from her2path.arrays import Codes, Doubles
from her2path.errors import UsageError
from her2path.qa.confusion import tabulate
from her2path.qa.continuous import Limits, bland_altman, icc
from her2path.qa.discordance import Evidence, Kind, discordant
from her2path.qa.readers import (
    AgainstOthers,
    OnestCurve,
    Unanimity,
    against_consensus,
    consensus,
    leave_one_out,
    onest,
    unanimity,
)
from her2path.qa.readings import SCORE, Readings, Scale, codes_on
from her2path.qa.regression import Line, deming, linearity, passing_bablok
from her2path.qa.shift import ClassShift, Direction, bowker, class_shifts, direction, stuart_maxwell
from her2path.qa.significance import PValue
from her2path.qa.threshold import Boundary, ThresholdSweep, at_boundary, threshold_sweep
from her2path.qa.values import Statistic, Undefined


@dataclass(frozen=True, slots=True)
class PairShift:
    """How two raters part."""

    a: str
    b: str
    symmetry: PValue
    homogeneity: PValue
    direction: Direction
    classes: tuple[ClassShift, ...]
    boundaries: Mapping[str, Boundary]
    """By the name of the cut; rater a is the comparator."""

    discordant: tuple[Kind, ...]


@dataclass(frozen=True, slots=True)
class MeasurePair:
    """Two columns of numbers in one unit."""

    a: str
    b: str
    icc: Statistic
    limits: Limits
    log_odds: Limits | None
    """The limits on the logit scale; None where it was not asked for."""

    deming: Line
    """With equally precise columns: an error ratio of 1."""

    passing_bablok: Line
    linearity: PValue
    """Of the line of Passing and Bablok."""


@dataclass(frozen=True, slots=True)
class ReaderStudy:
    """The readers among themselves, and the program against them."""

    readers: tuple[str, ...]
    program: str | None
    onest: OnestCurve | Undefined
    unanimity: Unanimity
    leave_one_out: tuple[AgainstOthers, ...] | Undefined
    program_with_all: Statistic | None
    """The program with the consensus of all readers: a better comparator than that of all but one."""

    n_tied: int
    """Slides on which all readers together have no consensus because of a tie."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """A column of numbers, cut everywhere, against the reference at one cut of the scores."""

    measure: str
    reference: str
    cut: str
    sweep: ThresholdSweep


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the page and the files say beside agreement."""

    scale: Scale
    shifts: tuple[PairShift, ...]
    readers: ReaderStudy
    measures: tuple[MeasurePair, ...]
    sweeps: tuple[Sweep, ...]


def compare_methods(
    readings: Readings,
    *,
    reference: str | None = None,
    program: str | None = None,
    measure_pairs: Sequence[tuple[str, str]] = (),
    n_cells: ArrayLike | None = None,
    evidence: Mapping[str, Evidence] | None = None,
    scale: Scale = SCORE,
) -> Comparison:
    """Compare raters, readers and columns of numbers.

    Parameters
    ----------
    readings
        The table of the study.
    reference
        The comparator: it comes first in its pairs, and columns of numbers are cut to agree with it.
    program
        The rater that is no reader.
    measure_pairs
        Which columns of numbers hold the same quantity in the same unit; nothing is guessed from their names.
    n_cells
        Of those pairs, as ``compare_measures`` takes it.
    evidence
        What a results folder says of the slides.
    scale
        Classes to compare.

    Raises
    ------
    UsageError
        If a name is no rater, or no column of numbers.
    """
    _known("rater", [name for name in (reference, program) if name], [one.name for one in readings.raters])
    _known("column of numbers", [name for pair in measure_pairs for name in pair], list(readings.measures))
    raters = sorted(readings.raters, key=lambda rater: rater.name != reference)
    codes = {rater.name: codes_on(scale, rater, readings.ish) for rater in raters}
    return Comparison(
        scale,
        tuple(
            _shift(readings.slide_ids, scale, a, b, codes, evidence or {}) for a, b in combinations(codes, 2)
        ),
        _reader_study(codes, program, scale),
        tuple(
            compare_measures(a, b, readings.measures[a], readings.measures[b], n_cells=n_cells)
            for a, b in measure_pairs
        ),
        tuple(
            Sweep(name, reference, cut, threshold_sweep(values, codes[reference], cut=place))
            for name, values in readings.measures.items()
            for place, cut in enumerate(scale.cuts, start=1)
        )
        if reference
        else (),
    )


def compare_measures(
    a: str, b: str, values_a: Doubles, values_b: Doubles, *, n_cells: ArrayLike | None = None
) -> MeasurePair:
    """Compare two columns of numbers in one unit.

    Parameters
    ----------
    a, b
        Their names.
    values_a, values_b
        ``(slides,)``, NaN where there is none.
    n_cells
        For fractions from 0 to 1: how many cells they were counted on, one number or one a slide. With it the
        limits are given on the logit scale too.
    """
    line = passing_bablok(values_a, values_b)
    return MeasurePair(
        a,
        b,
        icc(np.stack([values_a, values_b], axis=1)),
        bland_altman(values_a, values_b),
        None if n_cells is None else bland_altman(values_a, values_b, scale="logit", n_cells=n_cells),
        deming(values_a, values_b),
        line,
        linearity(values_a, values_b, line),
    )


def _shift(
    slide_ids: Sequence[str],
    scale: Scale,
    a: str,
    b: str,
    codes: Mapping[str, Codes],
    evidence: Mapping[str, Evidence],
) -> PairShift:
    table = tabulate(codes[a], codes[b], len(scale.classes))
    return PairShift(
        a,
        b,
        bowker(table),
        stuart_maxwell(table),
        direction(table, a=a, b=b),
        class_shifts(table, scale.classes, a=a, b=b),
        {
            name: at_boundary(table, scale.classes, cut=place)
            for place, name in enumerate(scale.cuts, start=1)
        },
        discordant(slide_ids, codes[a], codes[b], scale.classes, evidence),
    )


def _reader_study(codes: Mapping[str, Codes], program: str | None, scale: Scale) -> ReaderStudy:
    names = tuple(name for name in codes if name != program)
    read = np.stack([codes[name] for name in names], axis=1)
    by_program, agreed = codes[program] if program else None, consensus(read)
    return ReaderStudy(
        names,
        program,
        onest(read),
        unanimity(read, scale.classes),
        leave_one_out(read, names, program=by_program),
        against_consensus(by_program, agreed, "the program") if by_program is not None else None,
        int(np.count_nonzero(agreed.tied)),
    )


def _known(what: str, asked: Sequence[str], there: Sequence[str]) -> None:
    strange = [name for name in asked if name not in there]
    if strange:
        raise UsageError(f"{', '.join(strange)}: no {what}; there is {', '.join(there) or 'none'}.")
