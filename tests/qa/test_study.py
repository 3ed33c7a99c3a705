"""Every pair of raters, the reference first."""

import numpy as np
import pytest

from her2path.errors import UsageError
from her2path.qa.many_raters import ManyAgreement
from her2path.qa.pairs import ScaleAgreement
from her2path.qa.readings import Rater, Readings
from her2path.qa.study import study_agreement
from her2path.qa.values import Undefined


def readings(*names: str) -> Readings:
    rng = np.random.default_rng(1)
    raters = []
    for name in names:
        scores = rng.integers(0, 4, 12).astype(np.int8)
        raters.append(Rater(name, scores, np.where(scores == 0, -1, scores + 1).astype(np.int8)))
    return Readings(tuple(f"s{number}" for number in range(12)), tuple(raters))


def test_all_pairs_in_the_order_of_the_columns() -> None:
    study = study_agreement(readings("x", "y", "z"))
    assert [(pair.a, pair.b) for pair in study.pairs] == [("x", "y"), ("x", "z"), ("y", "z")]


def test_the_reference_stands_in_the_rows() -> None:
    study = study_agreement(readings("x", "y", "z"), reference="z")
    assert [(pair.a, pair.b) for pair in study.pairs] == [("z", "x"), ("z", "y"), ("x", "y")]


def test_scales_that_the_table_does_not_tell_have_a_reason() -> None:
    study = study_agreement(readings("x", "y"))
    found = study.pairs[0].scales
    assert isinstance(found["score"], ScaleAgreement)
    assert found["status"] == Undefined("there is no column ish")
    assert isinstance(found["category"], Undefined)
    assert isinstance(study.together["score"], ManyAgreement)
    assert isinstance(study.together["level"], Undefined)


def test_one_rater_agrees_with_nobody() -> None:
    with pytest.raises(UsageError, match=r"needs two raters, there is x"):
        study_agreement(readings("x"))


def test_a_reference_that_is_no_rater_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"'q' is no rater; there are x, y"):
        study_agreement(readings("x", "y"), reference="q")
