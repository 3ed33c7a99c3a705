from dataclasses import replace

import numpy as np

from her2path.qa.comparison import Comparison, compare_methods
from her2path.qa.readings import Rater, Readings
from her2path.qa.study import Study, study_agreement
from her2path.report.qa_sections import overview, pair_sections

Found = tuple[Study, Comparison]


def test_pairs_with_the_comparator_are_shown_in_full(qa_study: Found) -> None:
    sections = pair_sections(*qa_study)
    assert [(one.a, one.b) for one in sections] == [("reader", "program"), ("reader", "second")]
    assert len(overview(*qa_study)) == 3


def test_the_confusion_table_is_laid_out_rows_first(qa_study: Found) -> None:
    heat = pair_sections(*qa_study)[0].main
    assert [[cell.n for cell in row] for row in heat.rows][1] == [4, 22, 6, 0]
    assert heat.row_sums == (23, 32, 23, 22)
    assert heat.column_sums == (22, 32, 24, 22)
    assert heat.rows[1][1].shade == 1.0
    assert [[cell.same for cell in row] for row in heat.rows] == np.eye(4, dtype=bool).tolist()


def test_findings_name_the_weakest_cut_and_the_numbers(qa_study: Found) -> None:
    section = pair_sections(*qa_study)[0]
    told = " ".join(section.findings)
    assert "the same score on 78 of 100 slides: 78.0" in told
    assert "Where they differ, they are one class apart." in told
    assert "Lowest at the cut null | ultralow and above: NPA" in told
    assert "more than chance explains" not in told


def test_low_counts_disagreements_at_zero_against_one(qa_study: Found) -> None:
    section = pair_sections(*qa_study)[0]
    assert section.low_says[0] == "reader and program call 1+ equally often: 32 of 100."
    assert "With 9 disagreements at 0 against 1+" in section.low_says[1]
    assert section.low_says[1].endswith("there are 100.")
    assert any(name == "1+ of reader that program does not call 0" for name, _ in section.low)


def test_without_a_comparator_nobody_is_favoured(qa_readings: Readings) -> None:
    study, comparison = study_agreement(qa_readings), compare_methods(qa_readings)
    sections = pair_sections(study, comparison)
    assert len(sections) == 3
    assert "APA" in sections[0].dots
    assert "PPA" not in sections[0].dots


def test_without_a_comparator_the_program_comes_first(qa_readings: Readings) -> None:
    sections = pair_sections(study_agreement(qa_readings), compare_methods(qa_readings, program="second"))
    assert ["second" in (one.a, one.b) for one in sections] == [True, True, False]


def test_slides_far_apart_are_named(qa_readings: Readings) -> None:
    few = replace(
        qa_readings,
        slide_ids=tuple("abcdefgh"),
        raters=(
            Rater("x", np.zeros(8, np.int8), np.full(8, -1, np.int8)),
            Rater("y", np.array([0, 2, 2, 2, 2, 2, 2, 3], np.int8), np.full(8, -1, np.int8)),
        ),
        ish=None, dates=None, groups={}, measures={},
    )  # fmt: skip
    (section,) = pair_sections(study_agreement(few), compare_methods(few))
    assert "7 slides lie two classes or more apart: h, b, c, d, e, f and 1 more." in section.findings
    told = "x: null and ultralow are not told apart; y: null and ultralow are not told apart"
    assert section.without[0][1] == told
