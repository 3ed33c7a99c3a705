from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.spatial import cKDTree

from her2path.cells.vocabulary import TUMOUR
from her2path.phantom.places import CLOSEST_UM, OVERLAP_UM, overlap_of, place_cells
from her2path.phantom.spec import SlideSpec
from her2path.phantom.tissue import TissueMap

if TYPE_CHECKING:
    from tests.phantom.conftest import FieldOf


def test_points_keep_their_distance_and_what_is_off_draws_nothing(spec: SlideSpec, tissue: TissueMap) -> None:
    points, kind = place_cells(spec, tissue, np.random.default_rng(3), np.random.default_rng(4))
    again, _ = place_cells(spec, tissue, np.random.default_rng(3), np.random.default_rng(5))
    np.testing.assert_array_equal(points, again)
    assert len(points) == len(kind)
    assert np.asarray(cKDTree(points).query(points, k=2)[0])[:, 1].min() >= CLOSEST_UM


def test_overlapping_cells_lie_nearer_and_only_tumour_does(field_of: "FieldOf") -> None:
    apart, over = field_of().plan, field_of(tumour={"overlap": 0.5}).plan
    for kind in (TUMOUR, 1, 2):
        assert 0.9 <= (over.kind == kind).sum() / (apart.kind == kind).sum() <= 1
    points = np.stack([over.nucleus_y_um, over.nucleus_x_um], axis=1)[over.kind == TUMOUR]
    middles = np.stack([over.y_um, over.x_um], axis=1)
    distance = np.asarray(cKDTree(middles).query(middles, k=2)[0])[:, 1]
    assert OVERLAP_UM <= distance.min() < CLOSEST_UM
    near = distance < CLOSEST_UM
    assert 0.1 < near[over.kind == TUMOUR].mean() < 0.6
    assert len(points) == over.spills.size - (over.kind != TUMOUR).sum()
    assert over.spills.any()
    assert not apart.spills.any()


def test_in_a_thick_section_more_cells_overlap(spec: SlideSpec) -> None:
    thick = spec.model_copy(update={"confounders": spec.confounders.model_copy(update={"thickness_um": 6.0})})
    assert overlap_of(spec) == spec.tumour.overlap == 0
    assert overlap_of(thick) == pytest.approx(0.24)
