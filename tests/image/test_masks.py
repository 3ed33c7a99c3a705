"""Masks grow, lose what is small, and keep the pieces that touch something."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from her2path.arrays import Mask
from her2path.image.masks import (
    closed,
    disc,
    grown,
    is_light,
    light,
    pieces_with,
    without_holes,
    without_specks,
)

MASKS = arrays(np.bool_, (12, 14), elements=st.booleans())


def test_a_disc_has_at_least_one_pixel_of_radius() -> None:
    assert disc(0.1).shape == (3, 3)
    assert disc(4.0).shape == (9, 9)
    assert disc(4.0)[4].all()
    assert not disc(4.0)[0, 0]


@given(MASKS)
def test_a_light_mask_is_the_same_mask(mask: Mask) -> None:
    assert (light(mask) == mask).all()
    assert light(mask).strides == ((0, 0) if not mask.any() else mask.strides)
    assert is_light(light(mask)) == (not mask.any())
    assert not is_light(mask)


@given(MASKS)
def test_growing_and_closing_only_add(mask: Mask) -> None:
    assert (grown(mask, 1) >= mask).all()
    assert (grown(mask, 1) >= closed(mask, 1)).all()
    assert (closed(mask, 1) >= mask).all()


def test_specks_and_holes_go_by_area() -> None:
    mask = np.zeros((20, 20), bool)
    mask[2:12, 2:12] = True
    mask[5:7, 5:7] = False
    mask[16, 16] = True
    # 100 µm² a pixel.
    assert not without_specks(mask, 0.0002, 10.0)[16, 16]
    assert without_specks(mask, 0.0001, 10.0)[16, 16]
    assert without_holes(mask, 0.0005, 10.0)[5, 5]
    assert not without_holes(mask, 0.0004, 10.0)[5, 5]


def test_pieces_must_touch_everything_asked_for() -> None:
    mask = np.zeros((5, 9), bool)
    mask[1:4, 0:3] = mask[1:4, 6:9] = True
    left, right = np.zeros_like(mask), np.zeros_like(mask)
    left[2, 1] = right[:, 8] = True
    assert pieces_with(mask, left)[:, :3].sum() == 9
    assert not pieces_with(mask, left)[:, 6:].any()
    assert not pieces_with(mask, left, right).any()
    assert pieces_with(mask, left | right).sum() == 18


@given(MASKS, MASKS)
def test_pieces_with_is_part_of_the_mask(mask: Mask, other: Mask) -> None:
    assert not (pieces_with(mask, other) & ~mask).any()
    assert (pieces_with(mask, mask) == mask).all()
