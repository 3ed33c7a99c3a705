"""What shares a section with invasive tumour and ordinary stroma; all of it nowhere unless a recipe asks."""

from dataclasses import dataclass

import numpy as np

from her2path.arrays import Bools, Doubles, Floats
from her2path.phantom.damage import Damage, draw_damage, no_damage
from her2path.phantom.ducts import CUFF_UM, LINING_UM, Discs, Ducts, disc_map, draw_ducts, no_ducts
from her2path.phantom.gradient import stain_left
from her2path.phantom.grid import GRID_UM, values_at
from her2path.phantom.pigment import Granules, pigment_granules, precipitate
from her2path.phantom.plan import CellPlan
from her2path.phantom.scanner import SCANNERS
from her2path.phantom.spec import SlideSpec

PAIRED = 0.3
"""Share of the places of sparse tumour that hold two cells."""

_LONE, _DUCTS, _DAMAGE, _PIGMENT, _PRECIPITATE = range(7001, 7006)
"""Keep what the seed decides of each apart from everything else."""


@dataclass(frozen=True, eq=False)
class Guests:
    """Coarse maps, and single tumour cells where tumour is sparse."""

    ducts: Ducts
    damage: Damage
    lone_um: Doubles
    """``(n, 2)`` middles of tumour cells."""

    stain_left: Floats
    """``(y, x)`` of DAB on the coarse grid, 1 for all of it."""


def invite(spec: SlideSpec, tissue: Floats) -> Guests:
    """Lay out what a recipe asks for.

    Parameters
    ----------
    spec
        The slide.
    tissue
        Signed distance to the edge of the section, control tissue left out, on the coarse grid.
    """
    shape, area_um2 = tissue.shape, float((tissue > 0).sum()) * GRID_UM**2
    asked, gradient = spec.confounders, spec.tumour.gradient
    ducts, damage = no_ducts(shape), no_damage(shape)
    if spec.tissue.in_situ or spec.tissue.normal_ducts:
        in_situ_um2 = spec.tissue.in_situ * spec.tumour.share * area_um2
        rng = np.random.default_rng((spec.seed, _DUCTS))
        ducts = draw_ducts(in_situ_um2, spec.tissue.normal_ducts * area_um2, tissue, rng)
    if asked.haemorrhage or asked.crush or asked.nerve or asked.vessels_muscle:
        damage = draw_damage(
            np.minimum(tissue, -np.maximum(ducts.in_situ, ducts.normal) - 10),
            haemorrhage=asked.haemorrhage,
            crush=asked.crush,
            nerve=asked.nerve,
            muscle=asked.vessels_muscle,
            rng=np.random.default_rng((spec.seed, _DAMAGE)),
        )
    left = np.broadcast_to(np.float32(1), shape)
    if gradient.kind != "none":
        left = stain_left(gradient.kind, gradient.od_loss, tissue)
    return Guests(ducts, damage, _lone_cells(spec, tissue), left)


def room_for_tumour(tumour: Floats, spec: SlideSpec, guests: Guests) -> Floats:
    """Give the signed distance to invasive tumour once its guests have their place."""
    if spec.tumour.sparse:
        lone, radius_um = guests.lone_um, np.full(len(guests.lone_um), 0.62 * spec.tumour.cell_um)
        tumour = disc_map(
            Discs(lone[:, 0], lone[:, 1], radius_um, np.ones(len(lone)), np.zeros(len(lone))), tumour.shape
        )
    if spec.tissue.in_situ or spec.tissue.normal_ducts:
        tumour = np.minimum(tumour, -np.maximum(guests.ducts.in_situ, guests.ducts.normal) - CUFF_UM)
    damage = guests.damage
    return np.asarray(np.minimum(tumour, -np.maximum(damage.bundle, damage.haemorrhage) - 3), np.float32)


def with_guests(lumen: Floats, vessel: Floats, guests: Guests) -> tuple[Floats, Floats]:
    """Give the signed distances to lumina and vessels, those of ducts and arteries included."""
    ducts, damage = guests.ducts, guests.damage
    apart = -np.maximum(
        np.maximum(ducts.in_situ, ducts.normal), np.maximum(damage.bundle, damage.haemorrhage)
    )
    lumen = np.maximum(
        np.minimum(lumen, apart - 4), np.maximum(ducts.normal - LINING_UM, damage.muscle_lumen)
    )
    return lumen, np.maximum(np.minimum(vessel, apart - 4), damage.muscle_lumen)


def loose_granules(spec: SlideSpec, tissue: Floats, tumour: Floats, lumen: Floats) -> tuple[Granules, ...]:
    """Scatter pigment and precipitate; arguments are signed distances on the coarse grid."""
    asked, loose = spec.confounders, []
    if asked.pigment and asked.pigment_kind != "mixed":
        rng = np.random.default_rng((spec.seed, _PIGMENT))
        inside = {"tissue": tissue > 3, "tumour": tumour > 0, "lumen": lumen > -2}
        loose.append(pigment_granules(asked.pigment_kind, asked.pigment, **inside, rng=rng))
    if asked.precipitate:
        rng = np.random.default_rng((spec.seed, _PRECIPITATE))
        size_um = (spec.size_px[0] * spec.mpp, spec.size_px[1] * spec.mpp)
        loose.append(precipitate(asked.precipitate, size_um, SCANNERS[spec.scanner].stains.dab, rng))
    return tuple(loose)


def apart_from_tumour(spec: SlideSpec, guests: Guests, plan: CellPlan) -> dict[str, Bools]:
    """Tell which cells nobody counts for where they lie: by place, only those that a recipe asks for."""
    places = {
        "in_situ": (spec.tissue.in_situ, guests.ducts.in_situ),
        "normal": (spec.tissue.normal_ducts, guests.ducts.normal),
        "crushed": (spec.confounders.crush, guests.damage.crush),
    }
    return {
        name: np.asarray(values_at(field, plan.nucleus_y_um, plan.nucleus_x_um) > 0)
        for name, (asked, field) in places.items()
        if asked
    }


def outlines_of(spec: SlideSpec, guests: Guests) -> dict[str, Floats]:
    """Ducts that a recipe asks for, by class: signed distances on the coarse grid."""
    outlines = {"DCIS": guests.ducts.in_situ} if spec.tissue.in_situ else {}
    return outlines | ({"Normal": guests.ducts.normal} if spec.tissue.normal_ducts else {})


def _lone_cells(spec: SlideSpec, tissue: Floats) -> Doubles:
    """Middles of the cells of sparse tumour: here one, there two side by side."""
    rng = np.random.default_rng((spec.seed, _LONE))
    nodes = np.flatnonzero(tissue > 20)
    n = rng.poisson(spec.tumour.sparse * len(nodes) * GRID_UM**2 / 1e6)
    middles = (
        np.stack(np.divmod(rng.choice(nodes, n), tissue.shape[1]), axis=1) * GRID_UM
        if n
        else np.zeros((0, 2))
    )
    angle = rng.uniform(0, 2 * np.pi, n)
    beside = middles + 0.85 * spec.tumour.cell_um * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    return np.concatenate([middles, beside[rng.random(n) < PAIRED]])
