"""A fragment that is split or joined wrongly counts biopsies that are not there."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from her2path.arrays import Mask
from her2path.image.fragments import MIN_FRAGMENT_MM2, inner_points, label_fragments

PIXEL_MM2 = 16e-6
SIDE_PX = int(np.ceil(np.sqrt(MIN_FRAGMENT_MM2 / PIXEL_MM2)))


def draw(shape: tuple[int, int], *boxes: tuple[int, int, int, int]) -> Mask:
    mask = np.zeros(shape, bool)
    for y, x, height, width in boxes:
        mask[y : y + height, x : x + width] = True
    return mask


def test_numbers_run_as_one_reads() -> None:
    n = SIDE_PX
    # Two lines, neither of them level: the right one of each lies higher.
    boxes = [(20, 10, n, n), (0, 100, n, n), (30, 200, n, n), (140, 5, n, n), (120, 120, n, n)]
    labels = label_fragments(draw((260, 300), *boxes), PIXEL_MM2)
    assert [labels[y, x] for y, x, _, _ in boxes] == [1, 2, 3, 4, 5]
    assert labels.dtype == np.uint8


def test_a_crumb_belongs_to_the_nearest_edge_and_not_to_the_nearest_middle() -> None:
    long, small, crumb = (0, 0, 60, 500), (150, 400, 60, 60), (75, 450, 5, 5)
    labels = label_fragments(draw((300, 520), long, small, crumb), PIXEL_MM2)
    assert (labels[10, 10], labels[160, 410], labels[77, 452]) == (1, 2, 1)


@pytest.mark.parametrize(("side_px", "n_expected"), [(SIDE_PX - 1, 1), (SIDE_PX, 2)])
def test_the_smallest_fragment(side_px: int, n_expected: int) -> None:
    mask = draw((200, 300), (0, 0, 150, 150), (20, 200, side_px, side_px))
    assert label_fragments(mask, PIXEL_MM2).max() == n_expected


def test_where_all_is_small_the_largest_is_the_fragment() -> None:
    labels = label_fragments(draw((100, 100), (0, 0, 10, 10), (50, 50, 20, 20)), PIXEL_MM2)
    assert set(np.unique(labels)) == {0, 1}
    assert labels[5, 5] == labels[60, 60] == 1


def test_glass_has_no_fragment() -> None:
    assert not label_fragments(np.zeros((10, 12), bool), PIXEL_MM2).any()


def test_corners_that_touch_hold_together() -> None:
    n = SIDE_PX
    mask = draw((2 * n, 2 * n), (0, 0, n, n), (n, n, n, n))
    assert label_fragments(mask, PIXEL_MM2).max() == 1


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.5, 8))
def test_every_tissue_pixel_is_in_one_fragment(seed: int, sigma: float) -> None:
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(90, 120)), sigma)
    tissue = noise > np.quantile(noise, 0.6)
    labels = label_fragments(tissue, MIN_FRAGMENT_MM2 / 200)
    np.testing.assert_array_equal(labels > 0, tissue)
    pieces, n_pieces = ndimage.label(tissue, np.ones((3, 3)))
    for piece in range(1, n_pieces + 1):
        assert len(np.unique(labels[pieces == piece])) == 1
    large = np.bincount(pieces.ravel())[1:] >= 200
    assert labels.max() == max(1, large.sum())
    np.testing.assert_array_equal(labels, label_fragments(tissue, MIN_FRAGMENT_MM2 / 200))


def test_a_number_stands_inside_its_part() -> None:
    labels = np.zeros((2000, 3000), np.uint8)
    labels[100:900, 100:900] = 1
    labels[300:700, 300:700] = 0  # the middle of a ring is not in it
    labels[1500:1600, 2000:2900] = 3
    points = inner_points(labels, np.array([1, 2, 3]))
    assert labels[tuple(points[0])] == 1
    assert points[1].tolist() == [-1, -1]
    assert np.abs(points[2] - [1550, 2450]).max() < 10
