"""Rays start at the anchor, run anticlockwise from +x, and repeat the edge where they leave the plane."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from her2path.cells.rays import median_sample, sample_rays

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


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 5), st.integers(1, 4))
def test_the_median_is_that_of_numpy(seed: int, rays: int, radii: int, n: int) -> None:
    samples = np.random.default_rng(seed).integers(0, 99, (rays, radii, n)).astype(np.uint16)
    assert (median_sample(samples) == np.median(samples, axis=(0, 1))).all()
