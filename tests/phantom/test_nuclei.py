import numpy as np
import pytest

from her2path.phantom.layout import CellPlan
from her2path.phantom.nuclei import draw_nuclei
from her2path.phantom.shapes import draw_shapes
from her2path.phantom.view import View, make_textures


def test_nuclei_are_dark_lie_in_their_cells_and_have_their_size(plan: CellPlan) -> None:
    view = View(0, 0, 640, 768, 0.25, make_textures(np.random.default_rng(0), 0.25))
    still = (np.zeros(view.shape, np.float32),) * 2
    shapes = draw_shapes(plan, view, warp=still, outside=np.zeros(view.shape, bool))
    densities = np.zeros((*view.shape, 5), np.float32)
    nucleus = draw_nuclei(densities, view, shapes, plan)
    assert (shapes.cell[nucleus] >= 0).all()
    assert densities[..., 0][nucleus].mean() > 5 * densities[..., 0][~nucleus].mean()
    area_um2 = np.bincount(shapes.cell[nucleus], minlength=len(plan)) * 0.25**2
    wanted = np.pi * plan.nucleus_long_um * plan.nucleus_short_um
    inner = (plan.y_um > 15) & (plan.y_um < 145) & (plan.x_um > 15) & (plan.x_um < 177) & (wanted > 0)
    assert np.median(area_um2[inner] / wanted[inner]) == pytest.approx(1, abs=0.1)
    assert (area_um2[wanted == 0] == 0).all()
