"""The first look: what is on the slide, what cannot be read, and what is no HER2 stain."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from her2path.arrays import Rgb8
from her2path.errors import NotEvaluableError, ReadError
from her2path.image.geometry import PixelSize, Region
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix
from her2path.pipeline.survey import mask_area_mm2, read_whole, survey_slide
from her2path.slides.array import ArraySlide
from her2path.slides.protocol import Slide

SIZE = PixelSize(0.5, 0.5)
EOSIN = (0.07, 0.99, 0.11)


def ramp(height: int, width: int) -> Rgb8:
    y, x = np.mgrid[:height, :width]
    return np.stack([y * 200 // height, x * 200 // width, (y + x) % 7 + 100], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("downsample", [1, 3, 8])
def test_the_whole_slide_is_read_in_place(downsample: int) -> None:
    rgb = ramp(1300, 2100)
    whole, unreadable = read_whole(ArraySlide(rgb, SIZE), downsample)
    assert whole.shape == (-(-1300 // downsample), -(-2100 // downsample), 3)
    assert not unreadable.any()
    rows, columns = np.arange(5, 1200 // downsample, 17), np.arange(3, 2000 // downsample, 19)
    seen = whole[np.ix_(rows, columns)].astype(int)
    true = rgb[np.ix_(rows * downsample + downsample // 2, columns * downsample + downsample // 2)]
    assert np.abs(seen - true)[..., :2].max() <= 3


@pytest.mark.parametrize("size", [(900, 900), (1025, 1300), (1600, 1601), (513, 2049)])
@pytest.mark.parametrize("downsample", [2, 8, 16])
def test_the_white_beyond_the_slide_does_not_brighten_its_edge(
    size: tuple[int, int], downsample: int
) -> None:
    rgb = np.full((*size, 3), 200, np.uint8)
    whole, _ = read_whole(ArraySlide(rgb, SIZE), downsample)
    assert (whole == 200).all()


def test_a_damaged_level_is_made_good_from_another(damaged: Callable[..., Any]) -> None:
    big = ArraySlide(ramp(1200, 1400), SIZE)
    assert len(big.levels) == 2
    whole, unreadable = read_whole(replace(damaged(Region(100, 100, 300, 300)), whole=big), 1)
    assert not unreadable.any()
    assert np.abs(whole.astype(int) - big.rgb)[150:350, 150:350, :2].max() < 12


def test_what_no_level_has_is_white_and_named(damaged: Callable[..., Slide]) -> None:
    place = Region(512, 256, 100, 120)
    whole, unreadable = read_whole(damaged(place), 4)
    named = unreadable.repeat(4, axis=0).repeat(4, axis=1)
    assert named[512:612, 256:376].all()
    assert np.count_nonzero(named) < 6 * 128 * 128
    assert (whole[unreadable] == 255).all()


def test_a_slide_that_cannot_be_read_at_all_is_an_error(damaged: Callable[..., Slide]) -> None:
    with pytest.raises(ReadError, match="scan the slide again"):
        read_whole(damaged(Region(0, 0, 1024, 1024)), 16)


def test_a_large_slide_that_cannot_be_read_is_given_up_early() -> None:
    reads = 0

    class Gone(ArraySlide):
        def read(self, region: Region, level: int = 0) -> Rgb8:
            nonlocal reads
            reads += 1
            raise ReadError("the drive went away")

    with pytest.raises(ReadError, match="went away"):
        read_whole(Gone(ramp(4096, 4096), SIZE), 1)
    assert reads < 1000


def test_tissue_and_stains_are_found(slide: ArraySlide) -> None:
    survey = survey_slide(slide, None)
    assert survey.downsample == 16
    assert survey.tissue.tissue.mean() > 0.3
    assert survey.stains.source == "estimated"
    assert not survey.unreadable.any()


def test_given_stains_win(slide: ArraySlide) -> None:
    given = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (240.0, 240.0, 240.0), "recipe")
    assert survey_slide(slide, given).stains == given


def test_what_cannot_be_read_counts_as_tissue(damaged: Callable[..., Slide]) -> None:
    survey = survey_slide(damaged(Region(400, 400, 64, 64)), None)
    assert survey.unreadable.any()
    assert survey.tissue.tissue[survey.unreadable].all()


def test_glass_is_not_evaluable() -> None:
    rng = np.random.default_rng(0)
    glass = np.clip(rng.normal(238, 0.8, (800, 800, 3)), 0, 255).astype(np.uint8)
    with pytest.raises(NotEvaluableError, match="no tissue found") as raised:
        survey_slide(ArraySlide(glass, SIZE), None)
    assert raised.value.code == "NO_TISSUE"


def test_pink_is_known_as_another_stain() -> None:
    rng = np.random.default_rng(0)
    od = np.zeros((800, 800))
    od[100:700, 100:700] = np.clip(rng.normal(0.3, 0.05, (600, 600)), 0.1, 1)
    pink = 240 * 10.0 ** -(od[..., None] * np.asarray(EOSIN))
    found = survey_slide(ArraySlide(pink.astype(np.uint8), SIZE), None)
    assert not found.stain.is_scorable
    assert "pink" in found.stain.evidence


def test_nuclei_that_contradict_the_pixel_size_are_told_with_the_tissue(slide: ArraySlide) -> None:
    found = survey_slide(replace(slide, pixel_size=PixelSize(0.75, 0.75)), None)
    assert found.refusal is not None
    assert (found.refusal.code, found.flags) == ("WRONG_PIXEL_SIZE", ())
    assert found.tissue.tissue.any()
    assert survey_slide(slide, None).refusal is None


def test_ink_is_told_by_colour(slide: ArraySlide) -> None:
    rgb = slide.rgb.copy()
    rgb[:, 480:560] = (30, 60, 200)
    found = survey_slide(replace(slide, rgb=rgb), None)
    assert list(found.pens) == ["pen_blue"]
    assert (found.pens["pen_blue"] == found.on_glass["pen"]).all()
    assert found.pens["pen_blue"][:, 30:35].all()
    assert survey_slide(slide, None).pens == {}


def test_area_of_a_mask() -> None:
    mask = np.zeros((10, 10), bool)
    mask[:4, :5] = True
    assert mask_area_mm2(mask, 10, PixelSize(0.5, 0.25)) == pytest.approx(20 * 100 * 0.125e-6)
