from collections.abc import Callable
from dataclasses import replace
from importlib import resources

import cv2
import numpy as np

from her2path.arrays import Rgb8
from her2path.pipeline.result import ScoredSlide
from her2path.report.thumbnail import EDGE_PX, GRADE_RGB, MAX_BYTES, render_thumbnail
from her2path.scoring.settings import Grading

Refuse = Callable[[ScoredSlide, str, str], ScoredSlide]


def _decoded(encoded: bytes | None) -> Rgb8:
    assert encoded is not None
    bgr = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
    assert bgr is not None
    return np.asarray(bgr[..., ::-1], np.uint8)


def test_a_thumbnail_is_small_and_keeps_the_shape(scored: ScoredSlide) -> None:
    encoded = render_thumbnail(scored)
    assert encoded is not None
    assert len(encoded) <= MAX_BYTES
    height, width = _decoded(encoded).shape[:2]
    assert max(height, width) == EDGE_PX
    assert scored.overview is not None
    whole = scored.overview.rgb.shape
    assert abs(height / width - whole[0] / whole[1]) < 0.01


def test_the_map_is_painted_in_the_colours_of_the_page(scored: ScoredSlide) -> None:
    css = (resources.files("her2path.report") / "templates" / "style.css.j2").read_text(encoding="utf-8")
    for grade, (red, green, blue) in enumerate(GRADE_RGB):
        assert f"--g{grade}: #{red:02x}{green:02x}{blue:02x};" in css


def test_each_hexagon_is_painted_where_its_cells_lie(scored: ScoredSlide) -> None:
    bins, overview = scored.heterogeneity, scored.overview
    assert bins is not None
    assert overview is not None
    assert scored.mpp_yx_um is not None
    white = np.full_like(overview.rgb, 255)
    picture = _decoded(render_thumbnail(replace(scored, overview=replace(overview, rgb=white, excluded={}))))
    scale = picture.shape[1] / white.shape[1]
    pixel_um = scored.mpp_yx_um[0] * overview.downsample / scale
    shares = np.zeros((len(bins.bin), 4))
    np.add.at(shares.T, np.asarray(Grading().grades), bins.fractions.T)
    dominant = np.where(np.isfinite(bins.h_score), shares.argmax(axis=1), -1)
    y, x = (bins.y_um / pixel_um).astype(int), (bins.x_um / pixel_um).astype(int)
    present = np.unique(dominant[dominant >= 0])
    assert len(present) >= 2
    for grade in present.tolist():
        wanted = 0.72 * np.array(GRADE_RGB[grade]) + 0.28 * 255
        drawn = np.median(picture[y[dominant == grade], x[dominant == grade]], axis=0)
        assert np.abs(drawn - wanted).max() < 16, grade


def test_what_was_left_out_is_washed_out(scored: ScoredSlide) -> None:
    overview = scored.overview
    assert overview is not None
    dark = np.full_like(overview.rgb, 40)
    everywhere = {"pen": np.ones(dark.shape[:2], bool)}
    picture = _decoded(
        render_thumbnail(replace(scored, overview=replace(overview, rgb=dark, excluded=everywhere)))
    )
    assert picture.min() > 150


def test_a_slide_without_a_score_is_shown_as_scanned(scored: ScoredSlide, refuse: Refuse) -> None:
    refused = refuse(scored, "not_evaluable", "No tissue was found.")
    assert refused.overview is not None
    grey = np.full_like(refused.overview.rgb, 120)
    picture = _decoded(render_thumbnail(replace(refused, overview=replace(refused.overview, rgb=grey))))
    assert np.abs(picture.astype(int) - 120).max() <= 3


def test_a_slide_that_could_not_be_read_has_no_picture(scored: ScoredSlide, refuse: Refuse) -> None:
    assert render_thumbnail(replace(refuse(scored, "failed", "Cannot be read."), overview=None)) is None


def test_even_noise_fits(scored: ScoredSlide) -> None:
    overview = scored.overview
    assert overview is not None
    noise = np.random.default_rng(1).integers(0, 256, (400, 400, 3), dtype=np.uint8)
    nothing = np.zeros((400, 400), bool)
    noisy = replace(overview, rgb=noise, tissue=nothing, excluded={})
    encoded = render_thumbnail(replace(scored, overview=noisy, heterogeneity=None))
    assert encoded is not None
    assert len(encoded) <= MAX_BYTES


def test_a_tiny_overview_is_not_blown_up(scored: ScoredSlide) -> None:
    overview = scored.overview
    assert overview is not None
    tiny = replace(
        overview, rgb=np.full((3, 9, 3), 200, np.uint8), tissue=np.zeros((3, 9), bool), excluded={}
    )
    assert _decoded(render_thumbnail(replace(scored, overview=tiny, heterogeneity=None))).shape == (3, 9, 3)
