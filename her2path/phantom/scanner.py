"""From optical densities to the bytes a slide scanner writes: light, optics, sensor, sharpening."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Floats, Rgb8
from her2path.image.stains import StainMatrix, Vector

Light: TypeAlias = Literal["transmitted", "monochrome", "emitted"]

PEN: Vector = (0.84, 0.48, 0.24)
"""Red, green, blue densities of a blue marker."""


@dataclass(frozen=True, slots=True)
class Scanner:
    """How one make of scanner and one stainer render a section."""

    stains: StainMatrix
    blur_um: float
    """Standard deviation of the optics' point spread."""

    sharpening: float
    """Weight of the unsharp mask; more than about 0.5 leaves a light halo round dark edges."""

    noise: float
    """Standard deviation of the sensor's noise in grey values."""

    quality: int
    """JPEG quality, 1 to 100."""

    subsampling: tuple[int, int]
    """Of the chroma planes, vertical and horizontal."""

    gamma: float = 1.0
    """Exponent of the tone curve around white; below 1 lifts the shadows."""

    cast: Vector = (1.0, 1.0, 1.0)
    """What a wrong white balance multiplies red, green and blue by."""

    pen: Vector = PEN
    """Densities of the marker that somebody wrote on the glass with."""

    light: Light = "transmitted"
    """Colour or grey levels of what passes the section, or the glow of dyes against the dark."""


def _stains(
    haematoxylin: tuple[float, float, float],
    dab: tuple[float, float, float],
    white: tuple[float, float, float],
) -> StainMatrix:
    return StainMatrix(haematoxylin=haematoxylin, dab=dab, white=white, source="published")


SCANNERS = MappingProxyType(
    {
        # As measured on 40x gastric cores: violet haematoxylin, sharpened, bluish glass.
        "bluish": Scanner(
            _stains((0.67, 0.63, 0.39), (0.36, 0.56, 0.75), (234, 233, 243)), 0.24, 1.1, 1.6, 82, (2, 2)
        ),
        # The published vectors on neutral glass.
        "neutral": Scanner(
            _stains((0.65, 0.70, 0.29), (0.27, 0.57, 0.78), (242, 242, 242)), 0.28, 0.6, 1.2, 88, (2, 2)
        ),
        # Dim lamp and soft optics, as in half of the breast fields of the BCI set.
        "grey": Scanner(
            _stains((0.70, 0.62, 0.36), (0.30, 0.55, 0.78), (176, 175, 173)), 0.38, 0.2, 1.3, 80, (2, 2)
        ),
        # Bright, slightly yellow glass and a blue haematoxylin.
        "warm": Scanner(
            _stains((0.74, 0.60, 0.30), (0.24, 0.53, 0.81), (245, 243, 236)), 0.26, 0.8, 1.0, 90, (1, 1)
        ),
        # Coarse compression and a strong halo.
        "harsh": Scanner(
            _stains((0.62, 0.68, 0.40), (0.33, 0.58, 0.74), (224, 222, 226)), 0.30, 1.6, 2.4, 70, (2, 2)
        ),
    }
)
"""Scanner presets by name."""

EOSINOPHILIC = (0.25, 0.80, 0.54)
"""Red, green, blue densities of pale pink cytoplasm and collagen: along eosin Y."""

NEUTRAL = (0.50, 0.58, 0.64)
"""Of pigment and red cells: nearly grey, a little brown."""


def line_response(sigma_um: Floats, *, scanner: Scanner, pixel_um: float) -> Floats:
    """Tell what a scanner leaves of a thin line's crest: 1 for all of it, above 1 where it sharpens.

    Parameters
    ----------
    sigma_um
        Standard deviation of the line's profile.
    scanner
        Which one.
    pixel_um
        Pixel size of level 0; a pixel averages over its own width.
    """
    optics = scanner.blur_um**2 + pixel_um**2 / 12
    seen = _crest_after(sigma_um, optics)
    blurred = _crest_after(sigma_um, optics + SHARPENING_UM**2)
    return np.asarray(seen + scanner.sharpening * (seen - blurred), np.float32)


def _crest_after(sigma_um: Floats, blur_variance: float) -> Floats:
    return np.asarray(sigma_um / np.sqrt(sigma_um**2 + np.float32(blur_variance)), np.float32)


def expose(
    densities: Floats,
    *,
    scanner: Scanner,
    mpp_um: float,
    noise: Floats,
    defocus: Floats | None = None,
    foreign_od: Floats | None = None,
    smear_px: NDArray[np.int64] | None = None,
) -> Rgb8:
    """Look at a section through a scanner.

    Parameters
    ----------
    densities
        ``(y, x, 5)`` float32 optical densities: haematoxylin, DAB, eosinophilic, neutral, pen.
    scanner
        Which one.
    mpp_um
        Micrometres per pixel of ``densities``.
    noise
        ``(y, x, 3)`` float32 standard normal values.
    defocus
        ``(y, x)`` float32, 0 in focus to 1 well out of focus; None where everything is in focus.
    foreign_od
        ``(y, x, 3)`` float32 red, green, blue densities of what is no stain; below 0 where glass gathers
        light. None where there is nothing foreign.
    smear_px
        ``(y,)`` int64, over how many pixels along x each row is smeared, 1 for none; None where the stage
        stood still.

    Returns
    -------
    Rgb8
        ``(y, x, 3)`` uint8.
    """
    stains = scanner.stains
    vectors = np.array([stains.haematoxylin, stains.dab, EOSINOPHILIC, NEUTRAL, scanner.pen], np.float32)
    od = cv2.transform(densities, np.ascontiguousarray(vectors.T))
    if foreign_od is not None:
        od = od + foreign_od
    # Light is blurred, not density: thin dark lines lose more than thin pale ones.
    light = cv2.exp(od * np.float32(-np.log(10) * scanner.gamma))
    if scanner.light == "emitted":
        light = _glow(densities)
    light = cv2.GaussianBlur(light, (0, 0), scanner.blur_um / mpp_um)
    if defocus is not None:
        soft = cv2.GaussianBlur(light, (0, 0), DEFOCUS_UM / mpp_um)
        light = light + defocus[..., None] * (soft - light)
    if smear_px is not None:
        for length in np.unique(smear_px[smear_px > 1]).tolist():
            rows = smear_px == length
            light[rows] = cv2.blur(np.ascontiguousarray(light[rows]), (length, 1))
    if scanner.sharpening:
        light = light + scanner.sharpening * (light - cv2.GaussianBlur(light, (0, 0), SHARPENING_UM / mpp_um))
    white = np.asarray(stains.white, np.float32) * np.asarray(scanner.cast, np.float32)
    grey = light * white + scanner.noise * noise
    if scanner.light == "monochrome":
        grey = np.repeat(grey.mean(axis=-1, keepdims=True), 3, axis=-1)
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


def _glow(densities: Floats) -> Floats:
    """Light of a fluorescence slide: nuclei blue, HER2 green, tissue hardly, glass not at all."""
    dyes = np.array([[0.05, 0.25, 1.6], [0.15, 1.3, 0.1], [0.1, 0.2, 0.1], [0.3, 0.3, 0.1], [0, 0, 0]])
    glow = cv2.transform(densities, np.ascontiguousarray(dyes.T.astype(np.float32)))
    # The brightest pixels fill the sensor; what no dye reaches still scatters a little.
    return np.asarray(1.02 - cv2.exp(-2 * glow), np.float32)


DEFOCUS_UM = 1.6
"""Point spread well out of focus: membranes are gone, nuclei are smudges."""

SHARPENING_UM = 0.5
"""Radius of the scanner's unsharp mask: the halo on the cores is two to three 0.23 µm pixels wide."""
