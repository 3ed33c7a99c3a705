"""Crushed and bleeding tissue, nerves and muscular vessels, on the coarse grid; nothing unless asked for."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from her2path.arrays import Floats
from her2path.phantom.ducts import FAR_UM, Discs, disc_map, scattered_discs, window_of
from her2path.phantom.grid import GRID_UM, signed_distance
from her2path.phantom.lesions import ABSENT
from her2path.phantom.texture import smooth_field

NERVE_UM, ARTERY_UM = (40.0, 110.0), (35.0, 90.0)
"""Radii of fascicles of nerve and of small arteries, wall included."""

OPEN = 0.42
"""Radius of the inside of a vessel in radii of the whole."""

CRUSH_DEPTH_UM = 150.0
"""How fast crush gets rarer away from the border, which forceps and needle hold."""


@dataclass(frozen=True, eq=False)
class Damage:
    """Coarse maps, ``(y, x)`` float32 in µm, positive inside."""

    haemorrhage: Floats
    crush: Floats
    nerve: Floats
    muscle: Floats
    """The wall of a vessel and its inside."""

    bundle: Floats
    """Nerve or muscle."""

    muscle_lumen: Floats
    flow_cos: Floats
    flow_sin: Floats
    """No distance: cosine and sine of twice the angle that fibres and streaks run at."""


def no_damage(shape: tuple[int, int]) -> Damage:
    """Nothing anywhere; takes no memory."""
    nowhere, none = (np.broadcast_to(np.float32(value), shape) for value in (-FAR_UM, 0))
    return Damage(nowhere, nowhere, nowhere, nowhere, nowhere, nowhere, none, none)


def draw_damage(
    tissue: Floats, *, haemorrhage: float, crush: float, nerve: float, muscle: float, rng: Generator
) -> Damage:
    """Lay out what is neither tumour nor ordinary stroma.

    Parameters
    ----------
    tissue
        Signed distance to the edge of the section on the coarse grid.
    haemorrhage, crush, nerve, muscle
        Shares of the section.
    rng
        Source of randomness; what is drawn for one does not depend on the others.
    """
    shape, area_um2 = tissue.shape, float((tissue > 0).sum()) * GRID_UM**2
    bleeding, squeezing, bundles, walls = rng.spawn(4)
    room = tissue - 8
    nerves = scattered_discs(room, NERVE_UM, nerve * area_um2, 40.0, 1.5, bundles)
    nerve_um = disc_map(nerves, shape)
    arteries = scattered_discs(
        np.minimum(room, -nerve_um - 10), ARTERY_UM, muscle * area_um2, 40.0, 1.2, walls
    )
    inside = Discs(arteries.y_um, arteries.x_um, OPEN * arteries.radius_um, arteries.stretch, arteries.angle)
    angle = _crush_angle(tissue, squeezing)
    wave = 0.45 * smooth_field(bundles, shape, 25 / GRID_UM)
    for y_um, x_um, radius_um, stretch, axis in zip(
        nerves.y_um, nerves.x_um, nerves.radius_um, nerves.stretch, nerves.angle, strict=True
    ):
        window, _, _ = window_of(shape, y_um, x_um, radius_um * stretch)
        angle[window] = axis + wave[window]
    for y_um, x_um, radius_um, stretch in zip(
        arteries.y_um, arteries.x_um, arteries.radius_um, arteries.stretch, strict=True
    ):
        window, dy, dx = window_of(shape, y_um, x_um, radius_um * stretch)
        angle[window] = np.arctan2(dy, dx) + np.pi / 2
    muscle_um = disc_map(arteries, shape)
    bundle_um = np.maximum(nerve_um, muscle_um)
    return Damage(
        haemorrhage=_patches(haemorrhage, np.minimum(tissue - 4, -bundle_um - 6), 110.0, bleeding),
        crush=_crush_zone(crush, tissue, squeezing),
        nerve=nerve_um,
        muscle=muscle_um,
        bundle=bundle_um,
        muscle_lumen=disc_map(inside, shape),
        flow_cos=np.cos(2 * angle).astype(np.float32),
        flow_sin=np.sin(2 * angle).astype(np.float32),
    )


def _patches(share: float, room: Floats, scale_um: float, rng: Generator) -> Floats:
    """Signed distance to irregular patches that take a share of where there is room."""
    inside = room > 0
    if not share or not inside.any():
        return np.full(room.shape, ABSENT, np.float32)
    field = smooth_field(rng, room.shape, scale_um / GRID_UM)
    field += 0.25 * smooth_field(rng, room.shape, 25 / GRID_UM)
    return signed_distance((field > np.quantile(field[inside], 1 - share)) & inside)


def _crush_zone(share: float, tissue: Floats, rng: Generator) -> Floats:
    inside = tissue > 0
    if not share or not inside.any():
        return np.full(tissue.shape, ABSENT, np.float32)
    field = smooth_field(rng, tissue.shape, 130 / GRID_UM) - tissue / CRUSH_DEPTH_UM
    return signed_distance((field > np.quantile(field[inside], 1 - share)) & inside)


def _crush_angle(tissue: Floats, rng: Generator) -> Floats:
    """Along the border of the section, and wavering."""
    along_y, along_x = np.gradient(tissue)
    waver = 0.5 * smooth_field(rng, tissue.shape, 60 / GRID_UM)
    return np.asarray(np.arctan2(along_y, along_x) + np.pi / 2 + waver, np.float32)
