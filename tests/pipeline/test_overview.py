"""The picture is small, and its marks lie where the masks of the survey do."""

from typing import TYPE_CHECKING

import numpy as np
import pytest

from her2path.image.fragments import label_fragments
from her2path.pipeline import overview
from her2path.pipeline.areas import Areas
from her2path.pipeline.overview import mark_overview, read_overview
from her2path.slides.array import ArraySlide

if TYPE_CHECKING:
    from her2path.arrays import Mask

DOWNSAMPLE = 16


@pytest.fixture
def areas(slide: ArraySlide) -> Areas:
    shape = (slide.levels[0].height_px // DOWNSAMPLE, slide.levels[0].width_px // DOWNSAMPLE)
    tissue: Mask = np.zeros(shape, bool)
    tissue[8:40, 8:40] = True
    left_out: Mask = np.zeros(shape, bool)
    left_out[8:24, 8:40] = True
    nothing = np.zeros(shape, bool)
    return Areas(tissue, tissue, {"fold": left_out, "dust": nothing}, nothing, label_fragments(tissue, 1e-4))


@pytest.mark.parametrize("largest_px", [200, 1600])
def test_marks_lie_where_the_masks_do(
    slide: ArraySlide, areas: Areas, largest_px: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "OVERVIEW_PX", largest_px)
    plain = read_overview(slide)
    assert max(plain.rgb.shape[:2]) <= largest_px
    assert not plain.tissue.any()
    marked = mark_overview(plain, areas, DOWNSAMPLE)
    assert set(marked.excluded) == {"fold"}  # what was not found is not drawn
    share = marked.tissue.mean() / (16 * 32 / areas.tissue.size)
    assert share == pytest.approx(1, abs=0.05)
    assert not (marked.tissue & marked.excluded["fold"]).any()


def test_what_cannot_be_read_is_marked(slide: ArraySlide, areas: Areas) -> None:
    spoilt = areas.without_unreadable(areas.analysed)
    marked = mark_overview(read_overview(slide), spoilt, DOWNSAMPLE)
    assert marked.excluded["unreadable"].any()
    assert not marked.tissue.any()
