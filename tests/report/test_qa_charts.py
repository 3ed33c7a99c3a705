from datetime import date, timedelta

import numpy as np

from her2path.qa.control_chart import ControlRun, control_chart
from her2path.qa.monitoring import monitor
from her2path.qa.readings import Readings
from her2path.qa.values import Undefined
from her2path.report.qa_charts import MAX_CHARTS, control_sections, monitoring_section
from her2path.store.qa_settings import load_bands


def test_a_site_that_stands_out_is_named_and_drawn(qa_readings: Readings) -> None:
    section = monitoring_section(monitor(qa_readings, load_bands()), watched="reader")
    assert "west, positive of reader: 22 of 22, above" in section.says
    assert any("positive of reader, by site" in figure for figure in section.figures)
    assert len(section.figures) <= MAX_CHARTS
    row = next(row for row in section.rows if (row.what, row.by, row.of) == ("positive", "site", "reader"))
    assert row.beyond.startswith("north below")
    assert section.raters == ("reader", "program", "second")
    assert all(len(row.ours) == 3 for row in section.bands)


def test_no_group_beyond_the_limits_is_said() -> None:
    rng = np.random.default_rng(0)
    from her2path.qa.readings import Rater

    scores = rng.integers(0, 4, 80).astype(np.int8)
    even = Readings(
        tuple(map(str, range(80))),
        (Rater("a", scores, np.full(80, -1, np.int8)),),
        groups={"site": tuple("xy"[place % 2] for place in range(80))},
    )
    section = monitoring_section(monitor(even, ()), watched="a")
    assert section.says.startswith("No group lies beyond the outer limits of its chart, in ")
    assert section.bands == ()
    assert any("ultralow of a by site" in text for text in section.not_drawn)


def test_the_run_that_broke_a_rule_stands_on_the_chart() -> None:
    values = [0.24, 0.26] * 10 + [0.25, 0.31]
    runs = [ControlRun(f"R{n}", date(2026, 1, 1) + timedelta(n), value) for n, value in enumerate(values)]
    chart = control_chart("2+", runs)
    assert not isinstance(chart, Undefined)
    charts = {"2+": chart, "3+": control_chart("3+", runs[:5])}
    judged, unjudged = control_sections(charts, chart.breaks)
    assert judged.figure is not None
    assert "R21: 1-3s" in judged.figure
    assert judged.breaks == chart.breaks
    assert unjudged.figure is None
    assert unjudged.baseline == "not judged: 5 runs; a baseline needs 20, or give its mean and SD"
