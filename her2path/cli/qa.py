"""``her2path qa``: how raters agree, in one file and its tables."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from her2path import DISCLAIMER, __version__
from her2path.cli.qa_page import write_page
from her2path.cli.qa_watch import controls_told, judge_controls
from her2path.errors import UsageError
from her2path.qa.comparison import Comparison, compare_methods
from her2path.qa.pairs import ScaleAgreement
from her2path.qa.readings import Readings
from her2path.qa.resampling import counted_cases
from her2path.qa.study import Study, study_agreement
from her2path.qa.values import Estimate, Statistic, Undefined
from her2path.store.qa_evidence import read_evidence
from her2path.store.qa_pairs import PROGRAM, read_readings
from her2path.store.qa_study import write_study
from her2path.store.runs import check_writable

SHOWN = 10
"""Texts that could not be read are printed up to here; ``unread.csv`` has all."""


def run_qa(
    pairs: Path,
    out: Path,
    *,
    manual: Path | None,
    reference: str | None,
    program: str | None,
    same_unit: Sequence[str],
    results: Path | None = None,
    controls: Path | None = None,
) -> None:
    """Compare the raters, write what was found, and say the most of it."""
    columns = [_two_columns(text) for text in same_unit]
    readings = read_readings(pairs, manual)
    if program is None and PROGRAM in [rater.name for rater in readings.raters]:
        program = PROGRAM
    study = study_agreement(readings, reference=reference)
    folder = results or (pairs if pairs.is_dir() else None)
    evidence = read_evidence(folder, readings.slide_ids) if folder is not None else {}
    comparison = compare_methods(
        readings, reference=reference, program=program, measure_pairs=columns, evidence=evidence
    )
    judged = judge_controls(controls)
    check_writable(out)
    head = {"software": f"her2path {__version__}", "disclaimer": DISCLAIMER}
    write_study(out, study, comparison, head)
    write_page(out, study, comparison, head, judged)
    console = Console(highlight=False, soft_wrap=True)
    for line in (
        *_about(readings),
        *_found(study, comparison),
        *(controls_told(*judged) if controls else ()),
        f"written: {out / 'qa.html'}",
    ):
        console.print(line, markup=False)


def _two_columns(text: str) -> tuple[str, str]:
    a, colon, b = text.partition(":")
    if not (a and colon and b):
        raise UsageError(f"--same-unit {text!r}: write the two columns of numbers as A:B")
    return a, b


def _about(readings: Readings) -> list[str]:
    raters = ", ".join(rater.name for rater in readings.raters)
    n_slides = len(readings.slide_ids)
    of_cases = counted_cases(len(set(readings.units.tolist())))
    lines = [f"{n_slides} slides of {of_cases}, {len(readings.raters)} raters: {raters}"]
    lines += [f"column {name} left out: {why}" for name, why in readings.left_out.items()]
    lines += [
        f"only in {source}: {len(slides)} slides ({', '.join(slides[:SHOWN])}{' …' * (len(slides) > SHOWN)})"
        for source, slides in readings.only_in.items()
    ]
    lines += [
        f"not read: row {one.row}, column {one.column}: {one.text!r} {one.why}"
        for one in readings.unread[:SHOWN]
    ]
    if len(readings.unread) > SHOWN:
        lines.append(f"not read: {len(readings.unread) - SHOWN} more, in unread.csv")
    return lines


def _found(study: Study, comparison: Comparison) -> list[str]:
    lines = []
    for pair, shift in zip(study.pairs, comparison.shifts, strict=True):
        scores = pair.scales["score"]
        if isinstance(scores, ScaleAgreement):
            overall, kappa = scores.statistics["opa"], scores.statistics["kappa_quadratic"]
            said = f"overall agreement {_say(overall)}, quadratic kappa {_say(kappa)}"
            lines += [f"{pair.a} and {pair.b}: {scores.n} slides, {said}", f"    {shift.direction.words}"]
    return lines


def _say(statistic: Statistic) -> str:
    match statistic:
        case Undefined(reason=reason):
            return f"not defined ({reason})"
        case Estimate(value=value, low=None):
            return f"{value:.3f} ({statistic.note})"
        case Estimate(value=value, low=low, high=high):
            return f"{value:.3f} ({low:.3f} to {high:.3f})"
