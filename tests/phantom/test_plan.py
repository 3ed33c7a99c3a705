import numpy as np

from her2path.phantom.plan import CellPlan


def test_rows_are_taken_of_every_column(plan: CellPlan) -> None:
    rows = np.array([5, 2])
    part = plan.take(rows)
    assert len(part) == 2
    np.testing.assert_array_equal(part.y_um, plan.y_um[rows])
    np.testing.assert_array_equal(part.spills, plan.spills[rows])
    mask = plan.kind == plan.kind[0]
    assert len(plan.take(mask)) == mask.sum()


def test_plans_are_joined_row_after_row(plan: CellPlan) -> None:
    joined = plan.take(np.arange(3)).and_then(plan.take(np.arange(5, 7)))
    assert len(joined) == 5
    np.testing.assert_array_equal(joined.x_um, plan.x_um[[0, 1, 2, 5, 6]])
