"""A rate beside a published band."""

import pytest
from pydantic import ValidationError

from her2path.qa.benchmarks import Band, BandPlace, place_in
from her2path.qa.values import Estimate

BAND = Band(rate="positive", tumour="breast", where="here", low=0.1, high=0.2, spread="range", citation="x")


@pytest.mark.parametrize(
    ("low", "high", "place"),
    [
        (0.02, 0.09, "below"),
        (0.12, 0.18, "inside"),
        (0.21, 0.30, "above"),
        (0.05, 0.12, "undecided"),
        (0.19, 0.22, "undecided"),
        (0.05, 0.30, "undecided"),
        (0.10, 0.20, "inside"),
    ],
)
def test_a_rate_is_placed_by_its_interval(low: float, high: float, place: BandPlace) -> None:
    assert place_in(Estimate((low + high) / 2, low, high, 100, "share"), BAND) == place


def test_a_band_without_edges_or_a_rate_without_interval_places_nothing() -> None:
    centre = Band(rate="zero", tumour="breast", where="here", centre=0.27, citation="x")
    assert place_in(Estimate(0.5, 0.4, 0.6, 100, "share"), centre) is None
    assert place_in(Estimate(0.5, None, None, 1, "share"), BAND) is None


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"low": 0.1}, "low and high belong together"),
        ({"low": 0.3, "high": 0.2, "spread": "range"}, "low <= centre <= high"),
        ({"low": 0.1, "high": 0.2, "centre": 0.3, "spread": "range"}, "low <= centre <= high"),
        ({}, "one of them must be there"),
        ({"low": 0.1, "high": 0.2}, "spread says what lies"),
        ({"centre": 14.0}, "less than or equal to 1"),
    ],
)
def test_a_band_that_says_nothing_sensible_is_refused(values: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        Band.model_validate({"rate": "low", "tumour": "breast", "where": "here", "citation": "x"} | values)
