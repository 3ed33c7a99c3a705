"""What the scan makes of a slide: other stains and settings of the scanner, and how its strips were taken."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Bools, Doubles, Rgb8
from her2path.image.stains import Vector
from her2path.phantom.glass import PENS
from her2path.phantom.scanner import SCANNERS, Light, Scanner
from her2path.phantom.spec import SlideSpec

AEC: Vector = (0.2743, 0.6796, 0.6803)
FAST_RED: Vector = (0.2139, 0.8511, 0.4779)
"""Red, green, blue densities of the red chromogens of peroxidase and alkaline phosphatase, as in the colour
deconvolution of Ruifrok and Landini."""

STRIP_UM = 220.0
"""Height of the strips of a scan: those of line scanners are 250 to 500 µm, which a small slide hardly has
two of."""

SMEARED_SHARE = 0.4
"""Of the strips, where the stage moved."""

LEGIBLE_SMEAR_UM = 1.0
"""From here membranes of 0.64 µm are smeared to less than half of their density."""

SEAM_REACH_UM = 6.0
"""Half a cell: a nucleus nearer to a seam is cut in two."""

_OPTICS = 7919
"""Keeps the choice of strips apart from everything else that the seed decides."""


def scanner_of(spec: SlideSpec) -> Scanner:
    """Give the scanner of a slide, with the settings and the chromogen that the slide asks for."""
    scanner = SCANNERS[spec.scanner]
    stains = scanner.stains
    if spec.stain in ("h-aec", "h-red"):
        stains = replace(stains, dab=AEC if spec.stain == "h-aec" else FAST_RED)
    if spec.stain == "fluorescence":
        stains = replace(stains, white=(255.0, 255.0, 255.0))
    elif spec.white is not None:
        stains = replace(stains, white=spec.white)
    light: Light = "transmitted"
    if spec.stain in ("fluorescence", "grey"):
        light = "emitted" if spec.stain == "fluorescence" else "monochrome"
    return replace(
        scanner,
        stains=stains,
        quality=scanner.quality if spec.jpeg_quality is None else spec.jpeg_quality,
        gamma=scanner.gamma if spec.gamma is None else spec.gamma,
        cast=spec.cast,
        pen=PENS[spec.confounders.pen_colour],
        light=light,
    )


def restained(spec: SlideSpec) -> SlideSpec:
    """Give the recipe that draws the same tissue as another stain leaves it."""
    tumour, confounders = spec.tumour, spec.confounders
    if spec.stain == "h-e":
        # Nuclei are stained to be read, and eosin takes cytoplasm and collagen; nothing is brown.
        tumour = tumour.model_copy(
            update={"nucleus_od": 2.0 * tumour.nucleus_od, "cytoplasm_od": 1.6 * tumour.cytoplasm_od}
        )
        confounders = confounders.model_copy(
            update={"eosinophilic_od": 0.26, "background_od": 0.0, "blush_od": 0.0, "golgi": 0.0, "haze": 0.0}
            | {"brown_nuclei": 0.0, "secretion_od": 0.0, "edge_od": 0.0}
        )
    if spec.stain == "nuclear-dab":
        confounders = confounders.model_copy(update={"brown_nuclei": 0.7, "golgi": 0.0})
    if spec.stain not in ("h-e", "nuclear-dab"):
        return spec
    unstained = {"patterns": {"N": 1.0}, "tumour": tumour, "confounders": confounders}
    return spec.model_copy(update=unstained)


@dataclass(frozen=True, eq=False)
class Strips:
    """The strips of a scan, from top to bottom, in pixels of level 0."""

    height_px: int
    shift_px: NDArray[np.int64]
    """``(n,)``: how far each lies displaced to the left."""

    smear_px: NDArray[np.int64]
    """``(n,)``: over how many pixels along x each is smeared, 1 for none."""

    def of_rows(self, y_px: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which strip rows of level 0 belong to."""
        return np.clip(y_px // self.height_px, 0, len(self.shift_px) - 1)

    @property
    def is_smeared(self) -> bool:
        """Whether the stage moved at all."""
        return bool((self.smear_px > 1).any())

    @property
    def widest_px(self) -> int:
        """Farthest that a pixel comes from its place."""
        return int(self.shift_px.max() + self.smear_px.max() // 2)


def scan_strips(spec: SlideSpec) -> Strips:
    """Decide how the strips of a slide were scanned."""
    height_px = round(STRIP_UM / spec.mpp)
    n = -(-spec.size_px[0] // height_px)
    odd = np.arange(n) % 2
    shaken = np.random.default_rng((spec.seed, _OPTICS)).permutation(n) < max(1, round(SMEARED_SHARE * n))
    smear = max(1, round(spec.confounders.motion_um / spec.mpp))
    return Strips(
        height_px=height_px,
        shift_px=odd * round(spec.confounders.seam_um / spec.mpp),
        smear_px=np.where(shaken, smear, 1).astype(np.int64),
    )


def displaced(rgb: Rgb8, shift_px: NDArray[np.int64], margin_px: int) -> Rgb8:
    """Cut a margin off all sides of a window, and take each row from ``shift_px`` farther right.

    Parameters
    ----------
    rgb
        ``(y, x, 3)`` uint8.
    shift_px
        ``(y,)`` int64, less than ``margin_px``.
    margin_px
        Width of the margin.
    """
    width = rgb.shape[1] - 2 * margin_px
    inner = rgb[margin_px : rgb.shape[0] - margin_px]
    shifts = shift_px[margin_px : rgb.shape[0] - margin_px]
    moved = np.empty((len(inner), width, 3), np.uint8)
    for shift in np.unique(shifts).tolist():
        rows = shifts == shift
        moved[rows] = inner[rows, margin_px + shift : margin_px + shift + width]
    return moved


def seen_at_um(spec: SlideSpec, y_um: Doubles, x_um: Doubles) -> Doubles:
    """Where along x the scan shows what lies at points of the section."""
    strips = scan_strips(spec)
    row = np.floor(y_um / spec.mpp).astype(np.int64)
    return x_um - strips.shift_px[strips.of_rows(row)] * spec.mpp


def spoilt(spec: SlideSpec, y_um: Doubles) -> Bools:
    """Whether no reader would judge cells at these heights: smeared, or cut by a seam."""
    strips = scan_strips(spec)
    row = np.floor(y_um / spec.mpp).astype(np.int64)
    bad = np.zeros(y_um.shape, bool)
    if spec.confounders.motion_um >= LEGIBLE_SMEAR_UM:
        bad |= strips.smear_px[strips.of_rows(row)] > 1
    if spec.confounders.seam_um:
        seam_um = strips.height_px * spec.mpp
        inner = np.clip(np.rint(y_um / seam_um), 1, len(strips.shift_px) - 1)
        bad |= (np.abs(y_um - inner * seam_um) < SEAM_REACH_UM) & (len(strips.shift_px) > 1)
    return bad
