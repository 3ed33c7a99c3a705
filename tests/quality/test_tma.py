"""From a painted mask to places: what is whole, broken, missing, and what lies beside the array."""

import cv2
import numpy as np
import pytest

from her2path.arrays import Mask
from her2path.errors import NotEvaluableError
from her2path.quality.tma import Array, Place, dearray, row_name

MPP_UM = 8.0
CORE_UM, PITCH_UM = 1000.0, 1400.0


def paint(
    n_rows: int = 3,
    n_columns: int = 4,
    *,
    rotation_deg: float = 0.0,
    missing: tuple[str, ...] = (),
    broken: tuple[str, ...] = (),
    pitch_um: float = PITCH_UM,
    stray: tuple[tuple[float, float, float], ...] = (),
) -> Mask:
    """Paint discs on a grid; a broken one keeps two strips at its sides. Strays are y, x and radius in µm."""
    turn = np.radians(rotation_deg)
    along, below = (np.array([np.sin(turn), np.cos(turn)]), np.array([np.cos(turn), -np.sin(turn)]))
    mask = np.zeros((round((n_rows + 2) * 1500 / MPP_UM), round((n_columns + 2) * 1500 / MPP_UM)), np.uint8)
    radius = round(CORE_UM / 2 / MPP_UM)
    for row in range(n_rows):
        for column in range(n_columns):
            label = f"{row_name(row)}{column + 1}"
            if label in missing:
                continue
            y, x = np.rint((2000 + pitch_um * (row * below + column * along)) / MPP_UM).astype(int).tolist()
            core = np.zeros_like(mask)
            cv2.circle(core, (x, y), radius, 1, -1)
            if label in broken:
                core[:, x - radius + 25 : x + radius - 25] = 0
            mask[core > 0] = 1
    for y_um, x_um, radius_um in stray:
        middle = (round(x_um / MPP_UM), round(y_um / MPP_UM))
        cv2.circle(mask, middle, round(radius_um / MPP_UM), 1, -1)
    return mask.astype(bool)


def by_label(array: Array) -> dict[str, Place]:
    return {place.label: place for place in array.places}


def states(array: Array) -> dict[str, str]:
    return {place.label: place.state for place in array.places if place.state != "present"}


def test_every_place_has_its_label_its_middle_and_its_circle() -> None:
    array = dearray(paint(), MPP_UM)
    assert [place.label for place in array.places] == [f"{row}{k}" for row in "ABC" for k in range(1, 5)]
    assert (array.n_rows, array.n_columns, array.doubts) == (3, 4, ())
    assert array.core_um == pytest.approx(CORE_UM, rel=0.05)
    assert array.pitch_um == pytest.approx((PITCH_UM, PITCH_UM), rel=0.01)
    place = by_label(array)["B3"]
    assert (place.row, place.column, place.state) == ("B", 3, "present")
    assert (place.y_um, place.x_um) == pytest.approx((2000 + PITCH_UM, 2000 + 2 * PITCH_UM), abs=20)
    assert place.radius_um == pytest.approx(CORE_UM / 2, rel=0.1)
    assert place.share == pytest.approx(1, abs=0.1)
    assert array.outside_mm2 == 0


@pytest.mark.parametrize("rotation", [-10.0, 4.0, 10.0])
def test_a_turned_array_keeps_its_labels(rotation: float) -> None:
    array = dearray(paint(4, 5, rotation_deg=rotation, missing=("A1", "C3"), broken=("B2",)), MPP_UM)
    assert array.rotation_deg == pytest.approx(rotation, abs=0.5)
    assert states(array) == {"A1": "missing", "C3": "missing", "B2": "broken"}


def test_fragments_go_to_their_place_and_other_tissue_is_reported() -> None:
    array = dearray(paint(broken=("B2",), stray=((500.0, 500.0, 200.0),)), MPP_UM)
    place = by_label(array)["B2"]
    assert place.state == "broken"
    assert 0.05 < place.share < 0.6
    # The circle holds both strips, half a core to the left and to the right of the middle.
    assert (place.y_um, place.x_um) == pytest.approx((2000 + PITCH_UM, 2000 + PITCH_UM), abs=40)
    assert place.radius_um == pytest.approx(CORE_UM / 2, rel=0.1)
    assert array.outside_mm2 == pytest.approx(np.pi * 0.2**2, rel=0.15)


def test_cores_that_touch_are_places_of_their_own() -> None:
    array = dearray(paint(4, 4, pitch_um=1010.0, missing=("B2",)), MPP_UM)
    assert (array.n_rows, array.n_columns) == (4, 4)
    assert states(array) == {"B2": "missing"}


def test_a_crumb_is_no_core() -> None:
    crumb = (2000 + PITCH_UM, 2000 + PITCH_UM, 80.0)
    array = dearray(paint(missing=("B2",), stray=(crumb,)), MPP_UM)
    assert states(array) == {"B2": "missing"}
    assert array.outside_mm2 == pytest.approx(np.pi * 0.08**2, rel=0.3)


def test_a_piece_larger_than_a_core_is_no_fragment() -> None:
    strip = np.zeros_like(paint())
    strip[215:260, 60:900] = True  # under the lowest row, where it reaches three places
    array = dearray(paint(missing=("C2", "C3")) | np.roll(strip, 330, axis=0), MPP_UM)
    assert states(array) == {"C2": "missing", "C3": "missing"}
    assert array.outside_mm2 > 1


def test_a_core_that_wandered_is_named_as_a_doubt() -> None:
    wandered = (2000 + PITCH_UM, 2000 + 1.5 * PITCH_UM, CORE_UM / 2)
    array = dearray(paint(4, 5, missing=("B2", "B3"), stray=(wandered,)), MPP_UM)
    assert len(states(array)) == 1
    (doubt,) = array.doubts
    assert "B2" in doubt or "B3" in doubt


def test_what_is_no_array_is_refused_with_what_was_seen() -> None:
    section = np.zeros((500, 700), bool)
    section[50:450, 60:640] = True
    with pytest.raises(NotEvaluableError, match=r"^0 round pieces") as raised:
        dearray(section, MPP_UM)
    assert raised.value.code == "NOT_AN_ARRAY"
    with pytest.raises(NotEvaluableError, match="3 rows and 4 columns, and --grid says 2x4"):
        dearray(paint(), MPP_UM, shape=(2, 4))
    scattered = np.zeros((1000, 1000), np.uint8)
    for y, x in (
        (100, 100),
        (160, 420),
        (330, 250),
        (420, 700),
        (600, 90),
        (650, 450),
        (850, 300),
        (880, 850),
    ):
        cv2.circle(scattered, (x, y), 62, 1, -1)
    with pytest.raises(NotEvaluableError, match=r"^8 round pieces .* stand in no rows"):
        dearray(scattered.astype(bool), MPP_UM)


def test_rows_are_named_as_columns_of_a_spreadsheet() -> None:
    assert [row_name(row) for row in (0, 25, 26, 27, 51, 52)] == ["A", "Z", "AA", "AB", "AZ", "BA"]
