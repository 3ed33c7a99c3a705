"""The journal says what happened, on both databases, and never stops a batch."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from her2path.errors import RegistryError
from her2path.registry.address import default_url
from her2path.registry.registry import Registry, open_registry
from her2path.registry.rows import FinishedSlide, QueuedSlide, RunId, RunStart

NIGHT = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
DIGEST, OTHER_DIGEST = "d" * 64, "e" * 64
SOFTWARE = "her2path 0.7"
Away: TypeAlias = Callable[[], AbstractContextManager[None]]
FLAGS = [{"code": "BORDERLINE", "severity": "warning", "detail": "9.8 % of 10 %"}]


@pytest.fixture
def url(upgraded_url: str) -> str:
    return upgraded_url


@pytest.fixture
def registry(url: str) -> Iterator[Registry]:
    with open_registry(url, "out", patience_s=0.2, pause_s=0) as registry:
        yield registry


def start(**other: Any) -> RunStart:
    usual: dict[str, Any] = {"at": NIGHT, "host": "here", "pid": 7, "software": SOFTWARE, "n_slides": 2}
    return RunStart(**usual | other)


def queued(*names: str, digest: str = DIGEST, minutes: int = 0) -> list[QueuedSlide]:
    at = NIGHT + timedelta(minutes=minutes)
    return [
        QueuedSlide(name, f"in/{name}.svs", digest, SOFTWARE, at, "case", {"site": "north", "lot": None})
        for name in names
    ]


def finished(name: str, *, input_sha256: str | None = "1" * 64, **score: Any) -> FinishedSlide:
    document = {
        "slide_id": name,
        "path": f"in/{name}.svs",
        "status": "scored",
        "reason": None,
        "recipe_digest": DIGEST,
        "software": SOFTWARE,
        "flags": FLAGS,
    } | score
    row = {
        **{key: document[key] for key in ("slide_id", "path", "status", "reason", "recipe_digest")},
        "case_id": "case",
        "score": document.get("score", "2+"),
        "n_cells": 1234,
        "h_score": float("nan"),
        "complete_intense_fraction": 0.098,
        "borderline": True,
        "rulebook": "breast-2018",
        "seconds": 3.25,
        "site": "north",
    }
    return FinishedSlide(document, row, input_sha256, NIGHT + timedelta(hours=1), attempts=1, host="here")


def set_state(registry: Registry, run: RunId, name: str, state: Any, **other: Any) -> None:
    registry.set_state(run, name, DIGEST, SOFTWARE, state, **{"at": NIGHT} | other)


def said(row: object, **expected: object) -> bool:
    return {name: getattr(row, name) for name in expected} == expected


def test_a_run_is_told_from_start_to_end(registry: Registry) -> None:
    run = registry.begin_run(start(recipe_digests=(DIGEST,), options={"out": Path("out"), "workers": 2}))
    (row,) = registry.runs()
    assert said(
        row, id=run, folder="out", started_at=NIGHT, ended_at=None, exit_code=None, host="here", pid=7
    )
    assert said(row, recipe_digests=[DIGEST], n_slides=2, options={"out": "out", "workers": 2})
    registry.end_run(run, 1, NIGHT + timedelta(hours=8))
    assert said(registry.runs()[0], ended_at=NIGHT + timedelta(hours=8), exit_code=1)


def test_a_slide_is_told_from_the_queue_to_its_end(registry: Registry) -> None:
    run = registry.begin_run(start())
    registry.queue(run, queued("a", "b"))
    assert [(row.slide_id, row.case_id, row.path) for row in registry.slides()] == [
        ("a", "case", "in/a.svs"),
        ("b", "case", "in/b.svs"),
    ]
    assert registry.slides()[0].manifest == {"site": "north", "lot": None}
    a, b = registry.states()
    assert said(b, state="queued", reason=None, attempts=0, queued_at=NIGHT, started_at=None, run_id=run)

    later = NIGHT + timedelta(minutes=3)
    set_state(registry, run, "a", "running", attempts=1, host="there", at=later)
    a, b = registry.states()
    assert said(
        a, state="running", attempts=1, host="there", queued_at=NIGHT, started_at=later, ended_at=None
    )
    assert b.state == "queued"

    end = NIGHT + timedelta(minutes=9)
    set_state(registry, run, "a", "failed", reason="truncated", at=end)
    assert said(registry.states()[0], state="failed", reason="truncated", attempts=1, host="there")
    assert said(registry.states()[0], queued_at=NIGHT, started_at=later, ended_at=end)

    set_state(registry, run, "a", "running", attempts=2, at=end)
    assert said(registry.states()[0], state="running", reason=None, attempts=2, ended_at=None)
    set_state(registry, run, "a", "queued", reason="claimed by another batch", at=end)
    assert said(registry.states()[0], state="queued", attempts=2, host=None, started_at=None, queued_at=end)


def test_the_next_run_puts_right_what_a_dead_one_left(registry: Registry) -> None:
    dead = registry.begin_run(start())
    registry.queue(dead, queued("a", "b", "c"))
    set_state(registry, dead, "a", "running", attempts=1, host="there")
    set_state(registry, dead, "b", "scored")
    run = registry.begin_run(start(at=NIGHT + timedelta(days=1)))
    registry.queue(run, queued("a", "c", minutes=1440))
    a, b, c = registry.states()
    for row in (a, c):
        assert said(row, state="queued", run_id=run, attempts=0, host=None, started_at=None)
    assert said(b, state="scored", run_id=dead)
    assert [row.ended_at for row in registry.runs()] == [None, None]


def test_a_result_keeps_every_column(registry: Registry) -> None:
    run = registry.begin_run(start())
    registry.queue(run, queued("a"))
    registry.finish(run, [finished("a")])
    (score,) = registry.scores()
    assert said(score, slide_id="a", status="scored", score="2+", n_cells=1234, borderline=True, seconds=3.25)
    assert said(score, rulebook="breast-2018", complete_intense_fraction=0.098, run_id=run)
    assert said(score, recipe_digest=DIGEST, software=SOFTWARE, input_sha256="1" * 64, flags=FLAGS)
    assert said(score, own_columns={"site": "north"}, finished_at=NIGHT + timedelta(hours=1))
    assert said(score, h_score=None, tag=None, category=None), "NaN and what is missing are null"
    (state,) = registry.states()
    assert said(state, state="scored", attempts=1, host="here", ended_at=NIGHT + timedelta(hours=1))


@pytest.mark.parametrize(
    "other", [{"recipe_digest": OTHER_DIGEST}, {"software": "her2path 0.8"}, {"input_sha256": "2" * 64}]
)
def test_other_results_of_a_slide_stand_beside(registry: Registry, other: Mapping[str, Any]) -> None:
    run = registry.begin_run(start())
    registry.finish(run, [finished("a")])
    registry.finish(run, [finished("a", score="3+", **other)])
    assert [row.score for row in registry.scores()] == ["2+", "3+"]


@pytest.mark.parametrize("input_sha256", ["1" * 64, None])
def test_the_same_result_again_stands_once(registry: Registry, input_sha256: str | None) -> None:
    run = registry.begin_run(start())
    registry.finish(run, [finished("a", input_sha256=input_sha256, score="1+")])
    registry.finish(run, [finished("b", input_sha256=None)])
    registry.finish(run, [finished("a", input_sha256=input_sha256, score="3+")])
    assert [(row.slide_id, row.score) for row in registry.scores()] == [("a", "3+"), ("b", "2+")]


def test_a_lost_registry_is_filled_at_once(registry: Registry) -> None:
    run = registry.begin_run(start())
    registry.finish(run, [finished("a"), finished("b", status="failed", reason="gone", input_sha256=None)])
    assert [(row.slide_id, row.state, row.reason) for row in registry.states()] == [
        ("a", "scored", None),
        ("b", "failed", "gone"),
    ]
    assert registry.problems() == ()


def test_what_stands_is_restored_and_what_is_known_stays(registry: Registry) -> None:
    first = registry.begin_run(start())
    registry.queue(first, queued("known", "killed"))
    registry.finish(first, [finished("known", score="1+")])
    set_state(registry, first, "killed", "running", attempts=1, host="there")
    run, later = registry.begin_run(start()), NIGHT + timedelta(days=1)
    standing = [replace(finished(name), at=later) for name in ("known", "killed", "lost")]
    registry.restore(run, [replace(one, attempts=None, host=None, manifest={"a": "b"}) for one in standing])
    killed, known, lost = registry.states()
    assert said(known, state="scored", run_id=first, ended_at=NIGHT + timedelta(hours=1))
    assert said(killed, state="scored", run_id=run, ended_at=later, attempts=1, host="there")
    assert said(lost, state="scored", run_id=run, ended_at=later, attempts=None)
    assert [row.score for row in registry.scores()] == ["2+", "1+", "2+"]
    assert [row.manifest.get("a") for row in registry.slides()] == [None, None, "b"]


def test_nothing_to_write_is_nothing_written(registry: Registry) -> None:
    run = registry.begin_run(start())
    registry.queue(run, [])
    registry.finish(run, [])
    registry.restore(run, [])
    assert (registry.states(), registry.problems()) == ((), ())


def test_events_come_in_order_and_by_run(registry: Registry) -> None:
    run, other = registry.begin_run(start()), registry.begin_run(start())
    for number in range(3):
        registry.add_event(run, "retry", f"EIO, try {number}", slide_id="a", at=NIGHT)
    registry.add_event(other, "started", "2 workers", at=NIGHT)
    assert [row.detail for row in registry.events(run)] == ["EIO, try 0", "EIO, try 1", "EIO, try 2"]
    assert [(row.slide_id, row.kind) for row in registry.events(other)] == [(None, "started")]


def test_folders_are_kept_apart(url: str, registry: Registry) -> None:
    with open_registry(url, "other") as other:
        for one, digest in ((registry, DIGEST), (other, OTHER_DIGEST)):
            one.queue(one.begin_run(start()), queued("a", digest=digest))
        assert [row.recipe_digest for row in other.states()] == [OTHER_DIGEST]
        assert [row.recipe_digest for row in other.states("out")] == [DIGEST]
        assert sorted(row.folder for row in other.runs()) == ["other", "out"]
        assert other.slides("out") == registry.slides()
        assert registry.slides("nowhere") == ()


def test_times_are_utc_whatever_the_zone(registry: Registry) -> None:
    new_york = datetime(2026, 3, 28, 20, 30, 0, 123456, timezone(timedelta(hours=-4)))
    registry.begin_run(start(at=new_york))
    (row,) = registry.runs()
    assert row.started_at == new_york
    assert row.started_at.isoformat() == "2026-03-29T00:30:00.123456+00:00"


def test_a_time_without_a_zone_is_a_mistake_of_the_caller(registry: Registry) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        registry.begin_run(start(at=datetime(2026, 3, 29)))
    registry.begin_run(start())
    assert len(registry.runs()) == 1


@pytest.mark.parametrize(
    "text", ["a\0b", "scan\udcff.svs", "Präparat 膜 😀", "'; DROP TABLE runs; --", "%s ?"]
)
def test_any_text_is_kept(registry: Registry, text: str) -> None:
    run = registry.begin_run(start(options={text: [text]}))
    registry.add_event(run, "odd", text, at=NIGHT)
    (event,) = registry.events(run)
    assert event.detail == text.replace("\0", "\\x00").replace("\udcff", "\\udcff")
    assert registry.runs()[0].options == {event.detail: [event.detail]}
    assert registry.problems() == ()


def test_no_password_is_written_or_said(away: Away, registry: Registry) -> None:
    url = "postgresql+psycopg://me:secret@host/db?sslpassword=hidden"
    run = registry.begin_run(start(options={"database": url}))
    registry.add_event(run, "lost", f"{url} went away", at=NIGHT)
    shown = "postgresql+psycopg://me:***@host/db?sslpassword=***"
    assert registry.runs()[0].options == {"database": shown}
    assert registry.events(run)[0].detail == f"{shown} went away"
    with away():
        registry.add_event(run, "x", "y", at=NIGHT)
        assert "not-for-logs" not in registry.problems()[0]


def test_what_cannot_be_written_now_is_written_later_in_order(
    away: Away, url: str, registry: Registry
) -> None:
    run = registry.begin_run(start())
    with away():
        registry.queue(run, queued("a"))
        set_state(registry, run, "a", "running")
        assert registry.problems()[0].startswith("2 entries could not be written to ")
    registry.finish(run, [finished("a")])
    assert registry.problems() == ()
    (state,) = registry.states()
    assert said(state, state="scored", queued_at=NIGHT, started_at=NIGHT)


def test_a_run_may_begin_while_the_database_is_away(away: Away, registry: Registry) -> None:
    with away():
        run = registry.begin_run(start())
    registry.end_run(run, 0, NIGHT)
    assert [row.id for row in registry.runs()] == [run]


def test_after_a_failure_it_does_not_try_with_every_write(away: Away, url: str) -> None:
    with open_registry(url, "out", patience_s=0.2, pause_s=3600) as registry:
        run = registry.begin_run(start())
        with away():
            registry.add_event(run, "one", "", at=NIGHT)
        registry.add_event(run, "two", "", at=NIGHT)
        assert registry.events(run) == ()
        registry.end_run(run, 0, NIGHT)
        assert [row.kind for row in registry.events(run)] == ["one", "two"]


def test_closing_tries_once_more_and_says_what_is_lost(away: Away, url: str) -> None:
    with open_registry(url, "out", patience_s=0.2, pause_s=3600) as registry:
        run = registry.begin_run(start())
        with away():
            registry.add_event(run, "one", "", at=NIGHT)
    assert registry.problems() == ()
    with open_registry(url, "out", patience_s=0.2) as registry:
        assert [row.kind for row in registry.events(run)] == ["one"]
        with away():
            registry.end_run(run, 0, NIGHT)
            registry.close()
            assert registry.problems()[0].startswith("1 entry could not be written to ")
        assert registry.runs()[0].ended_at is None


def test_an_entry_that_is_refused_stops_no_other(registry: Registry) -> None:
    run = registry.begin_run(start())
    set_state(registry, run, "nobody", "running")
    registry.add_event(run, "after", "", at=NIGHT)
    (problem,) = registry.problems()
    assert problem.startswith("nobody: running refused by ")
    assert "FOREIGN KEY" in problem.upper()
    assert [row.kind for row in registry.events(run)] == ["after"]
    set_state(registry, run, "no one", "running")
    assert registry.problems()[0].startswith("nobody: running and 1 more refused by ")


def test_reading_from_a_database_that_is_away_says_so(tmp_path: Path) -> None:
    with open_registry(default_url(tmp_path), "out") as registry:
        registry.close()
        (tmp_path / "registry.sqlite").write_bytes(b"not a database any more, whatever it was")
        with pytest.raises(RegistryError, match=r"cannot be used: .*; give another file"):
            registry.runs()


def test_threads_share_a_registry(registry: Registry) -> None:
    run = registry.begin_run(start())

    def write(thread: int) -> None:
        for number in range(10):
            registry.add_event(run, f"{thread}-{number}", "", at=NIGHT)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({row.kind for row in registry.events(run)}) == 40
