"""A window on a slide, and the textures that show through it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from her2path.arrays import Floats
from her2path.phantom.texture import Texture, noise


@dataclass(frozen=True, eq=False)
class Textures:
    """Everything fine-grained, at the pixel size of drawing. Periods differ so that the sum repeats late."""

    grain: Texture
    chromatin: Texture
    clump: Texture
    fibre: Texture
    bubble: Texture
    wave_y: Texture
    wave_x: Texture
    patch: Texture
    sensor: Texture


def make_textures(rng: Generator, mpp_um: float) -> Textures:
    """Draw the textures of a slide."""
    return Textures(
        grain=Texture(noise(rng, 800, 0.35 / mpp_um)),
        chromatin=Texture(noise(rng, 768, 0.5 / mpp_um)),
        clump=Texture(noise(rng, 864, 1.1 / mpp_um)),
        fibre=Texture(_swirl(rng, noise(rng, 960, 0.35 / mpp_um, along_px=3.5 / mpp_um), mpp_um)),
        bubble=Texture(noise(rng, 936, 1.6 / mpp_um)),
        wave_y=Texture(_waves(rng, 900, mpp_um)),
        wave_x=Texture(_waves(rng, 1000, mpp_um)),
        patch=Texture(noise(rng, 1024, 6.0 / mpp_um)),
        sensor=Texture(noise(rng, 1080, 0.0)),
    )


@dataclass(frozen=True, eq=False)
class View:
    """A window of the drawing grid; may reach outside the slide."""

    y_px: int
    x_px: int
    height_px: int
    width_px: int
    mpp_um: float
    """Pixel size of drawing."""

    textures: Textures

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.height_px, self.width_px

    @property
    def y_um(self) -> float:
        """Upper edge."""
        return self.y_px * self.mpp_um

    @property
    def x_um(self) -> float:
        """Left edge."""
        return self.x_px * self.mpp_um

    def read(self, texture: Texture, shift: int = 0) -> Floats:
        """Read a texture through the window: ``shape`` float32. Far shifts of one texture look unrelated."""
        return texture.read(self.y_px + shift, self.x_px + 2 * shift, self.height_px, self.width_px)

    def pick(self, texture: Texture, index: NDArray[np.int64], shift: int = 0) -> Floats:
        """Read a texture at flat indices of the window."""
        return self.read(texture, shift).ravel()[index]


def _swirl(rng: Generator, field: Floats, mpp_um: float) -> Floats:
    """Bend a periodic field so that fibres run in every direction."""
    period = field.shape[0]
    y, x = np.mgrid[:period, :period].astype(np.float32)
    y, x = (axis + 14 / mpp_um * noise(rng, period, 11 / mpp_um) for axis in (y, x))
    return np.asarray(cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP), np.float32)


def _waves(rng: Generator, period_px: int, mpp_um: float) -> Floats:
    """Displacements in µm: borders bend over a few µm, and more over a cell."""
    return np.asarray(
        0.25 * noise(rng, period_px, 1.8 / mpp_um) + 0.8 * noise(rng, period_px, 4.5 / mpp_um), np.float32
    )
