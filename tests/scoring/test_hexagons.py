import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2path.arrays import Doubles
from her2path.scoring.hexagons import adjacent_pairs, hex_bins, hex_centres

positions = st.lists(st.tuples(st.floats(0, 50_000), st.floats(0, 90_000)), min_size=1, max_size=50).map(
    lambda pairs: np.array(pairs).T
)


@given(positions, st.sampled_from([50.0, 250.0, 333.3]))
def test_no_other_centre_is_nearer_than_that_of_the_bin(yx: Doubles, bin_um: float) -> None:
    y, x = yx
    bins = hex_bins(y, x, bin_um)
    own_y, own_x = hex_centres(bins, bin_um)
    own = np.hypot(y - own_y, x - own_x)
    assert (own <= bin_um / np.sqrt(3) * (1 + 1e-9)).all()  # the corner of a hexagon is this far
    for angle in np.radians(np.arange(0, 360, 60)):
        other = np.hypot(y - own_y - bin_um * np.sin(angle), x - own_x - bin_um * np.cos(angle))
        assert (own <= other + 1e-6).all()


@given(positions)
def test_a_bin_depends_on_the_position_alone(yx: Doubles) -> None:
    y, x = yx
    together = hex_bins(y, x, 250.0)
    alone = [int(hex_bins(y[k : k + 1], x[k : k + 1], 250.0)[0]) for k in range(len(y))]
    assert together.tolist() == alone
    assert together.dtype == np.int32


def test_centres_lie_in_their_own_bin() -> None:
    bins = np.array([0, 1, 65536, 65537, 5 * 65536 + 7, 32767 * 65536 + 65535], np.int32)
    assert hex_bins(*hex_centres(bins, 250.0), 250.0).tolist() == bins.tolist()


def test_neighbours_are_the_hexagons_one_centre_distance_away() -> None:
    y, x = np.meshgrid(np.arange(0, 3000, 40.0), np.arange(0, 3000, 40.0))
    bins = np.unique(hex_bins(y.ravel(), x.ravel(), 250.0))
    bins = np.delete(bins, [17, 40])
    cy, cx = hex_centres(bins, 250.0)
    distance = np.hypot(cy[:, None] - cy, cx[:, None] - cx)
    expected = set(zip(*np.nonzero(np.abs(distance - 250) < 1), strict=True))
    pairs = adjacent_pairs(bins)
    assert {(int(a), int(b)) for a, b in pairs} == {(int(a), int(b)) for a, b in expected}
    assert len(pairs) == len(expected)


def test_no_neighbours_across_the_edge_of_the_numbering_or_without_bins() -> None:
    assert adjacent_pairs(np.array([65535, 65536], np.int32)).size == 0
    assert adjacent_pairs(np.zeros(0, np.int32)).shape == (0, 2)


@pytest.mark.parametrize(("y", "x"), [(-500.0, 0.0), (0.0, -500.0), (np.nan, 0.0), (1e9, 0.0), (0.0, 1e9)])
def test_positions_off_the_slide_are_refused(y: float, x: float) -> None:
    with pytest.raises(ValueError, match="on the slide"):
        hex_bins(np.array([y]), np.array([x]), 250.0)
