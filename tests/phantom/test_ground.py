from typing import TYPE_CHECKING

import numpy as np

from her2path.phantom.ground import draw_stroma, read_ground
from her2path.phantom.shapes import Shapes
from her2path.phantom.spec import SlideSpec
from her2path.phantom.tissue import draw_tissue
from her2path.phantom.view import View, make_textures

if TYPE_CHECKING:
    from tests.phantom.conftest import FieldOf


def test_glass_is_clear_and_stroma_is_not(spec: SlideSpec) -> None:
    blob = spec.model_copy(update={"tissue": spec.tissue.model_copy(update={"shape": "core", "share": 0.5})})
    tissue = draw_tissue(blob, np.random.default_rng(0))
    view = View(0, 0, *blob.size_px, 0.25, make_textures(np.random.default_rng(1), 0.25))
    warp = (np.zeros(view.shape, np.float32),) * 2
    ground = read_ground(view, tissue, warp)
    nothing = Shapes(np.full(view.shape, -1, np.int32), np.zeros(0, np.int64), np.zeros(0, np.int32))
    densities = np.zeros((*view.shape, 5), np.float32)
    draw_stroma(densities, view, nothing, ground, blob)
    assert densities[ground.in_tissue_um < -1].max() == 0
    inside = (ground.in_tissue_um > 5) & (ground.lumen_um < -3)
    assert densities[inside][:, 0].mean() > 0.02
    assert (ground.outside == ((ground.in_tissue_um < 0) | (ground.lumen_um > 0))).all()


def test_lace_takes_the_place_of_bundles_in_stroma_alone(field_of: "FieldOf") -> None:
    plain, lacy = field_of(), field_of(stroma={"lacy": 1.0})
    changed = (lacy.added(plain) != 0).max(axis=-1)
    cell = plain.drawn.shapes.cell
    assert changed[cell < 0].mean() > 0.8
    # Cells end softly, and a little stroma shines through there.
    assert changed[cell >= 0].mean() < 0.02
    assert lacy.truth.equals(plain.truth)


def test_fat_is_white_and_holds_no_cell(field_of: "FieldOf") -> None:
    fat = field_of(tumour={"share": 0.3}, stroma={"fat": 0.9})
    holes = fat.tissue.block(fat.tissue.lumen, 0, 0, 480, 480, 0.25) > 1.5
    assert holes.mean() > 0.15
    assert (fat.drawn.shapes.cell[holes] < 0).all()
    assert np.median(fat.drawn.densities[holes].sum(axis=-1)) < 0.02
    plain = field_of(tumour={"share": 0.3})
    np.testing.assert_array_equal(fat.tissue.tumour, plain.tissue.tumour)
