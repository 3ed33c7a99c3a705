import numpy as np

from her2path.cells.vocabulary import TUMOUR
from her2path.phantom.plan import CellPlan
from her2path.phantom.shapes import draw_shapes, nearest
from her2path.phantom.view import View, make_textures

STILL = (np.zeros((240, 240), np.float32),) * 2


def test_the_nearest_mark_wins() -> None:
    marked = np.zeros((9, 9), bool)
    marked[4, 0] = marked[4, 8] = True
    values = np.zeros((9, 9), np.int32)
    values[4, 0], values[4, 8] = 11, 22
    distance, owner = nearest(marked, values)
    assert (owner[:, :4] == 11).all()
    assert (owner[:, 5:] == 22).all()
    assert distance[4, 3] == 3


def test_membranes_run_round_tumour_cells_and_know_both_sides(plan: CellPlan) -> None:
    view = View(100, 100, 240, 240, 0.25, make_textures(np.random.default_rng(0), 0.25))
    outside = np.zeros((240, 240), bool)
    outside[:, 230:] = True
    shapes = draw_shapes(plan, view, warp=STILL, outside=outside)
    assert (shapes.cell[:, 230:] == -1).all()
    own = shapes.cell.ravel()[shapes.edge]
    assert (plan.kind[own] == TUMOUR).all()
    assert (own != shapes.neighbour).all()
    y, x = np.divmod(shapes.edge, 240)
    beside = [
        shapes.cell[np.clip(y + dy, 0, 239), np.clip(x + dx, 0, 239)]
        for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0))
    ]
    assert (np.stack(beside) == shapes.neighbour).any(axis=0).all()


def test_an_empty_window_has_no_cells(plan: CellPlan) -> None:
    view = View(0, 0, 240, 240, 0.25, make_textures(np.random.default_rng(0), 0.25))
    shapes = draw_shapes(
        plan.take(np.zeros(len(plan), bool)), view, warp=STILL, outside=np.zeros((240, 240), bool)
    )
    assert (shapes.cell == -1).all()
    assert len(shapes.edge) == 0
