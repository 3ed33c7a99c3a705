"""Filled ducts with a dead middle are pointed at; nests, glands and sheets of invasive tumour are not."""

from collections.abc import Callable

import numpy as np
import pytest

from her2path.arrays import Bools, Doubles
from her2path.cells.table import CellTable
from her2path.cells.vocabulary import STROMA, TUMOUR
from her2path.image.geometry import PixelSize
from her2path.quality.in_situ import Nests, hollow_nests, in_situ_flags

PIXEL = PixelSize(0.25, 0.25)
TableAt = Callable[..., CellTable]
Where = Callable[[Doubles], Bools]
SIDE_UM = 1600.0


def scattered(spacing_um: float = 12.0, seed: int = 0) -> Doubles:
    """Cells all over a square of tissue, on a shaken lattice."""
    rng = np.random.default_rng(seed)
    places = np.stack(np.meshgrid(*[np.arange(20, SIDE_UM, spacing_um)] * 2, indexing="ij"), axis=-1)
    shaken: Doubles = places.reshape(-1, 2) + rng.uniform(-0.3, 0.3, (places.size // 2, 2)) * spacing_um
    return shaken


def nests_where(table_at: TableAt, is_tumour: Where) -> Nests:
    """Nests of tissue in which the cells are tumour where a function of their places says so."""
    yx_um = scattered()
    kind = np.where(is_tumour(yx_um), TUMOUR, STROMA)
    y_px, x_px = (yx_um / 0.25).astype(np.int32).T
    return hollow_nests(table_at(y_px, x_px, kind=kind), PIXEL)


MIDDLES = np.array([[350.0, 350.0], [350.0, 1100.0], [1150.0, 700.0]])


def rings(outer_um: float, inner_um: float, stretch: float = 1.0) -> Where:
    def inside(yx_um: Doubles) -> Bools:
        away = np.hypot(
            (yx_um[:, None, 0] - MIDDLES[:, 0]) / stretch, (yx_um[:, None, 1] - MIDDLES[:, 1]) * stretch
        )
        found: Bools = ((away < outer_um) & (away >= inner_um)).any(axis=1)
        return found

    return inside


@pytest.mark.parametrize(("outer", "inner"), [(120, 40), (180, 80), (150, 60)])
def test_comedo_nests_are_found_where_they_are(table_at: TableAt, outer: float, inner: float) -> None:
    nests = nests_where(table_at, rings(outer, inner))
    assert len(nests) == 3
    found = np.sort(np.stack([nests.y_um, nests.x_um], axis=1), axis=0)
    np.testing.assert_allclose(found, np.sort(MIDDLES, axis=0), atol=15)
    np.testing.assert_allclose(nests.diameter_um, 2 * outer, atol=30)
    (flag,) = in_situ_flags(nests)
    assert (flag.code, flag.severity) == ("IN_SITU_SUSPECTED", "warning")
    assert "in situ has: 3, with" in flag.detail


def test_an_oval_duct_is_round_enough(table_at: TableAt) -> None:
    assert len(nests_where(table_at, rings(160, 60, stretch=1.2))) == 3


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        pytest.param(150, 0, id="solid nests"),
        pytest.param(60, 38, id="glands of one layer"),
        pytest.param(150, 130, id="thin walls"),
        pytest.param(55, 15, id="small nests"),
    ],
)
def test_what_invades_is_left_in_peace(table_at: TableAt, outer: float, inner: float) -> None:
    assert list(in_situ_flags(nests_where(table_at, rings(outer, inner)))) == []


def test_a_sheet_with_holes_is_no_duct(table_at: TableAt) -> None:
    holes = rings(60, 0)
    assert len(nests_where(table_at, lambda yx_um: ~holes(yx_um))) == 0


def test_a_hollow_at_the_rim_is_no_dead_middle(table_at: TableAt) -> None:
    nest = rings(170, 0)

    def bitten(yx_um: Doubles) -> Bools:
        away = np.hypot(yx_um[:, None, 0] - MIDDLES[:, 0] - 110, yx_um[:, None, 1] - MIDDLES[:, 1])
        found: Bools = nest(yx_um) & (away > 45).all(axis=1)
        return found

    assert len(nests_where(table_at, bitten)) == 0


@pytest.mark.parametrize("seed", range(5))
def test_random_nests_are_quiet(table_at: TableAt, seed: int) -> None:
    rng = np.random.default_rng(seed)
    waves = rng.normal(size=(12, 2)) / 60, rng.uniform(0, 2 * np.pi, 12)

    def wavy(yx_um: Doubles) -> Bools:
        found: Bools = np.cos(yx_um @ waves[0].T + waves[1]).sum(axis=1) > 1
        return found

    assert list(in_situ_flags(nests_where(table_at, wavy))) == []


def test_no_cell_is_no_nest() -> None:
    nests = hollow_nests(CellTable.empty(), PIXEL)
    assert len(nests) == 0
    assert list(in_situ_flags(nests)) == []
