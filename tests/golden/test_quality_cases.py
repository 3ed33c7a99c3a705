"""What a pathologist would not count, drawn small: each case is left out or told, and its finder is why.

Every case is scored twice: as it is, and with what finds it taken away. The numbers of the cases are those of
docs/science/what-is-not-counted.md.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from her2path.arrays import Rgb8
from her2path.image.geometry import PixelSize, Region
from her2path.phantom import PhantomSpec, SlideSpec, write_phantoms
from her2path.pipeline.result import ScoredSlide
from her2path.pipeline.slide import SlideRequest, score_slide
from her2path.runners.threads import ThreadRunner
from her2path.segment.classical import ClassicalSegmenter
from her2path.slides.array import ArraySlide
from her2path.slides.open import open_slide
from her2path.store.recipes import load_recipe
from her2path.store.regions import Outline, read_regions

Drawn = tuple[Path, dict[str, Any]]
Draw = Callable[..., Drawn]

RECIPES = Path(__file__).parents[2] / "benchmarks" / "accuracy" / "phantoms"

NULL = {"N": 1.0}
EQUIVOCAL = {"N": 0.5, "WC": 0.5}
STRONG = {"N": 0.1, "SC": 0.9}
TISSUE = {"share": 0.85}
TUMOUR = {"share": 0.6}

FRACTION_TOLERANCE = 0.05
"""Of any pattern, between a slide and its mirror image: the contours start elsewhere and end alike."""


@pytest.fixture(scope="module")
def draw(tmp_path_factory: pytest.TempPathFactory) -> Draw:
    """Draw a slide of 1024² pixels; give its path and what is known of it."""

    def drawn(**keys: object) -> Drawn:
        given = {"name": "case", "size_px": (1024, 1024), "seed": 5, "tissue": TISSUE, "tumour": TUMOUR}
        spec = SlideSpec.model_validate(given | keys)
        (path,) = write_phantoms(PhantomSpec(slides=(spec,)), tmp_path_factory.mktemp("case"))
        return path, orjson.loads(path.with_suffix(".truth.json").read_bytes())

    return drawn


def scored(path: Path, *, exclude: tuple[Outline, ...] = (), **recipe: Any) -> ScoredSlide:
    request = SlideRequest(path.stem, path, exclude=exclude)
    return score_slide(request, load_recipe(**recipe), ClassicalSegmenter(), ThreadRunner())


def codes(result: ScoredSlide) -> set[str]:
    return {flag["code"] for flag in result.score["flags"]}


def large(reason: str, **keys: object) -> Any:
    """A case that needs room: 2048² pixels."""
    return pytest.param(reason, {"size_px": (2048, 2048)} | keys, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    ("reason", "keys"),
    [
        ("pen", {"confounders": {"pen": True, "pen_colour": "blue"}}),
        ("out_of_focus", {"confounders": {"blurred": 0.3}}),
        ("pigment", {"confounders": {"pigment": 80, "pigment_kind": "carbon"}}),
        ("pigment", {"confounders": {"pigment": 80, "pigment_kind": "melanin"}}),
        ("precipitate", {"confounders": {"precipitate": 900}}),
        ("haemorrhage", {"confounders": {"haemorrhage": 0.3}}),
        ("crush", {"confounders": {"crush": 0.35}}),
        large("pen", confounders={"ink_margin": "black"}, tissue={"share": 0.6}),
        large("bubble", confounders={"bubble": 0.2}, seed=2021, scanner="neutral"),
        large("coverslip", confounders={"coverslip": True}),
        large("dust", confounders={"dust": 25}),
        large("necrosis", tumour={"architecture": "sheets", "share": 0.9, "necrosis": 0.3}, patterns=STRONG),
    ],
)
def test_what_is_left_out_is_told_and_the_rest_keeps_its_score(
    reason: str, keys: dict[str, Any], draw: Draw
) -> None:
    path, truth = draw(**({"patterns": NULL} | keys))
    result = scored(path)
    assert result.score["area_mm2"]["excluded"][reason] > 0
    assert reason.upper() in codes(result)
    assert result.score["score"] == truth["score"]
    without = scored(path, leave_in=(reason,))
    assert not without.score["area_mm2"]["excluded"].get(reason)
    assert reason.upper() not in codes(without)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "finder", "keys"),
    [
        ("STAINING_GRADIENT", "evenness.staining_trends", {"kind": "one-sided", "od_loss": 0.8}),
        ("ZONAL_STAINING", "evenness.staining_trends", {"kind": "zonal", "od_loss": 0.8}),
    ],
)
def test_stain_that_fades_is_told(
    code: str, finder: str, keys: dict[str, Any], draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    size_px = (1792, 1792)
    path, _ = draw(size_px=size_px, patterns=STRONG, tumour=TUMOUR | {"gradient": keys})
    assert code in codes(scored(path))
    monkeypatch.setattr(f"her2path.pipeline.{finder}", lambda *_, **__: ())
    assert code not in codes(scored(path))


@pytest.mark.parametrize(
    ("code", "check", "keys"),
    [
        ("COLOUR_CAST", "check_balance", {"cast": (1.03, 0.95, 0.72)}),
        ("HARD_JPEG", "check_jpeg", {"jpeg_quality": 18}),
    ],
)
def test_bad_pixels_are_told(
    code: str, check: str, keys: dict[str, Any], draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = draw(patterns=EQUIVOCAL, **keys)
    assert code in codes(scored(path))
    monkeypatch.setattr(f"her2path.quality.checks.{check}", lambda *_, **__: ())
    assert code not in codes(scored(path))


@pytest.mark.parametrize("stain", ["h-e", "h-red", "h-aec", "grey", "fluorescence"])
def test_another_stain_is_refused(stain: str, draw: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    path, _ = draw(patterns=EQUIVOCAL, stain=stain)
    result = scored(path)
    assert (result.score["status"], result.score["score"]) == ("not_evaluable", None)
    assert codes(result) >= {"NOT_IHC"}
    monkeypatch.setattr("her2path.pipeline.slide.refuse_other_stain", lambda _: None)
    assert "NOT_IHC" not in codes(scored(path))


def test_a_nuclear_stain_is_refused(draw: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    path, _ = draw(patterns=EQUIVOCAL, stain="nuclear-dab")
    assert "NOT_MEMBRANE_STAIN" in codes(scored(path))
    monkeypatch.setattr("her2path.quality.checks.check_nuclear_stain", lambda _: ())
    assert scored(path).score["status"] == "scored"


def test_a_pixel_size_that_nuclei_contradict_is_refused(draw: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    path, _ = draw(patterns=EQUIVOCAL)
    result = scored(path, mpp_um=(0.75, 0.75))
    assert result.score["status"] == "not_evaluable"
    assert "WRONG_PIXEL_SIZE" in codes(result)
    monkeypatch.setattr("her2path.quality.checks.check_nucleus_size", lambda _, **__: ())
    assert "WRONG_PIXEL_SIZE" not in codes(scored(path, mpp_um=(0.75, 0.75)))


@pytest.mark.slow
def test_strong_carcinoma_in_situ_is_left_out_where_it_is_drawn(draw: Draw) -> None:
    path, truth = draw(
        size_px=(2048, 2048), seed=3, patterns=NULL, tissue=TISSUE | {"in_situ": 0.8}, tumour={"share": 0.4}
    )
    assert (truth["score"], scored(path).score["score"]) == ("0", "3+")
    regions = read_regions(path.with_suffix(".regions.geojson")).outlines
    assert scored(path, exclude=tuple(regions)).score["score"] == "0"


@pytest.mark.slow
def test_hollow_nests_are_suspected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = write_phantoms(RECIPES / "quality-in-situ-only.toml", tmp_path)
    assert "IN_SITU_SUSPECTED" in codes(scored(path))
    monkeypatch.setattr("her2path.pipeline.evenness.in_situ_flags", lambda _: ())
    assert "IN_SITU_SUSPECTED" not in codes(scored(path))


@pytest.mark.slow
def test_normal_ducts_that_are_stained_fail_as_a_control(draw: Draw) -> None:
    path, _ = draw(
        size_px=(2048, 2048),
        patterns=EQUIVOCAL,
        normal_patterns={"MC": 0.5, "SC": 0.5},
        tissue=TISSUE | {"normal_ducts": 0.25},
        tumour={"share": 0.4},
    )
    regions = read_regions(path.with_suffix(".regions.geojson")).outlines
    assert "CONTROL_FAIL" in codes(scored(path, exclude=tuple(regions)))
    assert "CONTROL_FAIL" not in codes(scored(path))


@pytest.mark.parametrize("confounder", [{"golgi": 0.8}, {"secretion_od": 0.8}])
def test_brown_that_is_no_membrane_is_told(
    confounder: dict[str, float], draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    glands = {"share": 0.6, "architecture": "glands"}
    path, truth = draw(patterns=NULL, confounders=confounder, tumour=glands)
    result = scored(path)
    assert result.score["category"] != truth["category"]
    assert "SHORT_ARCS" in codes(result)
    monkeypatch.setattr("her2path.scoring.notices._short_arcs_flag", lambda *_, **__: ())
    assert "SHORT_ARCS" not in codes(scored(path))


def test_a_20x_slide_gets_no_ultralow_tag(draw: Draw) -> None:
    path, _ = draw(mpp=0.5, patterns={"N": 0.95, "FI": 0.05})
    result = scored(path)
    assert result.score["tag"] is None
    assert codes(result) >= {"COARSE_PIXELS", "TAG_WITHHELD"}


def test_after_treatment_few_cells_are_told(draw: Draw) -> None:
    path, _ = draw(size_px=(1536, 1536), patterns=STRONG, tumour={"sparse": 400})
    assert "LOW_CELL_COUNT" in codes(scored(path))


def test_two_populations_are_3_plus_and_lie_apart(draw: Draw) -> None:
    path, _ = draw(size_px=(1536, 1536), patterns={"N": 0.7, "SC": 0.3}, mixing="clustered")
    result = scored(path)
    assert result.score["score"] == "3+"
    assert result.score["heterogeneity"]["pattern"] == "clustered"


def test_a_small_strong_clone_is_2_plus_and_told(draw: Draw) -> None:
    path, truth = draw(size_px=(1536, 1536), patterns={"N": 0.94, "SC": 0.06}, mixing="clustered")
    assert truth["score"] == "2+"
    result = scored(path)
    assert result.score["score"] == "2+"
    assert "U1_STRONG_COMPLETE_LE10" in codes(result)


def test_cells_that_lie_over_each_other_are_counted_once(draw: Draw) -> None:
    path, truth = draw(patterns=EQUIVOCAL, tumour=TUMOUR | {"overlap": 0.4})
    result = scored(path)
    assert result.score["score"] == truth["score"]
    assert result.score["n_cells"] < 1.2 * truth["n_cells"]


def turned() -> Iterator[tuple[str, Callable[[Rgb8], Rgb8]]]:
    for quarter in (1, 2, 3):
        yield f"turned by {90 * quarter}°", partial(np.rot90, k=quarter)
    yield "mirrored", np.fliplr


@pytest.mark.slow
def test_a_slide_turned_or_mirrored_is_scored_alike(draw: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    path, truth = draw(patterns=EQUIVOCAL)
    slide = open_slide(path)
    rgb = slide.read(Region(0, 0, 1024, 1024))
    straight = scored(path).score
    assert straight["score"] == truth["score"]
    for how, turn in turned():
        image = ArraySlide(np.ascontiguousarray(turn(rgb)), PixelSize(0.25, 0.25))
        monkeypatch.setattr("her2path.pipeline.slide.open_slide", lambda *_, image=image, **__: image)
        other = scored(path).score
        assert other["category"] == straight["category"], how
        differences = [abs(other["fractions"][key] - share) for key, share in straight["fractions"].items()]
        assert max(differences) < FRACTION_TOLERANCE, how
        assert abs(other["n_cells"] / straight["n_cells"] - 1) < FRACTION_TOLERANCE, how


def test_the_same_slide_twice_is_the_same_to_the_last_cell(draw: Draw) -> None:
    path, _ = draw(patterns=EQUIVOCAL)
    first, second = scored(path), scored(path)
    timeless = [{k: v for k, v in r.score.items() if k != "seconds"} for r in (first, second)]
    assert timeless[0] == timeless[1]
    np.testing.assert_array_equal(first.cells.membrane_od, second.cells.membrane_od)
