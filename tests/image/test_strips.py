"""Strips change nothing but the time."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2path.arrays import Plane16, Rgb8
from her2path.image import strips
from her2path.image.strips import in_strips


def smoothed(rgb: Rgb8) -> tuple[Plane16, ...]:
    smooth = np.asarray(cv2.GaussianBlur(rgb, (3, 3), 0), np.uint16)
    return smooth[..., 0] * 3 + smooth[..., 1], smooth[..., 2]


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 40), st.integers(2, 30), st.integers(1, 2000), st.integers(0, 2**32 - 1))
def test_strips_give_what_the_whole_gives(height: int, width: int, n_bytes: int, seed: int) -> None:
    rgb = np.random.default_rng(seed).integers(0, 255, (height, width, 3), endpoint=True).astype(np.uint8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strips, "STRIP_BYTES", n_bytes)
        cut = in_strips(rgb, smoothed, margin_px=1)
    for plane, whole in zip(cut, smoothed(rgb), strict=True):
        assert plane.dtype == np.uint16
        assert (plane == whole).all()
