"""The page of two runs of the same slides: what came out otherwise, and whether that may pass."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from her2path import DISCLAIMER, __version__
from her2path.qa.change import Change, Transition
from her2path.qa.gate import Finding, GateResult
from her2path.report import numbers
from her2path.report.page import page_environment
from her2path.report.qa_sections import HeatCell, HeatMap
from her2path.report.qa_words import say, sentence

SHOWN_SLIDES = 200
"""Slides that are listed; ``flips.csv`` has all."""

SHOWN_SETTINGS = 40
"""Settings that are listed: another rulebook differs in hundreds, and ``change.json`` has all."""

SHOWN_NAMES = 20
"""Slides of one run alone that are named."""

NONE = "none"
"""A slide without a decision, in the tables."""

DECISION_WORDS = {
    "status": "Status",
    "score": "Score",
    "category": "Category",
    "her2_status": "HER2 status",
    "tag": "Tag",
}

_ENVIRONMENT = page_environment(
    "templates", {"count": numbers.count, "fixed": numbers.fixed, "say": say, "sentence": sentence}
)


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """One of the two runs."""

    name: str
    """As it was given."""

    reports: Mapping[str, str]
    """Address of the report of a slide, from the page; empty where the run is a table."""


def render_change(change: Change, gate: GateResult | None, before: ComparedRun, after: ComparedRun) -> str:
    """Draw the page of two runs of the same slides.

    Parameters
    ----------
    change
        Between runs with a slide in common.
    gate
        What the change was held against; None where nothing was asked.
    before, after
        The runs: their names, and where the reports lie.

    Returns
    -------
    str
        A whole HTML document that loads nothing, works without JavaScript, and prints on A4.
    """
    tables = [heat for what in DECISION_WORDS if (heat := transition_table(change.transitions, what))]
    return _ENVIRONMENT.get_template("qa/change.html.j2").render(
        disclaimer=DISCLAIMER,
        software=f"her2path {__version__}",
        title=f"{len(change.flips)} of {change.n} slides decided otherwise",
        change=change,
        says=tuple(_says(change, gate)),
        before=before,
        after=after,
        tables=tables,
        moves=[move for move in change.moves if move.mean.n or move.n_gained or move.n_lost],
        gate=gate,
        found=[_found(one) for one in gate.findings] if gate else [],
        words=DECISION_WORDS,
        shown_slides=SHOWN_SLIDES,
        shown_settings=SHOWN_SETTINGS,
        shown_names=SHOWN_NAMES,
    )


def transition_table(transitions: Sequence[Transition], what: str) -> HeatMap | None:
    """Lay out from what to what the slides went, rows the first run; None where no slide has one."""
    told = {(one.before, one.after): one.n for one in transitions if one.what == what}
    if told.keys() <= {(None, None)}:
        return None
    classes = sorted({name for pair in told for name in pair}, key=lambda name: (name is None, name or ""))
    counts = [[told.get((old, new), 0) for new in classes] for old in classes]
    n, most = sum(told.values()), max(told.values())
    return HeatMap(
        title=DECISION_WORDS[what],
        a="before",
        b="after",
        classes=tuple(name or NONE for name in classes),
        rows=tuple(
            tuple(HeatCell(n, n / most, row == column) for column, n in enumerate(line))
            for row, line in enumerate(counts)
        ),
        row_sums=tuple(sum(line) for line in counts),
        column_sums=tuple(map(sum, zip(*counts, strict=True))),
        n=n,
        n_left_out=0,
    )


def _says(change: Change, gate: GateResult | None) -> Iterator[str]:
    if gate is not None:
        broken = sum(not one.passed for one in gate.findings)
        kept = f"all {len(gate.findings)} limits are kept"
        yield (
            f"The gate is {'passed' if gate.passed else 'not passed'}: "
            + (kept if gate.passed else f"{broken} of {len(gate.findings)} limits are not kept")
            + "."
        )
    if change.is_none:
        yield "The results are the same."
    elif not change.flips:
        yield "No decision changed on a slide that is in both runs."
    if (score := change.agreement.get("score")) is not None:
        yield f"Slides that kept their score: {sentence(score, share=True)}, n = {score.n}."
    borderline = sum(flip.borderline is True for flip in change.flips)
    if borderline:
        yield f"Borderline in the first run, of the {len(change.flips)} slides that changed: {borderline}."


def _found(finding: Finding) -> str:
    return "not known" if finding.found is None else f"{finding.found:.4g}"
