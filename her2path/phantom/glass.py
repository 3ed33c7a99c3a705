"""What lies on a slide without being the section: ink, air bubbles, the cover glass's edge, dust.

All of it is laid out on the coarse grid and drawn as red, green and blue densities, since none of it is a
stain. Below 0 a density gathers light, as curved glass does.
"""

from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
from numpy.random import Generator

from her2path.arrays import Bools, Doubles, Floats
from her2path.image.stains import Vector
from her2path.phantom.confounders import ConfounderSpec
from her2path.phantom.grid import GRID_UM, signed_distance, values_at, values_in
from her2path.phantom.shapes import nearest
from her2path.phantom.texture import smooth_field

PENS: MappingProxyType[str, Vector] = MappingProxyType(
    {
        "blue": (0.84, 0.48, 0.24),
        "black": (1.75, 1.75, 1.70),
        "green": (1.30, 0.45, 0.95),
        "red": (0.10, 1.20, 0.95),
    }
)
"""Red, green, blue densities of markers: a dye takes the light that its colour lacks, carbon takes all."""

INKS: MappingProxyType[str, Vector] = MappingProxyType(
    {
        "black": (1.25, 1.25, 1.20),
        "blue": (1.15, 0.70, 0.25),
        "green": (1.00, 0.40, 0.75),
        "brown": (0.35, 0.75, 1.15),
    }
)
"""Of the inks that mark surgical margins, where they lie thickest."""

INK_UM = (20.0, 150.0)
"""Least and most that ink reaches in from the border."""

INK_SHARE = 0.35
"""Of the border: one side of a specimen is inked in one colour."""

INK_OUTSIDE_UM = 5.0
"""Thickness of the crust on the surface itself."""

BUBBLE_SOFTNESS = 0.4
"""Of full defocus: without mounting medium the focal plane lies elsewhere and the tissue scatters."""

COVERSLIP_REACH = (0.5, 0.68)
"""Of height and width that the edge of the cover glass cuts off at a corner, least and most."""

FIBRE_SHARE = 0.45
"""Of dust; the rest are specks."""

_FIBRES: tuple[Vector, ...] = ((0.55, 0.42, 0.20), (0.45, 0.45, 0.45), (0.15, 0.45, 0.40), (0.28, 0.30, 0.33))
"""Blue cotton, grey, red and nearly clear lint."""

_SPECKS: tuple[Vector, ...] = ((1.1, 1.1, 1.1), (0.65, 0.70, 0.78), (0.45, 0.45, 0.47))

_POINTS = 24
"""Points along a fibre."""


@dataclass(frozen=True, eq=False)
class Glass:
    """Coarse maps of one slide, each None where there is nothing of the kind."""

    colour_of_ink: Vector | None = None
    ink: Floats | None = None
    """``(y, x)`` signed distance in µm, positive in surgical ink."""

    bubble: Floats | None = None
    """``(y, x)`` signed distance in µm, positive inside an air bubble."""

    uncovered: Floats | None = None
    """``(y, x)`` signed distance in µm to the edge of the cover glass, positive beyond it."""

    dust: Floats | None = None
    """``(y, x, 6)``: signed distance to the nearest grain, positive inside; micrometres over which its edge
    fades; how hollow it looks, 0 to 1; its red, green, blue densities."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing lies on the slide."""
        return all(field is None for field in (self.ink, self.bubble, self.uncovered, self.dust))

    @property
    def is_soft(self) -> bool:
        """Whether some of the slide is out of focus because of what lies on it."""
        return self.bubble is not None or self.uncovered is not None

    def softness(self, y_px: int, x_px: int, height_px: int, width_px: int, mpp_um: float) -> Floats:
        """How far out of focus a block is, 0 to 1: ``(height_px, width_px)`` float32."""
        at = (y_px, x_px, height_px, width_px, mpp_um)
        soft = np.zeros((height_px, width_px), np.float32)
        if self.bubble is not None:
            soft = np.float32(BUBBLE_SOFTNESS) * ramp(values_in(self.bubble, *at), 8)
        if self.uncovered is not None:
            soft = np.maximum(soft, ramp(values_in(self.uncovered, *at), 12))
        return soft

    def covers(self, y_um: Doubles, x_um: Doubles) -> Bools:
        """Whether points lie under something, or so near that no reader would judge a cell there."""
        covered = np.zeros(y_um.shape, bool)
        for field, margin_um in ((self.ink, 5), (self.bubble, 15), (self.uncovered, 15)):
            if field is not None:
                covered |= values_at(field, y_um, x_um) > -margin_um
        if self.dust is not None:
            covered |= values_at(self.dust[..., 0], y_um, x_um) > -2
        return covered


def lay_out_glass(confounders: ConfounderSpec, tissue: Floats, rng: Generator) -> Glass:
    """Decide what lies on a slide.

    Parameters
    ----------
    confounders
        What the recipe asks for.
    tissue
        ``(y, x)`` float32 on the coarse grid: signed distance to the edge of the section, positive inside.
    rng
        Source of randomness; what is drawn for one thing does not depend on the others.
    """
    inks, bubbles, covers, dusts = rng.spawn(4)
    ink = confounders.ink_margin
    return Glass(
        colour_of_ink=None if ink == "none" else INKS[ink],
        ink=None if ink == "none" else _inked_border(tissue, inks),
        bubble=_bubbles(confounders.bubble, tissue.shape, bubbles) if confounders.bubble else None,
        uncovered=_beyond_cover(tissue.shape, covers) if confounders.coverslip else None,
        dust=_dust(confounders.dust, tissue.shape, dusts) if confounders.dust else None,
    )


def _inked_border(tissue: Floats, rng: Generator) -> Floats | None:
    border = np.abs(tissue) < 2 * GRID_UM
    along = smooth_field(rng, tissue.shape, max(tissue.shape) / 3)
    deep = 40 + 30 * smooth_field(rng, tissue.shape, 90 / GRID_UM)
    fingers = 8 * smooth_field(rng, tissue.shape, 15 / GRID_UM)
    if not border.any():
        return None
    # It thins out over a short way where the brush was lifted.
    inked = (along - np.quantile(along[border], 1 - INK_SHARE)) / 0.4
    depth = np.clip(deep, *INK_UM) * np.clip(inked, -1, 1) + fingers
    return np.asarray(np.minimum(depth - tissue, tissue + INK_OUTSIDE_UM), np.float32)


def _bubbles(share: float, shape: tuple[int, ...], rng: Generator) -> Floats:
    """One to three round bubbles, ``share`` of the slide together."""
    height, width = shape
    y, x = np.ogrid[:height, :width]
    count = 1 + int(share > 0.04) + int(share > 0.12)
    middles = rng.uniform(0.15, 0.85, (3, 2)) * (height, width)
    sizes, stretch = rng.uniform(0.6, 1.0, 3), rng.uniform(0.85, 1.18, 3)
    dents = 0.05 * smooth_field(rng, (height, width), max(shape) / 5)
    away = [np.hypot((y - middles[k, 0]) * stretch[k], x - middles[k, 1]) / sizes[k] for k in range(count)]
    nearest_bubble = np.min(away, axis=0) / max(shape) * (1 + dents)
    return signed_distance(nearest_bubble < np.quantile(nearest_bubble, share))


def _beyond_cover(shape: tuple[int, ...], rng: Generator) -> Floats:
    height, width = shape
    down, right = rng.uniform(*COVERSLIP_REACH, 2) * (height, width)
    from_bottom, from_right = rng.random(2) < 0.5
    y = np.arange(height, dtype=np.float32)[:, None]
    x = np.arange(width, dtype=np.float32)[None, :]
    y, x = (height - y if from_bottom else y), (width - x if from_right else x)
    # The line from (down, 0) to (0, right), by the lengths it cuts off the two sides.
    return np.asarray((1 - y / down - x / right) * GRID_UM / np.hypot(1 / down, 1 / right), np.float32)


def _dust(per_mm2: float, shape: tuple[int, ...], rng: Generator) -> Floats:
    """Fibres and specks at random places; see ``Glass.dust``."""
    height, width = shape
    n = max(1, int(rng.poisson(per_mm2 * height * width * GRID_UM**2 / 1e6)))
    fibre = rng.random(n) < FIBRE_SHARE
    half_um = np.where(fibre, rng.uniform(2.5, 5.5, n), rng.uniform(2.5, 9.0, n))
    length_um = np.where(fibre, rng.uniform(80, 350, n), rng.uniform(0, 14, n))
    # A fibre bends slowly; a speck is a crooked short one.
    turn = np.where(fibre, 0.18, 0.8)[:, None] * rng.standard_normal((n, _POINTS))
    heading = rng.uniform(0, 2 * np.pi, (n, 1)) + turn.cumsum(axis=1)
    step = (length_um / _POINTS / GRID_UM)[:, None]
    y = rng.uniform(0, height, (n, 1)) + (step * np.sin(heading)).cumsum(axis=1)
    x = rng.uniform(0, width, (n, 1)) + (step * np.cos(heading)).cumsum(axis=1)
    owner = np.full((height, width), -1, np.int32)
    for k, points in enumerate(np.rint(np.stack([x, y], axis=-1)).astype(np.int32)):
        cv2.polylines(owner, [points.reshape(-1, 1, 2)], isClosed=False, color=k)
    if not (owner >= 0).any():
        return _no_dust(shape)
    distance, grain = nearest(owner >= 0, owner)
    tint = np.where(
        fibre, rng.integers(len(_FIBRES), size=n), len(_FIBRES) + rng.integers(len(_SPECKS), size=n)
    )
    od = np.array(_FIBRES + _SPECKS)[tint] * rng.uniform(0.7, 1.2, (n, 1))
    each = np.column_stack([half_um, rng.uniform(1.0, 6.0, n), np.where(fibre, 0.6, 0.15), od])
    dust = each.astype(np.float32)[grain]
    dust[..., 0] = cv2.GaussianBlur(dust[..., 0] - distance * np.float32(GRID_UM), (0, 0), 0.7)
    return dust


def _no_dust(shape: tuple[int, ...]) -> Floats:
    return np.full((*shape, 6), (-1000, 1, 0, 0, 0, 0), np.float32)


def ramp(signed_um: Floats, width_um: float) -> Floats:
    """0 outside to 1 inside over so many micrometres about the outline."""
    return np.asarray(np.clip(signed_um / np.float32(width_um) + 0.5, 0, 1), np.float32)
