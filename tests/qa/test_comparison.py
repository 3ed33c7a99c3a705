import json

import numpy as np
import pytest

from her2path.errors import UsageError
from her2path.qa.comparison import compare_methods
from her2path.qa.plain import plain
from her2path.qa.readings import CATEGORY, Rater, Readings
from her2path.qa.values import Estimate, Undefined


@pytest.fixture
def readings() -> Readings:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 4, 60)
    fraction = np.clip(truth / 4 + rng.normal(0, 0.1, 60), 0, 1)

    def rater(name: str, err: float) -> Rater:
        step = rng.choice([-1, 0, 1], 60, p=[err / 2, 1 - err, err / 2])
        scores = np.clip(truth + step, 0, 3).astype(np.int8)
        return Rater(name, scores, np.where(scores > 0, scores + 1, -1).astype(np.int8))

    return Readings(
        tuple(f"slide {i}" for i in range(60)),
        (rater("A", 0.2), rater("program", 0.1), rater("B", 0.3), rater("C", 0.3)),
        measures={"eye": fraction, "cells": np.clip(fraction + rng.normal(0.05, 0.05, 60), 0, 1)},
    )


def test_the_reference_comes_first_and_the_program_is_no_reader(readings: Readings) -> None:
    found = compare_methods(readings, reference="B", program="program", measure_pairs=[("eye", "cells")])
    assert [(one.a, one.b) for one in found.shifts][:3] == [("B", "A"), ("B", "program"), ("B", "C")]
    assert len(found.shifts) == 6
    assert found.readers.readers == ("B", "A", "C")
    assert isinstance(found.readers.leave_one_out, tuple)
    assert all(isinstance(one.program, Estimate) for one in found.readers.leave_one_out)
    assert isinstance(found.readers.program_with_all, Estimate)
    assert [(one.measure, one.cut) for one in found.sweeps][:3] == [
        ("eye", cut) for cut in (">=1+", ">=2+", "3+")
    ]
    assert list(found.shifts[0].boundaries) == [">=1+", ">=2+", "3+"]


def test_pairs_of_measures_are_those_that_were_named(readings: Readings) -> None:
    assert compare_methods(readings).measures == ()
    (pair,) = compare_methods(readings, measure_pairs=[("eye", "cells")]).measures
    assert isinstance(pair.limits.bias, Estimate)
    assert pair.limits.bias.value == pytest.approx(
        float(np.mean(readings.measures["cells"] - readings.measures["eye"]))
    )
    assert isinstance(pair.icc, Estimate)
    assert isinstance(pair.passing_bablok.slope, Estimate)
    assert pair.log_odds is None
    (pair,) = compare_methods(readings, measure_pairs=[("eye", "cells")], n_cells=100).measures
    assert pair.log_odds is not None
    assert pair.log_odds.scale == "logit"


def test_without_reference_and_program_nothing_is_assumed(readings: Readings) -> None:
    found = compare_methods(readings)
    assert found.sweeps == ()
    assert found.readers.program_with_all is None
    assert len(found.readers.readers) == 4


def test_an_unknown_name_is_told(readings: Readings) -> None:
    with pytest.raises(UsageError, match="D: no rater; there is A, program, B, C"):
        compare_methods(readings, reference="D")
    with pytest.raises(UsageError, match="od: no column of numbers"):
        compare_methods(readings, measure_pairs=[("eye", "od")])


def test_no_number_is_missing_without_a_reason(readings: Readings) -> None:
    nobody = np.full(60, -1, np.int8)
    silent = Readings(readings.slide_ids, (readings.raters[0], Rater("silent", nobody, nobody)))
    found = compare_methods(silent, reference="silent", program="A", scale=CATEGORY)
    assert isinstance(found.readers.onest, Undefined)
    assert isinstance(found.shifts[0].symmetry, Undefined)
    assert json.dumps(plain(found), allow_nan=False)
