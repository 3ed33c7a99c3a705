"""A small picture of a scored slide, for lists of many: the overview under its score map."""

from itertools import count

import cv2
import numpy as np

from her2path.arrays import Rgb8
from her2path.pipeline.result import Overview, ScoredSlide
from her2path.report.pictures import jpeg_bytes
from her2path.report.slide_map import Hexagons
from her2path.scoring.settings import Grading

EDGE_PX = 320
"""Longest edge: twice the largest that the cohort page shows, for screens of many pixels."""

MAX_BYTES = 20_000
"""Of a file: 20 000 slides take 400 MB at most."""

QUALITY, QUALITY_STEP = 84, 8
"""JPEG quality to start from, and how far to go down until the picture fits."""

GRADE_RGB = ((223, 231, 239), (236, 194, 56), (221, 122, 31), (168, 23, 42))
"""Colours of the grades 0 to 3, as in style.css.j2."""

MAP_OPACITY, LEFT_OUT_OPACITY = 0.72, 0.74
"""How strongly the map covers the slide, and white what was left out: as on the slide map of the report."""

SUBPIXEL_BITS = 4
"""Corners are given to OpenCV in 1/16 of a pixel."""


def render_thumbnail(scored: ScoredSlide) -> bytes | None:
    """Draw the overview with the score map, as on the report's slide map.

    Parameters
    ----------
    scored
        Everything known about the slide; one without a score map is shown as it was scanned.

    Returns
    -------
    bytes or None
        A JPEG file of at most ``EDGE_PX`` on its longest edge and ``MAX_BYTES``; None where the slide could
        not be read.
    """
    overview = scored.overview
    if overview is None:
        return None
    height, width = overview.rgb.shape[:2]
    scale = min(1.0, EDGE_PX / max(height, width))
    size_xy = max(1, round(width * scale)), max(1, round(height * scale))
    rgb = np.asarray(cv2.resize(overview.rgb, size_xy, interpolation=cv2.INTER_AREA), np.uint8)
    if scored.heterogeneity is not None and scored.mpp_yx_um is not None:
        grading = Grading.model_validate((scored.run.get("recipe") or {}).get("grading") or {})
        pixel_yx_um = np.asarray(scored.mpp_yx_um, float) * overview.downsample / scale
        hexagons = Hexagons.of(scored.heterogeneity, pixel_yx_um, grading.grades)
        rgb = _paint_left_out(_paint(rgb, hexagons), overview)
    return _fitting(rgb)


def _paint(rgb: Rgb8, hexagons: Hexagons) -> Rgb8:
    layer = rgb.copy()
    known = np.isfinite(hexagons.h_score)
    corner_yx = hexagons.yx[:, None, :] + hexagons.corner_yx[None]
    # A corner's place counts from the edge of a pixel, OpenCV's from its middle.
    corner_xy = np.rint((corner_yx[..., ::-1] - 0.5) * 2**SUBPIXEL_BITS).astype(np.int32)
    for grade, colour in enumerate(GRADE_RGB):
        chosen = list(corner_xy[known & (hexagons.grade == grade)])
        cv2.fillPoly(layer, chosen, colour, lineType=cv2.LINE_AA, shift=SUBPIXEL_BITS)
    return np.asarray(cv2.addWeighted(layer, MAP_OPACITY, rgb, 1 - MAP_OPACITY, 0), np.uint8)


def _paint_left_out(rgb: Rgb8, overview: Overview) -> Rgb8:
    left_out = np.zeros(overview.rgb.shape[:2], np.float32)
    for mask in overview.excluded.values():
        left_out[mask] = 1
    share = cv2.resize(left_out, rgb.shape[1::-1], interpolation=cv2.INTER_AREA)[..., None]
    return np.rint(rgb + LEFT_OUT_OPACITY * share * (255.0 - rgb)).astype(np.uint8)


def _fitting(rgb: Rgb8) -> bytes:
    """Encode as well as ``MAX_BYTES`` allow; the lowest quality is small enough for any picture."""
    tried = (jpeg_bytes(rgb, quality=max(1, QUALITY - QUALITY_STEP * step)) for step in count())
    return next(encoded for encoded in tried if len(encoded) <= MAX_BYTES)
