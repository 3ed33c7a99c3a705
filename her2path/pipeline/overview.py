"""The slide at a glance: the picture that the report draws on."""

import numpy as np

from her2path.arrays import Mask, Rgb8
from her2path.pipeline.areas import Areas
from her2path.pipeline.result import Overview
from her2path.pipeline.survey import read_whole
from her2path.slides.protocol import Slide

OVERVIEW_PX = 1600
"""Longest edge of the picture."""


def read_overview(slide: Slide) -> Overview:
    """Read the whole slide small, with nothing marked on it.

    Raises
    ------
    ReadError
        If nothing of the slide can be read.
    """
    full = slide.levels[0]
    step = max(1, -(-max(full.height_px, full.width_px) // OVERVIEW_PX))
    rgb: Rgb8 = read_whole(slide, step)[0]
    return Overview(rgb=rgb, downsample=step, tissue=np.zeros(rgb.shape[:2], bool), excluded={})


def mark_overview(overview: Overview, areas: Areas, downsample: int) -> Overview:
    """Mark what was analysed, and what was left out for which reason.

    Parameters
    ----------
    overview
        From ``read_overview``.
    areas
        On a grid of ``downsample`` level-0 pixels.
    downsample
        Of that grid.
    """
    step = round(overview.downsample)

    def fitted(mask: Mask) -> Mask:
        rows, columns = (
            np.minimum((np.arange(n) * step + step // 2) // downsample, limit - 1)
            for n, limit in zip(overview.rgb.shape[:2], mask.shape, strict=True)
        )
        fit: Mask = mask[np.ix_(rows, columns)]
        return fit

    left_out = {reason: mask for reason, mask in areas.excluded.items() if mask.any()}
    if areas.unreadable.any():
        left_out["unreadable"] = areas.unreadable
    return Overview(
        rgb=overview.rgb,
        downsample=overview.downsample,
        tissue=fitted(areas.analysed),
        excluded={reason: fitted(mask) for reason, mask in left_out.items()},
    )
