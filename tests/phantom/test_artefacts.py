from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from her2path.cells.vocabulary import TUMOUR

if TYPE_CHECKING:
    from tests.phantom.conftest import FieldOf


def test_clefts_clear_stroma_beside_tumour_and_no_cell(field_of: "FieldOf") -> None:
    plain, torn = field_of(), field_of(stroma={"retraction": 0.6})
    lost = plain.added(torn).sum(axis=-1)
    cell = plain.drawn.shapes.cell
    assert not lost[cell >= 0].any()
    assert (lost[cell < 0] > 0.01).mean() > 0.02
    assert torn.truth.equals(plain.truth)


def test_secretion_fills_lumina_alone(field_of: "FieldOf") -> None:
    glands = {"architecture": "glands", "share": 0.7}
    plain, filled = field_of(tumour=glands), field_of(tumour=glands, confounders={"secretion_od": 0.4})
    added = filled.added(plain)[..., 1]
    assert added.max() > 0.2
    assert not added[plain.drawn.shapes.cell >= 0].any()
    assert filled.truth.equals(plain.truth)


def test_dead_tumour_is_strewn_with_dust(field_of: "FieldOf") -> None:
    plain, dead = field_of(), field_of(tumour={"necrosis": 0.4})
    pixel = (0, 0, 480, 480, 0.25)
    inside = dead.tissue.block(dead.tissue.necrosis, *pixel) > 3
    far = dead.tissue.block(dead.tissue.necrosis, *pixel) < -15
    changed = (dead.added(plain) != 0).max(axis=-1)
    assert not changed[far].any()
    assert changed[inside].mean() > 0.95


def test_the_edge_is_browner_and_the_middle_is_not(field_of: "FieldOf") -> None:
    blob = {"shape": "core", "share": 0.6}
    plain, edged = field_of(tissue=blob), field_of(tissue=blob, confounders={"edge_od": 0.2})
    added = edged.added(plain)[..., 1]
    away_um = plain.tissue.block(plain.tissue.tissue, 0, 0, 480, 480, 0.25)
    assert added[(away_um > 2) & (away_um < 6)].mean() > 5 * max(added[away_um > 40].mean(), 1e-3)
    assert not added[away_um < -4].any()
    assert edged.truth.equals(plain.truth)


def test_a_fold_is_twice_as_dark_and_its_cells_are_not_counted(field_of: "FieldOf") -> None:
    plain, folded = field_of(), field_of(confounders={"folds": 0.3})
    double = folded.tissue.block(folded.tissue.fold, 0, 0, 480, 480, 0.25)
    single, twice = (f.drawn.densities.sum(axis=-1) for f in (plain, folded))
    np.testing.assert_array_equal(twice[double == 0], single[double == 0])
    assert 1.7 < twice[double == 1].mean() / single[double == 1].mean() < 2.3
    assert folded.truth.drop(["counted"]).equals(plain.truth.drop(["counted"]))
    counted = [pc.sum(field.truth["counted"]).as_py() for field in (plain, folded)]
    assert 0.4 * counted[0] < counted[1] < 0.95 * counted[0]
    assert (plain.plan.kind == TUMOUR).sum() >= counted[0]
