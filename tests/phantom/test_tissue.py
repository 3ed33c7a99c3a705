import numpy as np
import pytest
from scipy import ndimage

from her2path.phantom.spec import SlideSpec
from her2path.phantom.tissue import TissueMap, draw_tissue


def drawn(**tissue: object) -> TissueMap:
    spec = SlideSpec.model_validate(
        {
            "name": "t",
            "size_px": (2000, 2400),
            "patterns": {"N": 1.0},
            "tissue": tissue,
            "tumour": {"share": 0.4},
        }
    )
    return draw_tissue(spec, np.random.default_rng(4))


@pytest.mark.parametrize("shape", ["core", "blob"])
def test_tissue_and_tumour_take_the_share_asked_for(shape: str) -> None:
    tissue = drawn(shape=shape, share=0.6)
    assert (tissue.tissue > 0).mean() == pytest.approx(0.6, abs=0.03)
    assert (tissue.tumour > 0).sum() / (tissue.tissue > 0).sum() == pytest.approx(0.4, abs=0.07)
    assert (tissue.tissue[tissue.tumour > 0] > 0).all()


def test_full_tissue_has_no_edge() -> None:
    assert (drawn(shape="full").tissue > 0).all()


def test_a_block_and_points_see_the_same_map() -> None:
    tissue = drawn(shape="blob")
    block = tissue.block(tissue.tumour, 301, 517, 40, 60, 0.25)
    y_um, x_um = (301 + 17) * 0.25, (517 + 42) * 0.25
    at = tissue.at(tissue.tumour, np.array([y_um]), np.array([x_um]))
    assert block[17, 42] == pytest.approx(float(at[0]), abs=0.2)


def test_trabeculae_are_ribbons_of_two_to_four_cells() -> None:
    spec = SlideSpec.model_validate(
        {
            "name": "t",
            "size_px": (2400, 2400),
            "patterns": {"N": 1.0},
            "tissue": {"shape": "full"},
            "tumour": {"share": 0.4, "architecture": "trabeculae"},
        }
    )
    tumour = draw_tissue(spec, np.random.default_rng(6)).tumour
    # The ridge of the signed distance is half the width of the ribbon.
    ridge = tumour[(tumour > 3) & (tumour >= ndimage.maximum_filter(tumour, 9))]
    assert 24 < 2 * np.median(ridge) < 48
