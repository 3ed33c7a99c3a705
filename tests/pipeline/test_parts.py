"""The parts of a slide are all of it, none of it twice, and keep their names when it is scored again."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from her2path.cells.table import CellTable
from her2path.image.geometry import PixelSize
from her2path.pipeline.areas import Areas
from her2path.pipeline.parts import Place, Places, places_before, places_in, score_places
from her2path.recipe import Recipe
from her2path.store.recipes import load_recipe

PIXEL_SIZE = PixelSize(0.25, 0.25)


@pytest.fixture(scope="module")
def gastric() -> Recipe:
    return load_recipe(rulebook="gastric-biopsy", specimen="biopsy")


def cells_in(table_of: Any, n_by_fragment: dict[int, int]) -> CellTable:
    """Strong cells in clusters, so many in each fragment."""
    fragment = np.repeat(list(n_by_fragment), list(n_by_fragment.values())).astype(np.int32)
    n = len(fragment)
    table: CellTable = table_of(np.arange(n) // 10 * 40, np.arange(n) % 10 * 40)
    return replace(table, fragment=fragment, pattern=np.full(n, 8, np.int8), grade=np.full(n, 3, np.int8))


def fragments(*numbers: int) -> Places:
    return Places(tuple(Place(number) for number in numbers))


def test_areas_by_part_add_up() -> None:
    tissue = np.zeros((100, 120), bool)
    tissue[10:90, 10:50] = tissue[10:90, 70:110] = True
    labels = np.where(tissue, 1 + (np.arange(120) > 60), 0).astype(np.uint8)
    requested = tissue & (np.arange(120) < 100)
    regions = np.where(np.arange(100)[:, None] < 50, 1, 2) * (np.arange(120) < 100)
    unreadable = requested & (np.arange(100)[:, None] > 80)
    found = Areas(tissue, requested, {}, unreadable, labels, regions.astype(np.uint8), ("top", "rest"))
    places = places_in(found, 16, PIXEL_SIZE)
    analysed_mm2 = found.mm2(16, PIXEL_SIZE)["analysed"]
    assert places.fragments is not None
    for parts in (places.fragments, places.regions):
        assert sum(place.area_mm2 or 0 for place in parts) == pytest.approx(analysed_mm2)
        assert [place.number for place in parts] == [1, 2]
    assert [place.name for place in places.regions] == ["top", "rest"]
    for place in places.fragments:
        assert place.at_yx_px is not None
        assert labels[place.at_yx_px[0] // 16, place.at_yx_px[1] // 16] == place.number


def test_only_what_was_asked_for_is_listed() -> None:
    labels = np.repeat(np.array([1, 0, 2], np.uint8), 20)[None].repeat(50, axis=0)
    tissue = labels > 0
    found = Areas(tissue, labels == 2, {}, np.zeros_like(tissue), labels)
    places = places_in(found, 16, PIXEL_SIZE)
    assert places.fragments is not None
    assert [place.number for place in places.fragments] == [2]
    assert places.regions == ()


def test_a_region_without_tissue_is_listed_with_no_area() -> None:
    tissue = np.zeros((50, 50), bool)
    tissue[:, :20] = True
    labels = tissue.astype(np.uint8)
    regions = np.where(np.arange(50) > 30, 2, 1).astype(np.uint8)[None].repeat(50, axis=0)
    found = Areas(tissue, tissue, {}, np.zeros_like(tissue), labels, regions, ("here", "glass"))
    glass = places_in(found, 16, PIXEL_SIZE).regions[1]
    assert (glass.name, glass.area_mm2, glass.at_yx_px) == ("glass", 0.0, None)


@pytest.mark.parametrize(
    ("n_by_fragment", "n_tumour", "flagged"),
    [
        ({1: 30, 2: 30, 3: 30}, 3, True),
        ({1: 30, 2: 30, 3: 30, 4: 30}, 4, False),
        ({1: 30, 2: 30, 3: 30, 4: 19}, 3, True),
        ({1: 19, 2: 19}, 0, False),
    ],
)
def test_few_fragments_with_tumour_are_flagged(
    table_of: Any, gastric: Recipe, n_by_fragment: dict[int, int], n_tumour: int, flagged: bool
) -> None:
    parts = score_places(fragments(1, 2, 3, 4), cells_in(table_of, n_by_fragment), gastric, PIXEL_SIZE)
    assert parts.n_tumour_fragments == n_tumour
    assert [flag.code for flag in parts.flags] == ["FEW_FRAGMENTS"] * flagged
    assert all(flag.severity == "info" for flag in parts.flags)


@pytest.mark.parametrize(
    ("rulebook", "specimen"),
    [("gastric-biopsy", "tma-core"), ("breast-2018", "biopsy"), ("tumour-agnostic", "biopsy")],
)
def test_elsewhere_their_number_is_not_known_to_matter(table_of: Any, rulebook: str, specimen: str) -> None:
    recipe = load_recipe(rulebook=rulebook, specimen=specimen)
    assert score_places(fragments(1), cells_in(table_of, {1: 30}), recipe, PIXEL_SIZE).flags == ()


def test_the_rulebook_asks_for_four_fragments(gastric: Recipe) -> None:
    assert gastric.rulebook.min_fragments == 4


def test_a_part_with_too_few_cells_says_so(table_of: Any, gastric: Recipe) -> None:
    parts = score_places(fragments(1, 2), cells_in(table_of, {1: 30, 2: 5}), gastric, PIXEL_SIZE)
    assert parts.fragments is not None
    whole, few = parts.fragments
    assert (whole["score"], whole["n_cells"], whole["reason"]) == ("3+", 30, None)
    assert (few["score"], few["category"], few["n_cells"]) == (None, None, 5)
    assert "needs at least 20" in few["reason"]
    assert few["fractions"]["SC"] == 1


def test_stored_parts_keep_names_and_lose_areas_of_other_pixels(table_of: Any) -> None:
    cells = cells_in(table_of, {2: 3, 3: 3})
    before = {"fragments": [{"number": 2, "name": None, "area_mm2": 0.5, "at_yx_px": [7, 8]}]}
    same = places_before(before, cells, same_pixels=True).fragments
    assert same == (Place(2, None, 0.5, (7, 8)), Place(3))
    other = places_before(before, cells, same_pixels=False).fragments
    assert other == (Place(2, None, None, (7, 8)), Place(3))


def test_cells_that_do_not_tell_have_no_parts(table_of: Any, gastric: Recipe) -> None:
    cells = replace(cells_in(table_of, {1: 30}), fragment=np.full(30, -1, np.int32))
    places = places_before({}, cells, same_pixels=False)
    assert places == Places(None, ())
    parts = score_places(places, cells, gastric, PIXEL_SIZE)
    assert (parts.fragments, parts.n_tumour_fragments, parts.regions) == (None, None, [])


def two_fragments(table_of: Any, of_second: int, n_second: int) -> CellTable:
    """One fragment of unstained cells, and one of another pattern."""
    cells = cells_in(table_of, {1: 300, 2: n_second})
    second = cells.fragment == 2
    return replace(
        cells,
        pattern=np.where(second, of_second, 0).astype(np.int8),
        grade=np.where(second, 3 if of_second else 0, 0).astype(np.int8),
    )


@pytest.mark.parametrize(("pattern", "n", "told"), [(8, 100, True), (0, 100, False), (8, 10, False)])
def test_a_fragment_that_decides_is_told(table_of: Any, pattern: int, n: int, told: bool) -> None:
    cells = two_fragments(table_of, pattern, n)
    breast = load_recipe(rulebook="breast-2018")
    flags = score_places(fragments(1, 2), cells, breast, PIXEL_SIZE).flags
    assert [flag.code for flag in flags] == ["FRAGMENT_DECIDES"] * told
    assert all("Without fragment 2" in flag.detail and "would be 0" in flag.detail for flag in flags)


def test_biopsies_are_expected_to_differ(table_of: Any, gastric: Recipe) -> None:
    cells = two_fragments(table_of, 8, 100)
    codes = {flag.code for flag in score_places(fragments(1, 2), cells, gastric, PIXEL_SIZE).flags}
    assert "FRAGMENT_DECIDES" not in codes
