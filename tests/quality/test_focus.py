from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from her2path.arrays import Rgb8
from her2path.image.geometry import PixelSize, Region, Tile
from her2path.image.resample import shrink
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix, stain_planes
from her2path.quality.blocks import measure_blocks, plan_blocks
from her2path.quality.focus import focus_flags, out_of_focus
from her2path.quality.grid import BlockGrid, merge_blocks
from her2path.slides.array import ArraySlide

STAINS = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (240, 240, 240), "published")
MPP_UM = 0.25


def grid_of(rgb: Rgb8, mpp_um: float = MPP_UM) -> BlockGrid:
    """All of it tissue."""
    height, width = rgb.shape[:2]
    downsample = round(4 / mpp_um)
    tissue = np.ones((-(-height // downsample), -(-width // downsample)), bool)
    plan = plan_blocks(PixelSize(mpp_um, mpp_um), downsample, tissue, STAINS)
    core = Region(0, 0, height, width)
    tile = Tile(core, core.grown(32 * plan.step_px))
    around = np.pad(rgb, ((32 * plan.step_px,) * 2, (32 * plan.step_px,) * 2, (0, 0)), "symmetric")
    small = shrink(around, plan.step_px)
    return merge_blocks([measure_blocks(small, *stain_planes(small, STAINS), tile, plan)], plan)


def blurred(rgb: Rgb8, sigma_um: float) -> Rgb8:
    light = cv2.GaussianBlur(rgb.astype(np.float32), (0, 0), sigma_um / MPP_UM)
    return noisy(np.asarray(light))


def moved(rgb: Rgb8, um: float, axis: int) -> Rgb8:
    size = [1, 1]
    size[1 - axis] = round(um / MPP_UM)
    return noisy(np.asarray(cv2.blur(rgb.astype(np.float32), (size[0], size[1]))))


def noisy(light: np.ndarray) -> Rgb8:
    noise = np.random.default_rng(0).normal(0, 1.5, light.shape)
    return np.clip(np.rint(light + noise), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def sharp(drawn_slide: Callable[[float], ArraySlide]) -> Rgb8:
    return drawn_slide(MPP_UM).read(Region(0, 0, 1024, 1024))


def test_a_sharp_slide_is_in_focus(sharp: Rgb8) -> None:
    assert not out_of_focus(grid_of(sharp)).any()


def test_blur_is_found_where_it_is(sharp: Rgb8) -> None:
    half = sharp.copy()
    half[:, 512:] = blurred(sharp, 1.6)[:, 512:]
    mask = out_of_focus(grid_of(half))
    assert mask[:, 5:].mean() > 0.9
    assert not mask[:, :3].any()


@pytest.mark.parametrize("axis", [0, 1])
def test_motion_is_found_along_either_axis(sharp: Rgb8, axis: int) -> None:
    assert out_of_focus(grid_of(moved(sharp, 8.0, axis))).mean() > 0.6


def test_smooth_pale_tissue_cannot_tell() -> None:
    at = np.indices((1024, 1024))[0]
    mucin = (215 + 4 * np.sin(at / 60))[..., None] * np.ones(3)
    assert not out_of_focus(grid_of(noisy(mucin))).any()


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "mpp_um"), [("her2_cores/2_a559.jpg", 0.23), ("her2_fields/00002_test_2+.png", 0.46)]
)
def test_real_tissue_is_in_focus(realdata: Path, name: str, mpp_um: float) -> None:
    bgr = cv2.imread(str(realdata / name))
    assert bgr is not None
    rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    n = min(rgb.shape[0], 1600)
    top = (rgb.shape[0] - n) // 2
    assert not out_of_focus(grid_of(np.ascontiguousarray(rgb[top : top + n, top : top + n]), mpp_um)).any()


def test_the_flag_warns_from_a_tenth() -> None:
    assert focus_flags(0.0, 5.0) == ()
    assert [flag.severity for flag in (*focus_flags(0.4, 5.0), *focus_flags(0.6, 5.0))] == ["info", "warning"]
    assert "12%" in focus_flags(0.6, 5.0)[0].detail
