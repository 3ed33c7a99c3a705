"""Light is a division: bit for bit what NumPy makes of it, in machine code and as Python runs it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2path.arrays import Floats, Rgb8
from her2path.image.stains import Vector
from her2path.segment.light import LIGHTEST, _divide, light_share


def plain(rgb: Rgb8, white: Vector) -> Floats:
    return np.minimum(rgb.astype(np.float32) / np.asarray(white, np.float32), np.float32(LIGHTEST))


def test_what_is_brighter_than_glass_tells_nothing() -> None:
    rgb = np.array([[[0, 120, 240], [255, 255, 255]]], np.uint8)
    share = light_share(rgb, (240.0, 240.0, 120.0))
    assert share.shape == rgb.shape
    assert share.dtype == np.float32
    assert share[0, 0].tolist() == pytest.approx([0.0, 0.5, 1.2])
    assert share[0, 1].tolist() == pytest.approx([1.0625, 1.0625, 1.2])


@given(
    shape=st.tuples(st.integers(0, 5), st.integers(0, 40)),
    white=st.tuples(*[st.floats(100, 255)] * 3),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_loop_gives_the_bits_of_numpy(shape: tuple[int, int], white: Vector, seed: int) -> None:
    rgb = np.random.default_rng(seed).integers(0, 256, (*shape, 6), dtype=np.uint8)[..., ::2]
    np.testing.assert_array_equal(light_share(rgb, white), plain(rgb, white))


def test_every_grey_value_is_the_same_as_python_runs_it() -> None:
    grey = np.arange(256, dtype=np.uint8)[None]
    white = np.full(256, 237.3, np.float32)
    share = np.empty((1, 256), np.float32)
    _divide.plain(grey, white, np.float32(LIGHTEST), share)
    np.testing.assert_array_equal(share, plain(np.stack([grey] * 3, axis=2), (237.3,) * 3)[..., 0])
