"""Statements hold no value, are built once, and do no harm when they run twice."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Dialect, func, make_url, select

from her2path.registry import statements
from her2path.registry.address import read_url
from her2path.registry.contents import finished_rows, queued_rows, run_row
from her2path.registry.engine import open_engine, writing
from her2path.registry.rows import EventRow, FinishedSlide, QueuedSlide, RunId, RunStart
from her2path.registry.schema import METADATA

SQLITE, POSTGRESQL = (make_url(f"{name}://").get_dialect()() for name in ("sqlite", "postgresql+psycopg"))
RUN, NOW = RunId("r" * 32), datetime(2026, 1, 1, tzinfo=UTC)


def everything(dialect: str) -> list[statements.Step]:
    slide, waiting = queued_rows(RUN, "out", QueuedSlide("Robert'); --", "a.svs", "d", "s", NOW))
    score = {
        "slide_id": "b",
        "path": "b",
        "status": "scored",
        "reason": None,
        "recipe_digest": "d",
        "software": "s",
    }
    read = [finished_rows(RUN, "out", FinishedSlide(score, score, sha, NOW)) for sha in ("1", None)]
    return [
        *statements.put_run(dialect, run_row(RUN, "out", RunStart(NOW, "here", 1, "s", 1))),
        *statements.put_slides(dialect, [slide]),
        *statements.put_states(dialect, "queued", [waiting]),
        *statements.put_scores(dialect, [one[0] for one in read], [one[2] for one in read]),
        *statements.put_states(dialect, "scored", [read[0][1]]),
        *statements.put_end(RUN, 0, NOW),
    ]


def test_steps_may_be_taken_twice(upgraded_url: str) -> None:
    engine = open_engine(read_url(upgraded_url), 5.0)
    for _ in range(2):
        with writing(engine).begin() as connection:
            for statement, rows in everything(engine.dialect.name):
                connection.execute(statement, rows)
    with engine.connect() as connection:
        counts = {
            name: connection.execute(select(func.count()).select_from(table)).scalar()
            for name, table in METADATA.tables.items()
        }
    engine.dispose()
    assert counts == {"runs": 1, "slides": 2, "states": 2, "scores": 2, "events": 0}


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL])
def test_no_value_stands_in_a_statement(dialect: Dialect) -> None:
    event = EventRow(RUN, NOW, "Robert'); --", "odd", "Robert'); --")
    for statement, rows in [*everything(dialect.name), *statements.put_event(dialect.name, event)]:
        assert "Robert" not in str(statement.compile(dialect=dialect, column_keys=list(rows[0])))


def test_a_statement_is_built_once() -> None:
    first, second = everything("sqlite"), everything("sqlite")
    assert first[2][0] is second[2][0]
