from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from her2path.phantom.ducts import (
    CUFF_UM,
    Discs,
    disc_map,
    draw_ducts,
    no_ducts,
    scattered_discs,
    write_regions,
)
from her2path.phantom.grid import GRID_UM
from her2path.store.regions import read_regions

EVERYWHERE = np.full((400, 500), 1000.0, np.float32)


def test_a_disc_is_round_and_its_distance_in_micrometres() -> None:
    one = Discs(*(np.array([value]) for value in (600.0, 750.0, 90.0, 1.0, 0.0)))
    distance = disc_map(one, (400, 500))
    assert distance[200, 250] == pytest.approx(90)
    assert distance[200, 250 + 20] == pytest.approx(30)
    assert distance[200 + 40, 250] == pytest.approx(-30)
    assert (distance > 0).sum() * GRID_UM**2 == pytest.approx(np.pi * 90**2, rel=0.02)


def test_discs_keep_their_distance_and_cover_what_is_asked() -> None:
    discs = scattered_discs(EVERYWHERE, (40, 80), 2e5, 25.0, 1.2, np.random.default_rng(1))
    assert np.pi * (discs.radius_um**2).sum() == pytest.approx(2e5, abs=np.pi * 80**2)
    pieces, n = ndimage.label(disc_map(discs, (400, 500)) > -10)
    assert n == len(discs) > 5
    assert pieces.max() == n


def test_without_room_there_are_no_discs() -> None:
    discs = scattered_discs(EVERYWHERE - 990, (40, 80), 2e5, 25.0, 1.2, np.random.default_rng(1))
    assert len(discs) == 0


def test_ducts_in_situ_are_large_some_dead_and_apart_from_normal_ones() -> None:
    ducts = draw_ducts(4e5, 1e5, EVERYWHERE, np.random.default_rng(4))
    in_situ, normal = ducts.in_situ > 0, ducts.normal > 0
    assert in_situ.sum() * GRID_UM**2 == pytest.approx(4e5, rel=0.35)
    assert normal.any()
    assert not (normal & (ducts.in_situ > -CUFF_UM + 8)).any()
    dead = ducts.dead > 0
    assert dead.any()
    assert (ducts.in_situ[dead] > 25).all()
    nowhere = no_ducts((400, 500))
    assert max(nowhere.in_situ.max(), nowhere.normal.max(), nowhere.dead.max()) < 0


def test_outlines_are_read_back_as_regions(tmp_path: Path) -> None:
    one = Discs(*(np.array([value]) for value in (600.0, 750.0, 90.0, 1.0, 0.0)))
    path = tmp_path / "slide.regions.geojson"
    write_regions(path, {"DCIS": disc_map(one, (400, 500)), "Normal": EVERYWHERE - 2000}, 0.25)
    (region,) = read_regions(path).outlines
    assert region.name == "DCIS"
    assert region.geometry.area == pytest.approx(np.pi * 360**2, rel=0.08)
    assert region.geometry.centroid.x == pytest.approx(3000, abs=8)
    assert region.geometry.centroid.y == pytest.approx(2400, abs=8)
