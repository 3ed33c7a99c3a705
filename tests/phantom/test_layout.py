import numpy as np
import pytest
from scipy.spatial import cKDTree

from her2path.cells.vocabulary import PATTERNS, TUMOUR
from her2path.phantom.layout import lay_out_cells
from her2path.phantom.places import CLOSEST_UM
from her2path.phantom.plan import CellPlan
from her2path.phantom.spec import SlideSpec
from her2path.phantom.tissue import TissueMap


def test_one_seed_gives_one_plan(spec: SlideSpec, tissue: TissueMap, plan: CellPlan) -> None:
    again = lay_out_cells(spec, tissue, np.random.default_rng(2))
    np.testing.assert_array_equal(again.y_um, plan.y_um)
    np.testing.assert_array_equal(again.crest_od, plan.crest_od)


def test_patterns_take_the_shares_asked_for(spec: SlideSpec, plan: CellPlan) -> None:
    patterns = plan.pattern[plan.kind == TUMOUR]
    for code, name in enumerate(PATTERNS):
        assert (patterns == code).mean() == pytest.approx(spec.patterns.get(name, 0), abs=0.02)


def test_neighbours_stain_alike(plan: CellPlan) -> None:
    tumour = plan.take(plan.kind == TUMOUR)
    near = cKDTree(np.stack([tumour.y_um, tumour.x_um], axis=1)).query_pairs(14.0, output_type="ndarray")
    same = (tumour.pattern[near[:, 0]] == tumour.pattern[near[:, 1]]).mean()
    alone = sum(share**2 for share in (0.3, 0.3, 0.4))
    assert same > 1.5 * alone


def test_cells_keep_their_distance_and_tumour_its_place(tissue: TissueMap, plan: CellPlan) -> None:
    middles = np.stack([plan.y_um, plan.x_um], axis=1)
    assert np.asarray(cKDTree(middles).query(middles, k=2)[0])[:, 1].min() >= CLOSEST_UM
    is_tumour = plan.kind == TUMOUR
    depth = tissue.at(tissue.tumour, plan.y_um, plan.x_um)
    assert (depth[is_tumour] > 0).all()
    assert (depth[~is_tumour] < 0).all()
