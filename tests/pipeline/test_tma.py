"""Cores as regions: outlines do not take from each other, and every place has its own result."""

from dataclasses import asdict
from itertools import combinations

import cv2
import numpy as np
import pytest
import shapely

from her2path.arrays import Mask
from her2path.errors import UsageError
from her2path.image.geometry import PixelSize
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix
from her2path.image.tissue import TissueMap
from her2path.pipeline.areas import Areas, find_areas, label_regions
from her2path.pipeline.survey import Survey
from her2path.pipeline.tma import (
    array_flags,
    check_labels,
    core_places_before,
    find_array,
    outlines_of,
    place_cores,
)
from her2path.quality.stain_type import StainType
from her2path.recipe import Recipe, TissueArray
from her2path.store.recipes import load_recipe
from her2path.store.regions import Outline

PIXEL_SIZE = PixelSize(0.5, 0.5)
DOWNSAMPLE = 16
GRID_UM = DOWNSAMPLE * 0.5


def survey(tissue: Mask, unreadable: Mask | None = None) -> Survey:
    nothing = np.zeros(tissue.shape, bool)
    return Survey(
        DOWNSAMPLE,
        TissueMap(tissue, nothing),
        nothing if unreadable is None else unreadable,
        {"pen": nothing},
        {},
        StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (240.0, 240.0, 240.0), "published"),
        StainType("h-dab", "", ""),
        (),
    )


@pytest.fixture(scope="module")
def tissue() -> Mask:
    """Two rows of three cores of 1 mm: B2 is missing, of A3 two strips are left."""
    mask = np.zeros((500, 700), np.uint8)
    for y, x in ((120, 120), (120, 290), (120, 460), (290, 120), (290, 460)):
        cv2.circle(mask, (x, y), 62, 1, -1)
    mask[:, 420:500] *= np.arange(500)[:, None] > 200
    return mask.astype(bool)


def areas_of(found: Survey, include: tuple[Outline, ...]) -> Areas:
    return find_areas(found, PIXEL_SIZE, include=include, exclude=(), in_situ_classes=())


def test_places_are_regions_that_hold_their_core_and_no_other(tissue: Mask) -> None:
    array = find_array(survey(tissue), PIXEL_SIZE, TissueArray(grid=(2, 3)))
    outlines = outlines_of(array, PIXEL_SIZE)
    assert [outline.label for outline in outlines] == ["A1", "A2", "A3", "B1", "B2", "B3"]
    assert [outline.name for outline in outlines[1:3]] == ["Core", "Core: broken"]
    regions = label_regions(outlines, tissue.shape, DOWNSAMPLE)
    assert np.count_nonzero(tissue & (regions == 0)) < 0.02 * np.count_nonzero(tissue)
    assert regions[120, 120] == 1
    assert regions[290, 460] == 6


def test_no_place_without_a_core_takes_tissue_from_one_that_has() -> None:
    mask = np.zeros((500, 700), np.uint8)
    for y, x in ((120, 120), (120, 290), (290, 120), (290, 340), (120, 460), (290, 460)):
        cv2.circle(mask, (x, y), 62, 1, -1)  # B2 has wandered towards B3
    mask[290 - 62 : 290 + 63, 420:530] = 0
    array = find_array(survey(mask.astype(bool)), PIXEL_SIZE, TissueArray(grid=(2, 3)))
    outlines = outlines_of(array, PIXEL_SIZE)
    for one, other in combinations(range(6), 2):
        both = shapely.intersection(outlines[one].geometry, outlines[other].geometry).area
        whole = array.places[one].state == array.places[other].state == "present"
        assert whole or both < 1, (array.places[one], array.places[other])


def test_a_drawn_array_is_read_back_with_rows_columns_and_states(tissue: Mask) -> None:
    seen = survey(tissue)
    drawn = tuple(
        Outline(shapely.Point(x * DOWNSAMPLE, y * DOWNSAMPLE).buffer(65 * DOWNSAMPLE), name)
        for y, x, name in ((120, 120, "A-1"), (120, 290, "A2"), (120, 460, "liver"), (290, 290, "b2"))
    )
    array = place_cores(None, areas_of(seen, drawn), seen, PIXEL_SIZE)
    found = [(place.label, place.row, place.column, place.state) for place in array.places]
    assert found == [
        ("A-1", "A", 1, "present"),
        ("A2", "A", 2, "present"),
        ("liver", None, None, "broken"),
        ("b2", "B", 2, "missing"),
    ]
    assert array.places[0].y_px == pytest.approx(120 * DOWNSAMPLE, abs=DOWNSAMPLE)
    assert array.places[0].area_mm2 == pytest.approx(np.pi * 0.5**2, rel=0.05)


def test_a_place_off_the_slide_has_no_middle(tissue: Mask) -> None:
    seen = survey(tissue)
    off = Outline(shapely.Point(-9000, -9000).buffer(100), "Z9")
    (place,) = place_cores(None, areas_of(seen, (off,)), seen, PIXEL_SIZE).places
    assert (place.y_px, place.x_px, place.state, place.area_mm2) == (None, None, "missing", 0.0)


def test_what_cannot_be_read_is_told_of_its_core_and_stored_places_come_back(tissue: Mask) -> None:
    dead = np.zeros_like(tissue)
    dead[110:200, 240:360] = tissue[110:200, 240:360]  # a part of A2
    seen = survey(tissue, dead)
    array = find_array(seen, PIXEL_SIZE, TissueArray())
    placed = place_cores(array, areas_of(seen, outlines_of(array, PIXEL_SIZE)), seen, PIXEL_SIZE)
    assert [place.label for place in placed.places if place.unreadable] == ["A2"]
    area_mm2 = {place.label: place.area_mm2 for place in placed.places}
    assert area_mm2["A1"] == pytest.approx(np.pi * 0.5**2, rel=0.05)
    assert area_mm2["A2"] == pytest.approx(np.pi * 0.5**2 / 2, rel=0.3)
    assert area_mm2["B2"] == 0
    document = placed.as_json([asdict(place) for place in placed.places])
    assert (document["source"], document["n_rows"], document["n_columns"]) == ("found", 2, 3)
    assert core_places_before(document, same_pixels=True) == placed.places
    assert {place.area_mm2 for place in core_places_before(document, same_pixels=False)} == {None}


def test_the_reader_of_the_slides_score_is_told_of_the_cores_and_of_doubts(tissue: Mask) -> None:
    seen = survey(tissue)
    array = find_array(seen, PIXEL_SIZE, TissueArray(grid=(3, 3)))
    placed = place_cores(array, areas_of(seen, outlines_of(array, PIXEL_SIZE)), seen, PIXEL_SIZE)
    tma, doubt = array_flags(placed)
    assert (tma.code, tma.severity) == ("TMA", "info")
    assert "9 places with 4 whole and 1 broken cores" in tma.detail
    assert (doubt.code, doubt.severity) == ("TMA_GRID", "warning")
    assert "fewer rows than --grid says" in doubt.detail


def test_cores_that_were_drawn_need_names_of_their_own() -> None:
    shape = shapely.box(0, 0, 10, 10)
    named = (Outline(shape, "A1"), Outline(shape, "Tumor", "A1"), Outline(shape, ""), Outline(shape, "A2"))
    recipe: Recipe = load_recipe()
    with pytest.raises(UsageError, match="2 of the cores are named 'A1'") as raised:
        check_labels(named, recipe)
    assert "1 of the cores have no name" in str(raised.value)
    check_labels((Outline(shape, "A1"), Outline(shape, "DCIS"), Outline(shape, "DCIS")), recipe)
