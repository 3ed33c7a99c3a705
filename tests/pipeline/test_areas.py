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
from her2path.pipeline.areas import Areas, at_cells, find_areas, label_regions, with_places
from her2path.pipeline.survey import Survey
from her2path.quality.stain_type import StainType
from her2path.recipe import Recipe
from her2path.store.raster import region_mask
from her2path.store.regions import Outline

DOWNSAMPLE = 16
SHAPE = (60, 80)
PIXEL_SIZE = PixelSize(0.25, 0.25)
CLASSES = {
    name: Recipe.model_fields[name].default
    for name in ("in_situ_classes", "control_classes", "normal_classes")
}


def survey(tissue: Mask, pen: Mask | None = None, unreadable: Mask | None = None) -> Survey:
    nothing = np.zeros(tissue.shape, bool)
    return Survey(
        DOWNSAMPLE,
        TissueMap(tissue, nothing if pen is None else pen),
        nothing if unreadable is None else unreadable & tissue,
        {"pen": nothing if pen is None else pen},
        {},
        StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (240.0, 240.0, 240.0), "published"),
        StainType("h-dab", "", ""),
        (),
    )


def box(y: int, x: int, height: int, width: int, name: str = "", title: str = "") -> Outline:
    corners = np.array([x, y, x + width, y + height]) * DOWNSAMPLE
    return Outline(shapely.box(*corners.tolist()), name, title)


def areas(found: Survey, include: Sequence[Outline] | None = None, exclude: Sequence[Outline] = ()) -> Areas:
    return find_areas(found, PIXEL_SIZE, include=include, exclude=exclude, **CLASSES)


boxes = st.builds(
    box,
    st.integers(-10, 59),
    st.integers(-10, 79),
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from(["Tumor", "DCIS", "Control: 1+", "Normal", ""]),
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
    assert not (found.apart & (found.analysed | found.excluded["in_situ"] | pen | unreadable)).any()
    assert not (found.apart & ~tissue).any()
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


def test_cells_know_where_they_are(table_of: type) -> None:
    tissue = np.zeros(SHAPE, bool)
    tissue[:, :30] = tissue[:, 50:] = True
    found = areas(survey(tissue), [box(0, 60, 60, 20, "right")])
    y_px, x_px = np.array([8, 8, 500]), np.array([8, 50, 70]) * DOWNSAMPLE
    cells: CellTable = with_places(table_of(y_px, x_px), found, DOWNSAMPLE)
    assert cells.region.tolist() == [-1, -1, 1]
    assert cells.fragment[0] != cells.fragment[1] == cells.fragment[2]
    assert with_places(table_of(y_px, x_px), areas(survey(tissue)), DOWNSAMPLE).region.tolist() == [-1] * 3


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float32])
def test_a_cell_reads_the_pixel_of_its_anchor_in_the_type_of_the_plane(
    table_of: type, dtype: type[np.generic]
) -> None:
    plane = np.zeros((4, 4), dtype)
    plane[1, 2] = 1
    cells: CellTable = table_of(np.array([16, 31, 32, 63]), np.array([32, 47, 32, 63]))
    found = at_cells(plane, cells, 16)
    assert found.tolist() == [1, 1, 0, 0]
    assert found.dtype == plane.dtype


def test_a_cell_beyond_the_grid_reads_its_last_pixel(table_of: type) -> None:
    plane = np.arange(6).reshape(2, 3)
    cells: CellTable = table_of(np.array([40, 5]), np.array([40, 48]))
    assert at_cells(plane, cells, 16).tolist() == [5, 2]


def two_pieces() -> Mask:
    """Tissue on the left and on the right of a strip of glass."""
    tissue = np.zeros(SHAPE, bool)
    tissue[:, :30] = tissue[:, 50:] = True
    return tissue


@pytest.mark.parametrize("given_to", ["include", "exclude"])
def test_a_control_takes_its_fragment_and_is_measured_apart(given_to: str) -> None:
    shapes = [box(5, 52, 50, 22, "Control: 3+"), box(0, 0, 60, 30, "Tumor")]
    found = (
        areas(survey(two_pieces()), shapes)
        if given_to == "include"
        else areas(survey(two_pieces()), None, shapes[:1])
    )
    assert found.controls is not None
    np.testing.assert_array_equal(found.controls > 0, two_pieces() & (np.arange(80) >= 50))
    assert [shape.label for shape in found.control_shapes] == ["Control: 3+"]
    assert not found.analysed[:, 50:].any()
    assert found.measured[:, 50:].all()
    assert found.analysed[:, :30].all()
    # Beside the regions to include the control is not asked for, and measured all the same.
    assert found.excluded["control"].sum() == (0 if given_to == "include" else 60 * 30)


def test_a_small_control_shape_is_that_shape_alone() -> None:
    found = areas(survey(two_pieces()), None, [box(5, 52, 10, 10, "Control")])
    assert found.excluded["control"].sum() == 100
    assert found.analysed[30, 60]


def test_a_control_leaves_what_other_shapes_hold() -> None:
    shapes = [box(0, 50, 60, 20, "Control"), box(40, 70, 20, 10, "Normal"), box(0, 70, 20, 10, "DCIS")]
    found = areas(survey(two_pieces()), None, shapes)
    assert found.excluded["normal"].sum() == found.excluded["in_situ"].sum() == 200
    assert found.controls is not None
    assert found.controls[30, 75] == 1
    assert not found.apart[10, 75]


def test_of_two_classes_the_first_reason_holds() -> None:
    shapes = [box(0, 0, 10, 10, "Normal", "control 0"), box(0, 0, 10, 10, "Normal"), box(5, 5, 9, 9, "DCIS")]
    found = areas(survey(np.ones(SHAPE, bool)), None, shapes)
    assert found.excluded["in_situ"].sum() == 81
    assert found.excluded["control"].sum() == 75
    assert not found.excluded["normal"].any()


def test_what_is_spoilt_is_neither_scored_nor_measured_apart() -> None:
    found = areas(survey(two_pieces()), None, [box(0, 50, 60, 30, "Control")])
    fold = np.zeros(SHAPE, bool)
    fold[:10] = True
    left = found.without({"fold": fold}).without_unreadable(np.roll(fold, 10, axis=0))
    assert left.excluded["fold"].sum() == left.unreadable.sum() == 10 * 30
    assert not left.measured[:20].any()
    assert left.measured[20:, 50:].all()
    assert found.measured[0, 60], "the areas before stay as they were"


def test_a_pixel_with_two_reasons_counts_for_the_first() -> None:
    found = areas(survey(two_pieces()))
    upper, left = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    upper[:20], left[:, :60] = True, True
    rest = found.without({"fold": upper, "pen": left, "dust": np.zeros(SHAPE, bool)})
    assert (rest.excluded["fold"] == (found.analysed & upper)).all()
    assert (rest.excluded["pen"] == (found.analysed & left & ~upper)).all()
    assert not rest.excluded["dust"].any()
    assert (rest.analysed == (found.analysed & ~upper & ~left)).all()


def test_a_control_does_not_take_what_was_left_out_by_hand() -> None:
    tissue = np.zeros(SHAPE, bool)
    tissue[10:50, 10:70] = True
    control, dirt = box(10, 10, 40, 45, "Control: 3+"), box(10, 55, 40, 15)
    found = areas(survey(tissue), exclude=[control, dirt])
    assert found.controls is not None
    assert not (found.controls > 0)[:, 56:].any()
    assert found.excluded["region"][10:50, 56:70].all()
