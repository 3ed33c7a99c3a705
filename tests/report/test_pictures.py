"""Pictures in the page: faithful colours, outlines where the cell is."""

import base64
import re
from dataclasses import replace

import cv2
import numpy as np

from her2path.cells.contours import contour_vertices
from her2path.pipeline.result import ScoredSlide
from her2path.report.pictures import CELL_VIEW_UM, cell_pictures, jpeg_data, outline_path

MPP_YX_UM = (0.25, 0.25)


def test_jpeg_keeps_red_red() -> None:
    rgb = np.zeros((16, 16, 3), np.uint8)
    rgb[..., 0] = 200
    encoded = base64.b64decode(jpeg_data(rgb, quality=95).split(",")[1])
    bgr = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
    assert bgr is not None
    assert np.abs(bgr[8, 8].astype(int) - [0, 0, 200]).max() < 6


def test_outline_follows_a_square_and_its_hole() -> None:
    mask = np.zeros((60, 80), bool)
    mask[10:50, 20:70] = True
    mask[20:30, 30:40] = False
    outline, hole = outline_path(mask).removesuffix("Z").split("Z")
    points = {tuple(map(int, p.split())) for p in outline.removeprefix("M").split("L")}
    assert points == {(20, 10), (20, 49), (69, 49), (69, 10)}
    assert len(hole.split("L")) >= 4


def test_specks_and_empty_masks_have_no_outline() -> None:
    mask = np.zeros((20, 20), bool)
    assert outline_path(mask) == ""
    mask[3:5, 3:5] = True
    assert outline_path(mask) == ""


def test_contours_lie_where_the_table_says(scored: ScoredSlide) -> None:
    example = scored.examples[5]
    (picture,) = cell_pictures((example,), scored.cells, MPP_YX_UM)
    cells = scored.cells.take(np.array([example.row]))
    expected = contour_vertices(cells.cell_radii, cells.y_px, cells.x_px, MPP_YX_UM)[0]
    x, y = np.array([p.split(",") for p in picture.membrane.split()], float).T
    np.testing.assert_allclose(y, expected[:, 0] - example.y_px + 0.5, atol=0.06)
    np.testing.assert_allclose(x, expected[:, 1] - example.x_px + 0.5, atol=0.06)


def test_cells_come_in_order_of_grade(scored: ScoredSlide) -> None:
    pictures = cell_pictures(scored.examples[::-1], scored.cells, MPP_YX_UM)
    assert [p.grade for p in pictures] == sorted(p.grade for p in pictures)
    assert all(p.width == scored.examples[0].rgb.shape[1] for p in pictures)


def test_an_ungraded_cell_has_no_pattern(scored: ScoredSlide) -> None:
    ungraded = np.full(len(scored.cells), -1, np.int8)
    cells = replace(scored.cells, pattern=ungraded, grade=ungraded)
    (picture,) = cell_pictures(scored.examples[:1], cells, MPP_YX_UM)
    assert picture.pattern is None
    assert picture.grade == -1


def test_a_table_without_contours_draws_none(scored: ScoredSlide) -> None:
    nothing = np.zeros((len(scored.cells), 0), np.uint8)
    cells = replace(scored.cells, nucleus_radii=nothing, cell_radii=nothing)
    (picture,) = cell_pictures(scored.examples[:1], cells, MPP_YX_UM)
    assert (picture.nucleus, picture.membrane) == ("", "")
    assert re.match("data:image/jpeg;base64,.+", picture.data)


def test_a_wide_crop_is_cut_around_the_same_cell(scored: ScoredSlide) -> None:
    small = scored.examples[5]
    wide = replace(
        small,
        rgb=np.pad(small.rgb, ((50, 50), (60, 60), (0, 0))),
        y_px=small.y_px - 50,
        x_px=small.x_px - 60,
    )
    (picture,) = cell_pictures((wide,), scored.cells, MPP_YX_UM)
    (expected,) = cell_pictures((small,), scored.cells, MPP_YX_UM)
    assert (picture.height, picture.width) == (CELL_VIEW_UM / 0.25, CELL_VIEW_UM / 0.25)
    shift = (picture.width - expected.width) / 2
    (x, _), (x0, _) = (map(float, p.membrane.split()[0].split(",")) for p in (picture, expected))
    assert x - x0 == shift
