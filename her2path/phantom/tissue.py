"""Where tissue, tumour, lumen and glass are: signed distances on a coarse grid over the whole slide."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from her2path.arrays import Doubles, Floats
from her2path.phantom.arrangement import Arrangement, arrange, is_arranged
from her2path.phantom.glass import Glass, lay_out_glass
from her2path.phantom.grid import GRID_UM, signed_distance, values_at, values_in
from her2path.phantom.guests import Guests, invite, loose_granules, room_for_tumour, with_guests
from her2path.phantom.lesions import ABSENT, fat_holes, fold_cover, necrotic
from her2path.phantom.pigment import Granules
from her2path.phantom.spec import Architecture, SlideSpec
from her2path.phantom.texture import smooth_field

EPITHELIUM_UM = 19.0
"""Height of the columnar cells that line a gland."""

NEST_UM = {"nests": 55.0, "glands": 36.0, "sheets": 150.0, "files": 22.0, "trabeculae": 60.0}
"""Distance over which the tumour's outline changes, by architecture."""


@dataclass(frozen=True, eq=False)
class TissueMap:
    """Coarse maps of one slide, all ``(y, x)`` float32 in µm, positive inside."""

    grid_um: float
    tissue: Floats
    tumour: Floats
    """Lumina belong to the tumour."""

    lumen: Floats
    """White inside of glands, vessels and fat cells."""

    vessel: Floats
    """Inside of vessels, where red cells are."""

    defocus: Floats
    """No distance: 0 in focus to 1 out of focus. A fold counts as out of focus for who judges its cells."""

    fold: Floats
    """No distance: 0 where the section lies single to 1 where it lies double."""

    necrosis: Floats
    """Inside of dead tumour."""

    pen: Floats
    """Distance to the marker's stroke, positive on it."""

    control: Floats
    """Inside of a piece of control tissue."""

    glass: Glass
    """What lies on the slide without being the section."""

    eosin: Floats
    """No distance: slow variation about 1 of everything that is pale."""

    guests: Guests
    """What is neither invasive tumour nor ordinary stroma."""

    granules: tuple[Granules, ...]
    """Pigment and precipitate."""

    def at(self, field: Floats, y_um: Doubles, x_um: Doubles) -> Floats:
        """Values of one of the maps at points, linear between grid nodes."""
        return values_at(field, y_um, x_um)

    def block(
        self, field: Floats, y_px: int, x_px: int, height_px: int, width_px: int, mpp_um: float
    ) -> Floats:
        """One of the maps at the pixels of a block: ``(height_px, width_px)`` float32."""
        return values_in(field, y_px, x_px, height_px, width_px, mpp_um)


def draw_tissue(spec: SlideSpec, rng: Generator) -> TissueMap:
    """Lay out a slide's tissue.

    Parameters
    ----------
    spec
        The slide.
    rng
        Source of randomness.

    Returns
    -------
    TissueMap
        Maps over the whole slide.
    """
    # What is off by default has sources of its own: asking for it takes no number from the rest.
    fat, folds, necrosis = rng.spawn(3)
    height, width = (int(np.ceil(n * spec.mpp / GRID_UM)) + 2 for n in spec.size_px)
    shape = (height, width)
    pieces = _outline(spec, shape, rng)
    tissue = pieces.tissue
    potential = _tumour_potential(spec.tumour.architecture, shape, rng)
    inside = tissue > 0
    has_control = bool((pieces.control > 0).any())
    own = inside & (pieces.control <= 0)
    cut = np.quantile(potential[own], 1 - spec.tumour.share) if spec.tumour.share < 1 else -np.inf
    # A little stroma lies between any tumour and the edge of the section.
    grows = (potential > cut) & inside
    if has_control:
        in_control = inside & ~own
        grows[in_control] = potential[in_control] > np.quantile(potential[in_control], 1 - CONTROL_TUMOUR)
    tumour = np.minimum(signed_distance(grows), tissue - 4.0)
    guests = invite(spec, np.minimum(tissue, -pieces.control - 10) if has_control else tissue)
    tumour = room_for_tumour(tumour, spec, guests)
    vessel = _vessels(spec, tissue, tumour, rng)
    lumen = vessel
    if spec.tumour.architecture == "glands":
        wobble = 3.0 * smooth_field(rng, shape, 25 / GRID_UM)
        lumen = np.maximum(vessel, tumour - EPITHELIUM_UM + wobble).astype(np.float32)
    holes = fat_holes(spec.stroma.fat, tissue, tumour, fat)
    lumen, vessel = np.maximum(lumen, holes), np.minimum(vessel, -holes)
    lumen, vessel = with_guests(lumen, vessel, guests)
    fold = fold_cover(spec.confounders.folds, shape, folds)
    field = smooth_field(rng, shape, 120 / GRID_UM)
    blurred = spec.confounders.blurred
    edge = np.quantile(field, 1 - blurred) if blurred else np.inf
    # Nothing on the glass, and no arrangement of pieces, takes a number from the rest either.
    on_glass = np.random.default_rng((spec.seed, _ON_GLASS))
    return TissueMap(
        grid_um=GRID_UM,
        tissue=tissue,
        tumour=tumour.astype(np.float32),
        lumen=lumen,
        vessel=vessel,
        defocus=np.maximum(np.clip((field - edge) * 4 + 0.5, 0, 1), fold).astype(np.float32),
        fold=fold,
        necrosis=np.maximum(necrotic(spec.tumour.necrosis, tumour, necrosis), guests.ducts.dead),
        pen=_pen_stroke(shape, rng) if spec.confounders.pen else np.full(shape, ABSENT, np.float32),
        control=pieces.control,
        glass=lay_out_glass(spec.confounders, tissue, on_glass),
        eosin=np.asarray(1 + 0.25 * smooth_field(rng, shape, 90 / GRID_UM), np.float32),
        guests=guests,
        granules=loose_granules(spec, tissue, tumour, lumen),
    )


def _outline(spec: SlideSpec, shape: tuple[int, int], rng: Generator) -> Arrangement:
    if is_arranged(spec.tissue):
        return arrange(spec, shape, np.random.default_rng((spec.seed, _ARRANGED)))
    nothing = np.full(shape, ABSENT, np.float32)
    if spec.tissue.shape == "full":
        return Arrangement(np.full(shape, 1000.0, np.float32), nothing)
    y, x = np.ogrid[: shape[0], : shape[1]]
    radius = np.hypot((y - shape[0] / 2) / shape[0], (x - shape[1] / 2) / shape[1])
    rough = 0.015 if spec.tissue.shape == "core" else 0.09
    noisy = (
        radius
        + rough * smooth_field(rng, shape, max(shape) / 7)
        + 0.006 * smooth_field(rng, shape, 30 / GRID_UM)
    )
    return Arrangement(signed_distance(noisy < np.quantile(noisy, spec.tissue.share)), nothing)


def _tumour_potential(architecture: Architecture, shape: tuple[int, int], rng: Generator) -> Floats:
    """High where tumour grows; cut at a quantile it gives the wanted share."""
    scale = NEST_UM[architecture] / GRID_UM
    field = smooth_field(rng, shape, scale)
    detail = smooth_field(rng, shape, 14 / GRID_UM)
    if architecture in ("files", "trabeculae"):
        # The zero lines of slow noise: threads one or two cells wide, and ribbons of two to four.
        return np.asarray(
            -np.abs(field) + 0.05 * detail + 0.25 * smooth_field(rng, shape, 5 * scale), np.float32
        )
    # Slow variation gathers nests in groups; glands stay apart.
    slow = (0.15 if architecture == "glands" else 0.4) * smooth_field(rng, shape, 4 * scale)
    return np.asarray(field + 0.10 * detail + slow, np.float32)


def _vessels(spec: SlideSpec, tissue: Floats, tumour: Floats, rng: Generator) -> Floats:
    stroma = (tissue > 12) & (tumour < -9)
    field = smooth_field(rng, tissue.shape, 16 / GRID_UM)
    if not spec.stroma.vessels or not stroma.any():
        return np.full(tissue.shape, ABSENT, np.float32)
    return signed_distance((field > np.quantile(field[stroma], 1 - spec.stroma.vessels)) & stroma)


def _pen_stroke(shape: tuple[int, int], rng: Generator) -> Floats:
    canvas = np.ones(shape, np.uint8)
    along = np.linspace(-0.1, 1.1, 40)
    across = 0.12 + 0.05 * np.sin(2 * np.pi * (along + rng.random()))
    points = np.stack([along * shape[1], across * shape[0]], axis=1).astype(np.int32)
    cv2.polylines(canvas, [points.reshape(-1, 1, 2)], isClosed=False, color=0)
    distance = cv2.distanceTransform(canvas, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) * GRID_UM
    return np.asarray(PEN_HALF_WIDTH_UM - distance, np.float32)


PEN_HALF_WIDTH_UM = 45.0
"""Thin for a marker, so that a small slide still shows tissue."""

CONTROL_TUMOUR = 0.85
"""Of control tissue that is tumour: controls are blocks or pellets full of it."""

_ON_GLASS, _ARRANGED = 104729, 1299709
"""Keep what the seed decides of them apart from everything else."""
