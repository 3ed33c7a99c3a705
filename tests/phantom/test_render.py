import numpy as np

from her2path.phantom.plan import CellPlan
from her2path.phantom.render import draw
from her2path.phantom.scanner import SCANNERS
from her2path.phantom.spec import SlideSpec
from her2path.phantom.tissue import TissueMap
from her2path.phantom.view import View, make_textures


def test_brown_lies_where_membranes_are_stained(spec: SlideSpec, tissue: TissueMap, plan: CellPlan) -> None:
    view = View(0, 0, *spec.size_px, 0.25, make_textures(np.random.default_rng(0), 0.25))
    drawn = draw(view, plan, spec=spec, tissue=tissue, scanner=SCANNERS["bluish"])
    dab = drawn.densities[..., 1].ravel()[drawn.shapes.edge]
    strong, none = drawn.crest_od > 0.6, drawn.crest_od < 0.02
    assert dab[strong].mean() > 0.6
    assert dab[none].mean() < 0.12
    assert drawn.densities.min() >= 0
    assert np.isfinite(drawn.densities).all()
