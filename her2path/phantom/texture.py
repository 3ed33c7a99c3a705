"""Endless noise: periodic textures that every block of a slide reads at its own place.

A block reads the same values wherever the block borders fall, so a slide does not depend on how it was cut.
"""

import cv2
import numpy as np
from numpy.random import Generator

from her2path.arrays import Floats

READ_PX = 1280
"""Largest block, halo included, that a texture can be read at in one piece."""


class Texture:
    """A periodic field of standard normal values.

    Parameters
    ----------
    field
        ``(y, x)`` float32, periodic.
    """

    def __init__(self, field: Floats) -> None:
        self._period = field.shape[0]
        repeats = -(-(self._period + READ_PX) // self._period)
        self._field = np.tile(field, (repeats, repeats))[
            : self._period + READ_PX, : self._period + READ_PX
        ].copy()

    def read(self, y_px: int, x_px: int, height_px: int, width_px: int) -> Floats:
        """Values of a block, a view: ``(height_px, width_px)`` float32."""
        y, x = y_px % self._period, x_px % self._period
        return self._field[y : y + height_px, x : x + width_px]


def noise(rng: Generator, period_px: int, scale_px: float, *, along_px: float | None = None) -> Floats:
    """Periodic Gaussian noise.

    Parameters
    ----------
    rng
        Source of randomness.
    period_px
        Edge of the field.
    scale_px
        Standard deviation of the smoothing; 0 leaves white noise.
    along_px
        Smoothing along x where it differs from that along y.

    Returns
    -------
    Floats
        ``(period_px, period_px)`` with mean 0 and standard deviation 1.
    """
    white = rng.standard_normal((period_px, period_px), dtype=np.float32)
    fy, fx = np.fft.fftfreq(period_px)[:, None], np.fft.rfftfreq(period_px)[None, :]
    along = scale_px if along_px is None else along_px
    smooth = np.exp(-2 * np.pi**2 * ((fy * scale_px) ** 2 + (fx * along) ** 2))
    field = np.fft.irfft2(np.fft.rfft2(white) * smooth, s=white.shape)
    return np.asarray((field - field.mean()) / field.std(), np.float32)


N_ANGLES = 8
"""Directions that fibres are drawn in; between two of them both are mixed."""


def along_fibres(field: Floats, angle: Floats, length_px: float) -> Floats:
    """Average a field along lines, at every pixel in a direction of its own.

    Parameters
    ----------
    field
        ``(y, x)`` or ``(y, x, channel)`` float32.
    angle
        ``(y, x)`` radians from the x axis towards y.
    length_px
        Length of the lines.
    """
    averaged = np.zeros_like(field)
    step = np.pi / N_ANGLES
    for k in range(N_ANGLES):
        off = np.abs((angle - k * step + np.pi / 2) % np.pi - np.pi / 2) / step
        weight = np.clip(1 - off, 0, 1).astype(np.float32)
        if weight.any():
            line = cv2.filter2D(field, -1, _line(k * step, length_px), borderType=cv2.BORDER_REFLECT)
            averaged += (weight if field.ndim == 2 else weight[..., None]) * line
    return averaged


def _line(angle: float, length_px: float) -> Floats:
    """Kernel of a line, fading over a pixel at its sides."""
    half = int(np.ceil(length_px / 2))
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    kernel = np.clip(1 - np.abs(across), 0, 1) * np.clip(length_px / 2 + 0.5 - np.abs(along), 0, 1)
    return np.asarray(kernel / kernel.sum(), np.float32)


def smooth_field(rng: Generator, shape: tuple[int, int], scale: float) -> Floats:
    """Slow Gaussian noise over a whole grid, not periodic: ``shape`` float32, about standard normal.

    ``scale`` is the distance, in grid steps, over which it changes.
    """
    knots = tuple(max(4, int(np.ceil(n / scale)) + 4) for n in shape)
    coarse = rng.standard_normal(knots, dtype=np.float32)
    step = np.float32(1 / scale)
    shift_y, shift_x = 1 + rng.random(2)
    to_knots = np.array([[step, 0, shift_x], [0, step, shift_y]], np.float32)
    field = cv2.warpAffine(
        coarse,
        to_knots,
        (shape[1], shape[0]),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT,
    )
    # Cubic interpolation of independent knots has about this spread.
    return np.asarray(field / np.float32(0.75), np.float32)
