"""The edge of the cover glass: a straight dark line through glass and tissue, and what lies dry beyond it."""

from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Floats, Mask
from her2path.compiled import compiled
from her2path.image.masks import disc
from her2path.image.stains import channel_range, mean_density
from her2path.image.strips import Picture, in_strips

LINE_OD = 0.06
"""Rise of the clearest channel over both sides of the line: the bevel of the glass throws light of all
colours aside."""

LINE_UM = 12.0
"""To either side of the line, where its surroundings are looked at: beyond the line's own width."""

SEEN = 0.75
"""Part of its way across the picture along which the line is seen: it runs from border to border."""

MIN_LENGTH_UM = 400.0
"""Of the way across the picture: shorter straight things are fibres and folds."""

ANGLES = 720
"""Directions tried over half a turn: at a quarter of a degree, a line strays one pixel in 1000 µm."""

ENOUGH_POINTS = 20_000
"""Of so many dark pixels, spread evenly, a line is told as well as of all; each is tried every way."""

MAX_TRIED = 24
"""Strongest lines that are looked at closely."""

PALEST, DRY_OD = 0.05, 0.01
"""The palest part of the pixels of either side is its glass and its lumina; by so much more density it is the
dry one. Without mounting medium every surface scatters; the glass of a covered slide is even to 0.004."""

MARGIN_UM = 24.0


def find_uncovered(od: Picture, mpp_um: float) -> Mask:
    """Find the edge of the cover glass and the smaller side of the slide, if it is the darker.

    Parameters
    ----------
    od
        ``(y, x, 3)`` float32 densities of the channels, at about 4 µm/px.
    mpp_um
        Pixel size.

    Returns
    -------
    Mask
        ``(y, x)``: the line with a margin, and what lies dry beyond it.
    """
    width = disc(LINE_UM / mpp_um)
    clearest, dark = in_strips(partial(_rises, width=width), od, reach_px=len(width))
    uncovered = np.zeros(clearest.shape, bool)
    y, x = np.ogrid[: clearest.shape[0], : clearest.shape[1]]
    for offset_px, angle in _strongest_lines(dark, MIN_LENGTH_UM / mpp_um):
        if _seen_along(clearest, offset_px, angle, mpp_um) >= SEEN:
            (mean_od,) = in_strips(lambda strip: (mean_density(strip),), od)
            from_line_px = np.asarray(x * np.cos(angle) + y * np.sin(angle) - offset_px, np.float32)
            uncovered |= _beyond(mean_od, from_line_px, MARGIN_UM / mpp_um)
    return uncovered


def _rises(od: Floats, *, width: NDArray[np.uint8]) -> tuple[Floats, Mask]:
    """Density of the clearest channel, and where it rises as the line does."""
    clearest = channel_range(od)[0]
    return clearest, cv2.morphologyEx(clearest, cv2.MORPH_TOPHAT, width) >= LINE_OD


def _strongest_lines(dark: Mask, min_length_px: float) -> list[tuple[float, float]]:
    """Offset from the origin, in pixels, and angle of the normal of straight lines, most pixels first."""
    points = np.flatnonzero(dark)
    thinned = max(1, len(points) // ENOUGH_POINTS)
    y, x = (at.astype(np.float32) for at in np.divmod(points[::thinned], dark.shape[1]))
    enough = round(0.5 * min_length_px / thinned)
    if len(y) <= enough:
        return []
    # Turned step by step in 32 bits, as OpenCV's transform does: the lines are the same.
    angles = np.zeros(ANGLES, np.float32)
    angles[1:] = np.cumsum(np.full(ANGLES - 1, np.pi / ANGLES, np.float32), dtype=np.float32)
    cosines, sines = (of(angles.astype(float)).astype(np.float32) for of in (np.cos, np.sin))
    longest = sum(dark.shape)
    votes = _votes(y, x, cosines, sines, longest)
    at = np.flatnonzero(votes > enough)
    flat, across = votes.ravel(), votes.shape[1]
    here = flat[at]
    # Of lines next to each other the first stands for all.
    stands = (here > flat[at - 1]) & (here >= flat[at + 1])
    stands &= (here > flat[at - across]) & (here >= flat[at + across])
    at = at[stands]
    strongest = at[np.argsort(-flat[at], kind="stable")][:MAX_TRIED]
    turn, offset_px = np.divmod(strongest, across)
    return list(
        zip(
            (offset_px - 1.0 - longest).tolist(),
            ((turn - 1).astype(np.float32) * np.float32(np.pi / ANGLES)).tolist(),
            strict=True,
        )
    )


@compiled
def _votes(y: Floats, x: Floats, cosines: Floats, sines: Floats, longest: int) -> NDArray[np.int32]:
    """Count the points on each line: Hough's transform.

    ``(angles + 2, 2 longest + 3)``, offsets from ``-longest`` on, with an empty rim.
    """
    votes = np.zeros((len(cosines) + 2, 2 * longest + 3), np.int32)
    at = np.empty(len(x), np.int32)
    # Added to a float32 and taken away again, it rounds it, half to even.
    whole = np.float32(1.5 * 2**23)
    # Angle by angle, so that the counts of one fit the nearest cache.
    for n in range(len(cosines)):
        cosine, sine = cosines[n], sines[n]
        for k in range(len(x)):
            offset = x[k] * cosine + y[k] * sine
            at[k] = np.int32((offset + whole) - whole) + longest + 1
        row = votes[n + 1]
        for k in range(len(x)):
            row[at[k]] += 1
    return votes


def _seen_along(clearest: Floats, offset_px: float, angle: float, mpp_um: float) -> float:
    """Part of a line's way across the picture along which it is darker than both of its sides."""
    height, width = clearest.shape
    normal, along = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    steps = np.arange(-height - width, height + width, dtype=float)
    x, y = offset_px * normal[:, None] + along[:, None] * steps
    steps = steps[(x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)]
    if len(steps) * mpp_um < MIN_LENGTH_UM:
        return 0.0
    beside_px = LINE_UM / mpp_um
    # On the line within a pixel of it, as it may bend a little; then to either side.
    shifts = np.array([-1, 0, 1, -beside_px - 1, -beside_px, beside_px, beside_px + 1])
    x, y = ((offset_px + shifts[:, None]) * normal[axis] + along[axis] * steps[None, :] for axis in (0, 1))
    profile = cv2.remap(
        clearest,
        x.astype(np.float32),
        y.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    sides = np.maximum(profile[3:5].mean(axis=0), profile[5:7].mean(axis=0))
    return float(np.mean(profile[:3].max(axis=0) - sides >= LINE_OD))


def _beyond(mean_od: Floats, from_line_px: Floats, margin_px: float) -> Mask:
    """Take the line with its margin, and its smaller side if even the palest of it is darker."""
    line: Mask = np.abs(from_line_px) <= margin_px
    sides = sorted((from_line_px > margin_px, from_line_px < -margin_px), key=np.count_nonzero)
    if not all(side.any() for side in sides):
        return line
    small, large = (float(np.quantile(mean_od[side], PALEST)) for side in sides)
    return line | sides[0] if small - large >= DRY_OD else line
