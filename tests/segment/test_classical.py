"""From colour to measured cells: what was drawn round a nucleus is what the table says of it."""

from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np
import pytest

from her2path.cells.maps import CellMaps
from her2path.cells.measure import Membranes, measure_membranes
from her2path.image.geometry import PixelSize, Region, Tile
from her2path.image.stains import StainMatrix
from her2path.segment.classical import ClassicalSegmenter
from her2path.segment.kinds import KindEvidence

if TYPE_CHECKING:
    from tests.segment.conftest import Canvas

SIZE = PixelSize(0.25, 0.25)


def segment(canvas: "Canvas", stains: StainMatrix, core: Region | None = None) -> CellMaps:
    rgb = canvas.rgb
    read = Region(400, 800, *rgb.shape[:2])
    return ClassicalSegmenter()(rgb, Tile(core=core or read, read=read), SIZE, stains)


def seen(maps: CellMaps) -> KindEvidence:
    assert isinstance(maps.evidence, KindEvidence)
    return maps.evidence


def measured(canvas: "Canvas", stains: StainMatrix) -> Membranes:
    """The membrane of the one nucleus drawn: the spot of most contrast."""
    maps = segment(canvas, stains)
    found = measure_membranes(maps, (0.25, 0.25), stained_od=0.08)
    clearest = [int(np.argmax(seen(maps).contrast_od))]
    return Membranes(**{field.name: getattr(found, field.name)[clearest] for field in fields(found)})


@pytest.fixture
def cell(fine: "Canvas") -> "Canvas":
    """One nucleus of 3.5 µm in pale cytoplasm, in the middle."""
    fine.haematoxylin += 0.04
    fine.nucleus(30, 30, 3.5)
    return fine


def test_the_anchor_is_the_middle_of_the_nucleus_at_level_0(cell: "Canvas", stains: StainMatrix) -> None:
    maps = segment(cell, stains)
    assert abs(int(maps.y_px[0]) - 520) <= 3
    assert abs(int(maps.x_px[0]) - 920) <= 3
    assert np.median(maps.nucleus_radii_um) == pytest.approx(3.5, abs=0.8)
    assert seen(maps).nucleus_od[0] == pytest.approx(0.25, rel=0.25)


def test_a_closed_ring(cell: "Canvas", stains: StainMatrix) -> None:
    cell.ring(30, 30, 6.5, 0.5)
    found = measured(cell, stains)
    assert found.completeness[0] > 0.9
    assert found.membrane_od[0] == pytest.approx(0.5, abs=0.08)


def test_half_a_ring(cell: "Canvas", stains: StainMatrix) -> None:
    cell.ring(30, 30, 6.5, 0.5, share=0.5)
    found = measured(cell, stains)
    assert found.completeness[0] == pytest.approx(0.5, abs=0.12)
    assert found.longest_gap[0] == pytest.approx(0.5, abs=0.12)


def test_blush_is_no_membrane(cell: "Canvas", stains: StainMatrix) -> None:
    cell.blush(30, 30, 10.0, 0.25)
    found = measured(cell, stains)
    assert found.completeness[0] < 0.1
    assert found.cytoplasm_od[0] == pytest.approx(0.25, abs=0.05)


def test_a_cell_belongs_to_the_tile_whose_core_holds_its_anchor(cell: "Canvas", stains: StainMatrix) -> None:
    anchor = segment(cell, stains)
    y, x = int(anchor.y_px[0]), int(anchor.x_px[0])
    above, below = Region(400, 800, y - 400, 240), Region(y, x, 40, 40)
    assert len(segment(cell, stains, above).y_px) == 0
    assert len(segment(cell, stains, below).y_px) == 1
