"""Nothing of a cohort table is lost in the registry, and times say what a state means."""

from datetime import UTC, datetime
from typing import Any

import pytest

from her2path.registry.contents import ELSEWHERE, OUTCOME, finished_rows, queued_rows, state_row
from her2path.registry.rows import FinishedSlide, QueuedSlide, RunId
from her2path.store.cohort import COHORT_COLUMNS, cohort_row

RUN, NOW = RunId("r" * 32), datetime(2026, 1, 1, tzinfo=UTC)
SCORE: dict[str, Any] = dict.fromkeys(COHORT_COLUMNS) | {
    "slide_id": "a",
    "path": "a.svs",
    "status": "partial",
    "reason": "3 tiles could not be read",
    "rulebook": {"id": "breast-2018"},
    "recipe_digest": "d",
    "software": "s",
    "n_cells": 10,
}


def test_every_column_of_the_cohort_table_has_its_place() -> None:
    assert {*OUTCOME, *ELSEWHERE} == set(COHORT_COLUMNS)


def test_a_result_is_taken_apart_into_slide_state_and_score() -> None:
    row = cohort_row(SCORE, {"case_id": "c", "site": "north"})
    slide, state, score = finished_rows(RUN, "out", FinishedSlide(SCORE, row, None, NOW, attempts=2))
    assert (slide.case_id, slide.path) == ("c", "a.svs")
    assert (state.state, state.reason, state.attempts, state.ended_at) == ("partial", SCORE["reason"], 2, NOW)
    assert (score.status, score.n_cells, score.rulebook) == ("partial", 10, "breast-2018")
    assert score.own_columns == {"site": "north"}
    assert score.flags == []


def test_a_queued_slide_has_not_been_tried() -> None:
    slide, state = queued_rows(RUN, "out", QueuedSlide("a", "a.svs", "d", "s", NOW, manifest={"site": "x"}))
    assert slide.manifest == {"site": "x"}
    assert (state.state, state.attempts, state.queued_at, state.ended_at) == ("queued", 0, NOW, None)


@pytest.mark.parametrize(
    ("state", "times"),
    [
        ("queued", (NOW, None, None)),
        ("running", (None, NOW, None)),
        ("scored", (None, None, NOW)),
        ("failed", (None, None, NOW)),
    ],
)
def test_a_state_has_one_time_of_its_own(state: Any, times: tuple[datetime | None, ...]) -> None:
    row = state_row(("out", "a", "d", "s"), state, RUN, NOW)
    assert (row.queued_at, row.started_at, row.ended_at) == times
