"""Where there is no tissue to score, the reason is told, and each reason has a code of its own."""

from dataclasses import replace

import numpy as np
import pytest

from her2path.errors import NotEvaluableError
from her2path.image.geometry import PixelSize
from her2path.pipeline.areas import Areas
from her2path.pipeline.refusals import refuse_beside_tissue, refuse_nothing_left

DOWNSAMPLE, PIXEL_SIZE = 100, PixelSize(0.5, 0.5)


@pytest.fixture
def areas() -> Areas:
    """Tissue all over, a control on its right half."""
    tissue = np.ones((20, 40), bool)
    controls = np.zeros((20, 40), np.uint8)
    controls[:, 20:] = 1
    return Areas(
        tissue=tissue,
        requested=tissue,
        excluded={"control": controls > 0},
        unreadable=np.zeros_like(tissue),
        fragments=tissue.astype(np.uint8),
        controls=controls,
    )


def code(areas: Areas) -> tuple[str, str]:
    with pytest.raises(NotEvaluableError) as caught:
        refuse_nothing_left(areas, DOWNSAMPLE, PIXEL_SIZE)
    return caught.value.code, caught.value.reason


def test_what_is_left_is_scored(areas: Areas) -> None:
    refuse_beside_tissue(areas)
    refuse_nothing_left(areas, DOWNSAMPLE, PIXEL_SIZE)


def test_a_slide_of_controls_alone_says_so(areas: Areas) -> None:
    alone = replace(areas, excluded={"control": areas.tissue})
    assert code(alone)[0] == "ONLY_CONTROL"
    assert code(replace(alone, controls=None))[0] == "NOTHING_LEFT"


def test_a_control_that_is_spoilt_too_leaves_nothing(areas: Areas) -> None:
    spoilt = areas.without({"fold": areas.tissue})
    assert code(spoilt)[0] == "NOTHING_LEFT"


def test_what_was_left_out_is_told_by_reason_with_its_area(areas: Areas) -> None:
    left_out = replace(areas, controls=None).without_unreadable(areas.tissue)
    reason = code(left_out)[1]
    assert "(control 1.00 mm², unreadable 1.00 mm²)" in reason


def test_nothing_that_was_asked_for_is_another_reason(areas: Areas) -> None:
    with pytest.raises(NotEvaluableError, match="regions to include") as caught:
        refuse_beside_tissue(replace(areas, requested=np.zeros_like(areas.tissue)))
    assert caught.value.code == "NO_TISSUE_IN_REGION"
