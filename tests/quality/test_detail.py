import numpy as np
from numpy.typing import NDArray

from her2path.quality.detail import COARSE_GAIN, FINE_GAIN, detail_bands, haematoxylin_gradients

CORE = (slice(32, 96), slice(32, 96))
MPP_UM = (0.5, 0.5)


def wave(length_px: float, axis: int) -> NDArray[np.uint8]:
    at = np.indices((128, 128))[axis]
    grey = np.rint(128 + 60 * np.sin(2 * np.pi * at / length_px)).astype(np.uint8)
    return np.stack([grey] * 3, axis=-1)


def energy(plane: NDArray[np.int16], gain: int) -> float:
    return float(np.mean((plane.astype(float) / gain) ** 2))


def test_each_band_answers_to_its_own_length_and_axis() -> None:
    for axis, name in enumerate("yx"):
        other = "xy"[axis]
        fine = detail_bands(wave(4, axis), CORE, MPP_UM)
        assert energy(fine[f"fine_{name}"], FINE_GAIN) > 20 * energy(fine[f"coarse_{name}"], COARSE_GAIN)
        assert energy(fine[f"fine_{other}"], FINE_GAIN) < 1
        coarse = detail_bands(wave(16, axis), CORE, MPP_UM)
        assert energy(coarse[f"coarse_{name}"], COARSE_GAIN) > 5 * energy(coarse[f"fine_{name}"], FINE_GAIN)


def test_nothing_overflows_between_black_and_white() -> None:
    checks = (np.indices((128, 128)) // 8).sum(axis=0) % 2
    bands = detail_bands(np.stack([(255 * checks).astype(np.uint8)] * 3, axis=-1), CORE, MPP_UM)
    # In the middle of a square both neighbours lie in squares of the other colour.
    assert bands["coarse_y"].max() == 2 * 25 * 255
    assert bands["coarse_y"].min() == -2 * 25 * 255
    gradients = haematoxylin_gradients((65535 * checks).astype(np.uint16), CORE, MPP_UM)
    total = gradients["nuclear_y"].astype(int) + gradients["nuclear_x"]
    assert (total == gradients["nuclear_yx"]).all()
