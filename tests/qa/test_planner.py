import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from statsmodels.stats.proportion import proportion_confint

from her2path.errors import ConfigurationError, UsageError
from her2path.qa.planner import (
    Chance,
    collect,
    most_disagreements,
    n_for_power,
    parse_rates,
    plan,
    plan_lines,
    power,
    smallest_n,
)
from her2path.qa.values import Undefined


def wilson_low(agreed: int, n: int) -> float:
    return float(proportion_confint(agreed, n, method="wilson")[0])


def test_35_slides_show_90_percent_and_73_show_95() -> None:
    assert smallest_n(0.90) == 35
    assert smallest_n(0.95) == 73
    assert round(wilson_low(35, 35), 3) == 0.901


@given(st.floats(0.5, 0.98), st.integers(0, 8))
def test_one_slide_less_does_not_show_it(bound: float, disagreements: int) -> None:
    n = smallest_n(bound, disagreements)
    assert wilson_low(n - disagreements, n) >= bound - 1e-9
    assert n == 1 or n - 1 <= disagreements or wilson_low(n - 1 - disagreements, n - 1) < bound


@given(st.integers(1, 400), st.floats(0.5, 0.98))
def test_one_disagreement_more_is_too_many(n: int, bound: float) -> None:
    most = int(most_disagreements(n, bound))
    if most >= 0:
        assert wilson_low(n - most, n) >= bound - 1e-9
    assert wilson_low(n - most - 1, n) < bound + 1e-9 if most < n else True


@pytest.mark.parametrize("n", [10, 35, 60, 117, 300])
def test_power_sums_the_outcomes_that_show_the_bound(n: int) -> None:
    expected = sum(binom.pmf(k, n, 0.96) for k in range(n + 1) if wilson_low(k, n) >= 0.9)
    assert float(power(n, agreement=0.96, bound=0.9)) == pytest.approx(expected)


@pytest.mark.parametrize(("agreement", "bound"), [(0.95, 0.90), (0.97, 0.90), (0.98, 0.95), (1.0, 0.95)])
def test_from_the_planned_number_on_the_power_does_not_fall_below(agreement: float, bound: float) -> None:
    found = n_for_power(agreement=agreement, bound=bound, power_wanted=0.8)
    assert isinstance(found, Chance)
    beyond = power(np.arange(found.n, 10 * found.n), agreement=agreement, bound=bound)
    assert (beyond >= 0.8).all()
    assert float(power(found.n - 1, agreement=agreement, bound=bound)) < 0.8
    assert found.power == pytest.approx(beyond[0])


def test_simulated_studies_succeed_as_often_as_planned() -> None:
    found = n_for_power(agreement=0.95, bound=0.90)
    assert isinstance(found, Chance)
    agreed = np.random.default_rng(1).binomial(found.n, 0.95, 20_000)
    low, _ = proportion_confint(agreed, found.n, method="wilson")
    assert np.mean(low >= 0.90) == pytest.approx(found.power, abs=0.01)


@pytest.mark.parametrize("agreement", [0.90, 0.5])
def test_no_study_shows_more_than_is_true(agreement: float) -> None:
    found = n_for_power(agreement=agreement, bound=0.90)
    assert isinstance(found, Undefined)
    assert "not above the bound" in found.reason
    assert "no number of slides" in plan_lines(plan(agreement=agreement))[-1]


def test_the_slides_looked_through_suffice_for_all_classes_together() -> None:
    rates = {"0": 0.3, "1+": 0.4, "2+": 0.15}
    found = collect(rates, 40)
    screened = max(one.screened for one in found)
    drawn = np.random.default_rng(2).multinomial(screened, [0.3, 0.4, 0.15, 0.15], 20_000)[:, :3]
    assert (drawn >= 40).all(axis=1).mean() >= 0.95
    rarest = found[2]
    assert binom.sf(39, rarest.screened, 0.15) >= 1 - 0.05 / 3
    assert binom.sf(39, rarest.screened - 1, 0.15) < 1 - 0.05 / 3


def test_every_mistake_in_the_rates_is_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        collect({"0": 30, "1+": 0, "2+": 0.1}, 40)
    assert len(caught.value.problems) == 3


def test_rates_are_read_from_a_command_line_and_every_mistake_is_told() -> None:
    assert parse_rates(["0=0.27", " 1+ = 0.40"]) == {"0": 0.27, "1+": 0.40}
    with pytest.raises(ConfigurationError) as caught:
        parse_rates(["0=0.27", "1+=many", "=0.3", "0.2"])
    assert len(caught.value.problems) == 3


def test_a_percentage_instead_of_a_share_is_refused() -> None:
    for bound, power_wanted, agreement in ((90, 0.8, 0.95), (0.9, 0, 0.95), (0.9, 0.8, 95)):
        with pytest.raises(UsageError, match="between 0 and 1"):
            plan(bound=bound, power=power_wanted, agreement=agreement)


def test_a_plan_says_sizes_power_and_collections() -> None:
    found = plan(agreement=0.97, bound=0.9, power=0.9, rates={"0": 0.3, "1+": 0.4})
    assert isinstance(found.chance, Chance)
    assert {(one.bound, one.disagreements): one.n for one in found.sizes}[0.95, 0] == 73
    assert [one.wanted for one in found.collections] == [found.chance.n] * 2
    lines = plan_lines(found)
    assert lines[0].startswith("agreement of at least 90% is shown by 35 slides with 0, ")
    n, most = found.chance.n, max(one.screened for one in found.collections)
    assert f"{n} slides on each side of a cut" in lines[2]
    assert lines[3] == (
        f"look through {most} unselected slides, so that each class reaches {n} with a chance of 95%:"
    )
    assert lines[4] == f"0: {most} unselected slides at a rate of 30.0%"
    assert len(lines) == 6
