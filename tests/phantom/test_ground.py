import numpy as np

from her2path.phantom.ground import draw_stroma, read_ground
from her2path.phantom.shapes import Shapes
from her2path.phantom.spec import SlideSpec
from her2path.phantom.tissue import draw_tissue
from her2path.phantom.view import View, make_textures


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
