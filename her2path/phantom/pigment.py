"""Granules and specks that are dark or brown and no staining: pigments of the body, of formalin, of DAB."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np
from numpy.random import Generator

from her2path.arrays import Doubles, Floats, Mask
from her2path.image.stains import Vector
from her2path.phantom.grid import GRID_UM
from her2path.phantom.view import View

Place: TypeAlias = Literal["stroma", "tumour", "tissue"]

SOFT_UM = 0.3
"""Over which a granule fades at its edge, before the optics blur it further."""


@dataclass(frozen=True, eq=False)
class Granules:
    """Round grains of one colour; columns of equal length."""

    y_um: Doubles
    x_um: Doubles
    radius_um: Doubles
    density: Doubles
    """In the middle of the grain."""

    colour: Vector
    """Red, green and blue density for each of ``density``."""


@dataclass(frozen=True, slots=True)
class Pigment:
    """What the clumps of one pigment are like, after the histochemistry chapters of Bancroft & Gamble."""

    colour: Vector
    """Red, green, blue."""

    density: tuple[float, float]
    radius_um: tuple[float, float]
    granules: float
    """Mean number in a clump."""

    spread_um: float
    """Standard deviation of a clump: a macrophage is 15 to 20 µm wide."""

    streaks: float
    """Share of the clumps drawn out along a septum to ten times their width."""

    place: Place


GOLDEN: Vector = (0.17, 0.48, 0.86)
"""Densities of haemoglobin and what macrophages make of it: blue is taken most, then green, hardly red."""

PIGMENTS = MappingProxyType(
    {
        "carbon": Pigment((0.58, 0.58, 0.58), (0.7, 1.6), (0.25, 0.65), 55, 3.2, 0.45, "stroma"),
        "melanin": Pigment((0.47, 0.58, 0.67), (0.5, 1.1), (0.25, 0.5), 80, 3.4, 0.1, "stroma"),
        "haemosiderin": Pigment((0.24, 0.51, 0.83), (0.4, 1.0), (0.5, 1.4), 24, 3.6, 0.05, "stroma"),
        "lipofuscin": Pigment((0.22, 0.48, 0.85), (0.15, 0.4), (0.3, 0.7), 18, 1.6, 0.0, "tumour"),
        "formalin": Pigment((0.53, 0.58, 0.62), (0.5, 1.2), (0.25, 0.8), 30, 9.0, 0.0, "tissue"),
    }
)
"""Carbon is black and flat, melanin dark brown and fine, haemosiderin golden and coarse, lipofuscin pale and
beside the nucleus, formalin pigment brown-black and scattered over cells and between them."""

GROUP = 4
"""Clumps that lie together: macrophages gather where there is something to take up."""

GROUP_UM = 35.0
"""Standard deviation of such a group."""

CLUMPED = 0.3
"""Share of the specks of DAB that lie in clumps."""

CLUMP = 12
"""Specks of such a clump."""


def pigment_granules(
    kind: str, per_mm2: float, *, tissue: Mask, tumour: Mask, lumen: Mask, rng: Generator
) -> Granules:
    """Scatter the granules of a pigment over a section.

    Parameters
    ----------
    kind
        One of ``PIGMENTS``.
    per_mm2
        Clumps a mm² of tissue.
    tissue, tumour, lumen
        ``(y, x)`` on the coarse grid.
    rng
        Source of randomness.
    """
    pigment = PIGMENTS[kind]
    allowed = tissue & ~lumen
    place = {"stroma": allowed & ~tumour, "tumour": allowed & tumour, "tissue": allowed}[pigment.place]
    nodes = np.flatnonzero(place)
    n = rng.poisson(per_mm2 * tissue.sum() * GRID_UM**2 / 1e6) if len(nodes) else 0
    group = rng.choice(nodes, -(-n // GROUP)) if n else nodes[:0]
    y, x = (np.repeat(axis, GROUP)[:n] * GRID_UM for axis in np.divmod(group, tissue.shape[1]))
    y, x = y + rng.normal(0, GROUP_UM, n), x + rng.normal(0, GROUP_UM, n)
    kept = _on(place, y, x)
    y, x = y[kept], x[kept]

    count = rng.poisson(pigment.granules * np.exp(rng.normal(-0.1, 0.5, len(y))))
    angle = rng.uniform(0, np.pi, len(y))
    streak = rng.random(len(y)) < pigment.streaks
    along = np.where(streak, 4.0, 1.2) * pigment.spread_um
    across = np.where(streak, 0.4, 0.9) * pigment.spread_um
    u, v = rng.normal(0, 1, (2, count.sum()))
    u, v = u * np.repeat(along, count), v * np.repeat(across, count)
    cos, sin = np.repeat(np.cos(angle), count), np.repeat(np.sin(angle), count)
    y, x = np.repeat(y, count) + u * sin + v * cos, np.repeat(x, count) + u * cos - v * sin
    kept = _on(allowed, y, x)
    m = int(kept.sum())
    return Granules(
        y[kept],
        x[kept],
        rng.uniform(*pigment.radius_um, m),
        rng.uniform(*pigment.density, m),
        pigment.colour,
    )


def precipitate(per_mm2: float, size_um: tuple[float, float], dab: Vector, rng: Generator) -> Granules:
    """Scatter specks of DAB over a whole slide, glass included.

    Parameters
    ----------
    per_mm2
        Specks a mm² of slide.
    size_um
        Height and width of the slide.
    dab
        Densities of the chromogen.
    rng
        Source of randomness.
    """
    n = rng.poisson(per_mm2 * size_um[0] * size_um[1] / 1e6)
    clumped = round(CLUMPED * n)
    y, x = rng.uniform(0, size_um[0], n), rng.uniform(0, size_um[1], n)
    heart = np.arange(clumped) // CLUMP * CLUMP
    spread_um = np.repeat(rng.uniform(1.5, 6, clumped // CLUMP + 1), CLUMP)[:clumped]
    y[:clumped] = y[heart] + spread_um * rng.normal(0, 1, clumped)
    x[:clumped] = x[heart] + spread_um * rng.normal(0, 1, clumped)
    radius_um = np.clip(0.6 * np.exp(rng.normal(0, 0.5, n)), 0.25, 2.2)
    return Granules(y, x, radius_um, rng.uniform(0.8, 1.8, n), dab)


def granule_od(view: View, granules: Granules) -> Floats:
    """Draw the grains of a window; where they lie over each other the darkest shows.

    Returns
    -------
    Floats
        ``(y, x, 3)`` red, green and blue densities.
    """
    amount = np.zeros(view.shape, np.float32)
    reach_um = float(granules.radius_um.max(initial=0)) + SOFT_UM
    seen = (np.abs(granules.y_um - view.y_um - view.height_px * view.mpp_um / 2) / view.height_px) < (
        view.mpp_um / 2 + reach_um / view.height_px
    )
    seen &= (np.abs(granules.x_um - view.x_um - view.width_px * view.mpp_um / 2) / view.width_px) < (
        view.mpp_um / 2 + reach_um / view.width_px
    )
    y_um, x_um, radius_um = granules.y_um[seen], granules.x_um[seen], granules.radius_um[seen]
    half = int(np.ceil(reach_um / view.mpp_um)) + 1
    side = np.arange(-half, half + 1)
    y = np.floor(y_um / view.mpp_um).astype(np.int64)[:, None, None] - view.y_px + side[:, None]
    x = np.floor(x_um / view.mpp_um).astype(np.int64)[:, None, None] - view.x_px + side
    dy = view.y_um + (y + 0.5) * view.mpp_um - y_um[:, None, None]
    dx = view.x_um + (x + 0.5) * view.mpp_um - x_um[:, None, None]
    cover = np.clip((radius_um[:, None, None] - np.hypot(dy, dx)) / SOFT_UM + 0.5, 0, 1)
    inside = (cover > 0) & (y >= 0) & (y < view.height_px) & (x >= 0) & (x < view.width_px)
    density = (cover * granules.density[seen][:, None, None])[inside].astype(np.float32)
    np.maximum.at(amount.ravel(), (y * view.width_px + x)[inside], density)
    return amount[..., None] * np.asarray(granules.colour, np.float32)


def _on(place: Mask, y_um: Doubles, x_um: Doubles) -> Mask:
    y, x = (np.floor(axis / GRID_UM).astype(np.int64) for axis in (y_um, x_um))
    inside = (y >= 0) & (y < place.shape[0]) & (x >= 0) & (x < place.shape[1])
    on = np.zeros(len(y), bool)
    on[inside] = place[y[inside], x[inside]]
    return on
