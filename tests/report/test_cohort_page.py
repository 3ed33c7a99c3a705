import re
import time
from html.parser import HTMLParser
from typing import Any

import pytest

from her2path import DISCLAIMER
from her2path.batch.look import Look
from her2path.report.cohort_page import render_cohort
from her2path.store.cohort import COHORT_COLUMNS
from her2path.store.qa_settings import load_bands

CATEGORIES = ("IHC0_NULL", "IHC0_STAINED", "IHC1", "IHC2", "IHC3")
SCORES = ("0", "0", "1+", "2+", "3+")
HER2 = ("negative", "negative", "negative", "equivocal", "positive")


def _row(place: int, **known: object) -> dict[str, Any]:
    code = place % 5
    return dict.fromkeys(COHORT_COLUMNS) | {
        "slide_id": f"S{place:05d}",
        "path": f"/patients/somebody/S{place:05d}.svs",
        "status": "scored",
        "score": SCORES[code],
        "category": CATEGORIES[code],
        "her2_status": HER2[code],
        "n_cells": 1000 + place,
        "complete_intense_fraction": 0.2 * code,
        "h_score": 60.0 * code,
        "borderline": False,
        "rulebook": "breast-2018",
        "recipe_digest": "aa11",
        "seconds": 12.5,
        **known,
    }


def _failed(slide_id: str) -> dict[str, Any]:
    return dict.fromkeys(COHORT_COLUMNS) | {"slide_id": slide_id, "status": "failed"}


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str, name: str) -> list[str]:
        return [found[name] or "" for at, found in self.tags if at == tag and name in found]


def test_the_page_loads_nothing_but_the_thumbnails_beside_it() -> None:
    page = _Page(render_cohort([_row(0), _row(1, slide_id="50 % A/B"), _failed("lost")], {}, load_bands()))
    assert page.all("img", "src") == ["50%20%25%20A%2FB/thumbnail.jpg", "S00000/thumbnail.jpg"]
    assert set(page.all("img", "loading")) == {"lazy"}
    assert not page.all("script", "src")
    assert not page.all("link", "href")
    links = [link for link in page.all("a", "href") if not link.startswith("#")]
    assert links == ["50%20%25%20A%2FB/report.html", "S00000/report.html", "lost/report.html"]


def test_foreign_text_stays_text() -> None:
    evil = "<script>alert(1)</script>\"'"
    rows = [
        _row(0, slide_id=evil, case_id=evil, note=evil, manual_score="3+", site=evil, rulebook=evil),
        _row(4, **{evil: "x"}, manual_score="3+", site="b", recipe_digest=evil),
    ]
    text = render_cohort(
        rows, {evil: Look(evil, "flagged", (evil,))}, load_bands(), software=(evil, "b"), title=evil
    )
    assert "<script>alert" not in text
    assert text.count("<script>") == 1
    assert _Page(text).all("img", "src")[0].startswith("%3Cscript%3E")
    assert not [name for _, found in _Page(text).tags for name in found if name.startswith("on")]


def test_what_needs_a_look_stands_first_with_its_reasons() -> None:
    looks = {"S00002": Look("S00002", "borderline", ("borderline between 1+ (60 %) and 2+ (40 %)",))}
    text = render_cohort([_row(place) for place in range(4)], looks, load_bands())
    body = text[text.index("<tbody>", text.index('class="slides"')) :]
    assert re.findall(r">(S\d{5})</a>", body) == ["S00002", "S00000", "S00001", "S00003"]
    assert "borderline between 1+ (60 %) and 2+ (40 %)" in body


def test_more_than_one_recipe_or_version_is_said_loudly() -> None:
    text = render_cohort(
        [_row(0), _row(1, recipe_digest="bb22")], {}, (), software=("her2path 1", "her2path 2")
    )
    banners = re.findall(r'<div class="banner stop"><b>([^<]+)</b>', text)
    assert banners == ["More than one recipe.", "More than one version of the software."]
    assert 'class="banner' not in render_cohort([_row(0), _row(1)], {}, (), software=("her2path 1",))


def test_the_disclaimer_stands_on_the_page_and_directories_do_not() -> None:
    text = render_cohort([_row(0)], {}, load_bands())
    assert text.count(DISCLAIMER) >= 2
    assert "somebody" not in text


def test_missing_is_no_number() -> None:
    text = render_cohort([_failed("a")], {"a": Look("a", "failed", ("missing",))}, load_bands())
    body = text[text.index("<tbody>", text.index('class="slides"')) :]
    assert re.findall(r'data-v="([^"]*)"', body) == ["0"]  # the group alone
    assert ">0<" not in body


def test_an_empty_cohort_has_a_page() -> None:
    assert "No slide has a score." in render_cohort([], {}, load_bands())


def test_manual_scores_are_laid_beside_the_program_s() -> None:
    with_scores = render_cohort([_row(place, manual_score="1+") for place in range(5)], {}, load_bands())
    assert "Beside the manual scores" in with_scores
    assert "her2path qa" in with_scores
    assert "Beside the manual scores" not in render_cohort([_row(0)], {}, load_bands())


def test_figures_have_names_of_their_own() -> None:
    rows = [_row(place, site="ab"[place % 2]) for place in range(60)]
    rows += [_row(100 + place, rulebook="gastric-biopsy", site="ab"[place % 2]) for place in range(60)]
    for some in (rows, [row | {"site": None} for row in rows]):
        names = re.findall(r' id="([^"]+)"', render_cohort(some, {}, load_bands()))
        assert len(names) == len(set(names))


def test_the_same_cohort_gives_the_same_page() -> None:
    rows = [_row(place) for place in range(20)]
    assert render_cohort(rows, {}, load_bands()) == render_cohort(rows, {}, load_bands())


@pytest.mark.slow
def test_twenty_thousand_slides_are_one_page() -> None:
    looks = {
        f"S{place:05d}": Look(f"S{place:05d}", "flagged", ("PEN: ink",)) for place in range(0, 20_000, 5)
    }
    began = time.process_time()
    text = render_cohort(
        [_row(place, case_id=f"C{place // 2}") for place in range(20_000)], looks, load_bands()
    )
    assert time.process_time() - began < 20
    assert len(text.encode()) < 30e6
