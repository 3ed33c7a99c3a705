from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from her2path.arrays import Rgb8
from her2path.errors import NotEvaluableError
from her2path.image.estimate import estimate_stains, estimate_white
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix, mix
from her2path.quality.nuclear_stain import BrownPlaces, brown_places, check_nuclear_stain
from her2path.quality.patches import PATCH_PX

STAINS = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (242.0, 242.0, 242.0), "published")
MPP_UM = 0.25
CELL_PX, NUCLEUS_PX, MEMBRANE_PX = 48, 15, 6


def patches(rgb: Rgb8) -> NDArray[np.uint8]:
    starts = [
        (y, x)
        for y in range(0, rgb.shape[0] - PATCH_PX + 1, PATCH_PX)
        for x in range(0, rgb.shape[1] - PATCH_PX + 1, PATCH_PX)
    ]
    return np.concatenate([rgb[y : y + PATCH_PX, x : x + PATCH_PX].reshape(-1, 3) for y, x in starts])


def cells(*, brown_nuclei: float = 0.0, membrane_od: float = 0.0, blush_od: float = 0.0) -> NDArray[np.uint8]:
    """Sheets of square cells with round nuclei, some of them brown."""
    rng = np.random.default_rng(0)
    haematoxylin = np.full((768, 768), 0.03, np.float32)
    dab = np.full((768, 768), blush_od, np.float32)
    for y in range(CELL_PX // 2, 768, CELL_PX):
        for x in range(CELL_PX // 2, 768, CELL_PX):
            cv2.circle(haematoxylin, (x, y), NUCLEUS_PX, 0.2, -1)
            brown = 0.5 if rng.random() < brown_nuclei else 0.0
            cv2.circle(dab, (x, y), NUCLEUS_PX, brown, -1)
            corner = CELL_PX // 2
            cv2.rectangle(dab, (x - corner, y - corner), (x + corner, y + corner), membrane_od, MEMBRANE_PX)
    densities = np.stack([cv2.GaussianBlur(plane, (0, 0), 1.5) for plane in (haematoxylin, dab, 0 * dab)])
    return patches(mix(densities.astype(float), STAINS))


def places(pixels: NDArray[np.uint8]) -> BrownPlaces:
    found = brown_places(pixels, STAINS, MPP_UM)
    assert found is not None
    return found


def test_brown_nuclei_all_over_are_another_stain() -> None:
    found = places(cells(brown_nuclei=0.8))
    assert found.agreement > 0.5
    with pytest.raises(NotEvaluableError, match="nuclear stain") as raised:
        check_nuclear_stain(found)
    assert raised.value.code == "NOT_MEMBRANE_STAIN"


def test_a_few_brown_nuclei_are_flagged() -> None:
    found = places(cells(brown_nuclei=0.02))
    assert [flag.code for flag in check_nuclear_stain(found)] == ["NUCLEAR_STAIN"]


@pytest.mark.parametrize(
    ("membrane_od", "blush_od"), [(0.15, 0.0), (0.4, 0.0), (0.9, 0.0), (0.9, 0.2), (0.0, 0.25)]
)
def test_membranes_and_cytoplasm_are_not(membrane_od: float, blush_od: float) -> None:
    found = brown_places(cells(membrane_od=membrane_od, blush_od=blush_od), STAINS, MPP_UM)
    assert check_nuclear_stain(found) == ()
    assert found is None or found.agreement < 0


def test_a_bleeding_in_a_corner_does_not_refuse_a_slide() -> None:
    pixels = cells()
    corner = cells(brown_nuclei=1.0)
    n = len(pixels) // PATCH_PX**2 // 6 * PATCH_PX**2
    pixels[:n] = corner[:n]
    assert [flag.code for flag in check_nuclear_stain(places(pixels))] == ["NUCLEAR_STAIN"]


def test_without_brown_or_without_room_nothing_is_told() -> None:
    assert brown_places(cells(), STAINS, MPP_UM) is None
    assert brown_places(cells(brown_nuclei=1.0), STAINS, 0.1) is None
    assert brown_places(np.zeros((0, 3), np.uint8), STAINS, MPP_UM) is None
    assert check_nuclear_stain(None) == ()


@pytest.mark.slow
@pytest.mark.realdata
def test_real_ki67_is_refused_and_real_her2_is_not(realdata: Path) -> None:
    def found(name: str, mpp_um: float) -> BrownPlaces | None:
        rgb = np.ascontiguousarray(np.asarray(cv2.imread(str(realdata / name)))[..., ::-1], np.uint8)
        pixels = patches(rgb)
        return brown_places(pixels, estimate_stains(pixels, estimate_white(rgb)), mpp_um)

    for name, mpp_um in (("ndpi_0.227mpp", 0.227), ("vsi_0.346mpp", 0.346)):
        with pytest.raises(NotEvaluableError):
            check_nuclear_stain(found(f"nuclei/ihc_openslide/OS-2_Ki67_{name}.png", mpp_um))
    for path in sorted(realdata.glob("her2_fields/*.png")):
        assert check_nuclear_stain(found(f"her2_fields/{path.name}", 0.46)) == ()
