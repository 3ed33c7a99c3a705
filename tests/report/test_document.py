"""The page as a whole: it stands alone, shows everything, escapes everything, and never invents a number."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from her2path.cells.table import CellTable
from her2path.cells.vocabulary import PATTERNS
from her2path.pipeline.result import ScoredSlide
from her2path.report.document import file_name, render_report

Refuse = Callable[[ScoredSlide, str, str], ScoredSlide]
VOID = {"meta", "br", "input", "link", "img", "hr"}
REASON = "No DAB was found: check that the slide is HER2 IHC, then score it again."


class Page(HTMLParser):
    """Collects tags, addresses, ids and visible text; fails on a tag that does not close."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._attributes(attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._attributes(attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.texts.append(data)

    def _attributes(self, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "data", "srcset", "action"):
                self.addresses.append(value or "")
            if name == "id":
                self.ids.append(value or "")

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.texts).replace("\u202f", " "))


def with_score(scored: ScoredSlide, **changes: Any) -> ScoredSlide:
    return replace(scored, score={**scored.score, **changes})


@pytest.fixture(scope="module")
def html(scored: ScoredSlide) -> str:
    return render_report(scored)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_every_tag_closes_and_every_id_is_used_once(page: Page) -> None:
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))


def test_nothing_is_loaded_from_outside(html: str, page: Page) -> None:
    outside = [a for a in page.addresses if not a.startswith(("#", "data:image/jpeg;base64,"))]
    assert outside == []
    assert not re.search(r"https?:|@import|url\((?!#)|\bfetch\(|XMLHttp", html)


def test_references_inside_the_page_lead_somewhere(html: str, page: Page) -> None:
    inside = {a[1:] for a in page.addresses if a.startswith("#")}
    inside |= set(re.findall(r"url\(#([\w-]+)\)", html))
    assert inside <= set(page.ids)


def test_a_reason_has_the_same_hatch_in_the_bar_and_on_the_map(html: str) -> None:
    on_map = re.findall(r'fill:url\(#map-([\w-]+)\)" d="[^"]*"><title>([^<]+)', html)
    in_legend = dict(re.findall(r'fill:url\(#legend-([\w-]+)\)"[^>]*/></svg>([^<]+?)(?: <b>|</span>)', html))
    assert len(on_map) == 3
    assert all(in_legend[hatch] == reason for hatch, reason in on_map)


def test_one_picture_is_held_once(html: str, scored: ScoredSlide) -> None:
    assert html.count("data:image/jpeg") == 1 + len(scored.examples)
    assert len(html.encode()) < 3_000_000


def test_every_field_of_the_contract_is_shown(page: Page) -> None:
    shown = [
        *("her2path.score/1", "B26-01172_HER2.svs", "Scored", "IHC2", "2+", "Equivocal"),
        *("breast-2018, version 1", "Wolff AC", "complete-weak-to-moderate", "Borderline", "118"),
        *("Mean 0.27", "0.09, 0.25, 0.47", "Shannon 1.42", "Simpson 0.71", "Rao 0.38"),
        *("Moran’s I 0.46", "p = 0.001", "11.0 %", "Clustered", "1+ 13.0 %", "2+ 87.0 %"),
        *(
            "31.42 mm²",
            "31.50 mm²",
            "25.10 mm²",
            "0.12 mm²",
            "Out of focus 3.40 mm²",
            "Pen marks 1.90 mm² 6.0 %",
            "Carcinoma in situ 0.90 mm²",
        ),
        *("0.2500 µm", "slide property", "40×", "estimated", "0.269 0.568 0.778", "242 241 239"),
        *("GUIDELINE_GAP", "CONTROL_NOT_ASSESSED", "classical", "cpu", "6f1c0d2e9ab34587", "her2path 0.1.0"),
        *("74.2 s", "9b" * 32, "812 MB", "864.0 megapixels", "66.0 s", *PATTERNS),
    ]
    missing = [text for text in shown if text not in page.text]
    assert missing == []


def test_disclaimer_stands_at_top_and_bottom(page: Page) -> None:
    words = page.text.split("For Research Use Only. Not for use in diagnostic procedures.")
    assert len(words) == 3
    assert len(words[0]) < 80
    assert words[2].strip() == ""


def test_flags_come_most_severe_first(scored: ScoredSlide) -> None:
    flags = [
        {"code": severity.upper(), "severity": severity, "detail": f"about {severity}"}
        for severity in ("info", "refusal", "warning")
    ]
    text = Page(render_report(with_score(scored, flags=flags))).text
    assert text.index("about refusal") < text.index("about warning") < text.index("about info")


def test_directories_of_the_path_are_not_shown(html: str) -> None:
    assert "archive" not in html
    assert "november" not in html


@pytest.mark.parametrize("path", ["/a/b/x.svs", r"C:\a\b\x.svs", "x.svs"])
def test_file_name_of_either_system(path: str) -> None:
    assert file_name(path) == "x.svs"


def test_markup_in_any_text_stays_text(scored: ScoredSlide) -> None:
    evil = "<script>alert('1')</script>\"'&<b>"

    def poison(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {k: poison(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [poison(item) for item in value]
        keep = key in ("status", "score", "category", "her2_status", "severity", "schema", "metric", "op")
        return evil if isinstance(value, str) and not keep else value

    poisoned = replace(
        scored,
        slide_id=evil,
        score=poison({**scored.score, "reason": "why", "tag": "her2-low"}),
        run={**scored.run, "device": evil, "versions": {evil: evil}, "seconds": {evil: 1.0}},
        overview=replace(scored.overview, excluded={evil: next(iter(scored.overview.excluded.values()))})
        if scored.overview
        else None,
    )
    html = render_report(poisoned)
    assert "alert(" in html
    assert "<script>alert" not in html
    assert '<b>"' not in html
    assert Page(html).open == []


def test_no_cell_is_decided_by_javascript(html: str) -> None:
    without = re.sub(r"<script>.*?</script>", "", html, flags=re.S)
    assert len(html) - len(without) < 4000
    assert "layer-map" in without


@pytest.mark.parametrize("status", ["not_evaluable", "failed"])
def test_a_slide_without_a_score_says_why_and_gives_no_number(
    scored: ScoredSlide, refuse: Refuse, status: str
) -> None:
    refused = refuse(scored, status, REASON)
    if status == "failed":
        refused = replace(refused, overview=None, mpp_yx_um=None)
    html = render_report(refused)
    page = Page(html)
    assert REASON in page.text
    assert "no score given" in page.text
    assert ("data:image" in html) is (status == "not_evaluable")
    assert page.open == []
    body = page.text.split("How this was made")[0]
    assert not re.search(r"[0-3]\+|IHC score|H-score|0 %|0\.0", body)


def test_null_is_not_given_and_never_zero(scored: ScoredSlide) -> None:
    keep = {"status", "score", "category", "n_cells", "fractions", "path", "rulebook", "rule_fired"}
    keep |= {"disclaimer", "flags", "schema"}
    bare = replace(
        scored,
        score={key: value if key in keep else None for key, value in scored.score.items()},
        run={},
        heterogeneity=None,
        cells=CellTable.empty(),
        examples=(),
    )
    page = Page(render_report(bare))
    assert "H-score not given" in page.text
    assert "Tissue analysed not given" in page.text
    assert "Pixel size not given" in page.text
    assert "None" not in page.text
    assert page.open == []


def test_null_inside_areas_and_indices(scored: ScoredSlide) -> None:
    areas: dict[str, Any] = dict.fromkeys(scored.score["area_mm2"])
    indices = dict.fromkeys(scored.score["heterogeneity"])
    page = Page(render_report(with_score(scored, area_mm2=areas, heterogeneity=indices)))
    assert "Analysed not given" in page.text
    assert "Moran’s I not given" in page.text
    assert "0.00 mm²" not in page.text


def test_partial_slide_shows_score_and_reason(scored: ScoredSlide) -> None:
    reason = "3 tiles could not be read: copy the file again from the scanner."
    page = Page(render_report(with_score(scored, status="partial", reason=reason)))
    assert "Scored in part" in page.text
    assert reason in page.text
    assert "IHC score 2+" in page.text


def test_nan_never_reaches_the_page(html: str, scored: ScoredSlide) -> None:
    assert any(value != value for value in scored.cells.membrane_od[scored.cells.counted].tolist())
    without_pictures = re.sub(r"base64,[^\"]+", "", html)
    assert not re.search(r"\bnan\b|\binf\b|\bNone\b|Undefined", without_pictures)


def test_no_borderline_banner_where_the_score_is_sure(scored: ScoredSlide) -> None:
    assert "Borderline" not in Page(render_report(with_score(scored, borderline=False))).text


def test_score_that_went_through_json_gives_the_same_page(scored: ScoredSlide, html: str) -> None:
    again = replace(scored, score=json.loads(json.dumps(scored.score)))
    assert render_report(again) == html


def test_score_without_evidence_names_the_rule(scored: ScoredSlide) -> None:
    bare = {k: v for k, v in scored.score.items() if k not in ("evidence", "explanation")}
    text = Page(render_report(replace(scored, score=bare))).text
    assert "Complete weak to moderate" in text
    assert "The rules, in the order" not in text
