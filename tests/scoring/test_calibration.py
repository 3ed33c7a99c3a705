"""Densities of one laboratory on the scale of another; controls that do not support it are refused."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from her2path.errors import UsageError
from her2path.scoring.calibration import Control, calibrated, fit_calibration, uncalibrated_od
from her2path.scoring.settings import Calibration, Grading


def _fit(*controls: tuple[str, float, float]) -> Calibration:
    made = [Control(f"c{k}", *values) for k, values in enumerate(controls)]
    return fit_calibration(made, assay="HER2 IHC", clone="4B5", scanner="A", date=date(2026, 1, 31))


GOOD = (("0", 0.05, 0.06), ("1+", 0.10, 0.16), ("2+", 0.20, 0.30), ("3+", 0.50, 0.70))


def test_lines_run_through_the_levels_whatever_the_order_of_the_rows() -> None:
    calibration = _fit(*reversed(GOOD))
    assert calibration.levels == ("0", "1+", "2+", "3+")
    od = np.array([0.05, 0.15, 0.50, np.nan], np.float32)
    assert calibrated(od, calibration) == pytest.approx([0.06, 0.23, 0.70, np.nan], abs=1e-6, nan_ok=True)


def test_beyond_the_controls_the_shift_of_the_nearest_level_holds() -> None:
    od = calibrated(np.array([0.0, 0.03, 0.8], np.float32), _fit(*GOOD))
    assert od == pytest.approx([0.01, 0.04, 1.0], abs=1e-6)


@given(st.lists(st.floats(0, 2, width=32), min_size=2, max_size=30))
def test_the_order_of_cells_stays(values: list[float]) -> None:
    od = np.sort(np.array(values, np.float32))
    assert (np.diff(calibrated(od, _fit(*GOOD))) >= 0).all()


def test_the_way_back() -> None:
    calibration = _fit(*GOOD)
    assert uncalibrated_od(0.23, calibration) == pytest.approx(0.15)
    assert uncalibrated_od(0.23, None) == 0.23


def test_several_controls_of_a_level_count_by_their_median_and_leave_a_residual() -> None:
    calibration = _fit(*GOOD, ("1+", 0.11, 0.16), ("1+", 0.12, 0.16))
    assert calibration.measured_od[1] == 0.11
    assert calibration.n_controls == 6
    # The palest, 0.10, lies on the line from (0.05, 0.06) to (0.11, 0.16), at 0.1433.
    assert calibration.residual_od == pytest.approx(0.1 / 6, abs=1e-4)


@pytest.mark.parametrize(
    ("controls", "why"),
    [
        (GOOD[:2], "2 levels of controls"),
        ((GOOD[0], GOOD[1], ("1+", 0.1, 0.2), *GOOD[2:]), "'1\\+' is expected at 0.16 and 0.2"),
        ((*GOOD[:2], ("2+", 0.09, 0.30), GOOD[3]), "must rise with the level"),
        ((*GOOD, ("1+", 0.25, 0.16)), "c4 \\(1\\+\\) reads 0.250 and c2 \\(2\\+\\) 0.200"),
        ((*GOOD[:3], ("other", 0.4, 0.30)), "expected at the same density"),
    ],
)
def test_controls_that_do_not_support_a_calibration_are_refused(
    controls: tuple[tuple[str, float, float], ...], why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        _fit(*controls)


def test_cut_offs_beyond_the_controls_are_refused() -> None:
    assert Grading(calibration=_fit(*GOOD)).calibration is not None
    with pytest.raises(ValidationError, match=r"cut-offs 0\.6 lie outside .* 0\.06 to 0\.5"):
        Grading(calibration=_fit(*GOOD[:3], ("3+", 0.4, 0.5)))


def test_a_stored_calibration_must_rise() -> None:
    good = _fit(*GOOD).model_dump()
    with pytest.raises(ValidationError, match="measured_od must rise"):
        Calibration.model_validate(good | {"measured_od": (0.05, 0.2, 0.1, 0.5)})
    with pytest.raises(ValidationError, match="must be of one length"):
        Calibration.model_validate(good | {"levels": ("0", "3+")})
