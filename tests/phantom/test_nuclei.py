from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from her2path.cells.vocabulary import TUMOUR
from her2path.phantom.nuclei import draw_nuclei
from her2path.phantom.plan import CellPlan
from her2path.phantom.shapes import draw_shapes
from her2path.phantom.spec import TumourSpec
from her2path.phantom.view import View, make_textures

if TYPE_CHECKING:
    from tests.phantom.conftest import FieldOf


def test_nuclei_are_dark_lie_in_their_cells_and_have_their_size(plan: CellPlan) -> None:
    view = View(0, 0, 640, 768, 0.25, make_textures(np.random.default_rng(0), 0.25))
    still = (np.zeros(view.shape, np.float32),) * 2
    shapes = draw_shapes(plan, view, warp=still, outside=np.zeros(view.shape, bool))
    densities = np.zeros((*view.shape, 5), np.float32)
    nucleus = draw_nuclei(densities, view, shapes, plan, TumourSpec())
    assert (shapes.cell[nucleus] >= 0).all()
    assert densities[..., 0][nucleus].mean() > 5 * densities[..., 0][~nucleus].mean()
    area_um2 = np.bincount(shapes.cell[nucleus], minlength=len(plan)) * 0.25**2
    wanted = np.pi * plan.nucleus_long_um * plan.nucleus_short_um
    inner = (plan.y_um > 15) & (plan.y_um < 145) & (plan.x_um > 15) & (plan.x_um < 177) & (wanted > 0)
    assert np.median(area_um2[inner] / wanted[inner]) == pytest.approx(1, abs=0.1)
    assert (area_um2[wanted == 0] == 0).all()


@pytest.mark.parametrize("change", [{"granular": 2.0}, {"vesicular": (1.5, 2.5)}])
def test_chromatin_changes_nuclei_alone(field_of: "FieldOf", change: dict[str, object]) -> None:
    plain, other = field_of(), field_of(tumour=change)
    changed = (other.added(plain) != 0).max(axis=-1)
    assert changed[plain.drawn.nucleus].mean() > 0.4
    # A nucleus fades over a micrometre beyond its outline.
    assert changed[~plain.drawn.nucleus].mean() < 0.1
    assert other.truth.equals(plain.truth)


def test_clear_nuclei_are_paler_inside_than_solid_ones(field_of: "FieldOf") -> None:
    solid, clear = (field_of(tumour={"vesicular": (v, v), "hyperchromatic": 0.0}) for v in (0.0, 2.0))
    own = solid.drawn.nucleus & (solid.plan.kind == TUMOUR)[solid.drawn.shapes.cell]
    pale, dark = (np.median(field.drawn.densities[..., 0][own]) for field in (clear, solid))
    assert pale < 0.8 * dark


def test_irregular_nuclei_leave_the_ellipse(field_of: "FieldOf") -> None:
    plain, rough = field_of(), field_of(tumour={"irregular": 2.0})
    assert 0.02 < (plain.drawn.nucleus != rough.drawn.nucleus).mean() < 0.15
    np.testing.assert_array_equal(plain.drawn.shapes.cell, rough.drawn.shapes.cell)


def test_a_spilling_nucleus_darkens_its_neighbour(field_of: "FieldOf") -> None:
    field = field_of(tumour={"overlap": 0.6})
    view = View(0, 0, 480, 480, 0.25, make_textures(np.random.default_rng(0), 0.25))
    over, flat = np.zeros((480, 480, 5), np.float32), np.zeros((480, 480, 5), np.float32)
    masks = [
        draw_nuclei(planes, view, field.drawn.shapes, plan, field.spec.tumour)
        for planes, plan in (
            (over, field.plan),
            (flat, replace(field.plan, spills=np.zeros(len(field.plan), bool))),
        )
    ]
    np.testing.assert_array_equal(masks[0], masks[1])
    added = (over - flat)[..., 0]
    assert added.min() >= 0
    beside = np.append(field.plan.kind, -1)[field.drawn.shapes.cell][added > 0]
    assert (added > 0.05).sum() > 100
    assert (beside == TUMOUR).all()
