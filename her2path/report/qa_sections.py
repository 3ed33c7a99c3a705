"""Parts of the QA page about agreement, as values for its templates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from markupsafe import Markup

from her2path.qa.comparison import Comparison, PairShift
from her2path.qa.discordance import Kind
from her2path.qa.pairs import ScaleAgreement
from her2path.qa.planner import BOUNDS, smallest_n
from her2path.qa.study import PairAgreement, Study
from her2path.qa.values import Estimate, Statistic, Undefined
from her2path.report.qa_figures import DotRow, dot_plot
from her2path.report.qa_words import (
    CUT_WORDS,
    SCALE_WORDS,
    SHARE_WORDS,
    beyond_chance,
    named,
    p_words,
    sentence,
)

MAX_PAIRS = 12
"""Pairs that are shown in full: beyond, nobody reads on, and the files have them all."""

MAX_NAMED = 6
"""Slides that a sentence names."""

COEFFICIENTS = ("kappa", "kappa_linear", "kappa_quadratic", "ac1", "ac2_linear", "ac2_quadratic")


@dataclass(frozen=True, slots=True)
class HeatCell:
    """One place of a confusion table."""

    n: int
    shade: float
    """0 to 1 of the largest count."""

    same: bool
    """Whether both raters say the same."""


@dataclass(frozen=True, slots=True)
class HeatMap:
    """A confusion table, rows rater a, columns rater b."""

    title: str
    a: str
    b: str
    classes: tuple[str, ...]
    rows: tuple[tuple[HeatCell, ...], ...]
    row_sums: tuple[int, ...]
    column_sums: tuple[int, ...]
    n: int
    n_left_out: int


@dataclass(frozen=True, slots=True)
class PairSection:
    """Two raters."""

    a: str
    b: str
    has_reference: bool
    n: int
    main: HeatMap
    others: tuple[HeatMap, ...]
    dots: Markup
    findings: tuple[str, ...]
    shift: tuple[str, ...]
    statistics: tuple[tuple[str, tuple[Statistic, ...]], ...]
    """Words of the scale, and its coefficients."""

    without: tuple[tuple[str, str], ...]
    """Words of a scale on which they are not compared, and why."""

    low: tuple[tuple[str, Statistic], ...]
    """What bears on 0 against 1+, and on null against ultralow."""

    low_says: tuple[str, ...]
    kinds: tuple[Kind, ...]


@dataclass(frozen=True, slots=True)
class OverviewRow:
    """Two raters in one line."""

    a: str
    b: str
    n: int
    opa: Statistic
    kappa: Statistic
    words: str


def overview(study: Study, comparison: Comparison) -> list[OverviewRow]:
    """Give every pair in one line; those without a slide in common say so by their statistics."""
    rows = []
    for pair, shift in zip(study.pairs, comparison.shifts, strict=True):
        found = pair.scales["score"]
        if isinstance(found, Undefined):
            rows.append(OverviewRow(pair.a, pair.b, found.n, found, found, ""))
        else:
            opa, kappa = found.statistics["opa"], found.statistics["kappa_quadratic"]
            sure = " (beyond chance)" if beyond_chance(shift.direction.test) else ""
            rows.append(OverviewRow(pair.a, pair.b, found.n, opa, kappa, shift.direction.words + sure))
    return rows


def pair_sections(study: Study, comparison: Comparison) -> list[PairSection]:
    """Lay out the pairs in full: those with the reference where there is one, else the program's first."""
    chosen = [
        (pair, shift, found)
        for pair, shift in zip(study.pairs, comparison.shifts, strict=True)
        if study.reference in (None, pair.a)
        if isinstance(found := pair.scales["score"], ScaleAgreement)
    ]
    program = comparison.readers.program
    chosen.sort(key=lambda one: program not in (one[0].a, one[0].b))
    return [
        _section(pair, shift, found, study.reference, f"pair{place}")
        for place, (pair, shift, found) in enumerate(chosen[:MAX_PAIRS])
    ]


def heat_map(found: ScaleAgreement, a: str, b: str) -> HeatMap:
    """Lay out a confusion table with shades."""
    most = max(int(found.table.max()), 1)
    return HeatMap(
        title=SCALE_WORDS[found.scale.name],
        a=a,
        b=b,
        classes=found.scale.classes,
        rows=tuple(
            tuple(HeatCell(n, n / most, row == column) for column, n in enumerate(counts))
            for row, counts in enumerate(found.table.tolist())
        ),
        row_sums=tuple(found.table.sum(axis=1).tolist()),
        column_sums=tuple(found.table.sum(axis=0).tolist()),
        n=found.n,
        n_left_out=found.n_left_out,
    )


def _section(
    pair: PairAgreement, shift: PairShift, found: ScaleAgreement, reference: str | None, name: str
) -> PairSection:
    scales = [one for one in pair.scales.values() if isinstance(one, ScaleAgreement)]
    shares = ("opa", "ppa", "npa") if reference is not None else ("opa", "apa", "ana")
    rows = [replace(row, statistic=named(row.statistic, pair.a, pair.b)) for row in _dot_rows(scales, shares)]
    low, low_says = _low(pair, shift, found, shares[1:])
    return PairSection(
        a=pair.a,
        b=pair.b,
        has_reference=reference is not None,
        n=found.n,
        main=heat_map(found, pair.a, pair.b),
        others=tuple(heat_map(one, pair.a, pair.b) for one in scales[1:]),
        dots=dot_plot(rows, name=name, label=f"Percent agreement of {pair.a} and {pair.b} at every cut"),
        findings=tuple(_findings(found, shift, rows)),
        shift=tuple(_shift_words(shift)),
        statistics=tuple(
            (SCALE_WORDS[one.scale.name], tuple(named(of, pair.a, pair.b) for of in _coefficients(one)))
            for one in scales
        ),
        without=tuple(
            (SCALE_WORDS[scale], one.reason)
            for scale, one in pair.scales.items()
            if isinstance(one, Undefined)
        ),
        low=low,
        low_says=low_says,
        kinds=shift.discordant,
    )


def _coefficients(found: ScaleAgreement) -> Iterator[Statistic]:
    yield found.statistics["opa"]
    yield from (found.statistics[key] for key in COEFFICIENTS)
    yield from (found.statistics[f"krippendorff_{metric}"] for metric in ("nominal", "ordinal", "interval"))
    yield found.statistics["fleiss"]


def _dot_rows(scales: Sequence[ScaleAgreement], shares: Sequence[str]) -> Iterator[DotRow]:
    for found in scales:
        for cut, words in CUT_WORDS.get(found.scale.name, {}).items():
            for kind, key in enumerate(shares):
                yield DotRow(words, SHARE_WORDS[key], kind, found.cuts[cut].statistics[key])


def _findings(found: ScaleAgreement, shift: PairShift, rows: Sequence[DotRow]) -> Iterator[str]:
    same = int(np.trace(found.table))
    opa = sentence(found.statistics["opa"], share=True)
    yield f"{shift.a} and {shift.b} give the same score on {same} of {found.n} slides: {opa}."
    known = [(row, row.statistic) for row in rows if isinstance(row.statistic, Estimate)]
    if known:
        row, worst = min(known, key=lambda pair: pair[1].value)
        yield f"Lowest at the cut {row.group}: {row.label} {sentence(worst, share=True)}, n = {worst.n}."
    if beyond_chance(shift.direction.test):
        yield f"{shift.direction.words}, more than chance explains."
    far = [slide.slide_id for kind in shift.discordant if kind.steps > 1 for slide in kind.slides]
    if far:
        lie = "slide lies" if len(far) == 1 else "slides lie"
        yield f"{len(far)} {lie} two classes or more apart: {_named(far)}."
    elif same < found.n:
        yield "Where they differ, they are one class apart."


def _shift_words(shift: PairShift) -> Iterator[str]:
    yield f"{shift.direction.words}: {p_words(shift.direction.test)}, sign test."
    if beyond_chance(shift.homogeneity):
        yield f"The two do not use the classes equally often ({p_words(shift.homogeneity)}, Stuart–Maxwell)."
    else:
        yield (
            f"That the two use the classes equally often is not ruled out ({p_words(shift.homogeneity)}, "
            "Stuart–Maxwell)."
        )
    lean = "Differences lean to one side" if beyond_chance(shift.symmetry) else "No lean to one side is shown"
    yield f"{lean} ({p_words(shift.symmetry)}, Bowker)."
    for one in shift.classes:
        if beyond_chance(one.test):
            yield f"{one.words} ({p_words(one.test)}, McNemar)."


def _low(
    pair: PairAgreement, shift: PairShift, found: ScaleAgreement, shares: Sequence[str]
) -> tuple[tuple[tuple[str, Statistic], ...], tuple[str, ...]]:
    """Collect what the pair shows of 0 against 1+, and of null against ultralow."""
    cut, boundary = found.cuts[">=1+"], shift.boundaries[">=1+"]
    rows = [(f"{SHARE_WORDS[key]}, 0 | 1+ and above", cut.statistics[key]) for key in ("opa", *shares)]
    if "ppa" in shares:
        rows += [
            (f"1+ of {pair.a} that {pair.b} does not call 0", boundary.ppa),
            (f"0 of {pair.a} that {pair.b} does not call 1+ or above", boundary.npa),
        ]
    category = pair.scales["category"]
    if isinstance(category, ScaleAgreement):
        rows += [
            (f"{SHARE_WORDS[key]}, null | ultralow and above", category.cuts[">=ultralow"].statistics[key])
            for key in shares
        ]
    else:
        rows.append(("Null against ultralow", category))
    apart = int(cut.table[0, 1] + cut.table[1, 0])
    needed = [f"{100 * bound:.0f} % from {smallest_n(bound, apart)} slides on" for bound in BOUNDS]
    says = [next(one.words for one in shift.classes if one.name == "1+") + "."]
    says.append(
        f"With {apart} {'disagreement' if apart == 1 else 'disagreements'} at 0 against 1+ the lower end of "
        f"Wilson’s interval reaches {' and '.join(needed)}; there are {found.n}."
    )
    return tuple((name, named(one, pair.a, pair.b)) for name, one in rows), tuple(says)


def _named(slides: Sequence[str]) -> str:
    more = len(slides) - MAX_NAMED
    return ", ".join(slides[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
