"""What lies on a slide, drawn over a window of it as red, green and blue densities: none of it is a stain."""

import numpy as np

from her2path.arrays import Floats
from her2path.phantom.glass import Glass, ramp
from her2path.phantom.grid import values_in
from her2path.phantom.ground import Ground
from her2path.phantom.view import View

BUBBLE_RIM_UM = 13.0
"""Width of the dark ring: there the curved surface throws light past the objective."""

BUBBLE_PALER = 0.3
"""Of the densities that are lost in the light that unmounted tissue scatters."""

DRY_DARKER = 0.35
"""By which unmounted tissue beyond the cover glass is darker: its own roughness takes light."""


def draw_on_glass(densities: Floats, view: View, glass: Glass, ground: Ground) -> Floats | None:
    """Draw what lies on a slide over a window of it.

    Parameters
    ----------
    densities
        ``(y, x, 5)`` float32, changed in place where tissue is not mounted.
    view
        The window.
    glass
        What lies on the slide.
    ground
        The coarse maps at the pixels of the window.

    Returns
    -------
    Floats or None
        ``(y, x, 3)`` float32 red, green, blue densities; None where there is nothing on the slide.
    """
    if glass.is_clean:
        return None
    at = (view.y_px, view.x_px, view.height_px, view.width_px, view.mpp_um)
    foreign_od = np.zeros((*view.shape, 3), np.float32)
    if glass.ink is not None and glass.colour_of_ink is not None:
        amount = _ink_amount(view, values_in(glass.ink, *at), ground)
        foreign_od += amount[..., None] * np.array(glass.colour_of_ink, np.float32)
    if glass.bubble is not None:
        foreign_od += _draw_bubble(densities, view, values_in(glass.bubble, *at))[..., None]
    if glass.uncovered is not None:
        foreign_od += _draw_uncovered(densities, view, values_in(glass.uncovered, *at), ground)[..., None]
    if glass.dust is not None:
        foreign_od += _dust_od(values_in(glass.dust, *at))
    return foreign_od


def _ink_amount(view: View, ink_um: Floats, ground: Ground) -> Floats:
    """Thickest on the surface, thinner and granular where it soaked in."""
    textures = view.textures
    ragged = ink_um + 2.5 * view.read(textures.clump, 733) + 4 * view.read(textures.patch, 97)
    # A crust on the outside, a soft end inside.
    fades_um = 3 + 20 * np.clip(ground.in_tissue_um / 15 - 0.4, 0, 1)
    cover = np.clip(ragged / fades_um + 0.5, 0, 1)
    soaked = 0.30 + 0.70 * np.exp(-np.clip(ground.in_tissue_um, 0, None) / 25)
    grains = np.clip(
        0.9 + 0.22 * view.read(textures.clump, 611) + 0.12 * view.read(textures.grain, 31), 0.2, 2
    )
    # In holes of the tissue there is nothing for it to hold on to.
    held = np.where(ground.lumen_um > 3, np.float32(0.25), np.float32(1))
    return np.asarray(cover * soaked * grains * held, np.float32)


def _draw_bubble(densities: Floats, view: View, bubble_um: Floats) -> Floats:
    """Pale tissue inside, a dark ring at the rim with a bright line on both sides of it."""
    densities *= (1 - np.float32(BUBBLE_PALER) * ramp(bubble_um, 6))[..., None]
    width_um = BUBBLE_RIM_UM * np.clip(1 + 0.08 * view.read(view.textures.patch, 877), 0.7, 1.3)
    ring = 0.95 * _bell(bubble_um, 0.45 * width_um, 0.30 * width_um)
    bright = 0.10 * _bell(bubble_um, 1.25 * width_um, 2.5) + 0.05 * _bell(bubble_um, -4.0, 2.0)
    film = 0.02 * ramp(bubble_um, 6)
    return np.asarray(ring - bright + film, np.float32)


def _draw_uncovered(densities: Floats, view: View, uncovered_um: Floats, ground: Ground) -> Floats:
    """Dark dry tissue beyond the edge of the cover glass, and the ridge of mounting medium along it."""
    beyond = ramp(uncovered_um, 6)
    densities *= (1 + np.float32(DRY_DARKER) * beyond)[..., None]
    in_tissue = np.clip(ground.in_tissue_um / 4 + 0.5, 0, 1) * ~ground.outside
    rough = np.clip(1 + 0.5 * view.read(view.textures.bubble, 271), 0, 3)
    scatter = beyond * (0.035 + 0.11 * in_tissue * rough)
    ripple = 1 + 0.4 * view.read(view.textures.patch, 449)
    edge = 0.7 * _bell(uncovered_um, 0.0, 2.2) - 0.08 * _bell(uncovered_um, 6.0, 2.5)
    ridge = 0.10 * ripple * _bell(uncovered_um, 38.0, 14.0)
    return np.asarray(edge + scatter + ridge, np.float32)


def _dust_od(dust: Floats) -> Floats:
    inside_um, soft_um, hollow = dust[..., 0], dust[..., 1], dust[..., 2]
    cover = np.clip(inside_um / soft_um + 0.5, 0, 1)
    # Fibres are clear: they bend light at their sides and let it pass along the middle.
    side = _bell(inside_um, 1.2, np.maximum(1.0, 0.5 * soft_um))
    amount = np.asarray(cover * (1 - hollow * (1 - side)), np.float32)
    return amount[..., None] * dust[..., 3:]


def _bell(signed_um: Floats, middle_um: Floats | float, sigma_um: Floats | float) -> Floats:
    return np.asarray(np.exp(-0.5 * ((signed_um - middle_um) / sigma_um) ** 2), np.float32)
