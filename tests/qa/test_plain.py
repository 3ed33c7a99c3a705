"""Values as JSON."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from her2path.qa.gate import Gate
from her2path.qa.plain import plain
from her2path.qa.significance import Significance
from her2path.qa.values import Estimate, Undefined


@dataclass(frozen=True)
class Things:
    """One of each."""

    name: str
    found: Estimate
    lacking: Undefined
    days: tuple[date, ...]
    counts: np.ndarray


def test_each_kind_of_value() -> None:
    things = Things(
        "a",
        Estimate(0.5, 0.4, 0.6, 9, "m"),
        Undefined("no slide", 0),
        (date(2026, 1, 2),),
        np.eye(2, dtype=int),
    )
    assert plain({"one": things}) == {
        "one": {
            "name": "a",
            "found": {"value": 0.5, "low": 0.4, "high": 0.6, "n": 9, "method": "m"},
            "lacking": {"value": None, "reason": "no slide", "n": 0},
            "days": ["2026-01-02"],
            "counts": [[1, 0], [0, 1]],
        }
    }


def test_a_test_and_a_model() -> None:
    assert plain(Significance(0.5, 1.0, 2, 9, "m"))["p"] == 0.5
    assert plain([Gate(max_score_flips=3)])[0]["max_score_flips"] == 3
