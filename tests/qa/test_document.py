"""``qa.json`` has the fields that its schema fixes, and never NaN."""

from typing import Any

import numpy as np
import pytest

from her2path.qa.comparison import compare_methods
from her2path.qa.document import (
    agreement_rows,
    confusion_rows,
    discordant_rows,
    reading_rows,
    study_document,
    unread_rows,
)
from her2path.qa.readings import Rater, Readings, UnreadText
from her2path.qa.study import Study, study_agreement

FIXED = ["a", "b", "n", "opa", "opa_ci", "kappa", "kappa_linear", "kappa_quadratic", "kappa_quadratic_ci"]
FIXED += ["ac1", "ac2_linear", "ac2_quadratic", "krippendorff_ordinal", "fleiss", "confusion", "cuts"]


def study_of(a: list[int], b: list[int], ish: list[int] | None = None) -> Study:
    raters = []
    for name, scores in (("reference", a), ("algorithm", b)):
        codes = np.array(scores, np.int8)
        raters.append(Rater(name, codes, np.where(codes >= 0, codes + 1, -1).astype(np.int8)))
    unread = (UnreadText(3, "algorithm", "s1", "x", "is not a score"),)
    slides = tuple(f"s{number}" for number in range(len(a)))
    return study_agreement(
        Readings(slides, tuple(raters), ish=None if ish is None else np.array(ish, np.int8), unread=unread)
    )


def document_of(study: Study) -> dict[str, Any]:
    return study_document(study, compare_methods(study.readings))


def numbers_in(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [number for one in value.values() for number in numbers_in(one)]
    if isinstance(value, list):
        return [number for one in value for number in numbers_in(one)]
    return [value] if isinstance(value, float) else []


@pytest.fixture(scope="module")
def study() -> Study:
    return study_of([0, 1, 2, 3, 2, 1, 0, 3], [0, 1, 1, 3, 2, 2, 0, 2], [0, 0, 1, 1, 0, 0, -1, 1])


def test_a_pair_has_what_the_schema_fixes(study: Study) -> None:
    (pair,) = document_of(study)["pairs"]
    assert set(FIXED) <= set(pair)
    assert pair["confusion"] == [[2, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 1, 1]]
    assert pair["opa"] == 5 / 8
    assert list(pair["cuts"]) == [">=1+", ">=2+", "3+"]
    assert {"ppa", "ppa_ci", "npa", "npa_ci"} <= set(pair["cuts"][">=2+"])
    assert pair["cuts"][">=2+"]["ppa"] == 3 / 4
    assert pair["status"]["classes"] == ["negative", "positive"]


def test_every_number_has_its_n_and_method(study: Study) -> None:
    (pair,) = document_of(study)["pairs"]
    every = [*pair["statistics"].values(), *pair["cuts"]["3+"]["statistics"].values()]
    assert all(
        {"value", "low", "high", "n", "method"} <= set(one) or {"value", "reason"} <= set(one)
        for one in every
    )


@pytest.mark.parametrize(
    ("a", "b"),
    [([1], [1]), ([0, 0, 0], [0, 0, 0]), ([1, 2, 3], [-1, -1, -1]), ([0] * 9, [0] * 8 + [3])],
    ids=["one slide", "one class", "no rater b", "one apart"],
)
def test_degenerate_studies_have_reasons_and_no_nan(a: list[int], b: list[int]) -> None:
    document = document_of(study_of(a, b))
    assert np.isfinite(numbers_in(document)).all()
    pair = document["pairs"][0]
    for name in FIXED[3:]:
        if isinstance(pair[name], dict) and "value" in pair[name]:
            assert pair[name]["value"] is None
            assert pair[name]["reason"]


def test_tables_hold_every_statistic_and_every_cell(study: Study) -> None:
    rows = agreement_rows(study)
    assert {row["statistic"] for row in rows} >= {
        "opa",
        "ppa",
        "apa",
        "ac1",
        "all_agree",
        "krippendorff_ordinal",
    }
    assert sum(row["n"] for row in confusion_rows(study) if row["scale"] == "score") == 8
    assert reading_rows(study.readings)[2] == {"slide_id": "s2", "reference": "2+", "algorithm": "1+"}
    assert unread_rows(study.readings)[0]["row"] == 3


def test_slides_apart_are_listed_by_pair(study: Study) -> None:
    rows = discordant_rows(compare_methods(study.readings))
    assert [(row["slide_id"], row["class_a"], row["class_b"]) for row in rows] == [
        ("s5", "1+", "2+"),
        ("s2", "2+", "1+"),
        ("s7", "3+", "2+"),
    ]
    assert rows[0]["rule"] is None
