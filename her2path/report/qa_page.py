"""The page of a QA study: one self-contained file that says how far raters agree, and where they do not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from her2path import DISCLAIMER, __version__
from her2path.qa.checklist import Checklist
from her2path.qa.comparison import Comparison
from her2path.qa.control_chart import Break, ControlChart
from her2path.qa.monitoring import Monitoring
from her2path.qa.readers import OnestCurve
from her2path.qa.readings import Readings
from her2path.qa.study import Study
from her2path.qa.values import Undefined
from her2path.report import numbers
from her2path.report.page import page_environment
from her2path.report.pictures import CellPicture
from her2path.report.qa_charts import control_sections, monitoring_section
from her2path.report.qa_figures import onest_figure
from her2path.report.qa_measures import measure_sections, sweep_sections
from her2path.report.qa_sections import MAX_PAIRS, overview, pair_sections
from her2path.report.qa_words import SCALE_WORDS, p_words, say, sentence

SOFTWARE = f"her2path {__version__}"

SHOWN_UNREAD = 40
"""Texts that could not be read are listed up to here; ``unread.csv`` has all."""

SHOWN_SLIDES = 30
"""Slides of one kind of difference that are listed; ``discordant.csv`` has all."""

LONG_OVERVIEW = 12
"""Pairs in one line each; a longer table is folded."""

DESIGN = (
    "A score is one reading of one slide. Agreement says how far readings match, not which of them is right.",
    "Intervals are 95 %. The bootstrap draws cases where the table has the column case_id, since slides of "
    "one patient are no independent evidence; Wilson’s intervals take slides for independent.",
    "Each test is made alone: of twenty where nothing differs, about one falls below p = 0.05.",
)


_ENVIRONMENT = page_environment(
    "templates",
    {
        "count": numbers.count,
        "fixed": numbers.fixed,
        "p_words": p_words,
        "percent": numbers.percent,
        "say": say,
        "sentence": sentence,
    },
)


@dataclass(frozen=True, eq=False)
class QaExtras:
    """What a page shows beside the study, as far as it is known."""

    monitoring: Monitoring | None = None
    controls: Mapping[str, ControlChart | Undefined] = field(default_factory=dict)
    breaks: Sequence[Break] = ()
    pictures: Mapping[str, Sequence[CellPicture]] = field(default_factory=dict)
    """Cells of slides on which raters differ, by slide."""

    checklist: Checklist | None = None


def render_qa(study: Study, comparison: Comparison, extras: QaExtras | None = None) -> str:
    """Draw the page of a study.

    Parameters
    ----------
    study, comparison
        What was found.
    extras
        Charts, controls, pictures of cells, checklist.

    Returns
    -------
    str
        A whole HTML document that loads nothing, works without JavaScript, and prints on A4.
    """
    shown = extras or QaExtras()
    readings, readers = study.readings, comparison.readers
    pairs = pair_sections(study, comparison)
    curve = readers.onest
    return _ENVIRONMENT.get_template("qa/page.html.j2").render(
        disclaimer=DISCLAIMER,
        software=SOFTWARE,
        title=_title(study),
        facts=_facts(readings, study.reference, readers.program),
        design=_design(study, readers.program),
        readings=readings,
        raters=[(rater.name, int((rater.scores >= 0).sum()), rater.splits_zero) for rater in readings.raters],
        unread=readings.unread[:SHOWN_UNREAD],
        left_out={name: why for name, why in readings.left_out.items() if name not in readings.measures},
        overview=overview(study, comparison),
        long_overview=LONG_OVERVIEW,
        pairs=pairs,
        n_pairs=len(study.pairs),
        max_pairs=MAX_PAIRS,
        reference=study.reference,
        together=[(SCALE_WORDS[name], found) for name, found in study.together.items()],
        readers=readers,
        onest=_onest(curve),
        measures=measure_sections(readings, comparison),
        sweeps=sweep_sections(comparison),
        shown_slides=SHOWN_SLIDES,
        pictures=shown.pictures,
        monitoring=monitoring_section(shown.monitoring, watched=readers.program or study.reference)
        if shown.monitoring
        else None,
        controls=control_sections(shown.controls, shown.breaks),
        checklist=shown.checklist,
    )


def render_watch(
    *,
    monitoring: Monitoring | None = None,
    controls: Mapping[str, ControlChart | Undefined] | None = None,
    breaks: Sequence[Break] = (),
) -> str:
    """Draw the page of rates or of control runs alone, as ``render_qa`` does with a study beside them."""
    return _ENVIRONMENT.get_template("qa/watch.html.j2").render(
        disclaimer=DISCLAIMER,
        software=SOFTWARE,
        title="How the controls stained" if monitoring is None else "How often each class was called",
        monitoring=monitoring_section(monitoring, watched=monitoring.comparisons[0].of)
        if monitoring and monitoring.comparisons
        else None,
        controls=control_sections(controls or {}, breaks),
    )


def _title(study: Study) -> str:
    names = [rater.name for rater in study.readings.raters]
    if study.reference is None:
        return f"Agreement of {', '.join(names)}" if len(names) < 5 else f"Agreement of {len(names)} raters"
    others = [name for name in names if name != study.reference]
    told = ", ".join(others) if len(others) < 4 else f"{len(others)} raters"
    return f"{told} beside {study.reference}"


def _facts(readings: Readings, reference: str | None, program: str | None) -> list[tuple[str, str]]:
    facts = [
        ("Slides", numbers.count(len(readings.slide_ids))),
        ("Cases", numbers.count(len(set(readings.units.tolist())))),
        ("Raters", numbers.count(len(readings.raters))),
        ("Comparator", reference or "none"),
    ]
    if program is not None:
        facts.append(("Program", program))
    known = [day for day in readings.dates or () if day is not None]
    if known:
        facts.append(("Dates", f"{min(known)} to {max(known)}"))
    return facts


def _design(study: Study, program: str | None) -> tuple[str, ...]:
    if study.reference is None:
        first = (
            "No rater is the comparator: average positive and negative agreement (APA, ANA) favour nobody. "
            "Name one with --reference for positive and negative percent agreement (PPA, NPA)."
        )
    else:
        first = (
            f"{study.reference} is the comparator, not the truth: PPA and NPA say how often another rater "
            "agrees with it, and would be other numbers beside another comparator."
        )
    second = f"{program} is a program; the consensus of readers is made without it."
    return (first, *([second] if program else []), *DESIGN)


def _onest(curve: OnestCurve | Undefined) -> tuple[Markup | None, str]:
    """Give the figure of the curve, and what it says."""
    if isinstance(curve, Undefined):
        return None, f"No curve of readers: {curve.reason}."
    readers = len(curve.agreement) + 1
    if readers == 2:
        return None, "Two readers: a curve takes three."
    end = (
        f"From {curve.levels_off} readers on the curve falls by less than one slide in a hundred."
        if curve.levels_off is not None
        else "The curve falls to the last reader: more readers would find more disagreement."
    )
    return onest_figure(curve, name="onest"), end
