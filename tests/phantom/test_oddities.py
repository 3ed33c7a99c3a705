from typing import TYPE_CHECKING

import numpy as np
import pytest

from her2path.cells.vocabulary import LYMPHOCYTE, STROMA, TUMOUR

if TYPE_CHECKING:
    from tests.phantom.conftest import FieldOf


def test_signet_rings_have_their_nucleus_beside_a_clear_ball(field_of: "FieldOf") -> None:
    plain, signet = field_of().plan, field_of(tumour={"signet": 0.4})
    plan, drawn = signet.plan, signet.drawn
    rings = (plan.vacuole_um > 0) & (plan.nucleus_long_um > 0)
    assert rings[plan.kind == TUMOUR].mean() == pytest.approx(0.4, abs=0.1)
    assert not rings[plan.kind != TUMOUR].any()
    np.testing.assert_array_equal(
        plan.nucleus_y_um[~rings & (plan.vacuole_um == 0)], plain.nucleus_y_um[plan.vacuole_um == 0]
    )
    off_um = np.hypot(plan.nucleus_y_um - plan.y_um, plan.nucleus_x_um - plan.x_um)
    assert (off_um[rings] > plan.vacuole_um[rings]).all()
    y, x = ((axis / 0.25).astype(int) for axis in (plan.y_um, plan.x_um))
    seen = rings & (y > 20) & (y < 460) & (x > 20) & (x < 460)
    in_ball = drawn.densities[y[seen], x[seen], 0]
    body = drawn.densities[..., 0][(plan.kind == TUMOUR)[drawn.shapes.cell] & (drawn.shapes.cell >= 0)]
    assert np.median(in_ball) < 0.4 * np.median(body)


def test_pale_cells_are_larger_and_lighter_and_tumour_is_not(field_of: "FieldOf") -> None:
    plain, pale = field_of().plan, field_of(stroma={"pale_cells": 1.0}).plan
    small = (plain.kind == STROMA) | (plain.kind == LYMPHOCYTE)
    area, paler = (p.nucleus_long_um * p.nucleus_short_um for p in (plain, pale))
    assert paler[small].mean() > 1.15 * area[small].mean()
    assert (pale.nucleus_od[small] < plain.nucleus_od[small]).all()
    np.testing.assert_array_equal(paler[~small], area[~small])


def test_the_dead_have_no_nucleus_no_stain_and_no_truth(field_of: "FieldOf") -> None:
    whole, dead = field_of(), field_of(tumour={"necrosis": 0.4})
    ghosts = (dead.tissue.at(dead.tissue.necrosis, dead.plan.y_um, dead.plan.x_um) > 0) & (
        dead.plan.kind == TUMOUR
    )
    assert ghosts[dead.plan.kind == TUMOUR].mean() == pytest.approx(0.4, abs=0.15)
    assert not dead.plan.nucleus_long_um[ghosts].any()
    assert not dead.plan.crest_od[ghosts].any()
    np.testing.assert_array_equal(dead.plan.crest_od[~ghosts], whole.plan.crest_od[~ghosts])
    kept = set(dead.truth["cell_id"].to_pylist())
    assert kept < set(whole.truth["cell_id"].to_pylist())


@pytest.mark.parametrize("key", ["golgi", "brown_nuclei"])
def test_brown_that_is_no_membrane_changes_pixels_and_no_truth(field_of: "FieldOf", key: str) -> None:
    plain, odd = field_of(), field_of(confounders={key: 0.3})
    added = odd.added(plain)[..., 1]
    assert added.min() > -1e-6
    assert odd.truth.equals(plain.truth)
    in_tumour = (plain.plan.kind == TUMOUR)[plain.drawn.shapes.cell] & (plain.drawn.shapes.cell >= 0)
    assert not added[~in_tumour].any()
    in_nucleus = added[plain.drawn.nucleus].sum() / added.sum()
    assert in_nucleus > 0.85 if key == "brown_nuclei" else in_nucleus < 0.5
    # Nothing else of the drawing moved.
    np.testing.assert_array_equal(
        odd.drawn.densities[..., [0, 2, 3, 4]], plain.drawn.densities[..., [0, 2, 3, 4]]
    )
