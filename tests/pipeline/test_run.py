"""Several slides: resumed where done, tried again where they failed, kept where the run was stopped."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pyarrow.csv
import pytest

from her2path.export.slide_files import publish
from her2path.pipeline import run as pipeline_run
from her2path.pipeline.result import ScoredSlide
from her2path.pipeline.run import failed_slide, score_slides
from her2path.pipeline.slide import SlideRequest
from her2path.recipe import Recipe
from her2path.runners.threads import ThreadRunner
from her2path.segment.classical import ClassicalSegmenter
from her2path.segment.protocol import Weights
from her2path.store.cohort import COHORT_COLUMNS
from her2path.store.recipes import load_recipe
from her2path.store.runs import NOT_READ, describe_file

Run = Callable[..., list[tuple[Mapping[str, Any], bool]]]


class Scorer:
    """Stands in for ``score_slide``: gives the result that is known, and counts."""

    def __init__(self, known: ScoredSlide) -> None:
        self.known = known
        self.calls: list[str] = []
        self.status = "scored"
        self.stop_at: str | None = None

    def __call__(self, request: SlideRequest, recipe: Recipe, *_: object, **__: object) -> ScoredSlide:
        self.calls.append(request.slide_id)
        if request.slide_id == self.stop_at:
            raise KeyboardInterrupt
        named = {
            "slide_id": request.slide_id,
            "path": str(request.path),
            "status": self.status,
            "recipe_digest": recipe.digest,
        }
        return replace(
            self.known,
            slide_id=request.slide_id,
            score={**self.known.score, **named},
            run={**self.known.run, **describe_file(request.path)},
        )


@pytest.fixture
def scorer(strong: ScoredSlide, monkeypatch: pytest.MonkeyPatch) -> Scorer:
    scorer = Scorer(strong)
    monkeypatch.setattr(pipeline_run, "score_slide", scorer)
    return scorer


@pytest.fixture
def run(tmp_path: Path, recipe: Recipe, scorer: Scorer) -> Run:
    def score(
        *ids: str, using: Recipe = recipe, asking: Weights | None = None, **options: Any
    ) -> list[tuple[Mapping[str, Any], bool]]:
        return list(
            score_slides(
                [SlideRequest(one, tmp_path / f"{one}.svs") for one in ids],
                using,
                ClassicalSegmenter(weights=asking),
                ThreadRunner(),
                out=tmp_path / "out",
                publish=lambda scored, folder: publish(scored, folder, report_html=lambda: "<html></html>"),
                watch=lambda request: lambda done, total: None,
                **options,
            )
        )

    return score


def test_what_is_scored_is_not_scored_again(run: Run, scorer: Scorer, tmp_path: Path) -> None:
    first = run("a", "b")
    written = (tmp_path / "out" / "a" / "score.json").stat().st_mtime_ns
    second = run("a", "b", "c")
    assert scorer.calls == ["a", "b", "c"]
    assert [stood for _, stood in first] == [False, False]
    assert [stood for _, stood in second] == [True, True, False]
    assert (tmp_path / "out" / "a" / "score.json").stat().st_mtime_ns == written


def test_overwrite_scores_again(run: Run, scorer: Scorer) -> None:
    run("a")
    run("a", overwrite=True)
    assert scorer.calls == ["a", "a"]


def test_another_recipe_scores_again(run: Run, scorer: Scorer, recipe: Recipe) -> None:
    run("a")
    other = load_recipe(rulebook="gastric-resection", specimen="resection")
    assert other.digest != recipe.digest
    ((score, stood),) = run("a", using=other)
    assert scorer.calls == ["a", "a"]
    assert (score["recipe_digest"], stood) == (other.digest, False)


def test_another_network_scores_again(run: Run, scorer: Scorer) -> None:
    for asking in (None, Weights("one", "ab"), Weights("one", "ab"), Weights("one", "cd")):
        run("a", asking=asking)
    assert len(scorer.calls) == 3


@pytest.mark.parametrize(
    ("status", "again"), [("failed", True), ("partial", False), ("not_evaluable", False)]
)
def test_only_what_failed_is_tried_again(run: Run, scorer: Scorer, status: str, again: bool) -> None:
    scorer.status = status
    run("a")
    run("a")
    assert len(scorer.calls) == (2 if again else 1)


def test_a_run_that_was_stopped_keeps_what_is_finished(run: Run, scorer: Scorer, tmp_path: Path) -> None:
    scorer.stop_at = "b"
    with pytest.raises(KeyboardInterrupt):
        run("a", "b", "c")
    out = tmp_path / "out"
    assert orjson.loads((out / "a" / "score.json").read_bytes())["status"] == "scored"
    assert not (out / "b").exists()
    assert pyarrow.csv.read_csv(out / "cohort.csv")["slide_id"].to_pylist() == ["a"]
    scorer.stop_at = None
    run("a", "b", "c")
    assert scorer.calls == ["a", "b", "b", "c"]


def test_the_cohort_table_has_a_row_for_every_slide_whatever_its_fate(
    run: Run, scorer: Scorer, tmp_path: Path
) -> None:
    run("b")
    scorer.status = "failed"
    run("a")
    table = pyarrow.csv.read_csv(tmp_path / "out" / "cohort.csv")
    assert table.column_names == list(COHORT_COLUMNS)
    assert table["slide_id"].to_pylist() == ["a", "b"]
    assert table["status"].to_pylist() == ["failed", "scored"]


def test_every_run_leaves_a_record(run: Run, tmp_path: Path, recipe: Recipe) -> None:
    run("a")
    run("a")
    records = [orjson.loads(path.read_bytes()) for path in sorted((tmp_path / "out" / "runs").glob("*.json"))]
    assert len(records) == 2
    assert all(record["recipe_digest"] == recipe.digest for record in records)
    assert [slide["slide_id"] for slide in records[0]["slides"]] == ["a"]


def test_a_slide_that_was_copied_again_is_scored_again(run: Run, scorer: Scorer, tmp_path: Path) -> None:
    scorer.status = "partial"
    (tmp_path / "a.svs").write_bytes(b"half of it")
    run("a")
    run("a")
    assert scorer.calls == ["a"]
    (tmp_path / "a.svs").write_bytes(b"the whole of it")
    run("a")
    assert scorer.calls == ["a", "a"]


def test_of_a_slide_whose_scoring_broke_down_nothing_is_read(tmp_path: Path, recipe: Recipe) -> None:
    path = tmp_path / "x.svs"
    path.write_bytes(b"pixels")
    failed = failed_slide("x", path, recipe, "caf\udce9.svs broke its worker")
    assert {key: failed.run[key] for key in NOT_READ} == NOT_READ
    assert (failed.score["status"], failed.score["flags"]) == ("failed", [])
    assert failed.score["reason"] == r"caf\udce9.svs broke its worker"
