"""One thread and several give the same table and the same score, bit for bit, time after time."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from her2path.pipeline import cells
from her2path.pipeline.result import ScoredSlide
from her2path.pipeline.slide import SlideRequest, score_slide
from her2path.pipeline.tiles import tiles_with_tissue
from her2path.runners.protocol import Runner
from her2path.runners.threads import ThreadRunner
from her2path.segment.classical import ClassicalSegmenter
from her2path.store.recipes import load_recipe


def run(path: Path, runner: Runner) -> ScoredSlide:
    return score_slide(SlideRequest("slide", path), load_recipe(), ClassicalSegmenter(), runner)


def answer(scored: ScoredSlide) -> dict[str, Any]:
    return {key: value for key, value in scored.score.items() if key != "seconds"}


@pytest.fixture(scope="module")
def once(strong_svs: Path) -> ScoredSlide:
    return run(strong_svs, ThreadRunner(1))


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_threads_change_nothing(
    once: ScoredSlide, strong_svs: Path, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Several tiles, so that there is something to run side by side.
    monkeypatch.setattr(cells, "tiles_with_tissue", partial(tiles_with_tissue, tile_px=384))
    again = run(strong_svs, ThreadRunner(workers))
    assert again.cells.equals(once.cells)
    assert answer(again) == answer(once)
