import numpy as np
import pytest

from her2path.image.stains import unmix
from her2path.phantom.scanner import SCANNERS, expose, line_response


@pytest.mark.parametrize("name", SCANNERS)
def test_glass_is_the_white_point(name: str) -> None:
    glass, still = np.zeros((20, 20, 5), np.float32), np.zeros((20, 20, 3), np.float32)
    rgb = expose(glass, scanner=SCANNERS[name], mpp_um=0.25, noise=still)
    np.testing.assert_array_equal(np.unique(rgb.reshape(-1, 3), axis=0), [SCANNERS[name].stains.white])


@pytest.mark.parametrize("name", SCANNERS)
@pytest.mark.parametrize("sigma_um", [0.3, 0.9])
def test_a_faint_line_drawn_against_the_loss_reads_as_wanted(name: str, sigma_um: float) -> None:
    scanner, mpp = SCANNERS[name], 0.05
    across = np.abs(np.arange(-200, 201) * mpp)
    response = line_response(np.array([sigma_um], np.float32), scanner=scanner, pixel_um=mpp)
    densities = np.zeros((101, 401, 5), np.float32)
    densities[..., 1] = 0.2 / response * np.exp(-0.5 * (across / sigma_um) ** 2)
    rgb = expose(densities, scanner=scanner, mpp_um=mpp, noise=np.zeros((101, 401, 3), np.float32))
    assert unmix(rgb, scanner.stains)[1][50].max() == pytest.approx(0.2, abs=0.03)


def test_out_of_focus_lines_are_gone() -> None:
    densities = np.zeros((80, 80, 5), np.float32)
    densities[:, 40, 1] = 0.5
    still, everywhere = np.zeros((80, 80, 3), np.float32), np.ones((80, 80), np.float32)
    scanner = SCANNERS["neutral"]
    sharp = expose(densities, scanner=scanner, mpp_um=0.25, noise=still)
    soft = expose(densities, scanner=scanner, mpp_um=0.25, noise=still, defocus=everywhere)
    assert np.ptp(soft[40].astype(int)) < 0.3 * np.ptp(sharp[40].astype(int))
