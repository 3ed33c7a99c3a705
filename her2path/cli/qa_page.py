"""The page of ``her2path qa``: what it shows beside the study is gathered here, and the page is written."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from her2path.cli.qa_watch import Judged
from her2path.qa.comparison import Comparison
from her2path.qa.monitoring import monitor
from her2path.qa.study import Study
from her2path.report.qa_gallery import discordant_pictures
from her2path.report.qa_page import QaExtras, render_qa
from her2path.store.qa_settings import load_bands, load_checklist
from her2path.store.qa_study import write_html
from her2path.store.qa_watch import write_controls, write_monitoring


def write_page(
    out: Path, study: Study, comparison: Comparison, head: Mapping[str, Any], judged: Judged
) -> None:
    """Write ``qa.html``, the rates where the table tells dates or groups, and the control runs.

    Parameters
    ----------
    out
        Folder, there already.
    study, comparison
        What was found.
    head
        What else the files tell, first: software, disclaimer.
    judged
        The control runs; empty where none were given.
    """
    readings = study.readings
    charts, breaks = judged
    monitoring = None
    if readings.dates is not None or readings.groups:
        monitoring = monitor(readings, load_bands())
        write_monitoring(out, monitoring, head)
    if charts:
        write_controls(out, charts, breaks, head)
    extras = QaExtras(monitoring, charts, breaks, discordant_pictures(comparison), load_checklist())
    write_html(out / "qa.html", render_qa(study, comparison, extras))
