from dataclasses import replace

import numpy as np

from her2path.qa.comparison import Comparison, compare_methods
from her2path.qa.readings import Readings
from her2path.qa.study import Study
from her2path.report.qa_measures import measure_sections, sweep_sections

Found = tuple[Study, Comparison]


def test_two_columns_are_drawn_with_their_numbers(qa_study: Found) -> None:
    study, comparison = qa_study
    (section,) = measure_sections(study.readings, comparison)
    assert section.figure is not None
    assert "by_cells − by_eye" in section.figure
    assert "Passing–Bablok" in section.figure
    names = [name for name, _ in section.rows]
    assert names[0] == "ICC, absolute agreement"
    assert "Deming: slope" in names


def test_columns_without_a_common_slide_have_no_figure(qa_readings: Readings) -> None:
    nothing = replace(qa_readings, measures={"a": np.full(100, np.nan), "b": np.zeros(100)})
    comparison = compare_methods(nothing, measure_pairs=[("a", "b")])
    (section,) = measure_sections(nothing, comparison)
    assert section.figure is None


def test_every_column_is_cut_against_the_comparator(qa_study: Found) -> None:
    sections = sweep_sections(qa_study[1])
    assert [one.measure for one in sections] == ["by_eye", "by_cells"]
    cuts = dict(sections[0].balanced)
    assert list(cuts) == ["1+ or above", "2+ or above", "3+"]
    # Readings lie about 30 percent points a class from 5 on: the cuts lie between.
    assert [round(cuts[name].cut / 30) for name in cuts] == [1, 2, 3]
    assert "reader at 3+" in sections[0].figure


def test_a_column_without_a_value_is_not_drawn(qa_readings: Readings) -> None:
    nothing = replace(qa_readings, measures={"a": np.full(100, np.nan)})
    assert sweep_sections(compare_methods(nothing, reference="reader")) == []
