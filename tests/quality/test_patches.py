import numpy as np
import pytest

from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix
from her2path.quality.patches import AT_MOST, PATCH_PX, density_patches, spread

STAINS = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (242.0, 242.0, 242.0), "published")


def test_a_patch_keeps_its_pixels_together() -> None:
    pixels = np.random.default_rng(0).integers(60, 242, (3 * PATCH_PX**2, 3)).astype(np.uint8)
    haematoxylin, dab = density_patches(pixels, STAINS)
    assert haematoxylin.shape == dab.shape == (PATCH_PX, PATCH_PX, 3)
    alone, _ = density_patches(pixels[PATCH_PX**2 : 2 * PATCH_PX**2], STAINS)
    np.testing.assert_array_equal(haematoxylin[..., 1], alone[..., 0])


def test_what_is_less_than_a_patch_is_dropped() -> None:
    assert density_patches(np.full((PATCH_PX, 3), 200, np.uint8), STAINS)[0].shape[2] == 0


@pytest.mark.parametrize("n", [1, 31, 32, 33, 64, 100])
def test_patches_are_taken_evenly_and_not_more_than_allowed(n: int) -> None:
    taken = spread(np.arange(n, dtype=np.uint8))
    assert 1 <= len(taken) <= AT_MOST
    assert len(set(np.diff(taken).tolist())) <= 1
    assert taken[0] == 0
