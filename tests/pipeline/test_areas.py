"""A reader checks the score against the areas: what was asked for is counted once, under one reason."""

from collections.abc import Sequence

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from her2path.arrays import Mask
from her2path.cells.table import CellTable
from her2path.image.geometry import PixelSize
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix
from her2path.image.tissue import TissueMap
from her2path.pipeline.areas import Areas, find_areas, is_of_class, label_regions, with_places
from her2path.pipeline.survey import Survey
from her2path.recipe import Recipe
from her2path.store.raster import region_mask
from her2path.store.regions import Outline

DOWNSAMPLE = 16
SHAPE = (60, 80)
PIXEL_SIZE = PixelSize(0.25, 0.25)
IN_SITU = Recipe.model_fields["in_situ_classes"].default


def survey(tissue: Mask, pen: Mask | None = None, unreadable: Mask | None = None) -> Survey:
    nothing = np.zeros(tissue.shape, bool)
    return Survey(
        DOWNSAMPLE,
        TissueMap(tissue, nothing if pen is None else pen),
        nothing if unreadable is None else unreadable & tissue,
        StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (240.0, 240.0, 240.0), "published"),
        0.0,
    )


def box(y: int, x: int, height: int, width: int, name: str = "", title: str = "") -> Outline:
    corners = np.array([x, y, x + width, y + height]) * DOWNSAMPLE
    return Outline(shapely.box(*corners.tolist()), name, title)


def areas(found: Survey, include: Sequence[Outline] | None = None, exclude: Sequence[Outline] = ()) -> Areas:
    return find_areas(found, PIXEL_SIZE, include=include, exclude=exclude, in_situ_classes=IN_SITU)


boxes = st.builds(
    box,
    st.integers(-10, 59),
    st.integers(-10, 79),
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from(["Tumor", "DCIS", ""]),
)


@settings(max_examples=60, deadline=None)
@given(st.none() | st.lists(boxes, max_size=5), st.lists(boxes, max_size=4), st.integers(0, 1000))
def test_every_pixel_asked_for_is_counted_once(
    include: list[Outline] | None, exclude: list[Outline], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    tissue, pen, unreadable = (rng.random(SHAPE) < share for share in (0.7, 0.1, 0.1))
    found = areas(survey(tissue, pen, unreadable), include, exclude)
    counted = (
        found.analysed.astype(int) + found.unreadable + sum(m.astype(int) for m in found.excluded.values())
    )
    np.testing.assert_array_equal(counted, found.requested.astype(int))
    mm2 = found.mm2(DOWNSAMPLE, PIXEL_SIZE)
    parts = [mm2["analysed"], mm2["unreadable"], *mm2["excluded"].values()]  # type: ignore[attr-defined]
    assert sum(parts) == pytest.approx(mm2["requested"])
    np.testing.assert_array_equal(found.fragments > 0, tissue)
    if include is None:
        assert found.regions is None
    else:
        assert found.regions is not None
        np.testing.assert_array_equal(found.requested, tissue & (found.regions > 0))


@settings(max_examples=60, deadline=None)
@given(st.lists(boxes, max_size=6))
def test_the_numbers_cover_what_the_outlines_cover(outlines: list[Outline]) -> None:
    labels = label_regions(outlines, SHAPE, DOWNSAMPLE)
    whole = region_mask([outline.geometry for outline in outlines], SHAPE, downsample=DOWNSAMPLE)
    np.testing.assert_array_equal(labels > 0, whole)


def test_a_region_inside_another_is_a_part_of_its_own() -> None:
    outer, inner = box(0, 0, 40, 40), box(10, 10, 10, 10)
    for order, numbers in (((outer, inner), (1, 2)), ((inner, outer), (2, 1))):
        labels = label_regions(order, SHAPE, DOWNSAMPLE)
        assert (labels[5, 5], labels[15, 15]) == numbers
        assert (labels > 0).sum() == 1600


def test_of_two_alike_the_first_is_on_top() -> None:
    labels = label_regions([box(0, 0, 10, 10), box(0, 5, 10, 10)], SHAPE, DOWNSAMPLE)
    assert labels[5, 7] == 1


def test_many_regions_have_a_number_each() -> None:
    outlines = [box(y, x, 2, 2) for y in range(0, 60, 3) for x in range(0, 80, 3)]
    labels = label_regions(outlines, SHAPE, DOWNSAMPLE)
    assert labels.dtype == np.uint16
    assert len(np.unique(labels)) == len(outlines) + 1


@pytest.mark.parametrize("given_to", ["include", "exclude"])
def test_in_situ_is_left_out_wherever_it_is_drawn(given_to: str) -> None:
    tissue = np.ones(SHAPE, bool)
    shapes = [box(0, 0, 40, 40, "Tumor", "edge"), box(10, 10, 10, 10, "Tumor", "dcis")]
    if given_to == "include":
        found = areas(survey(tissue), shapes)
        assert found.region_names == ("edge",)
        assert found.requested.sum() == 1600
        assert not found.excluded["region"].any()
    else:
        found = areas(survey(tissue), None, shapes)
        assert found.requested.all()
        assert found.excluded["region"].sum() == 1500
    assert found.excluded["in_situ"].sum() == 100
    assert not found.analysed[15, 15]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DCIS", True),
        ("dcis", True),
        ("Tumor: DCIS", True),
        ("In-situ", True),
        ("ductal  carcinoma_in_situ", True),
        ("Tumor", False),
        ("not DCIS", False),
        ("", False),
    ],
)
def test_names_of_classes(name: str, expected: bool) -> None:
    assert is_of_class(Outline(shapely.box(0, 0, 1, 1), name), IN_SITU) == expected


def test_cells_know_where_they_are(table_of: type) -> None:
    tissue = np.zeros(SHAPE, bool)
    tissue[:, :30] = tissue[:, 50:] = True
    found = areas(survey(tissue), [box(0, 60, 60, 20, "right")])
    y_px, x_px = np.array([8, 8, 500]), np.array([8, 50, 70]) * DOWNSAMPLE
    cells: CellTable = with_places(table_of(y_px, x_px), found, DOWNSAMPLE)
    assert cells.region.tolist() == [-1, -1, 1]
    assert cells.fragment[0] != cells.fragment[1] == cells.fragment[2]
    assert with_places(table_of(y_px, x_px), areas(survey(tissue)), DOWNSAMPLE).region.tolist() == [-1] * 3
