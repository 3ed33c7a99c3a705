from dataclasses import replace

import numpy as np
import pytest

from her2path.phantom.plan import CREST_OD, CellPlan
from her2path.phantom.shapes import Shapes, draw_shapes
from her2path.phantom.stain import crest_density, membrane_sigma_um
from her2path.phantom.view import View, make_textures

VIEW = View(100, 100, 300, 300, 0.25, make_textures(np.random.default_rng(0), 0.25))
STILL = (np.zeros(VIEW.shape, np.float32),) * 2


def drawn(plan: CellPlan) -> Shapes:
    return draw_shapes(plan, VIEW, warp=STILL, outside=np.zeros(VIEW.shape, bool))


def ringed(plan: CellPlan, crest_od: np.ndarray) -> CellPlan:
    return replace(
        plan, crest_od=crest_od, arc_count=np.ones(len(plan)), arc_half=np.full(len(plan), 1.2 * np.pi)
    )


def test_a_shared_membrane_shows_the_stronger_cell(plan: CellPlan) -> None:
    strong = np.random.default_rng(3).random(len(plan)) < 0.5
    plan = ringed(plan, np.where(strong, 0.8, 0.0))
    shapes = drawn(plan)
    crest = crest_density(plan, shapes, VIEW)
    stained = strong[shapes.cell.ravel()[shapes.edge]] | ((shapes.neighbour >= 0) & strong[shapes.neighbour])
    assert (crest[stained] > 0.35).all()
    assert crest[~stained].max() < 1e-6


@pytest.mark.parametrize(("arcs", "half"), [(1, 0.5), (2, 0.25)])
def test_arcs_cover_their_part_of_the_contour(plan: CellPlan, arcs: int, half: float) -> None:
    plan = replace(
        ringed(plan, np.full(len(plan), 0.5)),
        arc_count=np.full(len(plan), float(arcs)),
        arc_half=np.full(len(plan), half * np.pi),
    )
    shapes = drawn(plan)
    # Where nothing lies beside, the cell alone decides.
    alone = Shapes(shapes.cell, shapes.edge, np.full_like(shapes.neighbour, -1))
    assert (crest_density(plan, alone, VIEW) > 0.2).mean() == pytest.approx(0.5, abs=0.05)


def test_stronger_membranes_are_wider() -> None:
    widths = membrane_sigma_um(CREST_OD.astype(np.float32)) * 2.355
    np.testing.assert_allclose(widths[1:], [0.64, 1.0, 1.5, 2.14], rtol=1e-5)
