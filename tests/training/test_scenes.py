import numpy as np

from her2path.cells.vocabulary import TUMOUR
from her2path.nets.sample import INPUT_MPP_UM, STRIDE
from her2path.training.scenes import draw_scene

SIDE_PX = 256


def test_an_index_gives_its_own_field_again() -> None:
    first, again, other = draw_scene(3, 1, SIDE_PX), draw_scene(3, 1, SIDE_PX), draw_scene(4, 1, SIDE_PX)
    np.testing.assert_array_equal(first.rgb, again.rgb)
    np.testing.assert_array_equal(first.completeness, again.completeness)
    assert not np.array_equal(first.rgb, other.rgb)


def test_truth_lies_over_the_pixels() -> None:
    """Nuclei are the darkest of an unstained field, and nowhere else as dark as where truth puts them."""
    checked = 0
    for index in range(40):
        sample = draw_scene(index, 5, SIDE_PX)
        near = np.kron(sample.centre > 0.5, np.ones((STRIDE, STRIDE), bool))
        if sample.membrane.any() or near.sum() < 2000 or sample.centre_known.min() == 0:
            continue
        red = sample.rgb[..., 0].astype(float)
        shifted = np.roll(near, (24, 24), axis=(0, 1))
        assert red[near].mean() < red[shifted].mean(), index
        checked += 1
    assert checked >= 2


def test_radii_hold_the_area_of_the_cells() -> None:
    sample = draw_scene(1, 1, SIDE_PX)
    own = (sample.kind == TUMOUR) & np.isfinite(sample.cell_radii_um[:, 0])
    assert own.any()
    assert (sample.cell_radii_um[own].mean(axis=1) >= sample.nucleus_radii_um[own].mean(axis=1)).all()
    assert sample.cell_radii_um[own].max() <= SIDE_PX * INPUT_MPP_UM


def test_a_dense_field_is_the_same_tissue_stained_darker() -> None:
    plain, dense = draw_scene(2, 2, SIDE_PX), draw_scene(2, 2, SIDE_PX, dense_share=1.0)
    assert dense.rgb.mean() < plain.rgb.mean()
    np.testing.assert_array_equal(draw_scene(2, 2, SIDE_PX, dense_share=0.0).rgb, plain.rgb)
