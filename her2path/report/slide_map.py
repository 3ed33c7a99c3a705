"""The map over the overview: hexagons, tissue, what was left out, and a scale bar, as SVG paths.

One unit is one overview pixel; x runs right and y runs down.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Doubles, Mask
from her2path.pipeline.result import Overview
from her2path.report.pictures import OVERVIEW_QUALITY, jpeg_data, outline_path
from her2path.scoring.heterogeneity import HeterogeneityMap

H_SCORE_STEPS = (0, 50, 100, 150, 200, 250, 300)
"""Edges of the six shades of the H-score map; the H-score runs from 0 to 300 by definition."""

SCALE_BAR_SHARE = 0.2
"""A scale bar is at most this share of the picture's width."""

VIEW_PX, VIEW_WIDE_PX, VIEW_HEIGHT_PX = 528.0, 1072.0, 720.0
"""Room for a picture on the page: half of its width, all of it, and the most height (style.css.j2)."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Hexagons that are drawn alike: one path, and one dot for each step of the grade."""

    path: str
    dots: str
    n: int


@dataclass(frozen=True, slots=True)
class ScaleBar:
    """A round length and how long it is drawn."""

    length: float
    label: str


@dataclass(frozen=True, slots=True)
class SlideMap:
    """Everything drawn over one overview."""

    data: str
    width: int
    height: int
    analysed: str
    """Outline of the tissue that was scored."""

    excluded: dict[str, str]
    """Reason -> outline."""

    scale_bar: ScaleBar
    hexagon: float
    """Distance between neighbouring centres."""

    grades: tuple[Layer, ...]
    """By the most frequent grade, 0 to 3."""

    h_scores: tuple[Layer, ...]
    """By steps of the H-score."""

    unknown: Layer
    """Too few cells for a value."""

    hot: Layer

    @property
    def line(self) -> float:
        """Width of a hexagon's edge: a share of the hexagon, and never a beam over a small core."""
        return min(0.05 * self.hexagon, 1.4 * self.screen_px)

    @property
    def wide(self) -> bool:
        """Whether two of these fit better above each other than side by side."""
        return self.width > 1.9 * self.height

    @property
    def screen_px(self) -> float:
        """Overview pixels per screen pixel: letters are as large on a tall slide as on a wide one."""
        return max(self.width / (VIEW_WIDE_PX if self.wide else VIEW_PX), self.height / VIEW_HEIGHT_PX)


def draw_map(
    overview: Overview,
    heterogeneity: HeterogeneityMap | None,
    mpp_yx_um: tuple[float, float],
    grades: tuple[int, ...],
) -> SlideMap:
    """Lay the heterogeneity map and the masks over the overview.

    Parameters
    ----------
    overview
        The picture and its masks.
    heterogeneity
        None where nothing was scored: the picture and the masks alone.
    mpp_yx_um
        Micrometres per level-0 pixel, ``(y, x)``.
    grades
        Grade of each of the nine patterns.
    """
    height, width = overview.rgb.shape[:2]
    pixel_yx_um = np.asarray(mpp_yx_um, float) * overview.downsample
    left_out = np.zeros((height, width), bool)
    for mask in overview.excluded.values():
        left_out |= mask
    hexagons = Hexagons.of(heterogeneity, pixel_yx_um, grades)
    step = np.digitize(hexagons.h_score, H_SCORE_STEPS[1:-1])
    known = np.isfinite(hexagons.h_score)
    return SlideMap(
        data=jpeg_data(overview.rgb, quality=OVERVIEW_QUALITY),
        width=width,
        height=height,
        analysed=outline_path(overview.tissue & ~left_out),
        excluded={reason: outline_path(mask) for reason, mask in overview.excluded.items()},
        scale_bar=scale_bar(width, float(pixel_yx_um[1])),
        hexagon=hexagons.pitch,
        grades=tuple(hexagons.layer(known & (hexagons.grade == grade), dots=grade) for grade in range(4)),
        h_scores=tuple(hexagons.layer(known & (step == k)) for k in range(len(H_SCORE_STEPS) - 1)),
        unknown=hexagons.layer(~known),
        hot=hexagons.layer(hexagons.hot),
    )


def scale_bar(width_px: int, pixel_um: float) -> ScaleBar:
    """Choose the longest of 1, 2, 5 times a power of ten that fits ``SCALE_BAR_SHARE`` of the width."""
    room_um = SCALE_BAR_SHARE * width_px * pixel_um
    power = 10.0 ** math.floor(math.log10(room_um))
    length_um = power * max(factor for factor in (1, 2, 5) if factor * power <= room_um)
    label = f"{length_um / 1000:g}\u202fmm" if length_um >= 1000 else f"{length_um:g}\u202fµm"
    return ScaleBar(length=length_um / pixel_um, label=label)


@dataclass(frozen=True, eq=False)
class Hexagons:
    """The bins of the heterogeneity map in overview pixels."""

    yx: Doubles
    corner_yx: Doubles
    """``(6, 2)`` corners around a centre, clockwise from the top."""

    pitch: float
    grade: NDArray[np.int64]
    h_score: Doubles
    hot: Mask

    @classmethod
    def of(
        cls, bins: HeterogeneityMap | None, pixel_yx_um: NDArray[np.float64], grades: tuple[int, ...]
    ) -> "Hexagons":
        """Place the bins: with the size of an overview pixel, and the grade of each pattern."""
        if bins is None:
            nothing = np.zeros(0)
            return cls(np.zeros((0, 2)), np.zeros((6, 2)), 0.0, nothing.astype(int), nothing, nothing > 0)
        shares = np.zeros((len(bins.bin), 4))
        np.add.at(shares.T, np.asarray(grades), bins.fractions.T)
        angle = np.pi / 3 * np.arange(6)
        radius_um = bins.bin_um / math.sqrt(3)
        corner_um = radius_um * np.stack([-np.cos(angle), np.sin(angle)], axis=1)
        return cls(
            yx=np.stack([bins.y_um, bins.x_um], axis=1) / pixel_yx_um,
            corner_yx=corner_um / pixel_yx_um,
            pitch=bins.bin_um / float(pixel_yx_um.mean()),
            grade=shares.argmax(axis=1),
            h_score=bins.h_score.astype(float),
            hot=bins.hot,
        )

    def layer(self, chosen: Mask, *, dots: int = 0) -> Layer:
        """Paths of the chosen hexagons; a dot is a line of no length with a round end."""
        centres = self.yx[chosen]
        sides = np.diff(self.corner_yx, axis=0)
        # Relative steps between corners are the same for all: short, and the same shape for each.
        around = "".join(f"l{dx:.1f} {dy:.1f}" for dy, dx in sides.tolist()) + "z"
        starts = centres + self.corner_yx[0]
        path = "".join(f"M{x:.1f} {y:.1f}{around}" for y, x in starts.tolist())
        offsets = self.pitch * 0.22 * (np.arange(dots) - (dots - 1) / 2)
        places = centres[:, None, :] + np.stack([np.zeros(dots), offsets], axis=1)[None]
        points = "".join(f"M{x:.1f} {y:.1f}h0" for y, x in places.reshape(-1, 2).tolist())
        return Layer(path=path, dots=points, n=len(centres))
