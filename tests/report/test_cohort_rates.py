from typing import Any

import pytest

from her2path.qa.benchmarks import Band
from her2path.qa.values import Estimate
from her2path.report.cohort_rates import cohort_rates, few_for, manual_agreement
from her2path.store.qa_settings import load_bands

BAND = Band(
    rate="positive",
    tumour="breast",
    where="here",
    centre=0.14,
    low=0.10,
    high=0.20,
    spread="range",
    citation="x",
)

CATEGORIES = {"0": "IHC0_STAINED", "1+": "IHC1", "2+": "IHC2", "3+": "IHC3"}
STATUSES = {"0": "negative", "1+": "negative", "2+": "equivocal", "3+": "positive"}


def _rows(scores: dict[str, int], **known: object) -> list[dict[str, Any]]:
    return [
        {
            "slide_id": f"{score}-{place}",
            "status": "scored",
            "score": score,
            "category": CATEGORIES[score],
            "her2_status": STATUSES[score],
            "rulebook": "breast-2018",
            **known,
        }
        for score, n in scores.items()
        for place in range(n)
    ]


@pytest.mark.parametrize(
    ("n_positive", "tone", "says"),
    [
        (900, "signal", "Above the published range: worth a look"),
        (10, "signal", "Below the published range: worth a look"),
        (140, "calm", "Within the published range"),
        (195, "calm", "The interval reaches over an edge of the range"),
    ],
)
def test_a_rate_is_a_signal_only_where_its_whole_interval_is_outside(
    n_positive: int, tone: str, says: str
) -> None:
    rates = cohort_rates(_rows({"3+": n_positive, "1+": 1000 - n_positive}), [BAND])
    ((tumour, (line,)),) = rates.lines
    assert (tumour, line.tone, line.says) == ("breast", tone, says)


def test_too_few_slides_give_no_verdict_however_far_off() -> None:
    n = few_for(BAND)
    ((_, (few,)),) = cohort_rates(_rows({"3+": n - 1}), [BAND]).lines
    ((_, (enough,)),) = cohort_rates(_rows({"3+": n}), [BAND]).lines
    assert n == 36
    assert (few.tone, few.says) == ("none", "Too few slides: judged from 36 on")
    assert enough.tone == "signal"


def test_a_2_without_ish_is_neither_low_nor_positive_and_one_with_ish_is() -> None:
    unknown = _rows({"3+": 10, "2+": 10, "1+": 80})
    told = [row | {"her2_status": "positive"} if row["score"] == "2+" else row for row in unknown]
    for rows, n, value in ((unknown, 90, 10 / 90), (told, 100, 0.2)):
        ((_, (line,)),) = cohort_rates(rows, [BAND]).lines
        assert isinstance(line.rate, Estimate)
        assert line.rate.n == n
        assert line.rate.value == pytest.approx(value)


def test_a_tumour_is_laid_beside_its_own_rates_alone() -> None:
    gastric = Band(rate="positive", tumour="gastric", where="there", centre=0.2, citation="y")
    rows = _rows({"3+": 5, "1+": 5}) + _rows({"3+": 1}, rulebook="gastric-biopsy")
    rows += _rows({"1+": 2}, rulebook="tumour-agnostic", tumour="Stomach")
    rows += _rows({"1+": 2}, rulebook="tumour-agnostic", tumour="Salivary gland")
    rates = cohort_rates(rows, [BAND, gastric])
    assert [(name, [line.rate.n for line in lines]) for name, lines in rates.lines] == [
        ("breast", [10]),
        ("gastric", [3]),
    ]
    assert rates.without == (("Salivary gland", 2),)


def test_slides_that_were_not_scored_as_a_whole_are_in_no_rate() -> None:
    rows = _rows({"3+": 5, "1+": 5})
    rates = cohort_rates(
        [*rows, *_rows({"3+": 3}, status="partial"), {"slide_id": "x", "status": "failed"}], [BAND]
    )
    assert rates.lines[0][1][0].rate.n == 10
    assert rates.n_left_out == 4


def test_columns_of_the_manifest_give_funnels_and_months() -> None:
    rows = _rows({"3+": 30, "1+": 170})
    assert not cohort_rates(rows, [BAND]).monitoring.charts
    for place, row in enumerate(rows):
        row |= {"site": ("north", "south")[place % 2], "date": f"2026-{1 + place % 3:02d}-11"}
    by = {chart.by for chart in cohort_rates(rows, [BAND]).monitoring.charts}
    assert by == {"site", "month"}


def test_an_empty_cohort_has_no_rates() -> None:
    assert not cohort_rates([], load_bands()).lines


def test_places_lie_on_the_axis() -> None:
    ((_, lines),) = cohort_rates(_rows({"3+": 50, "0": 1}), load_bands()).lines
    assert len(lines) == len([band for band in load_bands() if band.tumour == "breast"])
    for line in lines:
        known = [line.at, line.low, line.high, line.centre, line.band_low, line.band_high]
        assert all(0 <= place <= 1 for place in known if place is not None)


def test_manual_scores_are_compared_as_they_are_spelt() -> None:
    rows = _rows({"0": 2, "3+": 3})
    for row, text in zip(rows, ("0", "IHC 1+", "3+", "+++", "perhaps"), strict=True):
        row["manual_score"] = text
    found = manual_agreement(rows)
    assert found is not None
    assert (found.found.n, found.n_unread) == (4, 1)
    shares = {name: share for name, share in found.shares if isinstance(share, Estimate)}
    assert shares["Same score"].value == 0.75
    assert shares["1+ or above, PPA"].value == pytest.approx(2 / 3)
    assert shares["1+ or above, NPA"].value == 1.0
    assert shares["3+, PPA"].n == 2


def test_without_manual_scores_nothing_is_compared() -> None:
    assert manual_agreement(_rows({"0": 2})) is None
    assert manual_agreement(_rows({"0": 2}, manual_score="")) is None
