from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from her2path.arrays import Ints
from her2path.phantom.arrangement import arrange, core_at, core_labels, core_middles_um, is_arranged
from her2path.phantom.grid import GRID_UM
from her2path.phantom.layout import lay_out_cells
from her2path.phantom.plan import CREST_OD
from her2path.phantom.spec import SlideSpec
from her2path.phantom.tissue import draw_tissue


def spec_of(size_px: tuple[int, int] = (1200, 1600), mpp: float = 1.0, **tissue: Any) -> SlideSpec:
    return SlideSpec.model_validate(
        {
            "name": "t",
            "size_px": size_px,
            "mpp": mpp,
            "seed": 8,
            "patterns": {"N": 1.0},
            "tissue": tissue,
            "tumour": {"share": 0.5},
        }
    )


ARRAY: dict[str, Any] = {
    "shape": "array",
    "grid": [3, 4],
    "core_mm": 0.25,
    "pitch_mm": 0.35,
    "rotation_deg": 5,
}


def pieces_of(spec: SlideSpec) -> tuple[int, Ints]:
    shape = (spec.size_px[0] // 3, spec.size_px[1] // 3)
    labels, n = ndimage.label(arrange(spec, shape, np.random.default_rng(1)).tissue > 0)
    return n, np.asarray(labels, np.int32)


def test_an_ordinary_slide_is_not_arranged() -> None:
    assert not is_arranged(spec_of().tissue)


def test_an_array_has_a_disc_at_every_place() -> None:
    spec = spec_of(**ARRAY)
    n, labels = pieces_of(spec)
    assert n == 12
    areas_um2 = ndimage.sum_labels(labels > 0, labels, np.arange(1, 13)) * GRID_UM**2
    np.testing.assert_allclose(areas_um2, np.pi * 125**2, rtol=0.1)
    middles = np.array(ndimage.center_of_mass(labels > 0, labels, np.arange(1, 13))) * GRID_UM
    assert sorted(core_at(spec, middles[:, 0], middles[:, 1]).tolist()) == list(range(12))
    expected = core_middles_um(spec)
    near = np.linalg.norm(middles[:, None] - expected[None], axis=-1).min(axis=0)
    assert near.max() < 35


def test_lost_cores_are_gone_and_broken_ones_smaller() -> None:
    spec = spec_of(**ARRAY, missing=["B2"], broken=["C4"])
    shape = (400, 533)
    tissue = arrange(spec, shape, np.random.default_rng(1)).tissue > 0
    y, x = np.nonzero(tissue)
    core = core_at(spec, y.astype(float) * GRID_UM, x.astype(float) * GRID_UM)
    area = dict(zip(core_labels(spec.tissue), np.bincount(core[core >= 0], minlength=12), strict=True))
    assert area["B2"] == 0
    assert 0.2 < area["C4"] / area["A1"] < 0.8


def test_the_middles_of_cores_belong_to_them() -> None:
    spec = spec_of(**ARRAY)
    middles = core_middles_um(spec)
    np.testing.assert_array_equal(core_at(spec, middles[:, 0], middles[:, 1]), np.arange(12))
    # Clockwise: the right end of the first row lies lower than its left end.
    assert middles[3, 0] > middles[0, 0]
    assert core_at(spec, np.array([1.0]), np.array([1.0])).tolist() == [-1]


@pytest.mark.parametrize("size_px", [(1000, 1600), (1600, 1000)])
def test_fragments_are_separate(size_px: tuple[int, int]) -> None:
    n, labels = pieces_of(spec_of(size_px, shape="core", fragments=3, share=0.7))
    assert n == 3
    shares = np.bincount(labels.ravel())[1:] / labels.size
    assert shares.min() > 0.08


def test_a_control_lies_apart_at_one_end() -> None:
    spec = spec_of(control="3+", share=0.7)
    arranged = arrange(spec, (400, 533), np.random.default_rng(1))
    control = arranged.control > 0
    assert control.sum() > 0.05 * control.size
    assert np.nonzero(control)[1].min() > 0.75 * control.shape[1]
    assert not (ndimage.binary_dilation(control, iterations=6) & (arranged.tissue > 0) & ~control).any()


def test_only_the_cells_of_a_control_are_stained_as_it_is() -> None:
    spec = spec_of((800, 1600), mpp=0.5, control="3+")
    rng = np.random.default_rng(2)
    tissue = draw_tissue(spec, rng)
    plan = lay_out_cells(spec, tissue, rng)
    in_control = tissue.at(tissue.control, plan.y_um, plan.x_um) > 0
    strong = plan.crest_od > CREST_OD[3]
    assert strong[in_control & (plan.kind == 0)].mean() > 0.5
    assert not strong[~in_control].any()
