"""Where a run is stopped does not matter: going on gives what one run would have given."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest

from her2path.export.slide_files import publish
from her2path.pipeline.run import score_slides
from her2path.pipeline.slide import SlideRequest
from her2path.runners.threads import ThreadRunner
from her2path.segment.classical import ClassicalSegmenter
from her2path.store.recipes import load_recipe

OF_THE_CLOCK = "seconds"


def run(paths: list[Path], out: Path, stop_in: str | None = None) -> None:
    def watch(request: SlideRequest) -> Callable[[int, int], None]:
        def told(done: int, total: int) -> None:
            if request.slide_id == stop_in:
                raise KeyboardInterrupt

        return told

    for _ in score_slides(
        [SlideRequest(path.stem, path) for path in paths],
        load_recipe(),
        ClassicalSegmenter(),
        ThreadRunner(2),
        out=out,
        publish=lambda scored, folder: publish(scored, folder, report_html=lambda: "<html></html>"),
        watch=watch,
    ):
        pass


def answer(out: Path) -> dict[str, Any]:
    """Every score and every cell, without how long it took."""
    found: dict[str, Any] = {}
    for folder in sorted(path for path in out.iterdir() if (path / "score.json").is_file()):
        score = orjson.loads((folder / "score.json").read_bytes())
        found[folder.name] = (
            {key: value for key, value in score.items() if key != OF_THE_CLOCK},
            pq.read_table(folder / "cells.parquet"),
        )
    cohort = pq.read_table(out / "cohort.parquet")
    return {"slides": found, "cohort": cohort.drop_columns([OF_THE_CLOCK])}


@pytest.fixture(scope="module")
def slides(strong_svs: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A good slide, one that fails, and the good one under another name."""
    folder = tmp_path_factory.mktemp("slides")
    again, bad = folder / "again.svs", folder / "bad.svs"
    again.write_bytes(strong_svs.read_bytes())
    bad.write_bytes(b"<html></html>")
    return [strong_svs, bad, again]


@pytest.mark.parametrize("stop_in", ["strong", "again"])
def test_a_stopped_run_that_goes_on_gives_what_one_run_gives(
    slides: list[Path], tmp_path: Path, stop_in: str
) -> None:
    run(slides, tmp_path / "once")
    with pytest.raises(KeyboardInterrupt):
        run(slides, tmp_path / "twice", stop_in=stop_in)
    run(slides, tmp_path / "twice")
    assert answer(tmp_path / "twice") == answer(tmp_path / "once")
    assert list(answer(tmp_path / "once")["slides"]) == ["again", "bad", "strong"]
