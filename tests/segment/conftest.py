"""Cells drawn as stain planes and as colour: a nucleus, a membrane of known density, blush."""

import numpy as np
import pytest

from her2path.arrays import OD_STEP, Doubles, Plane16, Rgb8
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix, mix

STAINS = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (240.0, 240.0, 240.0), "recipe")


class Canvas:
    """Densities of haematoxylin and DAB that cells are drawn into; everything in µm."""

    def __init__(self, height_um: float, width_um: float, mpp_um: float) -> None:
        self.mpp_um = mpp_um
        shape = (round(height_um / mpp_um), round(width_um / mpp_um))
        self._y_um, self._x_um = (np.indices(shape)[axis] * mpp_um for axis in (0, 1))
        self.haematoxylin, self.dab = np.zeros(shape), np.zeros(shape)

    def nucleus(self, y_um: float, x_um: float, radius_um: float, od: float = 0.25) -> None:
        self.haematoxylin[self._from(y_um, x_um) <= radius_um] = od

    def blush(self, y_um: float, x_um: float, radius_um: float, od: float) -> None:
        inside = self._from(y_um, x_um) <= radius_um
        self.dab[inside] = np.maximum(self.dab[inside], od)

    def ring(
        self,
        y_um: float,
        x_um: float,
        radius_um: float,
        od: float,
        *,
        share: float = 1.0,
        width_um: float = 1.2,
    ) -> None:
        """A membrane over the first ``share`` of the turn from +x, anticlockwise."""
        turn = (np.arctan2(y_um - self._y_um, self._x_um - x_um) / (2 * np.pi)) % 1
        line = np.abs(self._from(y_um, x_um) - radius_um) <= width_um / 2
        drawn = line & (turn < share)
        self.dab[drawn] = np.maximum(self.dab[drawn], od)

    @property
    def planes(self) -> tuple[Plane16, Plane16]:
        haematoxylin, dab = (np.rint(od / OD_STEP).astype(np.uint16) for od in (self.haematoxylin, self.dab))
        return haematoxylin, dab

    @property
    def rgb(self) -> Rgb8:
        densities = np.stack([self.haematoxylin, self.dab, np.zeros_like(self.dab)])
        return mix(densities, STAINS)

    def _from(self, y_um: float, x_um: float) -> Doubles:
        return np.asarray(np.hypot(self._y_um - y_um, self._x_um - x_um), np.float64)


@pytest.fixture
def stains() -> StainMatrix:
    return STAINS


@pytest.fixture
def fine() -> Canvas:
    """60 × 60 µm at 0.25 µm/px, the membrane grid."""
    return Canvas(60, 60, 0.25)


@pytest.fixture
def coarse() -> Canvas:
    """80 × 80 µm at 0.5 µm/px, the nucleus grid."""
    return Canvas(80, 80, 0.5)
