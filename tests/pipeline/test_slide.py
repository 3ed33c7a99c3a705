"""One slide from file to score: every fate that a slide can meet has its status, its reason and its areas."""

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
import tifffile

from her2path.cells.table import CellTable
from her2path.errors import UsageError
from her2path.export.slide_files import publish
from her2path.image import fragments as fragments_of_tissue
from her2path.image.geometry import PixelSize, Region
from her2path.image.stains import StainMatrix
from her2path.pipeline import slide as pipeline_slide
from her2path.pipeline.rescore import rescore
from her2path.pipeline.result import ScoredSlide
from her2path.pipeline.slide import SlideRequest, score_slide
from her2path.recipe import Recipe, Stains, TissueArray
from her2path.runners.threads import ThreadRunner
from her2path.segment.classical import ClassicalSegmenter
from her2path.slides.array import ArraySlide
from her2path.slides.protocol import Slide
from her2path.store.recipes import load_recipe
from her2path.store.regions import Outline

SETTLED_SLIDE_WIDE = {"kind", "counted", "tumour_probability"}


@pytest.fixture
def score_open_slide(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ScoredSlide]:
    """Score a slide that is open already, in place of a file."""

    def score(slide: Slide, recipe: Recipe, **wanted: Any) -> ScoredSlide:
        monkeypatch.setattr(pipeline_slide, "open_slide", lambda path, mpp_um: slide)
        request = SlideRequest("slide", Path("slide.svs"), **wanted)
        return score_slide(request, recipe, ClassicalSegmenter(), ThreadRunner())

    return score


def areas_add_up(score: Any) -> bool:
    areas = score["area_mm2"]
    parts = areas["analysed"] + areas["unreadable"] + sum(areas["excluded"].values())
    return bool(parts == pytest.approx(areas["requested"], rel=0.01))


def outline(y_px: int, x_px: int, height_px: int, width_px: int) -> Outline:
    return Outline(shapely.box(x_px, y_px, x_px + width_px, y_px + height_px), "box")


def test_opinions_one_after_the_other_are_the_same(
    strong: ScoredSlide, strong_svs: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of slides with very many cells."""
    monkeypatch.setattr(pipeline_slide, "SIDE_BY_SIDE", 0)
    request = SlideRequest("strong", strong_svs)
    again = score_slide(request, recipe, ClassicalSegmenter(), ThreadRunner(2))
    assert {**again.score, "seconds": 0} == {**strong.score, "seconds": 0}
    assert again.cells.equals(strong.cells)


def test_a_slide_is_scored(strong: ScoredSlide) -> None:
    score = strong.score
    assert (score["status"], score["score"], score["category"]) == ("scored", "3+", "IHC3")
    assert areas_add_up(score)
    assert score["area_mm2"]["requested"] == score["area_mm2"]["tissue"] > 0.02
    assert score["area_mm2"]["unreadable"] == 0
    assert strong.size_px == (1024, 1024)
    assert strong.heterogeneity is not None
    assert strong.overview is not None
    assert strong.examples


def test_every_cell_lies_in_tissue_and_is_graded(strong: ScoredSlide) -> None:
    cells = strong.cells
    assert strong.overview is not None
    step = int(strong.overview.downsample)
    assert strong.overview.tissue[cells.y_px // step, cells.x_px // step].all()
    assert (cells.pattern >= 0).all()
    assert (cells.bin >= 0).all()
    assert (cells.counted == (cells.kind == 0)).all()


def test_progress_is_told_after_every_tile(strong_svs: Path, recipe: Recipe) -> None:
    told: list[tuple[int, int]] = []
    score_slide(
        SlideRequest("strong", strong_svs),
        recipe,
        ClassicalSegmenter(),
        ThreadRunner(),
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(done, told[-1][1]) for done in range(1, told[-1][1] + 1)]


def test_unreadable_area_is_counted_and_costs_no_cell_elsewhere(
    score_open_slide: Callable[..., ScoredSlide],
    damaged: Callable[..., Slide],
    slide: ArraySlide,
    strong: ScoredSlide,
    recipe: Recipe,
) -> None:
    # Given stains: the estimate would leave the damaged patches out, and every density move a little.
    given = StainMatrix(**{**strong.score["stains"], "source": "recipe"})
    fixed = recipe.model_copy(update={"stains": Stains(matrix=given)})
    whole = score_open_slide(slide, fixed)
    broken = score_open_slide(damaged(Region(300, 560, 20, 20)), fixed)
    assert whole.score["status"] == "scored"
    assert broken.score["status"] == "partial"
    assert "could not be read" in broken.score["reason"]
    assert "UNREADABLE" in {flag["code"] for flag in broken.score["flags"]}
    assert broken.score["score"] is not None
    assert broken.score["area_mm2"]["unreadable"] == pytest.approx(0.0041, rel=0.25)
    assert areas_add_up(broken.score)
    assert not near(broken.cells, within_px=112).any()
    ours, theirs = (cells.take(~near(cells, within_px=128 + 256)) for cells in (broken.cells, whole.cells))
    assert len(theirs) > 20
    for field in fields(CellTable):
        if field.name not in SETTLED_SLIDE_WIDE:
            a, b = getattr(ours, field.name), getattr(theirs, field.name)
            assert np.array_equal(a, b, equal_nan=a.dtype.kind == "f"), field.name


def near(cells: CellTable, *, within_px: int) -> Any:
    """Cells about the piece at (256, 512) that the damage costs."""
    return (np.abs(cells.y_px - 384) < within_px) & (np.abs(cells.x_px - 640) < within_px)


class Drive:
    """Stands in for ``os.pread``: some reads, counted from 0, fail as those of a drive that is away do."""

    def __init__(self, code: int, away: range) -> None:
        self.code, self.away, self.n_reads = code, away, 0
        self._pread = os.pread

    def __call__(self, descriptor: int, n_bytes: int, offset: int) -> bytes:
        self.n_reads += 1
        if self.n_reads - 1 in self.away:
            raise OSError(self.code, os.strerror(self.code))
        return self._pread(descriptor, n_bytes, offset)


@pytest.mark.parametrize("share", [0.0, 0.4, 0.7, 0.99])
def test_a_drive_that_comes_back_costs_the_slide_and_never_a_part_of_it(
    strong_svs: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    def scored(drive: Drive) -> ScoredSlide:
        with monkeypatch.context() as patched:
            patched.setattr(os, "pread", drive)
            request = SlideRequest("strong", strong_svs)
            return score_slide(request, recipe, ClassicalSegmenter(), ThreadRunner())

    there = Drive(errno.EIO, range(0))
    assert scored(there).score["status"] == "scored"
    first = int(there.n_reads * share)
    failed = scored(Drive(errno.EIO, range(first, first + 3)))
    assert failed.score["status"] == "failed"
    assert "check the drive and the network" in failed.score["reason"]
    assert [flag["code"] for flag in failed.score["flags"] if flag["severity"] == "refusal"] == ["STORAGE"]
    assert failed.run["input_sha256"] is None
    # What waiting does not mend is read by OpenSlide, and costs nothing.
    assert scored(Drive(errno.EINVAL, range(first, first + 3))).score["status"] == "scored"


def test_a_damaged_tile_is_no_trouble_of_the_drive(strong_svs: Path, tmp_path: Path, recipe: Recipe) -> None:
    path = tmp_path / "damaged.svs"
    shutil.copyfile(strong_svs, path)
    with tifffile.TiffFile(path) as file:
        page = file.pages.first
        offset, n_bytes = page.dataoffsets[9], page.databytecounts[9]
    with path.open("r+b") as stream:
        stream.seek(offset)
        stream.write(bytes(n_bytes))
    request = SlideRequest("damaged", path)
    score = score_slide(request, recipe, ClassicalSegmenter(), ThreadRunner()).score
    assert (score["status"], score["score"]) == ("partial", "3+")
    assert not {flag["code"] for flag in score["flags"]} & {"STORAGE"}


def test_a_slide_that_cannot_be_read_at_all_has_failed(
    score_open_slide: Callable[..., ScoredSlide], damaged: Callable[..., Slide], recipe: Recipe
) -> None:
    score = score_open_slide(damaged(Region(0, 0, 1024, 1024)), recipe).score
    assert (score["status"], score["score"]) == ("failed", None)
    assert "scan the slide again" in score["reason"]


def test_regions_say_what_is_scored(
    score_open_slide: Callable[..., ScoredSlide], slide: ArraySlide, recipe: Recipe
) -> None:
    top = outline(0, 0, 512, 1024)
    corner = outline(0, 0, 512, 400)
    included = score_open_slide(slide, recipe, include=(top,), exclude=(corner,))
    assert included.cells.y_px.max() < 512 + 16
    assert not ((included.cells.y_px < 496) & (included.cells.x_px < 384)).any()
    areas = included.score["area_mm2"]
    assert areas["requested"] < areas["tissue"]
    assert areas["excluded"]["region"] > 0
    assert areas_add_up(included.score)


def test_a_region_beside_the_tissue_is_not_evaluable(
    score_open_slide: Callable[..., ScoredSlide], slide: ArraySlide, recipe: Recipe
) -> None:
    score = score_open_slide(slide, recipe, include=(outline(5000, 5000, 100, 100),)).score
    assert (score["status"], score["score"]) == ("not_evaluable", None)
    assert "regions to include" in score["reason"]
    assert score["area_mm2"]["tissue"] > score["area_mm2"]["requested"] == 0
    assert areas_add_up(score)
    assert [flag["severity"] for flag in score["flags"]] == ["refusal"]


def test_glass_alone_is_not_evaluable(score_open_slide: Callable[..., ScoredSlide], recipe: Recipe) -> None:
    glass = ArraySlide(np.full((800, 800, 3), 238, np.uint8), PixelSize(0.25, 0.25))
    scored = score_open_slide(glass, recipe)
    assert (scored.score["status"], scored.score["score"]) == ("not_evaluable", None)
    assert "no tissue" in scored.score["reason"]
    assert len(scored.cells) == 0
    assert scored.overview is not None


def test_tissue_without_tumour_cells_is_not_evaluable(
    score_open_slide: Callable[..., ScoredSlide], recipe: Recipe
) -> None:
    rng = np.random.default_rng(1)
    stroma = np.full((1200, 1200, 3), 238.0)
    stroma[200:1000, 200:1000] = (216, 210, 222)
    stroma += rng.normal(0, 1.5, stroma.shape)
    score = score_open_slide(ArraySlide(stroma.astype(np.uint8), PixelSize(0.25, 0.25)), recipe).score
    assert (score["status"], score["score"], score["category"]) == ("not_evaluable", None, None)
    assert "tumour" in score["reason"]
    assert score["area_mm2"]["analysed"] > 0.03


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        (None, "check the path"),
        (b"", "copy or download it again"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "download it again"),
        (b"\x00\x01\x02\x03" * 200, "copy it again"),
    ],
    ids=["missing", "empty", "html", "bytes"],
)
def test_a_file_that_is_no_slide_has_failed_and_says_why(
    tmp_path: Path, recipe: Recipe, content: bytes | None, remedy: str
) -> None:
    path = tmp_path / "slide.svs"
    if content is not None:
        path.write_bytes(content)
    score = score_slide(SlideRequest("slide", path), recipe, ClassicalSegmenter(), ThreadRunner()).score
    assert (score["status"], score["score"], score["n_cells"]) == ("failed", None, None)
    assert remedy in score["reason"]
    assert "\n" not in score["reason"]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_slide_has_failed(strong_svs: Path, tmp_path: Path, recipe: Recipe, share: float) -> None:
    whole = strong_svs.read_bytes()
    path = tmp_path / "short.svs"
    path.write_bytes(whole[: int(len(whole) * share)])
    score = score_slide(SlideRequest("short", path), recipe, ClassicalSegmenter(), ThreadRunner()).score
    assert score["status"] == "failed"
    assert score["score"] is None
    assert "again" in score["reason"]


def test_a_rulebook_that_needs_the_specimen_asks_for_it(strong_svs: Path) -> None:
    gastric = load_recipe(rulebook="gastric-biopsy")
    with pytest.raises(UsageError, match="--specimen"):
        score_slide(SlideRequest("strong", strong_svs), gastric, ClassicalSegmenter(), ThreadRunner())


def test_a_given_pixel_size_wins_and_is_recorded(strong_svs: Path) -> None:
    recipe = load_recipe(mpp_um=(0.26, 0.26))
    scored = score_slide(SlideRequest("strong", strong_svs), recipe, ClassicalSegmenter(), ThreadRunner())
    assert (scored.score["mpp"], scored.score["mpp_source"]) == (pytest.approx(0.26), "given")


def test_too_few_cells_are_counted_all_the_same(
    score_open_slide: Callable[..., ScoredSlide], slide: ArraySlide, recipe: Recipe
) -> None:
    many = recipe.statistics.model_copy(update={"min_cells": 100_000})
    scored = score_open_slide(slide, recipe.model_copy(update={"statistics": many}))
    assert (scored.score["status"], scored.score["fractions"]) == ("not_evaluable", None)
    assert scored.score["n_cells"] == np.count_nonzero(scored.cells.counted & (scored.cells.pattern >= 0)) > 0


def test_a_slide_of_one_piece_is_one_fragment_with_the_score_of_the_whole(strong: ScoredSlide) -> None:
    score = strong.score
    (fragment,) = score["fragments"]
    same = ("score", "category", "rule_fired", "n_cells", "fractions")
    assert {key: fragment[key] for key in same} == {key: score[key] for key in same}
    assert fragment["h_score"] == pytest.approx(score["h_score"])
    assert fragment["area_mm2"] == pytest.approx(score["area_mm2"]["analysed"])
    assert (score["n_tumour_fragments"], score["regions"]) == (1, [])
    assert set(strong.cells.fragment.tolist()) == {1}
    assert set(strong.cells.region.tolist()) == {-1}


def test_results_by_region_stand_beside_the_whole(
    score_open_slide: Callable[..., ScoredSlide], slide: ArraySlide, recipe: Recipe
) -> None:
    include = (outline(0, 0, 512, 1024), outline(512, 0, 512, 512), outline(100, 100, 16, 16))
    in_situ = Outline(shapely.box(256, 256, 512, 512), "Tumor", "DCIS")
    scored = score_open_slide(slide, recipe, include=(*include, in_situ))
    score = scored.score
    assert areas_add_up(score)
    assert score["area_mm2"]["excluded"]["in_situ"] > 0
    regions = score["regions"]
    assert [region["name"] for region in regions] == ["box"] * 3
    assert sum(region["n_cells"] for region in regions) == score["n_cells"]
    assert sum(region["area_mm2"] for region in regions) == pytest.approx(score["area_mm2"]["analysed"])
    assert (regions[2]["score"], regions[2]["fractions"] is None) == (None, regions[2]["n_cells"] == 0)
    cells = scored.cells
    for region in regions:
        assert region["n_cells"] == np.count_nonzero(cells.counted & (cells.region == region["number"]))
    assert (cells.region >= 1).all()
    inside = (cells.y_px >= 256) & (cells.y_px < 512) & (cells.x_px >= 256) & (cells.x_px < 512)
    assert not inside.any()


def test_a_slide_of_control_tissue_says_so_now_and_under_other_rules(
    score_open_slide: Callable[..., ScoredSlide], slide: ArraySlide, recipe: Recipe, tmp_path: Path
) -> None:
    control = Outline(shapely.box(0, 0, 1024, 1024), "Control: 3+")
    scored = score_open_slide(slide, recipe, exclude=(control,))
    score = scored.score
    assert (score["status"], score["flags"][-1]["code"], score["n_cells"]) == (
        "not_evaluable",
        "ONLY_CONTROL",
        0,
    )
    assert score["controls"][0]["reached"] == "3+"
    assert areas_add_up(score)
    publish(scored, tmp_path / "slide", report_html=lambda: "<html></html>")
    other = load_recipe(rulebook="breast-2007")
    again = rescore(tmp_path / "slide" / "cells.parquet", "slide", other, derive_patterns=False).score
    assert (again["reason"], again["n_cells"]) == (score["reason"], 0)
    assert again["flags"] == score["flags"]


@pytest.mark.parametrize("code", ["NOT_AN_ARRAY", "WRONG_PIXEL_SIZE"])
def test_a_slide_that_is_refused_as_a_whole_has_its_areas(
    score_open_slide: Callable[..., ScoredSlide], slide: ArraySlide, code: str
) -> None:
    recipe = load_recipe(specimen="tma-core", tma=TissueArray())
    if code == "WRONG_PIXEL_SIZE":
        slide = replace(slide, pixel_size=PixelSize(0.75, 0.75))
    score = score_open_slide(slide, recipe).score
    assert [flag["code"] for flag in score["flags"]] == [code]
    areas = score["area_mm2"]
    assert areas["tissue"] == areas["requested"] > 0.02
    assert areas["excluded"][code.lower()] == pytest.approx(areas["requested"], rel=0.05)
    assert areas["analysed"] == 0
    assert areas_add_up(score)


def test_two_pieces_are_two_fragments(
    score_open_slide: Callable[..., ScoredSlide],
    slide: ArraySlide,
    recipe: Recipe,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fragments_of_tissue, "MIN_FRAGMENT_MM2", 0.01)  # small pieces are scored sooner
    piece = slide.read(Region(256, 256, 512, 512))
    glass = np.full((512, 512, 3), 240, np.uint8)
    apart = ArraySlide(np.concatenate([piece, glass, piece], axis=1), slide.pixel_size)
    scored = score_open_slide(apart, recipe)
    fragments = scored.score["fragments"]
    assert [fragment["number"] for fragment in fragments] == [1, 2]
    assert sum(fragment["n_cells"] for fragment in fragments) == scored.score["n_cells"]
    cells = scored.cells
    np.testing.assert_array_equal(cells.fragment, 1 + (cells.x_px > 768))
