"""Stain vectors, white point, and unmixing: RGB to optical densities and back.

Optical density is base 10 against the slide's own white point, ``-log10(max(value, 1) / white)``, clipped
at 0. (scikit-image's ``separate_stains`` is in sixths of this unit; the two must never be mixed.)

References
----------
Ruifrok AC, Johnston DA. Quantification of histochemical staining by color deconvolution.
Anal Quant Cytol Histol 2001;23:291-299.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.arrays import OD_STEP, Doubles, Floats, Plane16, Rgb8
from her2path.image.strips import in_strips

Vector: TypeAlias = tuple[float, float, float]
StainSource: TypeAlias = Literal["recipe", "estimated", "published"]

RUIFROK_HAEMATOXYLIN: Vector = (0.65, 0.70, 0.29)
RUIFROK_DAB: Vector = (0.27, 0.57, 0.78)
"""The published H-DAB vectors (Ruifrok & Johnston 2001), the same that QuPath starts from."""


@dataclass(frozen=True, slots=True)
class StainMatrix:
    """Haematoxylin and DAB as red, green, blue densities, and the white that densities are measured from."""

    haematoxylin: Vector
    dab: Vector
    white: Vector
    """Grey values of clear glass, 0 to 255."""

    source: StainSource

    def __post_init__(self) -> None:
        for name in ("haematoxylin", "dab"):
            vector = np.asarray(getattr(self, name), float)
            if vector.shape != (3,) or not np.isfinite(vector).all() or np.linalg.norm(vector) < 1e-6:
                raise ValueError(
                    f"{name} must be three densities that are not all zero, got {vector.tolist()}"
                )
            # A unit vector stays as it is, to the last bit: written out and read back it is the same matrix.
            length = float(np.linalg.norm(vector))
            unit = vector if abs(length - 1) < 1e-12 else vector / length
            object.__setattr__(self, name, tuple(unit.tolist()))
        if not all(32 <= value <= 255 for value in self.white):
            raise ValueError(f"white must lie in 32–255 for each channel, got {self.white}")
        if abs(np.dot(self.haematoxylin, self.dab)) > 0.999:
            raise ValueError("haematoxylin and dab point the same way; they cannot be told apart")

    @property
    def vectors(self) -> Doubles:
        """``(3, 3)`` unit rows: haematoxylin, DAB, residual (their cross product)."""
        residual = np.cross(self.haematoxylin, self.dab)
        return np.array([self.haematoxylin, self.dab, residual / np.linalg.norm(residual)])


def density_tables(white: Vector) -> Doubles:
    """Optical density of every grey value: ``(3, 256)``, base 10, clipped at 0."""
    grey = np.maximum(np.arange(256, dtype=float), 1.0)
    densities: Doubles = -np.log10(grey[None, :] / np.asarray(white, float)[:, None])
    return np.maximum(densities, 0.0)


def optical_density(rgb: NDArray[np.uint8], white: Vector) -> Doubles:
    """Density of each channel, ``(..., 3)`` uint8 to ``(..., 3)`` float64, base 10, clipped at 0."""
    tables = density_tables(white)
    return np.stack([tables[c][rgb[..., c]] for c in range(3)], axis=-1)


def density_image(rgb: Rgb8, white: Vector) -> Floats:
    """As ``optical_density``, of a picture ``(y, x, 3)``: float32, and nothing larger on the way."""
    return np.asarray(cv2.LUT(rgb, density_tables(white).T[None].astype(np.float32)), np.float32)


def mean_density(od: Floats) -> Floats:
    """Mean of the three channels, ``(y, x, 3)`` to ``(y, x)`` float32."""
    return np.asarray(cv2.transform(od, np.full((1, 3), 1 / 3, np.float32)), np.float32)


def channel_range(picture: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Least and most of the three channels, ``(y, x, 3)`` to twice ``(y, x)``."""
    red, green, blue = cv2.split(picture)
    return cv2.min(cv2.min(red, green), blue), cv2.max(cv2.max(red, green), blue)


def unmix(rgb: Rgb8, stains: StainMatrix) -> Doubles:
    """Densities of haematoxylin, DAB and residual: ``(3, y, x)`` float64; may be negative.

    This is the plain form. ``stain_planes`` is what the hot path uses.
    """
    od = optical_density(rgb, stains.white)
    return np.moveaxis(od @ np.linalg.inv(stains.vectors), -1, 0)


def mix(densities: Doubles, stains: StainMatrix) -> Rgb8:
    """Invert ``unmix``: ``(3, y, x)`` densities to the colour that a scanner would see."""
    od = np.moveaxis(densities, 0, -1) @ stains.vectors
    return np.clip(np.rint(np.asarray(stains.white) * 10.0**-od), 0, 255).astype(np.uint8)


def stain_planes(rgb: Rgb8, stains: StainMatrix) -> tuple[Plane16, Plane16]:
    """Haematoxylin and DAB as fixed-point planes (``OD_STEP``), clipped to 0–32.

    Each density is a sum of three table look-ups, one a channel, in integers: equal to ``unmix`` within
    two steps.

    Returns
    -------
    tuple of Plane16
        ``(y, x)`` uint16 each.
    """
    tables = _step_tables(stains)

    def planes_of(strip: Rgb8) -> tuple[Plane16, ...]:
        channels = cv2.split(strip)
        return _plane(channels, tables[0]), _plane(channels, tables[1])

    haematoxylin, dab = in_strips(rgb, planes_of)
    return haematoxylin, dab


def membrane_plane(rgb: Rgb8, stains: StainMatrix) -> Plane16:
    """DAB alone, as ``stain_planes`` gives it of the lightly smoothed colours: ``(y, x)`` uint16."""
    table = _step_tables(stains)[1]

    def plane_of(strip: Rgb8) -> tuple[Plane16, ...]:
        # Smoothing the colours costs a third of smoothing the density, and is as independent of the tiling.
        return (_plane(cv2.split(cv2.GaussianBlur(strip, (3, 3), 0)), table),)

    return in_strips(rgb, plane_of, margin_px=1)[0]


def _step_tables(stains: StainMatrix) -> Floats:
    """Give what a grey value of a channel adds to haematoxylin and to DAB: ``(2, 3, 256)``, in steps."""
    # Whole steps as float32, which is exact below 2²⁴: OpenCV looks these up and adds them fastest, and its
    # last sum clips to 16 bits. In 16 bits throughout, nearly alike stains would wrap.
    weights = np.linalg.inv(stains.vectors)[:, :2].T
    return np.rint(density_tables(stains.white) * weights[:, :, None] / OD_STEP).astype(np.float32)


def _plane(channels: Sequence[NDArray[Any]], table: Floats) -> Plane16:
    red, green, blue = (cv2.LUT(channel, steps) for channel, steps in zip(channels, table, strict=True))
    return np.asarray(cv2.add(cv2.add(red, green, dst=red), blue, dtype=cv2.CV_16U), np.uint16)
