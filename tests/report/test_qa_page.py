"""The page of a study stands alone, escapes everything, and never shows a number that is none."""

import re
from dataclasses import dataclass, replace
from html import unescape

import numpy as np
import pytest

from her2path import DISCLAIMER
from her2path.qa.comparison import Comparison, compare_methods
from her2path.qa.monitoring import monitor
from her2path.qa.readings import Rater, Readings, UnreadText
from her2path.qa.study import Study, study_agreement
from her2path.qa.values import Undefined
from her2path.report.qa_page import QaExtras, render_qa, render_watch
from her2path.store.qa_settings import load_bands, load_checklist

Found = tuple[Study, Comparison]
VOID = {"meta", "br", "input", "link", "img", "hr"}


@dataclass(frozen=True)
class Shown:
    """What a page says, and what it refers to."""

    html: str

    @property
    def unclosed(self) -> list[str]:
        waiting: list[str] = []
        for end, tag, alone in re.findall(r"<(/?)([a-z][\w-]*)[^>]*?(/?)>", self.html):
            if end:
                assert waiting.pop() == tag
            elif not alone and tag not in VOID:
                waiting.append(tag)
        return waiting

    @property
    def addresses(self) -> list[str]:
        return re.findall(r'(?:src|href)="([^"]*)"', self.html)

    @property
    def ids(self) -> list[str]:
        return re.findall(r'\bid="([^"]*)"', self.html)

    @property
    def text(self) -> str:
        visible = re.sub(r"<style>.*?</style>|<[^>]*>", " ", self.html, flags=re.DOTALL)
        return re.sub(r"\s+", " ", unescape(visible).replace("\u202f", " "))


@pytest.fixture(scope="module")
def page(qa_study: Found) -> Shown:
    monitoring = monitor(qa_study[0].readings, load_bands())
    return Shown(render_qa(*qa_study, QaExtras(monitoring=monitoring, checklist=load_checklist())))


def test_the_page_is_whole_and_loads_nothing(page: Shown) -> None:
    assert page.unclosed == []
    assert all(address.startswith(("#", "data:image/")) for address in page.addresses)
    assert len(page.ids) == len(set(page.ids))


def test_the_page_says_what_was_found_and_what_the_design_allows(page: Shown) -> None:
    for text in (
        DISCLAIMER,
        "reader is the comparator, not the truth",
        "program is a program; the consensus of readers is made without it.",
        "78.0 % (68.9 to 85.0 %)",
        "Cohen's kappa, quadratic weights",
        "0.903",  # golden
        "Krippendorff's alpha, ordinal metric",
        "Each reader against the consensus of the others",
        "Not defined: too few readers (2)",
        "west, positive of reader: 22 of 22, above",
        "no standard that must be met",
        "Bland–Altman",
        "A reminder, not an assessment",
        "(recalled)",
    ):
        assert text in page.text


def test_only_words_stand_where_nothing_is_defined(page: Shown) -> None:
    assert not re.search(r"\b(nan|None|inf|Undefined|Estimate)\b", page.text)


@pytest.mark.parametrize(
    ("a", "b"),
    [([0], [0]), ([0, 0, 0], [0, 0, 0]), ([0, 1], [-1, -1]), ([3, 3, 3], [0, 0, 0]), ([-1], [-1])],
    ids=["one slide", "one class", "one rater missing", "never the same", "nothing"],
)
@pytest.mark.parametrize("reference", ["a", None])
def test_tables_that_define_little_give_reasons(a: list[int], b: list[int], reference: str | None) -> None:
    unsplit = np.full(len(a), -1, np.int8)
    readings = Readings(
        tuple(f"s{place}" for place in range(len(a))),
        (Rater("a", np.array(a, np.int8), unsplit), Rater("b", np.array(b, np.int8), unsplit)),
        measures={"m": np.full(len(a), np.nan), "n": np.zeros(len(a))},
    )
    comparison = compare_methods(readings, reference=reference, measure_pairs=[("m", "n")])
    monitoring = monitor(readings, load_bands())
    html = render_qa(
        study_agreement(readings, reference=reference), comparison, QaExtras(monitoring=monitoring)
    )
    found = Shown(html)
    assert found.unclosed == []
    assert "not defined: " in found.text
    assert not re.search(r"\b(nan|None|inf)\b", found.text)


def test_names_and_texts_are_shown_as_they_are(qa_readings: Readings) -> None:
    strange = "<script>$x$</script>"
    few = replace(
        qa_readings,
        slide_ids=qa_readings.slide_ids[:8],
        raters=tuple(
            Rater(name, one.scores[:8], one.categories[:8])
            for name, one in zip((strange, "b"), qa_readings.raters, strict=False)
        ),
        ish=None, dates=None, groups={}, measures={},
        unread=(UnreadText(7, strange, "S<1>", "<b>2?", "is no score"),),
        left_out={"notes & more": "none"},
        only_in={"manual.csv": ("S-9",)},
    )  # fmt: skip
    html = render_qa(study_agreement(few), compare_methods(few))
    assert "<script" not in html
    text = Shown(html).text
    for shown in (strange, "<b>2?", "S<1>", "notes & more", "Only in manual.csv: 1 slide"):
        assert shown in text


def test_a_column_of_numbers_is_no_column_that_could_not_be_read(qa_readings: Readings) -> None:
    few = replace(
        qa_readings,
        measures={"h_score": np.arange(float(len(qa_readings.slide_ids)))},
        left_out={"h_score": "is read as numbers"},
    )
    text = Shown(render_qa(study_agreement(few), compare_methods(few))).text
    assert "Columns of numbers, which are no raters: h_score." in text
    assert "could not be read" not in text
    more = replace(few, left_out={**few.left_out, "notes": "holds no score"})
    text = Shown(render_qa(study_agreement(more), compare_methods(more))).text
    assert "Column notes left out: holds no score" in text
    assert "Column h_score" not in text


def test_controls_and_rates_have_pages_of_their_own(qa_readings: Readings) -> None:
    page = Shown(render_watch(controls={"3+": Undefined("5 runs; a baseline needs 20")}))
    assert "3+: not judged: 5 runs" in page.text
    assert DISCLAIMER in page.text
    page = Shown(render_watch(monitoring=monitor(qa_readings, load_bands())))
    assert "Beside published rates" in page.text
    assert page.unclosed == []
