import numpy as np

from her2path.phantom.confounders import ConfounderSpec
from her2path.phantom.layout import lay_out_cells
from her2path.phantom.paint import Painter
from her2path.phantom.plan import CellPlan
from her2path.phantom.spec import SlideSpec
from her2path.phantom.tissue import TissueMap, draw_tissue


def painter(spec: SlideSpec, tissue: TissueMap, plan: CellPlan) -> Painter:
    return Painter(spec, tissue, plan, np.random.default_rng(9), stained_od=0.08)


def test_pixels_and_truth_do_not_depend_on_the_cut(
    spec: SlideSpec, tissue: TissueMap, plan: CellPlan
) -> None:
    whole, cut = painter(spec, tissue, plan), painter(spec, tissue, plan)
    once = whole.paint(0, 0, 640, 768)
    parts = [np.hstack([cut.paint(y, x, 320, 384) for x in (0, 384)]) for y in (0, 320)]
    difference = np.abs(np.vstack(parts).astype(int) - once)
    assert (difference > 1).mean() < 1e-4
    np.testing.assert_allclose(cut.tally.contour_px.sum(), whole.tally.contour_px.sum(), rtol=1e-3)
    np.testing.assert_allclose(cut.tally.stained_od.sum(), whole.tally.stained_od.sum(), rtol=1e-3)


def test_a_coarse_slide_is_drawn_finer(spec: SlideSpec, tissue: TissueMap, plan: CellPlan) -> None:
    coarse = spec.model_copy(update={"mpp": 0.5, "size_px": (320, 384)})
    made = painter(coarse, tissue, plan)
    assert made.mpp_um == 0.25
    rgb = made.paint(0, 0, 320, 384)
    fine = painter(spec, tissue, plan).paint(0, 0, 640, 768)
    halved = fine.reshape(320, 2, 384, 2, 3).mean(axis=(1, 3))
    assert np.abs(rgb - halved).mean() < 6


def test_neither_does_what_lies_on_the_glass_or_how_its_strips_were_scanned(spec: SlideSpec) -> None:
    spoilt = {"bubble": 0.2, "coverslip": True, "dust": 30.0, "seam_um": 4.0, "motion_um": 3.0}
    asked = spec.model_copy(
        update={"mpp": 0.3, "size_px": (800, 300), "confounders": ConfounderSpec.model_validate(spoilt)}
    )
    rng = np.random.default_rng(1)
    tissue = draw_tissue(asked, rng)
    plan = lay_out_cells(asked, tissue, rng)
    once = painter(asked, tissue, plan).paint(0, 0, 800, 300)
    cut = painter(asked, tissue, plan)
    parts = [cut.paint(y, 0, 400, 300) for y in (0, 400)]
    difference = np.abs(np.vstack(parts).astype(int) - once)
    assert (difference > 1).mean() < 1e-4
