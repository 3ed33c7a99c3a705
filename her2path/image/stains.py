"""Stain vectors, white point, and unmixing: RGB to optical densities and back.

Optical density is base 10 against the slide's own white point, ``-log10(max(value, 1) / white)``, clipped
at 0. (scikit-image's ``separate_stains`` is in sixths of this unit; the two must never be mixed.)

References
----------
Ruifrok AC, Johnston DA. Quantification of histochemical staining by color deconvolution.
Anal Quant Cytol Histol 2001;23:291-299.
"""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import cv2
import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from her2path.arrays import OD_STEP, Doubles, Floats, Ints, Plane16, Rgb8
from her2path.compiled import compiled

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
    haematoxylin, dab = (np.empty(rgb.shape[:2], np.uint16) for _ in range(2))
    steps = _step_tables(stains)
    # One look-up gives both: haematoxylin in the upper half of a word, DAB in the lower.
    _look_up_both(*_in_one_run(rgb), (steps[0] << 32) + steps[1], haematoxylin, dab)
    return haematoxylin, dab


def membrane_plane(rgb: Rgb8, stains: StainMatrix) -> Plane16:
    """DAB alone, as ``stain_planes`` gives it of the lightly smoothed colours: ``(y, x)`` uint16.

    Smoothed by 1-2-1 along both axes, mirrored at the edge and rounded. Of the colours, it costs less than
    of the density, and is as independent of the tiling.
    """
    dab = np.empty(rgb.shape[:2], np.uint16)
    _look_up_smoothed(*_in_one_run(rgb), _step_tables(stains)[1].astype(np.int32), dab)
    return dab


def _step_tables(stains: StainMatrix) -> NDArray[np.int64]:
    """Give what a grey value of a channel adds to haematoxylin and to DAB: ``(2, 3, 256)``, in steps.

    In 16 bits, nearly alike stains would wrap.
    """
    weights = np.linalg.inv(stains.vectors)[:, :2].T
    return np.rint(density_tables(stains.white) * weights[:, :, None] / OD_STEP).astype(np.int64)


def _in_one_run(rgb: Rgb8) -> tuple[NDArray[np.uint8], int]:
    """Give the bytes of a picture from its first to its last, and how many lie between two rows.

    A part of a larger picture, with the rest of its rows between, need not be copied.
    """
    height, width = rgb.shape[:2]
    rows = rgb if rgb.strides[1:] == (3, 1) and rgb.strides[0] >= 3 * width else np.ascontiguousarray(rgb)
    apart = rows.strides[0]
    return as_strided(rows, ((height - 1) * apart + 3 * width,), (1,), writeable=False), apart


@compiled
def _look_up_both(
    pixels: NDArray[np.uint8], apart: int, table: NDArray[np.int64], upper: Plane16, lower: Plane16
) -> None:
    """Add up ``table``, ``(3, 256)``, over the channels; clip each half to 16 bits."""
    height, width = upper.shape
    total, high, low = np.empty(width, np.int64), np.empty(width, np.int32), np.empty(width, np.int32)
    red, green, blue = table[0], table[1], table[2]
    for y in range(height):
        row = pixels[y * apart :]
        for x in range(width):
            total[x] = red[row[3 * x]] + green[row[3 * x + 1]] + blue[row[3 * x + 2]]
        for x in range(width):
            low[x] = total[x]
            high[x] = (total[x] - low[x]) >> 32
        _clip(high, upper[y])
        _clip(low, lower[y])


@compiled
def _look_up_smoothed(pixels: NDArray[np.uint8], apart: int, table: Ints, plane: Plane16) -> None:
    """Smooth, look up ``table``, ``(3, 256)``, add up over the channels, and clip."""
    height, width = plane.shape
    quads = -(-width // 4)
    smooth, total = np.empty(12 * quads, np.uint8), np.empty(4 * quads, np.int32)
    columns = np.empty(3 * width + 6, np.uint16)
    for y in range(height):
        above, below = _mirrored(y - 1, height), _mirrored(y + 1, height)
        row, colours = pixels[y * apart :], smooth[: 3 * width]
        _smooth_row(pixels[above * apart :], row, pixels[below * apart :], columns, colours)
        _look_up(smooth.view(np.uint32), table, total)
        _clip(total, plane[y])


@compiled
def _look_up(words: NDArray[np.uint32], table: Ints, total: Ints) -> None:
    """Add up ``table`` over the channels: four pixels are three words, fewer loads than twelve bytes."""
    byte, second, third, fourth = np.uint32(255), np.uint32(8), np.uint32(16), np.uint32(24)
    red, green, blue = table[0], table[1], table[2]
    for i in range(len(total) // 4):
        a, b, c = words[3 * i], words[3 * i + 1], words[3 * i + 2]
        total[4 * i] = red[a & byte] + green[(a >> second) & byte] + blue[(a >> third) & byte]
        total[4 * i + 1] = red[a >> fourth] + green[b & byte] + blue[(b >> second) & byte]
        total[4 * i + 2] = red[(b >> third) & byte] + green[b >> fourth] + blue[c & byte]
        total[4 * i + 3] = red[(c >> second) & byte] + green[(c >> third) & byte] + blue[c >> fourth]


@compiled
def _smooth_row(
    above: NDArray[np.uint8],
    row: NDArray[np.uint8],
    below: NDArray[np.uint8],
    columns: NDArray[np.uint16],
    smooth: NDArray[np.uint8],
) -> None:
    """Weigh the bytes of three rows 1-2-1 down and along; ``columns`` holds a pixel more at either end."""
    n = len(smooth)
    middle, right = columns[3:], columns[6:]
    for i in range(n):
        middle[i] = above[i] + 2 * row[i] + below[i]
    before, beyond = _mirrored(-1, n // 3), _mirrored(n // 3, n // 3)
    for channel in range(3):
        columns[channel] = middle[3 * before + channel]
        middle[n + channel] = middle[3 * beyond + channel]
    for i in range(n):
        smooth[i] = np.uint16(columns[i] + 2 * middle[i] + right[i] + 8) >> 4


@compiled
def _mirrored(index: int, n: int) -> int:
    """Give the place that stands for one just beyond either end, or the place itself."""
    return 0 if n == 1 else n - 1 - abs(n - 1 - abs(index))


@compiled
def _clip(total: Ints, row: NDArray[np.uint16]) -> None:
    for x in range(len(row)):
        row[x] = min(max(total[x], np.int32(0)), np.int32(0xFFFF))
