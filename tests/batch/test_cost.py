"""What a slide costs by its size: a fixed part and one for every byte, where the sizes tell them apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2path.batch.cost import Costs, fitted_cost, with_slide


def costs_of(sizes: list[float], seconds: list[float]) -> Costs:
    costs = Costs()
    for size, took_s in zip(sizes, seconds, strict=True):
        costs = with_slide(costs, size, took_s)
    return costs


def test_both_parts_are_found_where_the_sizes_differ() -> None:
    sizes = [float(size) for size in np.geomspace(1e6, 1e9, 300)]
    cost = fitted_cost(costs_of(sizes, [20 + 3e-8 * size for size in sizes]))
    assert cost.fixed_s == pytest.approx(20, rel=0.1)
    assert cost.of(10, 0) == pytest.approx(200, rel=0.1)


def test_slides_of_one_size_are_put_down_to_bytes() -> None:
    cost = fitted_cost(costs_of([1e9] * 40, [30.0] * 40))
    assert cost.fixed_s == pytest.approx(0, abs=1e-9)
    assert cost.of(1, 5e8) == pytest.approx(15)


def test_chance_among_slides_of_nearly_one_size_decides_little() -> None:
    rng = np.random.default_rng(5)
    sizes = [float(size) for size in 1e9 * (1 + 0.03 * rng.standard_normal(30))]
    seconds = [float(s) for s in 30 * rng.lognormal(0, 0.2, 30)]
    assert fitted_cost(costs_of(sizes, seconds)).fixed_s < 3


def test_a_part_is_never_below_zero() -> None:
    shrinking = fitted_cost(costs_of([1e6, 1e7, 1e8] * 20, [100.0, 10.0, 1.0] * 20))
    assert shrinking.per_byte_s >= 0
    growing = fitted_cost(costs_of([1e6, 1e7, 1e8] * 20, [0.0, 1.0, 100.0] * 20))
    assert growing.fixed_s >= 0


slides = st.lists(st.tuples(st.floats(0, 1e11), st.floats(0, 1e5)), min_size=1, max_size=30)


@given(slides, st.integers(0, 1000), st.floats(0, 1e13))
def test_work_is_a_number_and_not_negative(seen: list[tuple[float, float]], n: int, n_bytes: float) -> None:
    cost = fitted_cost(costs_of([size for size, _ in seen], [s for _, s in seen]))
    assert cost.fixed_s >= 0
    assert np.isfinite(cost.of(n, n_bytes))
    assert cost.per_byte_s >= -1e-9 * max(s for _, s in seen)
