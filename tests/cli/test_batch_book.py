"""The book: what each event means for the table, the registry, the console and the exit code."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest

from her2path.batch.job import Job, Outcome
from her2path.batch.queue import Again, Began, Broke, Ended, Halted, Held, Tick
from her2path.cli import batch_book
from her2path.cli.batch_book import BatchBook
from her2path.cli.batch_console import BatchConsole
from her2path.cli.batch_resume import Begun
from her2path.errors import OutputError
from her2path.pipeline.run import failed_slide
from her2path.registry.address import default_url
from her2path.registry.registry import Registry, open_registry
from her2path.store.claims import Holder
from her2path.store.cohort import cohort_row, write_cohort
from her2path.store.manifest import ManifestRow
from her2path.store.recipes import load_recipe

Make = Callable[[], BatchBook]
RECIPE = load_recipe(engine="classical")
HOST = "node1"


def job(slide_id: str) -> Job:
    return Job(
        slide_id,
        ManifestRow(Path(f"{slide_id}.svs"), own={"block": "B1"}, where="manifest.csv, row 2"),
        RECIPE,
        1000,
    )


def score(slide_id: str, **more: Any) -> dict[str, Any]:
    failed = failed_slide(slide_id, Path(f"{slide_id}.svs"), RECIPE, "no reason")
    return {**failed.score, "status": "scored", "reason": None, "score": "2+", "n_cells": 900, **more}


def begun(*to_do: str, standing: str = "", **replaced: Any) -> Begun:
    return Begun(tuple(map(job, to_do)), tuple((job(name), score(name)) for name in standing), replaced)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with open_registry(default_url(tmp_path), str(tmp_path)) as registry:
        yield registry


@pytest.fixture
def make_book(tmp_path: Path, registry: Registry) -> Make:
    """Give what makes the book when the test runs: its console prints to where standard output goes then."""

    def make() -> BatchBook:
        console = BatchConsole(tmp_path, quiet=False, as_json=False)
        jobs = [job("a"), job("b"), job("c")]
        return BatchBook(tmp_path, jobs, options={"retries": 3}, registry=registry, console=console)

    return make


def rows(out: Path) -> dict[str, dict[str, Any]]:
    return {row["slide_id"]: row for row in pq.read_table(out / "cohort.parquet").to_pylist()}


def test_a_batch_in_which_all_goes_well(make_book: Make, registry: Registry, tmp_path: Path) -> None:
    book = make_book()
    book.begin(begun("a", "b", standing="c"))
    ended = [Ended(job(name), Outcome(HOST, score=score(name)), 1) for name in ("a", "b")]
    book.follow([Began(job("a"), 1), Tick(), Began(job("b"), 1), *ended])
    assert book.close() == 0
    assert {name: (row["status"], row["block"]) for name, row in rows(tmp_path).items()} == dict.fromkeys(
        "abc", ("scored", "B1")
    )
    assert {row.slide_id: (row.state, row.host) for row in registry.states()} == {
        "a": ("scored", "node1"),
        "b": ("scored", "node1"),
        "c": ("scored", None),
    }
    (run,) = registry.runs()
    assert (run.n_slides, run.exit_code) == (3, 0)
    assert (tmp_path / "cohort.html").is_file()


def test_a_slide_that_breaks_down_has_a_row_a_folder_and_its_traceback(
    make_book: Make, registry: Registry, tmp_path: Path
) -> None:
    book = make_book()
    book.begin(begun("a"))
    book.follow([Began(job("a"), 1), Broke(job("a"), "3 processes died", 1, "Traceback: here")])
    assert book.close() == 1
    assert rows(tmp_path)["a"]["reason"] == "3 processes died"
    assert orjson.loads((tmp_path / "a" / "score.json").read_bytes())["reason"] == "3 processes died"
    (record,) = (tmp_path / "runs").glob("*.json")
    lines = {line["slide_id"]: line for line in orjson.loads(record.read_bytes())["slides"]}
    assert lines["a"]["traceback"] == "Traceback: here"
    assert lines["b"]["status"] == "queued"
    assert {row.state for row in registry.states()} == {"failed"}


def test_what_is_not_finished_makes_the_exit_code_1_and_is_named(
    make_book: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    book = make_book()
    book.begin(begun("a", "b", "c"))
    book.follow(
        [Began(job("a"), 1), Ended(job("a"), Outcome(HOST, score=score("a")), 1), Halted("the disk is full")]
    )
    assert book.close() == 1
    said = capsys.readouterr().out
    assert "the disk is full" in said
    assert "2 slides not begun" in said


def test_an_interrupted_batch_says_so_by_its_exit_code(make_book: Make, registry: Registry) -> None:
    book = make_book()
    book.begin(begun("a"))
    book.interrupt()
    assert book.close() == 130
    (run,) = registry.runs()
    assert run.exit_code == 130
    assert [event.kind for event in registry.events(run.id)] == ["interrupted"]


def test_trouble_and_other_batches_are_written_down(make_book: Make, registry: Registry) -> None:
    book = make_book()
    holder = Holder("node2", 7, datetime(2026, 1, 1, tzinfo=UTC))
    book.begin(begun("a", "b"))
    book.follow([Began(job("a"), 1), Again(job("a"), "the drive is away", 5, 1), Held(job("b"), holder)])
    states = {row.slide_id: row for row in registry.states()}
    assert (states["a"].state, states["a"].reason, states["a"].attempts) == ("queued", "the drive is away", 1)
    assert (states["b"].state, states["b"].reason) == ("queued", None)  # its holder writes what becomes of it
    (event,) = registry.events(registry.runs()[0].id)
    assert (event.kind, event.slide_id, event.detail) == ("retry", "a", "the drive is away")


def test_rows_that_cannot_be_written_now_are_written_later(
    make_book: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = make_book()
    monkeypatch.setattr(batch_book, "TABLE_EVERY_S", -1.0)
    whole, calls = write_cohort, list[int]()

    def away_at_first(out: Path, new: Any, *, patience_s: float) -> str | None:
        calls.append(len(new))
        if len(calls) == 2:
            raise OutputError("the drive is away")
        return whole(out, new, patience_s=patience_s)

    monkeypatch.setattr(batch_book, "write_cohort", away_at_first)
    book.begin(begun("a", "b"))
    book.follow(Ended(job(name), Outcome(HOST, score=score(name)), 1) for name in ("a", "b"))
    assert calls == [2, 1, 2]
    assert set(rows(tmp_path)) == {"a", "b"}


def test_a_table_that_cannot_be_written_at_the_end_is_told(
    make_book: Make, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    book = make_book()

    def away(*_: object, **__: object) -> None:
        raise OutputError("the drive is away")

    monkeypatch.setattr(batch_book, "write_cohort", away)
    book.begin(begun(standing="abc"))
    assert book.close() == 1
    assert "the drive is away" in capsys.readouterr().out


def test_every_slide_has_a_row_from_the_start(make_book: Make, tmp_path: Path) -> None:
    book = make_book()
    book.begin(begun("a", "b", standing="c"))
    assert {name: row["status"] for name, row in rows(tmp_path).items()} == {
        "a": "queued",
        "b": "queued",
        "c": "scored",
    }


def test_a_slide_that_another_has_finished_did_not_fail(
    make_book: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = make_book()
    book.begin(begun("a"))
    monkeypatch.setattr(batch_book, "already_scored", lambda *_, **__: score("a"))
    book.follow([Began(job("a"), 1), Broke(job("a"), "3 processes died", 1)])
    book.close()
    assert rows(tmp_path)["a"]["status"] == "scored"
    assert not (tmp_path / "a").exists()


def test_a_failed_row_that_another_has_put_right_is_not_written(
    make_book: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = make_book()
    book.begin(begun("a"))
    failed = failed_slide("a", Path("a.svs"), RECIPE, "damaged").score
    book.follow([Ended(job("a"), Outcome(HOST, score=failed), 1)])
    monkeypatch.setattr(batch_book, "already_scored", lambda *_, **__: score("a"))
    book.close()
    assert rows(tmp_path)["a"]["score"] == "2+"


def test_another_file_under_the_same_name_is_told(
    make_book: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    book = make_book()
    book.begin(begun("a", a=score("a", score="3+")))
    book.follow([Ended(job("a"), Outcome(HOST, score=score("a")), 1)])
    book.close()
    assert "a: its file is another than in the last run: was 3+, now 2+" in capsys.readouterr().out


def test_rows_of_earlier_calls_are_told(
    make_book: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book = make_book()
    write_cohort(tmp_path, [cohort_row(score("old"))])
    book.begin(begun(standing="abc"))
    book.close()
    assert "the cohort table also has 1 slides of earlier calls (old)" in capsys.readouterr().out
