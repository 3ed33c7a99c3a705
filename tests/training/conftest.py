"""Drawn H&E fields, laid out on disk as the real sets are."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from her2path.arrays import Ints, Rgb8

EOSIN_OD, NUCLEUS_OD = (0.02, 0.20, 0.04), (0.42, 0.45, 0.19)
"""Red, green, blue densities of the ground and of nuclei."""

WHITE = (233, 230, 236)
SIDE_PX = 320

Field = tuple[Rgb8, Ints]


@pytest.fixture(scope="session")
def stained_field() -> Callable[[Ints], Rgb8]:
    """Give the H&E pixels of a map of nuclei (-1 for none)."""
    return _stained_field


@pytest.fixture(scope="session")
def he_field() -> Field:
    """A field of round nuclei 9 µm across, 16 µm apart: its pixels, and a map of its nuclei."""
    nucleus_at = np.full((SIDE_PX, SIDE_PX), -1, np.int32)
    centres = [(y, x) for y in range(32, SIDE_PX, 64) for x in range(32, SIDE_PX, 64)]
    for number, (y, x) in enumerate(centres):
        cv2.circle(nucleus_at, (x, y), 18, number, thickness=-1)
    return _stained_field(nucleus_at), nucleus_at


@pytest.fixture(scope="session")
def he_folder(he_field: Field, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``he_field`` as six files of three TNBC patients, two of them held back."""
    folder = tmp_path_factory.mktemp("he")
    rgb, nucleus_at = he_field
    for part in ("images", "labels"):
        (folder / "tnbc" / part).mkdir(parents=True)
    for patient in ("01", "07", "09"):
        for field in (1, 2):
            name = f"{patient}_{field}.png"
            cv2.imwrite(str(folder / "tnbc" / "images" / name), rgb[..., ::-1])
            cv2.imwrite(str(folder / "tnbc" / "labels" / name), (nucleus_at + 1).astype(np.uint16))
    return folder


def _stained_field(nucleus_at: Ints) -> Rgb8:
    grain = np.random.default_rng(0).normal(1, 0.05, nucleus_at.shape)[..., None]
    inside = (nucleus_at >= 0)[..., None]
    od = np.where(inside, NUCLEUS_OD, EOSIN_OD) * grain
    light = cv2.GaussianBlur((10.0**-od).astype(np.float32), (0, 0), 0.8)
    return np.asarray(np.rint(light * np.asarray(WHITE)), np.uint8)
