from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from her2path.arrays import Codes
from her2path.qa.discordance import Evidence, discordant

SCORES = ("0", "1+", "2+", "3+")
FIRM = Evidence(
    score="1+",
    fractions=None,
    rule="weak-partial",
    deciding_fraction=0.3,
    deciding_interval=(0.2, 0.4),
    cut_fraction=0.1,
    borderline=False,
    explanation=None,
    folder=None,
    slide_path=None,
)


def test_kinds_are_listed_farthest_apart_first_and_firm_slides_before_borderline_ones() -> None:
    a = np.array([0, 0, 3, 1, 0, 2, -1], np.int8)
    b = np.array([1, 1, 1, 1, 1, 1, 2], np.int8)
    known = {"s0": replace(FIRM, borderline=True), "s4": FIRM}
    found = discordant([f"s{i}" for i in range(7)], a, b, SCORES, known)
    assert [(kind.a, kind.b, kind.steps) for kind in found] == [
        ("3+", "1+", 2),
        ("0", "1+", 1),
        ("2+", "1+", 1),
    ]
    assert [slide.slide_id for slide in found[1].slides] == ["s4", "s1", "s0"]
    assert found[1].slides[0].evidence == FIRM
    assert found[1].slides[1].evidence is None


@given(
    arrays(np.int8, 12, elements=st.integers(-1, 3)),
    arrays(np.int8, 12, elements=st.integers(-1, 3)),
)
def test_every_slide_that_differs_is_listed_once(a: Codes, b: Codes) -> None:
    found = discordant([str(i) for i in range(12)], a, b, SCORES, {})
    listed = sorted(int(slide.slide_id) for kind in found for slide in kind.slides)
    assert listed == [i for i in range(12) if a[i] != b[i] and min(a[i], b[i]) >= 0]
