"""The map over the overview: hexagons where the bins are, classes that are theirs."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2path.pipeline.result import ScoredSlide
from her2path.report.slide_map import SCALE_BAR_SHARE, SlideMap, draw_map, scale_bar
from her2path.scoring.settings import Grading

GRADES = Grading().grades
MPP_YX_UM = (0.25, 0.25)


def drawn(scored: ScoredSlide) -> SlideMap:
    assert scored.overview is not None
    return draw_map(scored.overview, scored.heterogeneity, MPP_YX_UM, GRADES)


def test_every_hexagon_is_drawn_once_on_each_map(scored: ScoredSlide) -> None:
    slide_map, bins = drawn(scored), scored.heterogeneity
    assert bins is not None
    assert sum(layer.n for layer in slide_map.grades) + slide_map.unknown.n == len(bins.bin)
    assert sum(layer.n for layer in slide_map.h_scores) + slide_map.unknown.n == len(bins.bin)
    assert slide_map.unknown.n == np.isnan(bins.h_score).sum() > 0
    assert slide_map.hot.n == bins.hot.sum() > 0


def test_hexagon_and_its_dots_stand_on_the_bin(scored: ScoredSlide) -> None:
    bins = scored.heterogeneity
    assert bins is not None
    one = int(np.flatnonzero(np.isfinite(bins.h_score))[0])
    fractions = np.zeros((1, 9), np.float32)
    fractions[0, 6] = 1.0
    names = ("bin", "y_um", "x_um", "n_cells", "h_score", "membrane_od", "gi_z", "gi_q", "hot")
    single = replace(bins, fractions=fractions, **{name: getattr(bins, name)[[one]] for name in names})
    slide_map = drawn(replace(scored, heterogeneity=single))
    layer = slide_map.grades[2]
    assert [g.n for g in slide_map.grades] == [0, 0, 1, 0]
    pixel_um = 0.25 * 60
    dots = np.array([p.removesuffix("h0").split() for p in layer.dots.split("M")[1:]], float)
    assert len(dots) == 2
    np.testing.assert_allclose(
        dots.mean(axis=0), [single.x_um[0] / pixel_um, single.y_um[0] / pixel_um], atol=0.06
    )
    top = np.array(layer.path.removeprefix("M").split("l")[0].split(), float)
    assert top[0] == pytest.approx(single.x_um[0] / pixel_um, abs=0.06)
    assert top[1] == pytest.approx((single.y_um[0] - bins.bin_um / np.sqrt(3)) / pixel_um, abs=0.06)


def test_a_slide_without_score_has_masks_only(scored: ScoredSlide) -> None:
    slide_map = drawn(replace(scored, heterogeneity=None))
    assert slide_map.analysed
    assert all(slide_map.excluded.values())
    assert all(layer.path == "" for layer in (*slide_map.grades, slide_map.unknown, slide_map.hot))


def test_excluded_tissue_is_not_inside_the_analysed_outline(scored: ScoredSlide) -> None:
    overview = scored.overview
    assert overview is not None
    all_out = replace(overview, excluded={"pen": np.ones_like(overview.tissue)})
    assert drawn(replace(scored, overview=all_out)).analysed == ""


@given(st.integers(50, 4000), st.floats(0.5, 200))
def test_scale_bar_is_round_and_fits(width_px: int, pixel_um: float) -> None:
    bar = scale_bar(width_px, pixel_um)
    assert SCALE_BAR_SHARE * width_px * 0.39 < bar.length <= SCALE_BAR_SHARE * width_px * 1.000001
    number, unit = bar.label.split("\u202f")
    assert float(number) * (1000 if unit == "mm" else 1) == pytest.approx(bar.length * pixel_um)
    assert f"{float(number):e}"[0] in "125"


def test_edges_stay_thin_over_a_small_piece_of_tissue(scored: ScoredSlide) -> None:
    slide_map = drawn(scored)
    assert replace(slide_map, hexagon=300.0).line == 1.4 * slide_map.screen_px
    assert replace(slide_map, hexagon=4.0).line == 0.2
