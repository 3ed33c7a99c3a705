import numpy as np
import pytest

from her2path.arrays import Floats
from her2path.phantom.confounders import ConfounderSpec
from her2path.phantom.glass import Glass, lay_out_glass, ramp
from her2path.phantom.grid import GRID_UM, signed_distance


@pytest.fixture(scope="module")
def disc() -> Floats:
    y, x = np.ogrid[:300, :360]
    return signed_distance(np.asarray(np.hypot(y - 150, x - 180) < 120))


def laid_out(tissue: Floats, **keys: object) -> Glass:
    return lay_out_glass(ConfounderSpec.model_validate(keys), tissue, np.random.default_rng(3))


def test_nothing_lies_on_a_slide_that_asks_for_nothing(disc: Floats) -> None:
    glass = laid_out(disc)
    assert glass.is_clean
    assert not glass.is_soft
    assert not glass.covers(np.arange(0.0, 900.0, 9), np.arange(0.0, 900.0, 9)).any()


def test_ink_lies_along_a_part_of_the_border_and_no_deeper_than_said(disc: Floats) -> None:
    ink = laid_out(disc, ink_margin="black").ink
    assert ink is not None
    border = np.abs(disc) < 2 * GRID_UM
    assert 0.2 < (ink > 0)[border].mean() < 0.6
    assert (ink > 0)[(disc > 10) & (disc < 20)].any()
    assert not (ink > 0)[(disc > 180) | (disc < -15)].any()


def test_tissue_without_a_border_takes_no_ink() -> None:
    assert laid_out(np.full((80, 80), 1000, np.float32), ink_margin="blue").is_clean


@pytest.mark.parametrize("share", [0.03, 0.2])
def test_bubbles_take_their_share_and_hide_what_is_under_them(disc: Floats, share: float) -> None:
    glass = laid_out(disc, bubble=share)
    assert glass.bubble is not None
    assert (glass.bubble > 0).mean() == pytest.approx(share, abs=0.01)
    inside = np.argwhere(glass.bubble > 0)[::37] * GRID_UM
    assert glass.covers(*inside.T.astype(float)).all()
    far = np.argwhere(glass.bubble < -30)[::37] * GRID_UM
    assert not glass.covers(*far.T.astype(float)).any()


def test_the_cover_glass_ends_in_a_straight_line_across_one_corner(disc: Floats) -> None:
    uncovered = laid_out(disc, coverslip=True).uncovered
    assert uncovered is not None
    corners = [uncovered[y, x] > 0 for y in (0, -1) for x in (0, -1)]
    assert sum(corners) == 1
    assert 0.08 < (uncovered > 0).mean() < 0.25
    # It is a distance: one step of the grid along its slope changes it by one step.
    slope = np.hypot(*np.gradient(uncovered, GRID_UM))
    np.testing.assert_allclose(slope, 1, atol=1e-3)


def test_dust_is_sparse_and_beyond_it_nothing_is_covered(disc: Floats) -> None:
    dust = laid_out(disc, dust=20).dust
    assert dust is not None
    assert 0.0005 < (dust[..., 0] > 0).mean() < 0.05
    assert (dust[..., 3:][dust[..., 0] > 0] > 0).all()


def test_what_is_asked_for_one_thing_does_not_move_another(disc: Floats) -> None:
    alone, both = laid_out(disc, bubble=0.1), laid_out(disc, bubble=0.1, dust=20, coverslip=True)
    np.testing.assert_array_equal(alone.bubble, both.bubble)


def test_softness_is_that_of_the_worse_of_bubble_and_missing_cover(disc: Floats) -> None:
    at = (0, 0, 300, 360, GRID_UM)
    bubble, bare, both = (
        laid_out(disc, **keys).softness(*at)
        for keys in ({"bubble": 0.1}, {"coverslip": True}, {"bubble": 0.1, "coverslip": True})
    )
    np.testing.assert_array_equal(both, np.maximum(bubble, bare))
    assert bubble.max() < bare.max() == 1


def test_a_ramp_is_half_way_up_at_the_outline() -> None:
    np.testing.assert_allclose(ramp(np.array([-9, 0, 2, 9], np.float32), 8), [0, 0.5, 0.75, 1])
