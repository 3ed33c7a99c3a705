import numpy as np
import pytest

from her2path.phantom.grid import GRID_UM
from her2path.phantom.pigment import PIGMENTS, Granules, granule_od, pigment_granules, precipitate
from her2path.phantom.view import View, make_textures

SHAPE = (200, 200)
LEFT = np.zeros(SHAPE, bool)
LEFT[:, :100] = True
NOWHERE = np.zeros(SHAPE, bool)


@pytest.mark.parametrize("kind", sorted(PIGMENTS))
def test_pigment_lies_where_its_kind_does(kind: str) -> None:
    found = pigment_granules(
        kind, 200.0, tissue=~NOWHERE, tumour=LEFT, lumen=NOWHERE, rng=np.random.default_rng(1)
    )
    assert len(found.y_um) > 300
    in_tumour = (found.x_um < 100 * GRID_UM).mean()
    match PIGMENTS[kind].place:
        case "tumour":
            assert in_tumour > 0.9
        case "stroma":
            assert in_tumour < 0.1
        case "tissue":
            assert 0.2 < in_tumour < 0.8


def test_no_tissue_holds_no_pigment() -> None:
    found = pigment_granules(
        "carbon", 50.0, tissue=NOWHERE, tumour=NOWHERE, lumen=NOWHERE, rng=np.random.default_rng(1)
    )
    assert len(found.y_um) == 0


def test_precipitate_has_the_density_asked_for_and_lies_in_clumps_too() -> None:
    found = precipitate(500.0, (1000.0, 2000.0), (0.3, 0.5, 0.8), np.random.default_rng(2))
    assert len(found.y_um) == pytest.approx(1000, abs=120)
    near = np.hypot(np.diff(found.y_um), np.diff(found.x_um)) < 30
    assert 0.2 < near.mean() < 0.4


def test_grains_are_as_dark_as_asked_whatever_the_window() -> None:
    two = np.array([20.0, 20.2])
    grains = Granules(two, two, np.array([1.0, 1.0]), np.array([0.8, 0.5]), (0.6, 0.6, 0.5))
    textures = make_textures(np.random.default_rng(0), 0.25)
    whole = granule_od(View(0, 0, 160, 160, 0.25, textures), grains)
    part = granule_od(View(60, 76, 60, 60, 0.25, textures), grains)
    # Grains over each other are as dark as the darkest, not as their sum.
    assert whole.max() == pytest.approx(0.8 * 0.6)
    assert np.argwhere(whole[..., 0] > 0).mean() == pytest.approx(80, abs=1)
    np.testing.assert_array_equal(part, whole[60:120, 76:136])
    assert not granule_od(View(400, 400, 60, 60, 0.25, textures), grains).any()


def test_carbon_is_flat_and_haemosiderin_golden() -> None:
    carbon, golden = (np.array(PIGMENTS[kind].colour) for kind in ("carbon", "haemosiderin"))
    assert np.ptp(carbon) == 0
    assert golden[2] > 1.5 * golden[1] > 2 * golden[0]
