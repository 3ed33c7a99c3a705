"""Staining that fades across the section, or from its border to its middle: what a reader is told of it."""

from collections.abc import Iterator

import numpy as np

from her2path.arrays import Floats, Mask
from her2path.flags import Flag
from her2path.quality.edge import edge_depth_um
from her2path.quality.trend import Trend

WORDS = ("right", "lower right", "bottom", "lower left", "left", "upper left", "top", "upper right")
"""Eighths of a turn, clockwise from +x; y runs down."""


def zone_depth_um(tissue: Mask, mpp_um: float) -> Floats:
    """Measure how far each pixel lies from the border of the tissue, for ``staining_trends``.

    Where the picture ends the tissue does: formalin comes from all sides of a piece, and a piece is rarely
    cut by the edge of a scan. Lumina are no border.

    Parameters
    ----------
    tissue
        ``(y, x)`` bool.
    mpp_um
        Pixel size of ``tissue``.

    Returns
    -------
    Floats
        ``(y, x)`` µm; 0 outside.
    """
    return edge_depth_um(np.pad(tissue, 1), mpp_um)[1:-1, 1:-1]


def gradient_flags(trends: tuple[Trend, ...], *, is_core: bool = False) -> Iterator[Flag]:
    """Yield the flag of the trend that explains most, where one is a gradient: both are one finding.

    Parameters
    ----------
    trends
        Of one slide.
    is_core
        Whether this is a core of a tissue microarray. Reagents that run to one side and formalin that stays
        out fade a section over millimetres; across a core of one millimetre it is as likely the tumour that
        changes, and the flag is no warning, unless the counterstain follows. One of three real cores fades
        from 0.36 to 0.20 OD.
    """
    found = [trend for trend in trends if trend.is_gradient]
    if not found:
        return
    trend = max(found, key=lambda trend: trend.explained)
    profile = ", ".join("–" if np.isnan(od) else f"{od:.2f}" for od in trend.profile_od)
    if trend.direction_deg is not None:
        towards = WORDS[round(trend.direction_deg / 45) % len(WORDS)]
    else:
        towards = "middle of the tissue" if trend.deeper_is_darker else "border of the tissue"
    cause = {
        None: "Whether the counterstain follows is not known.",
        True: "The counterstain follows: the cause is technical.",
        False: "The counterstain does not follow: staining, fixation or the tumour itself.",
    }[trend.counterstain_follows]
    said = (
        f"Over {trend.length_um / 1000:.1f} mm membranes get darker towards the {towards}, from "
        f"{trend.low_od:.2f} to {trend.high_od:.2f} OD (fifths of the way: {profile}); that explains "
        f"{trend.explained:.0%} of the variance between {trend.n_blocks} blocks, p {trend.p:.3f}. {cause}"
    )
    warns = not is_core or trend.counterstain_follows is True
    if trend.course == "across" and warns:
        yield Flag("STAINING_GRADIENT", "warning", said)
    elif trend.course == "across":
        yield Flag("STAINING_GRADIENT", "info", said)
    elif warns:
        yield Flag("ZONAL_STAINING", "warning", said)
    else:
        yield Flag("ZONAL_STAINING", "info", said)
