"""Who scores: one slide stays in this process, several get processes, and an address is somebody else's."""

from pathlib import Path
from threading import Event

import pytest

from her2path.batch.job import Job, Outcome
from her2path.cli import batch_crew
from her2path.cli.batch_crew import check_scheduler, crew_for, fetch
from her2path.cli.batch_work import Work
from her2path.errors import UsageError
from her2path.runners.here import HereCrew
from her2path.store.manifest import ManifestRow
from her2path.store.recipes import load_recipe

DONE = Outcome("node1", score={"status": "scored"})
JOB = Job("a", ManifestRow(Path("a.svs")), load_recipe(), 1)
WORK = Work(Path("/out"), device="cpu", threads=1, overwrite=False, geojson=False)


@pytest.mark.parametrize("scheduler", ["local", "tcp://127.0.0.1:8786", "tls://node-1.lab:8786"])
def test_a_scheduler_is_local_or_an_address(scheduler: str) -> None:
    check_scheduler(scheduler)


@pytest.mark.parametrize("scheduler", ["", "here", "tcp://node1", "http://node1:8786", "node1:8786"])
def test_anything_else_is_refused(scheduler: str) -> None:
    with pytest.raises(UsageError, match="tcp://HOST:PORT"):
        check_scheduler(scheduler)


def test_a_scheduler_elsewhere_needs_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_crew, "_has_dask", lambda: False)
    check_scheduler("local")
    with pytest.raises(UsageError, match=r"her2path\[cluster\]"):
        check_scheduler("tcp://127.0.0.1:8786")


def test_without_dask_this_process_scores_with_all_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Work] = []

    def crew_of(work: Work) -> HereCrew[Job, Outcome]:
        made.append(work)
        return HereCrew(lambda job: DONE)

    monkeypatch.setattr(batch_crew, "HereCrew", crew_of)
    monkeypatch.setattr(batch_crew, "_has_dask", lambda: False)
    with crew_for(WORK, "local", n_slides=9, workers=3) as crew:
        assert crew.hands == 1
        crew.give(JOB)
        (finished,) = crew.take(10)
    assert finished.result is DONE
    assert made[0].threads == 3


def test_a_slide_is_fetched_beside_everything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched, go_on = Event(), Event()

    def read(path: Path) -> None:
        go_on.wait(10)
        fetched.set()

    monkeypatch.setattr(batch_crew, "read_ahead", read)
    fetch(JOB)
    assert not fetched.is_set()  # a drive that gives no answer holds nobody up
    go_on.set()
    assert fetched.wait(10)
