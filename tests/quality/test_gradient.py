"""What a reader is told of a fade: direction, size, evidence and cause, and once."""

from dataclasses import replace

import numpy as np
import pytest

from her2path.quality.gradient import WORDS, gradient_flags, zone_depth_um
from her2path.quality.trend import Trend

ACROSS = Trend(
    course="across",
    rise_od=0.3,
    low_od=0.2,
    high_od=0.5,
    explained=0.7,
    between=0.4,
    p=0.001,
    n_blocks=40,
    length_um=4000.0,
    direction_deg=0.0,
    deeper_is_darker=None,
    profile_od=(0.2, 0.3, np.nan, 0.4, 0.5),
    profile_stained=(0.5, 0.6, np.nan, 0.8, 0.9),
    counterstain=None,
)
ZONAL = replace(ACROSS, course="from_border", direction_deg=None, deeper_is_darker=False, explained=0.6)


def test_the_flag_tells_the_evidence() -> None:
    (flag,) = gradient_flags((ACROSS,))
    assert (flag.code, flag.severity) == ("STAINING_GRADIENT", "warning")
    assert flag.detail == (
        "Over 4.0 mm membranes get darker towards the right, from 0.20 to 0.50 OD (fifths of the way: 0.20, "
        "0.30, –, 0.40, 0.50); that explains 70% of the variance between 40 blocks, p 0.001. "
        "Whether the counterstain follows is not known."
    )


@pytest.mark.parametrize(
    ("degrees", "words"),
    [(10, "right"), (50, "lower right"), (271, "top"), (350, "right"), (225, "upper left")],
)
def test_directions_are_those_of_the_picture(degrees: float, words: str) -> None:
    (flag,) = gradient_flags((replace(ACROSS, direction_deg=degrees),))
    assert f"towards the {words}," in flag.detail
    assert words in WORDS


@pytest.mark.parametrize(("deeper", "words"), [(True, "middle"), (False, "border")])
def test_a_zone_is_told_by_its_darker_side(deeper: bool, words: str) -> None:
    (flag,) = gradient_flags((replace(ZONAL, deeper_is_darker=deeper),))
    assert flag.code == "ZONAL_STAINING"
    assert f"towards the {words} of the tissue" in flag.detail


def test_two_trends_are_one_finding() -> None:
    (flag,) = gradient_flags((ACROSS, ZONAL))
    assert flag.code == "STAINING_GRADIENT"
    (flag,) = gradient_flags((replace(ACROSS, p=0.2), ZONAL))
    assert flag.code == "ZONAL_STAINING"


@pytest.mark.parametrize(
    "change",
    [
        {"p": 0.011},
        {"explained": 0.49},
        {"between": 0.05},
        {"rise_od": 0.09},
        {"rise_od": 0.12, "high_od": 0.9},
    ],
)
def test_each_criterion_is_needed(change: dict[str, float]) -> None:
    assert list(gradient_flags((replace(ACROSS, **change),))) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("counterstain", "words"),
    [
        (None, "is not known"),
        (0.8, "the cause is technical"),
        (0.2, "does not follow"),
        (-0.8, "does not follow"),
    ],
)
def test_the_counterstain_tells_the_cause(counterstain: float | None, words: str) -> None:
    (flag,) = gradient_flags((replace(ACROSS, counterstain=counterstain),))
    assert words in flag.detail


@pytest.mark.parametrize("trend", [ACROSS, ZONAL])
def test_a_core_warns_only_with_the_counterstain(trend: Trend) -> None:
    shared = replace(trend, counterstain=0.9)
    said = [gradient_flags((trend,), is_core=True), gradient_flags((shared,), is_core=True)]
    assert [flag.severity for flags in said for flag in flags] == ["info", "warning"]


def test_the_end_of_the_picture_is_a_border_of_the_zone() -> None:
    depth = zone_depth_um(np.ones((41, 61), bool), 4.0)
    assert depth[20, 30] == pytest.approx(4.0 * 21, abs=2)
    assert depth[0].max() <= 4.0
    assert zone_depth_um(np.zeros((5, 5), bool), 4.0).max() == 0
