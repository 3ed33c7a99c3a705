"""The page of a cohort: every slide in one table, what needs a look first, and how the scores are spread."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from her2path import DISCLAIMER, __version__
from her2path.batch.look import GROUPS, Look
from her2path.qa.benchmarks import Band
from her2path.report import numbers
from her2path.report.cohort_funnel import cohort_funnels
from her2path.report.cohort_rates import cohort_rates, manual_agreement
from her2path.report.cohort_rows import (
    FOLDED_WORDS,
    GROUP_WORDS,
    SLIDE_STATUS_WORDS,
    cohort_rows,
    folded_columns,
)
from her2path.report.cohort_summary import summarise
from her2path.report.page import page_environment
from her2path.report.qa_charts import monitoring_section
from her2path.report.qa_sections import heat_map
from her2path.report.qa_words import say
from her2path.report.words import SCORES, plain

_ENVIRONMENT = page_environment(
    "templates",
    {
        "count": numbers.count,
        "fixed": numbers.fixed,
        "percent": numbers.percent,
        "plain": plain,
        "say": say,
        "text": numbers.text,
    },
)


def render_cohort(
    rows: Sequence[Mapping[str, Any]],
    looks: Mapping[str, Look],
    bands: Sequence[Band],
    *,
    software: Sequence[str] = (),
    title: str = "All slides",
) -> str:
    """Draw the page of a cohort, to stand beside the folders of its slides.

    Parameters
    ----------
    rows
        Rows of the cohort table, with the manifest's own columns.
    looks
        By slide: which slides need a look, and why.
    bands
        Published rates to lay beside the cohort's own.
    software
        Every version of the program that a result of the cohort names.
    title
        Name of the cohort.

    Returns
    -------
    str
        A whole HTML document. It loads the thumbnails of the slides from their folders and nothing else, and
        says everything without JavaScript. Directories of the slides' paths are not shown.
    """
    laid_out = cohort_rows(rows, looks)
    rates = cohort_rates(rows, bands)
    agreement = manual_agreement(rows)
    groups = Counter(row.group for row in laid_out)
    return _ENVIRONMENT.get_template("cohort/page.html.j2").render(
        disclaimer=DISCLAIMER,
        written_by=f"her2path {__version__}",
        title=title,
        summary=summarise(rows, software),
        status_words=SLIDE_STATUS_WORDS,
        score_names=SCORES,
        groups=[(GROUP_WORDS[group], groups[group]) for group in GROUPS if groups[group]],
        n_look=len(laid_out) - groups[""],
        rates=rates,
        funnels=[
            figure
            for place, (_, lines) in enumerate(rates.lines)
            for figure in cohort_funnels(lines, prefix=f"funnel{place}-")
        ]
        if not rates.monitoring.charts
        else [],
        monitoring=monitoring_section(rates.monitoring, watched=rates.watched)
        if rates.monitoring.charts
        else None,
        agreement=agreement,
        heat=heat_map(agreement.found, "manual", "her2path") if agreement else None,
        rows=laid_out,
        folded=[(name, FOLDED_WORDS.get(name, name)) for name in folded_columns(rows)],
    )
