"""A registry of the first form, with rows in it, is upgraded and used on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import MetaData, Table, insert

from her2path.registry.address import read_url
from her2path.registry.engine import open_engine
from her2path.registry.registry import Registry, open_registry
from her2path.registry.rows import FinishedSlide, RunId
from her2path.registry.upgrade import upgrade

RUN, THEN = "a" * 32, datetime(2026, 1, 1, 12, tzinfo=UTC)
RESULT = {"folder": "out", "slide_id": "old", "recipe_digest": "d" * 64, "software": "her2path 0.6"}
ROWS: dict[str, dict[str, Any]] = {
    "runs": {
        "id": RUN,
        "folder": "out",
        "started_at": THEN,
        "host": "here",
        "pid": 1,
        "software": "her2path 0.6",
        "recipe_digests": ["d" * 64],
        "n_slides": 1,
        "options": {"workers": 2},
    },
    "slides": {
        "folder": "out",
        "slide_id": "old",
        "case_id": "c",
        "path": "old.svs",
        "manifest": {"site": "x"},
    },
    "states": RESULT | {"state": "scored", "attempts": 1, "queued_at": THEN, "ended_at": THEN, "run_id": RUN},
    "scores": RESULT
    | {
        "finished_at": THEN,
        "run_id": RUN,
        "status": "scored",
        "score": "1+",
        "n_cells": 812,
        "borderline": False,
    },
    "events": {"run_id": RUN, "at": THEN, "slide_id": "old", "kind": "retry", "detail": "EIO"},
}


@pytest.fixture
def of_the_first_form(url: str) -> str:
    """Rows written through what the database itself says of its tables, not through today's."""
    engine = open_engine(read_url(url), 5.0)
    upgrade(engine, "0001")
    with engine.begin() as connection:
        for name, row in ROWS.items():
            table = Table(name, MetaData(), autoload_with=connection, resolve_fks=False)
            if url.startswith("sqlite"):
                row = {
                    key: value.replace(tzinfo=None) if value is THEN else value for key, value in row.items()
                }
            connection.execute(insert(table), row)
    engine.dispose()
    return url


def test_its_rows_are_kept_and_what_they_did_not_say_is_null(of_the_first_form: str) -> None:
    with open_registry(of_the_first_form, "out") as registry:
        (run,), (slide,), (state,), (score,) = (
            registry.runs(),
            registry.slides(),
            registry.states(),
            registry.scores(),
        )
        assert (run.id, run.started_at, run.options) == (RUN, THEN, {"workers": 2})
        assert (slide.case_id, slide.manifest) == ("c", {"site": "x"})
        assert (state.state, state.attempts, state.queued_at) == ("scored", 1, THEN)
        assert (score.score, score.n_cells, score.borderline, score.finished_at) == ("1+", 812, False, THEN)
        assert (score.input_sha256, score.flags, score.own_columns) == (None, None, None)
        assert [event.detail for event in registry.events(RunId(RUN))] == ["EIO"]


def finish(registry: Registry, input_sha256: str | None) -> None:
    score: dict[str, Any] = RESULT | {"path": "old.svs", "status": "scored", "reason": None, "flags": []}
    one = FinishedSlide(score, {"status": "scored", "score": "3+"}, input_sha256, THEN + timedelta(days=1))
    registry.finish(RunId(RUN), [one])


def test_it_takes_new_results_beside_the_old_ones(of_the_first_form: str) -> None:
    with open_registry(of_the_first_form, "out") as registry:
        for input_sha256 in ("1" * 64, "2" * 64, "2" * 64):
            finish(registry, input_sha256)
        assert [row.input_sha256 for row in registry.scores()] == [None, "1" * 64, "2" * 64]
        finish(registry, None)
        assert sorted(row.score or "" for row in registry.scores()) == ["3+", "3+", "3+"]
        assert registry.problems() == ()
