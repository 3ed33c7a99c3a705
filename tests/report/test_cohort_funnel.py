import re

import pytest

from her2path.qa.benchmarks import Band
from her2path.qa.confusion import proportion
from her2path.report.cohort_funnel import cohort_funnels
from her2path.report.cohort_rates import RateLine

SMALL = Band(rate="positive", tumour="breast", where="a small town", n=100, centre=0.5, citation="x")
LARGE = Band(rate="positive", tumour="breast", where="Denmark", n=48382, centre=0.14, citation="y")


def _line(band: Band, count: int, n: int) -> RateLine:
    rate = proportion(count, n, "share", of_nobody="none")
    return RateLine(band, rate, "", "calm", 0.1, 0.0, 0.2, 0.1, None, None)


@pytest.mark.parametrize(("count", "told"), [(7, "inside"), (48, "beyond")])
def test_the_cohort_is_drawn_around_the_largest_series(count: int, told: str) -> None:
    (figure,) = cohort_funnels([_line(SMALL, count, 50), _line(LARGE, count, 50)], prefix="f")
    label = re.search(r'aria-label="([^"]+)"', figure)
    assert label is not None
    assert label[1].endswith(f"{told} the outer limits around Denmark")


def test_limits_are_whole_curves_for_few_slides() -> None:
    """A limit that is not defined somewhere breaks the curve: SVG paths then begin more than once."""
    (figure,) = cohort_funnels([_line(LARGE, 1, 9)], prefix="f")
    curves = [path for path in re.findall(r' d="([^"]+)"', figure) if path.count("L") > 10]
    assert len(curves) == 4
    assert all(path.count("M") == 1 for path in curves)


def test_a_rate_that_is_not_known_is_not_drawn() -> None:
    assert not cohort_funnels([_line(LARGE, 0, 0)], prefix="f")
    assert not cohort_funnels([], prefix="f")
