"""How often a cohort shows each class, beside what others published: a signal to look, never a proof."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil
from typing import Any

import numpy as np

from her2path.errors import UsageError
from her2path.qa.benchmarks import Band
from her2path.qa.charts import FEW
from her2path.qa.confusion import Tally, overall_agreement, proportion, tabulate
from her2path.qa.monitoring import Comparison, Monitoring, monitor
from her2path.qa.pairs import ScaleAgreement
from her2path.qa.rates import RateName
from her2path.qa.readings import SCORE, Rater, Readings
from her2path.qa.spelling import MISSING, NEGATIVE, POSITIVE, SCORES, UNKNOWN, Unread, read_score
from her2path.qa.values import Estimate, Statistic
from her2path.report.numbers import count
from her2path.report.qa_words import at_or_above
from her2path.store.qa_pairs import GROUPS, PROGRAM
from her2path.store.tumours import Tumours, load_tumours

ISH = {"negative": NEGATIVE, "positive": POSITIVE}
"""What the status of a 2+ says of its ISH; ``equivocal`` says that there is none."""

AXIS_END = 0.8
"""End of the axis that rates are drawn on: the highest published one ends at 72 %."""

ORDER: tuple[RateName, ...] = ("positive", "low", "ultralow", "zero", "low of negative")
"""Of the rates on the page: first what decides a treatment."""

MANUAL = "manual_score"


@dataclass(frozen=True, slots=True)
class RateLine:
    """A rate of the cohort beside a published one; places are shares of the axis."""

    band: Band
    rate: Statistic
    says: str
    tone: str
    """``signal``, ``calm`` or ``none``: whether it is one to look at, is none, or cannot be told."""

    at: float | None
    low: float
    high: float
    centre: float | None
    band_low: float | None
    band_high: float | None


@dataclass(frozen=True, eq=False)
class Rates:
    """Rates of all tumours of a cohort."""

    lines: tuple[tuple[str, tuple[RateLine, ...]], ...]
    """Tumour, and its rates."""

    monitoring: Monitoring
    """Funnels by site, scanner, clone, lot, and charts by month; none where the manifest tells none."""

    watched: str
    n_left_out: int
    """Slides that were not scored as a whole: they are in no rate."""

    without: tuple[tuple[str, int], ...]
    """Tumours nobody published a rate of, and their slides."""


@dataclass(frozen=True, eq=False)
class ManualAgreement:
    """The scores of the manifest beside those of the program."""

    found: ScaleAgreement
    shares: tuple[tuple[str, Statistic], ...]
    n_unread: int
    """Texts that are no score."""


def cohort_rates(rows: Sequence[Mapping[str, Any]], bands: Sequence[Band]) -> Rates:
    """Lay the rates of a cohort beside published ones of the same tumour.

    Parameters
    ----------
    rows
        Rows of the cohort table; slides that were not scored as a whole are left out.
    bands
        Published rates.
    """
    scored = [row for row in rows if row.get("status") == "scored" and row.get("score") in SCORES]
    known = {band.tumour for band in bands}
    of_tumour = _by_tumour(scored)
    ordered = sorted(of_tumour, key=lambda name: -len(of_tumour[name]))
    found = {
        name: monitor(
            _readings(of_tumour[name], PROGRAM if len(ordered) == 1 else name),
            [band for band in bands if band.tumour == name],
        )
        for name in ordered
    }
    return Rates(
        lines=tuple(
            (
                name,
                tuple(map(_line, sorted(monitoring.comparisons, key=lambda one: ORDER.index(one.band.rate)))),
            )
            for name, monitoring in found.items()
            if monitoring.comparisons
        ),
        monitoring=Monitoring(
            charts=tuple(chart for one in found.values() for chart in one.charts),
            not_charted=(),
            comparisons=(),
        ),
        watched=ordered[0] if len(ordered) > 1 else PROGRAM,
        n_left_out=len(rows) - len(scored),
        without=tuple((name, len(of_tumour[name])) for name in ordered if name not in known),
    )


def manual_agreement(rows: Sequence[Mapping[str, Any]]) -> ManualAgreement | None:
    """Compare the manifest's own scores with the program's; None where it has none that can be read.

    Parameters
    ----------
    rows
        Rows of the cohort table, with a column ``manual_score`` where the manifest has one.
    """
    scored = [row for row in rows if row.get("status") == "scored" and row.get("score") in SCORES]
    spelt = [read_score(str(row.get(MANUAL) or "")) for row in scored]
    read = [MISSING if isinstance(one, Unread) else one for one in spelt]
    manual = np.array([one.score for one in read], np.int8)
    if not (manual >= 0).any():
        return None
    program = np.array([SCORES.index(row["score"]) for row in scored], np.int8)
    table = tabulate(manual, program, len(SCORES))
    n = int(table.sum())
    found = ScaleAgreement(SCORE, n, len(scored) - n, table, {}, {})
    shares = [("Same score", overall_agreement(table))]
    for place, cut in enumerate(SCORE.cuts, start=1):
        above, below, words = table[place:], table[:place], at_or_above(cut)
        shares += [
            (f"{words}, PPA", _kept(above[:, place:], above, words)),
            (f"{words}, NPA", _kept(below[:, :place], below, f"below {words}")),
        ]
    return ManualAgreement(found, tuple(shares), sum(isinstance(one, Unread) for one in spelt))


def few_for(band: Band) -> int:
    """Give from how many slides on a rate is judged: ``FEW`` expected of either kind, as for its limits."""
    expected = band.centre
    if expected is None:
        expected = ((band.low or 0.0) + (band.high or 0.0)) / 2
    return ceil(FEW / min(expected, 1 - expected))


def _kept(same: Tally, manual: Tally, words: str) -> Statistic:
    """Give the share of the slides on one side of a cut that the program puts there as well."""
    what = f"share of the slides that are {words} by hand"
    return proportion(int(same.sum()), int(manual.sum()), what, of_nobody=f"no manual score is {words}")


def _by_tumour(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Sort slides by tumour: that of the manifest, or else that of the rulebook where it is made for one."""
    table = load_tumours()
    made_for: dict[str, str] = {}
    for tumour in table.tumours:
        for rulebook in tumour.fits:
            made_for.setdefault(rulebook, tumour.name)  # the first that it fits is the one it was made for
    named = {text: _named(table, text) for text in {str(row.get("tumour") or "") for row in rows} if text}
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        told = named.get(str(row.get("tumour") or "")) or made_for.get(row.get("rulebook") or "")
        found.setdefault(told or "not named", []).append(row)
    return found


def _named(table: Tumours, text: str) -> str:
    try:
        return table.named(text).name
    except UsageError:  # a table that no batch wrote may call a tumour what it likes
        return text.strip()


def _readings(rows: Sequence[Mapping[str, Any]], name: str) -> Readings:
    categories = {"IHC0_NULL": 0, "IHC0_STAINED": 1, "IHC1": 2, "IHC2": 3, "IHC3": 4}
    rater = Rater(
        name,
        np.array([SCORES.index(row["score"]) for row in rows], np.int8),
        np.array([categories.get(row.get("category") or "", UNKNOWN) for row in rows], np.int8),
    )
    return Readings(
        slide_ids=tuple(row["slide_id"] for row in rows),
        raters=(rater,),
        ish=np.array(
            [
                ISH.get(row.get("her2_status") or "", UNKNOWN) if row["score"] == "2+" else UNKNOWN
                for row in rows
            ],
            np.int8,
        ),
        dates=tuple(_day(row.get("date")) for row in rows) if any(row.get("date") for row in rows) else None,
        groups={
            group: tuple(row.get(group) or None for row in rows)
            for group in GROUPS
            if any(row.get(group) for row in rows)
        },
    )


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text or "")[:10])
    except ValueError:
        return None


def _line(one: Comparison) -> RateLine:
    band, rate = one.band, one.rate
    says, tone = _says(one)
    estimate = rate if isinstance(rate, Estimate) else None
    return RateLine(
        band=band,
        rate=rate,
        says=says,
        tone=tone,
        at=_place(estimate.value) if estimate else None,
        low=_place(estimate.low or 0.0) if estimate else 0.0,
        high=_place(1.0 if estimate.high is None else estimate.high) if estimate else 0.0,
        centre=None if band.centre is None else _place(band.centre),
        band_low=None if band.low is None else _place(band.low),
        band_high=None if band.high is None else _place(band.high),
    )


def _says(one: Comparison) -> tuple[str, str]:
    if not isinstance(one.rate, Estimate):
        return f"Not known: {one.rate.reason}", "none"
    if one.rate.n < few_for(one.band):
        return f"Too few slides: judged from {count(few_for(one.band))} on", "none"
    match one.place:
        case None:
            return "No range was published", "none"
        case "inside":
            return "Within the published range", "calm"
        case "undecided":
            return "The interval reaches over an edge of the range", "calm"
        case side:
            return f"{side.capitalize()} the published range: worth a look", "signal"


def _place_of(one: Comparison) -> int:
    return ORDER.index(one.band.rate)


def _place(rate: float) -> float:
    return min(1.0, rate / AXIS_END)
