"""score.json holds every field of the contract, whatever became of the slide; run.json tells how."""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from her2path.cells.vocabulary import PATTERNS
from her2path.errors import SlideError
from her2path.image.geometry import PixelSize
from her2path.pipeline.document import Clock, run_document, score_document, scored_slide
from her2path.pipeline.outcome import Outcome
from her2path.pipeline.result import ScoredSlide
from her2path.recipe import Recipe
from her2path.segment.protocol import Weights
from her2path.slides.array import ArraySlide
from her2path.store.runs import NOT_READ, SCORE_KEYS, json_bytes, score_json

MEMBRANE_KEYS = {"mean", "p10", "p50", "p90"}
HETEROGENEITY_KEYS = {
    "shannon",
    "simpson",
    "rao",
    "moran_i",
    "moran_p",
    "hotspot_fraction",
    "pattern",
}


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from leaves(inner)
    else:
        yield value


def test_every_key_is_there_also_where_nothing_is_known(strong: ScoredSlide, recipe: Recipe) -> None:
    outcome = Outcome("x", Path("x.svs"), recipe, engine="classical", reason="why")
    nothing = score_document(outcome, Clock())
    for document in (strong.score, nothing):
        assert set(SCORE_KEYS) <= set(document)
    assert nothing["status"] == "failed"
    known = {key for key in SCORE_KEYS if nothing[key] is not None}
    assert "score" not in known
    assert "n_cells" not in known
    assert "fractions" not in known
    assert orjson.loads(score_json(nothing))["reason"] == "why"


def test_a_scored_slide_says_everything(strong: ScoredSlide, recipe: Recipe) -> None:
    score = strong.score
    assert (score["status"], score["reason"], score["schema"]) == ("scored", None, "her2path.score/1")
    assert score["score"] in ("0", "1+", "2+", "3+")
    assert list(score["fractions"]) == list(PATTERNS)
    assert sum(score["fractions"].values()) == pytest.approx(1)
    assert set(score["fractions_ci"]) == set(PATTERNS)
    for name, (low, high) in score["fractions_ci"].items():
        assert 0 <= low <= score["fractions"][name] <= high <= 1
    assert sum(score["score_ci"].values()) == pytest.approx(1)
    assert set(score["membrane_od"]) >= MEMBRANE_KEYS
    assert set(score["heterogeneity"]) >= HETEROGENEITY_KEYS
    assert score["n_cells"] == strong.cells.counted.sum()
    assert score["recipe_digest"] == recipe.digest
    assert score["mpp"] == pytest.approx(0.25)
    assert score["mpp_source"] == "slide property"
    assert score["objective"] == 40
    assert set(score["stains"]) == {"haematoxylin", "dab", "white", "source"}
    assert score["rulebook"].keys() == {"id", "version", "citation"}
    assert score["disclaimer"] == "For Research Use Only. Not for use in diagnostic procedures."


def test_no_number_is_not_a_number(strong: ScoredSlide) -> None:
    numbers = [leaf for leaf in leaves(orjson.loads(score_json(strong.score))) if isinstance(leaf, float)]
    assert len(numbers) > 30
    assert all(math.isfinite(number) for number in numbers)


def test_run_json_says_how_it_was_made(strong: ScoredSlide, strong_svs: Path, recipe: Recipe) -> None:
    run = strong.run
    assert run["recipe_digest"] == recipe.digest
    assert run["recipe"]["rulebook"]["id"] == "breast-2018"
    assert run["input_sha256"] == hashlib.sha256(strong_svs.read_bytes()).hexdigest()
    assert run["versions"]["numpy"][0].isdigit()
    assert {"overview", "survey", "tiles", "score"} <= set(run["seconds"])
    assert run["pixels"]["tiles"] >= 1024 * 1024
    assert run["peak_memory_mb"] > 10


def test_a_slide_takes_its_documents_with_it(strong: ScoredSlide, recipe: Recipe) -> None:
    outcome = Outcome(
        "x",
        Path("x.svs"),
        recipe,
        engine="stored",
        cells=strong.cells,
        given_mpp_yx_um=(0.25, 0.25),
        given_size_px=strong.size_px,
    )
    result = scored_slide(outcome, Clock())
    assert result.cells is strong.cells
    assert (result.size_px, result.mpp_yx_um) == (strong.size_px, (0.25, 0.25))
    assert result.score["slide_id"] == result.run["slide_id"] == result.slide_id == "x"


def test_a_file_that_is_not_there_has_no_digest(recipe: Recipe) -> None:
    run = run_document(Outcome("x", Path("nowhere.svs"), recipe, engine="classical"), Clock())
    assert (run["input_sha256"], run["input_bytes"]) == (None, None)


def test_a_file_on_a_drive_that_may_hang_is_not_read_again(tmp_path: Path, recipe: Recipe) -> None:
    path = tmp_path / "x.svs"
    path.write_bytes(b"pixels")
    known = Outcome("x", path, recipe, engine="classical")
    assert run_document(known, Clock())["input_bytes"] == 6
    away = run_document(replace(known, is_at_hand=False), Clock())
    assert {key: away[key] for key in NOT_READ} == NOT_READ


def test_a_name_whose_bytes_are_no_text_can_be_written(recipe: Recipe) -> None:
    slide = ArraySlide(np.zeros((4, 4, 3), np.uint8), PixelSize(0.25, 0.25))
    object.__setattr__(slide, "reader", "OpenSlide (caf\udce9.svs: no tiles)")
    outcome = Outcome("x", Path("caf\udce9.svs"), recipe, engine="classical", slide=slide)
    result = scored_slide(outcome.failed(SlideError("caf\udce9.svs is damaged")), Clock())
    score, run = orjson.loads(score_json(result.score)), orjson.loads(json_bytes(result.run))
    assert (score["path"], score["reason"]) == (r"caf\udce9.svs", r"caf\udce9.svs is damaged")
    assert r"caf\udce9" in run["reader"]


def test_the_network_that_was_asked_is_named(recipe: Recipe) -> None:
    asked = Outcome(
        "x", Path("x.svs"), recipe, engine="cnn", device="cuda", weights=Weights("compact", "ab" * 32)
    )
    run, score = run_document(asked, Clock()), score_document(asked, Clock())
    assert (run["engine"], run["device"], score["engine"], score["device"]) == ("cnn", "cuda") * 2
    assert (run["weights"], run["weights_sha256"]) == ("compact", "ab" * 32)
    none = run_document(Outcome("x", Path("x.svs"), recipe, engine="classical"), Clock())
    assert (none["weights"], none["weights_sha256"], none["device"]) == (None, None, "cpu")


def test_the_laps_of_a_clock_sum_to_what_has_passed() -> None:
    clock = Clock()
    clock.lap("first")
    clock.lap("second", n_px=12)
    assert list(clock.seconds) == ["first", "second"]
    assert 0 <= sum(clock.seconds.values()) <= clock.elapsed
    assert clock.pixels == {"second": 12}


def test_measures_beside_the_score_are_there_or_null(strong: ScoredSlide, recipe: Recipe) -> None:
    score = orjson.loads(score_json(strong.score))
    assert score["continuous"]["h_score"] == pytest.approx(score["h_score"])
    assert 0 < score["continuous"]["proximity"]["fraction"] <= 1
    assert len(score["continuous"]["qcs"]["curve_od"]) == len(score["continuous"]["qcs"]["curve_fraction"])
    sweep = score["threshold_sweep"]
    row = sweep["complete_cut_offs"].index(sweep["complete"])
    assert sweep["scores"][row][sweep["intensity_factors"].index(1.0)] == score["score"]
    assert score["display"] == {"category": score["score"], "tag": recipe.display.of(score["tag"])}
    nothing = score_document(Outcome("x", Path("x.svs"), recipe, engine="classical"), Clock())
    assert (nothing["continuous"], nothing["threshold_sweep"]) == (None, None)
    assert nothing["display"] == {"category": None, "tag": None}
