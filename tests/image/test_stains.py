"""Optical density, unmixing and its inverse, and the integer form that the hot path uses."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from her2path.arrays import OD_STEP, Floats, Plane16, Rgb8
from her2path.image.stains import (
    RUIFROK_DAB,
    RUIFROK_HAEMATOXYLIN,
    StainMatrix,
    Vector,
    density_tables,
    membrane_plane,
    mix,
    stain_planes,
    unmix,
)

PUBLISHED = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (255.0, 255.0, 255.0), "published")
NEARLY_ALIKE = StainMatrix((0.60, 0.60, 0.53), (0.60, 0.56, 0.57), (255.0, 255.0, 255.0), "recipe")
"""Two stains that differ by 3°: the inverse is large, and so is what a dark pixel unmixes to."""

densities = st.floats(0.0, 1.0)
vectors = st.tuples(densities, densities, densities)
whites = st.tuples(st.floats(120, 255), st.floats(120, 255), st.floats(120, 255))
images = arrays.arrays(np.uint8, (4, 5, 3))


@st.composite
def stain_matrices(draw: st.DrawFn) -> StainMatrix:
    """Every matrix that the class accepts, stains that are hard to tell apart included."""
    haematoxylin, dab = draw(vectors), draw(vectors)
    try:
        return StainMatrix(haematoxylin, dab, draw(whites), "recipe")
    except ValueError:
        return StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, draw(whites), "published")


def plain_plane(rgb: Rgb8, stains: StainMatrix, stain: int) -> Plane16:
    """Three look-ups in whole steps, their sum, clipped: with OpenCV, a step at a time."""
    weights = np.linalg.inv(stains.vectors)[:, stain]
    steps: Floats = np.rint(density_tables(stains.white) * weights[:, None] / OD_STEP).astype(np.float32)
    red, green, blue = (cv2.LUT(np.ascontiguousarray(rgb[..., c]), steps[c]) for c in range(3))
    return np.asarray(cv2.add(cv2.add(red, green), blue, dtype=cv2.CV_16U), np.uint16)


def test_vectors_are_made_unit() -> None:
    stains = StainMatrix((2.0, 0.0, 0.0), (0.0, 3.0, 4.0), (240.0, 240.0, 240.0), "recipe")
    assert stains.haematoxylin == (1.0, 0.0, 0.0)
    assert stains.dab == pytest.approx((0.0, 0.6, 0.8))
    assert np.allclose(np.linalg.norm(stains.vectors, axis=1), 1.0)
    assert np.allclose(stains.vectors[2] @ stains.vectors[:2].T, 0.0)


@given(stain_matrices())
def test_making_a_matrix_from_a_matrix_changes_nothing(stains: StainMatrix) -> None:
    assert StainMatrix(stains.haematoxylin, stains.dab, stains.white, stains.source) == stains


@pytest.mark.parametrize(
    ("haematoxylin", "dab", "white", "match"),
    [
        ((0.0, 0.0, 0.0), RUIFROK_DAB, (255.0, 255.0, 255.0), "haematoxylin must"),
        (RUIFROK_HAEMATOXYLIN, (math.nan, 0.5, 0.5), (255.0, 255.0, 255.0), "dab must"),
        (RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (255.0, 255.0, 31.0), "white must"),
        (RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (256.0, 255.0, 255.0), "white must"),
        (RUIFROK_DAB, (0.5, 1.0, 1.4), (255.0, 255.0, 255.0), "same way"),
    ],
)
def test_an_impossible_matrix_is_refused(
    haematoxylin: Vector, dab: Vector, white: Vector, match: str
) -> None:
    with pytest.raises(ValueError, match=match):
        StainMatrix(haematoxylin, dab, white, "recipe")


def test_density_is_base_ten_against_the_white_point() -> None:
    tables = density_tables((200.0, 240.0, 255.0))
    assert tables.shape == (3, 256)
    assert tables[0, 20] == pytest.approx(1.0)
    assert tables[1, 24] == pytest.approx(1.0)
    assert tables[0, 200] == 0.0
    assert tables[0, 255] == 0.0, "brighter than white is clear, not negative"
    assert tables[0, 0] == tables[0, 1] == pytest.approx(math.log10(200)), "black is finite"
    assert (np.diff(tables, axis=1) <= 0).all()


def test_one_stain_alone_unmixes_to_itself() -> None:
    density = 0.5
    rgb = mix(np.array([0.0, density, 0.0])[:, None, None], PUBLISHED)
    haematoxylin, dab, residual = unmix(rgb, PUBLISHED)[:, 0, 0]
    assert dab == pytest.approx(density, abs=0.01)
    assert haematoxylin == pytest.approx(0.0, abs=0.01)
    assert residual == pytest.approx(0.0, abs=0.01)


@given(images)
def test_unmix_then_mix_gives_the_pixels_back(rgb: Rgb8) -> None:
    """Within rounding; 0 and 1 share a density, so black may come back as 1."""
    again = mix(unmix(rgb, PUBLISHED), PUBLISHED)
    assert np.abs(again.astype(int) - np.maximum(rgb, 1)).max() <= 1


@given(arrays.arrays(np.float64, (2, 3, 4), elements=st.floats(0.0, 0.6)))
def test_mix_then_unmix_gives_the_densities_back(stained: np.ndarray) -> None:
    """Grey values are whole: at this depth half a grey value is about 0.02 OD in one channel."""
    whole = np.concatenate([stained, np.zeros((1, 3, 4))])
    assert np.abs(unmix(mix(whole, PUBLISHED), PUBLISHED) - whole).max() < 0.05


@settings(deadline=None)
@given(rgb=images, stains=stain_matrices())
@example(rgb=np.zeros((1, 1, 3), np.uint8), stains=NEARLY_ALIKE)
@example(rgb=np.array([[[0, 255, 255]]], np.uint8), stains=NEARLY_ALIKE)
@example(rgb=np.array([[[255, 0, 255]]], np.uint8), stains=NEARLY_ALIKE)
@example(rgb=np.array([[[255, 255, 0]]], np.uint8), stains=NEARLY_ALIKE)
def test_planes_are_the_plain_form_in_steps(rgb: Rgb8, stains: StainMatrix) -> None:
    plain = np.clip(unmix(rgb, stains)[:2], 0.0, (2**16 - 1) * OD_STEP)
    for plane, density in zip(stain_planes(rgb, stains), plain, strict=True):
        assert plane.dtype == np.uint16
        assert plane.shape == rgb.shape[:2]
        assert np.abs(plane * OD_STEP - density).max() <= 2 * OD_STEP


@settings(deadline=None)
@given(
    shape=st.tuples(st.integers(1, 20), st.integers(1, 40)),
    corner=st.tuples(st.integers(0, 5), st.integers(0, 5)),
    stains=stain_matrices(),
    seed=st.integers(0, 2**32 - 1),
)
@example(shape=(1, 1), corner=(0, 0), stains=NEARLY_ALIKE, seed=0)
@example(shape=(20, 40), corner=(1, 2), stains=NEARLY_ALIKE, seed=0)
def test_the_fast_planes_are_the_plain_ones(
    shape: tuple[int, int], corner: tuple[int, int], stains: StainMatrix, seed: int
) -> None:
    """Of a picture, and of a part of one."""
    (height, width), (top, left) = shape, corner
    whole = np.random.default_rng(seed).integers(0, 256, (height + 6, width + 6, 3), np.uint8)
    part = whole[top : top + height, left : left + width]
    for rgb in (part, part.copy()):
        for stain, plane in enumerate(stain_planes(rgb, stains)):
            assert np.array_equal(plane, plain_plane(rgb, stains, stain))
        smooth = np.asarray(cv2.GaussianBlur(part.copy(), (3, 3), 0), np.uint8)
        assert np.array_equal(membrane_plane(rgb, stains), plain_plane(smooth, stains, 1))


def test_a_turned_picture_has_the_planes_of_its_pixels() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (30, 20, 3), np.uint8)
    for turned in (rgb[::-1], rgb[:, ::2], rgb.transpose(1, 0, 2), rgb[..., ::-1]):
        assert np.array_equal(stain_planes(turned, PUBLISHED)[1], plain_plane(turned, PUBLISHED, 1))


def test_a_step_is_finer_than_a_grey_value() -> None:
    """At the faint cut-off, 0.08 OD, two neighbouring grey values differ by several steps."""
    table = density_tables((255.0, 255.0, 255.0))[0]
    grey = round(255 * 10**-0.08)
    assert table[grey - 1] - table[grey] > 3 * OD_STEP
    assert np.diff(-table[1:]).min() > OD_STEP
