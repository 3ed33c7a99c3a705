from typing import TYPE_CHECKING

import numpy as np
import pytest

from her2path.cells.vocabulary import OTHER, TUMOUR
from her2path.phantom.guests import apart_from_tumour, invite, outlines_of
from her2path.phantom.spec import SlideSpec

if TYPE_CHECKING:
    from tests.phantom.conftest import FieldOf


def spec_with(**tables: object) -> SlideSpec:
    asked = {"name": "g", "size_px": (2048, 2048), "seed": 2, "patterns": {"N": 1.0}}
    return SlideSpec.model_validate(asked | tables)


TISSUE = np.full((172, 172), 1000.0, np.float32)


def test_nobody_comes_unasked() -> None:
    guests = invite(spec_with(), TISSUE)
    assert guests.ducts.in_situ.max() < 0
    assert guests.damage.bundle.max() < 0
    assert len(guests.lone_um) == 0
    assert (guests.stain_left == 1).all()
    assert outlines_of(spec_with(), guests) == {}


def test_ducts_leave_room_for_nothing_else() -> None:
    spec = spec_with(
        tissue={"in_situ": 0.3, "normal_ducts": 0.1}, confounders={"haemorrhage": 0.2, "nerve": 0.1}
    )
    guests = invite(spec, TISSUE)
    in_duct = np.maximum(guests.ducts.in_situ, guests.ducts.normal) > 0
    in_damage = np.maximum(guests.damage.bundle, guests.damage.haemorrhage) > 0
    assert in_duct.any()
    assert in_damage.any()
    assert not (in_duct & in_damage).any()
    assert set(outlines_of(spec, guests)) == {"DCIS", "Normal"}


def test_sparse_tumour_is_single_cells_and_pairs(field_of: "FieldOf") -> None:
    field = field_of(tumour={"sparse": 300.0})
    cells = field.plan.kind == TUMOUR
    assert 0 < cells.sum() < 20
    alone = field_of().plan.kind == TUMOUR
    assert cells.sum() < 0.3 * alone.sum()


def test_haemorrhage_is_packed_with_red_cells_and_has_no_other(field_of: "FieldOf") -> None:
    field = field_of(confounders={"haemorrhage": 0.3})
    tissue, plan = field.tissue, field.plan
    blood = tissue.at(tissue.guests.damage.haemorrhage, plan.y_um, plan.x_um) > 4
    assert blood.sum() > 20
    assert (plan.kind[blood] == OTHER).all()
    assert field.drawn.foreign_od is not None
    blue, red = field.drawn.foreign_od[..., 2].max(), field.drawn.foreign_od[..., 0].max()
    assert blue > 3 * red


def test_cells_of_ducts_and_of_crush_stand_apart(field_of: "FieldOf") -> None:
    field = field_of(confounders={"crush": 0.3})
    apart = apart_from_tumour(field.spec, field.tissue.guests, field.plan)
    assert set(apart) == {"crushed"}
    assert 0.05 < apart["crushed"].mean() < 0.7
    assert apart_from_tumour(field_of().spec, field_of().tissue.guests, field_of().plan) == {}


@pytest.mark.parametrize("key", ["precipitate", "pigment"])
def test_granules_change_no_cell(field_of: "FieldOf", key: str) -> None:
    asked = {"precipitate": {"precipitate": 800.0}, "pigment": {"pigment": 100.0, "pigment_kind": "carbon"}}
    plain, strewn = field_of(), field_of(confounders=asked[key])
    assert strewn.truth.equals(plain.truth)
    np.testing.assert_array_equal(strewn.drawn.densities, plain.drawn.densities)
    assert plain.drawn.foreign_od is None
    assert strewn.drawn.foreign_od is not None
    assert strewn.drawn.foreign_od.max() > 0.3
