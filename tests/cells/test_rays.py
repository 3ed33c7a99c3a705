"""Rays start at the anchor, run anticlockwise from +x, and repeat the edge where they leave the plane."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from her2path.arrays import Doubles, Ints, Plane16
from her2path.cells.contours import ray_directions
from her2path.cells.rays import (
    LANES,
    STEP_PX,
    STRIP_PX,
    TOGETHER,
    Samples,
    median_sample,
    ranked_samples,
    sample_rays,
    strip_by_strip,
)

PLANE = np.arange(100, dtype=np.uint16).reshape(10, 10)


def test_four_rays_point_right_up_left_and_down() -> None:
    at = np.array([5], np.int32)
    radii_um = np.full((1, 4, 1), 2.0)
    assert sample_rays(PLANE, at, at, radii_um, (1.0, 1.0))[:, 0, 0].tolist() == [57, 35, 53, 75]


def test_each_axis_has_its_own_pixel_size() -> None:
    at = np.array([5], np.int32)
    radii_um = np.full((1, 4, 1), 2.0)
    assert sample_rays(PLANE, at, at, radii_um, (2.0, 1.0))[:, 0, 0].tolist() == [57, 45, 53, 65]


def test_the_edge_is_repeated() -> None:
    y, x = np.array([0, 9], np.int32), np.array([9, 0], np.int32)
    samples = sample_rays(PLANE, y, x, np.full((1, 4, 1), 50.0), (1.0, 1.0))
    assert samples[:, 0].T.tolist() == [[9, 9, 0, 99], [99, 0, 90, 90]]


def test_every_anchor_reads_its_own_radii() -> None:
    at = np.array([5, 5], np.int32)
    radii_um = np.array([[[0.0, 1.0]], [[2.0, 3.0]]])
    assert sample_rays(PLANE, at, at, radii_um, (1.0, 1.0))[0].T.tolist() == [[55, 56], [57, 58]]


def test_no_anchors_give_no_samples() -> None:
    none = np.zeros(0, np.int32)
    assert sample_rays(PLANE, none, none, np.ones((1, 8, 3)), (1.0, 1.0)).shape == (8, 3, 0)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 9))
def test_an_anchor_reads_the_same_whether_another_lies_at_the_edge_or_not(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    plane = rng.integers(0, 999, (60, 50)).astype(np.uint16)
    y, x = rng.integers(20, 40, n).astype(np.int32), rng.integers(20, 30, n).astype(np.int32)
    radii_um = rng.uniform(0, 15, (n, 8, 3))
    alone = sample_rays(plane, y, x, radii_um, (1.0, 1.0))
    y, x = np.append(y, np.int32(0)), np.append(x, np.int32(49))
    together = sample_rays(plane, y, x, np.concatenate([radii_um, radii_um[:1]]), (1.0, 1.0))
    assert (together[..., :n] == alone).all()


def plain_samples(plane: Plane16, y: Ints, x: Ints, radii_um: Doubles, mpp: tuple[float, float]) -> Samples:
    """``sample_rays`` in NumPy: every sample of every anchor at once."""
    per_um = ray_directions(radii_um.shape[1]) / np.asarray(mpp)
    dy, dx = (np.rint(radii_um * per_um[:, axis, None]).astype(int) for axis in (0, 1))
    rows = np.clip(y[:, None, None] + dy, 0, plane.shape[0] - 1)
    columns = np.clip(x[:, None, None] + dx, 0, plane.shape[1] - 1)
    return np.asarray(np.moveaxis(plane[rows, columns], 0, -1), np.uint16)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0, 1, 2, TOGETHER - 1, TOGETHER, TOGETHER + 1, 3 * TOGETHER + 5]),
    st.booleans(),
    st.sampled_from([(1.0, 1.0), (0.5, 0.5), (0.46, 0.52), (0.2527, 0.25)]),
)
def test_what_is_read_is_that_of_the_plain_form(
    seed: int, n: int, alike: bool, mpp: tuple[float, float]
) -> None:
    rng = np.random.default_rng(seed)
    height, width = rng.integers(1, 40, 2)
    plane = rng.integers(0, 1 << 16, (height, width)).astype(np.uint16)
    y, x = (rng.integers(0, size, n).astype(np.int32) for size in (height, width))
    # Many steps of half a pixel: what lies between two pixels goes to the even one.
    radii_um: Doubles = rng.integers(0, 30, (1 if alike else n, 8, 3)).astype(np.float64)
    radii_um *= 0.5 * mpp[0]
    samples = sample_rays(plane, y, x, radii_um, mpp)
    assert samples.dtype == np.uint16
    assert (samples == plain_samples(plane, y, x, radii_um, mpp)).all()


@settings(deadline=None, max_examples=30)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0, 1, LANES, LANES + 3]),
    st.integers(1, 40),
    st.sampled_from([0, 1, 50, 65535]),
)
@pytest.mark.parametrize("dtype", [np.uint16, np.int32])
def test_what_stands_at_a_rank_is_what_sorting_puts_there(
    dtype: type[np.uint16] | type[np.int32], seed: int, n: int, n_radii: int, highest: int
) -> None:
    rng = np.random.default_rng(seed)
    samples: NDArray[np.integer] = rng.integers(0, highest, (2, n_radii, n), endpoint=True).astype(dtype)
    ranks = (0, n_radii, 2 * n_radii - 1)
    found = ranked_samples(samples, ranks)
    assert found.dtype == dtype
    assert (found == np.sort(samples.reshape(2 * n_radii, n), axis=0)[list(ranks)]).all()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 5), st.integers(1, 4))
def test_the_median_is_that_of_numpy(seed: int, rays: int, radii: int, n: int) -> None:
    samples = np.random.default_rng(seed).integers(0, 99, (rays, radii, n)).astype(np.uint16)
    assert (median_sample(samples) == np.median(samples, axis=(0, 1))).all()


def test_a_plane_is_read_strip_by_strip() -> None:
    y = np.array([5, 5, STRIP_PX - 1, STRIP_PX, 9], np.int32)
    x = np.array([5 * STEP_PX, STEP_PX, 0, 0, STEP_PX], np.int32)
    assert strip_by_strip(y, x).tolist() == [2, 1, 4, 0, 3]


@pytest.mark.parametrize("size_px", [1, 4000, 1 << 20])
@pytest.mark.parametrize("n", [0, 1, 500])
def test_every_anchor_is_read_once_however_large_the_plane(n: int, size_px: int) -> None:
    y, x = np.random.default_rng(n).integers(0, size_px, (2, n)).astype(np.int32)
    assert np.sort(strip_by_strip(y, x)).tolist() == list(range(n))
