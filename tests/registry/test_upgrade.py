"""A database of any age becomes one of today, whole or not at all."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from her2path.errors import RegistryError
from her2path.registry.address import default_url, read_url
from her2path.registry.engine import open_engine
from her2path.registry.registry import open_registry
from her2path.registry.schema import HEAD, METADATA, VERSION_TABLE
from her2path.registry.upgrade import MIGRATIONS, revision, upgrade


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = open_engine(read_url(url), 5.0)
    yield engine
    engine.dispose()


def columns(engine: Engine, table: str) -> set[str]:
    return {column["name"] for column in inspect(engine).get_columns(table)}


def test_an_empty_database_gets_every_table(engine: Engine) -> None:
    upgrade(engine)
    assert set(inspect(engine).get_table_names()) == {*METADATA.tables, VERSION_TABLE}
    with engine.connect() as connection:
        assert revision(connection) == HEAD


def test_the_head_that_is_known_without_alembic_is_the_last_migration() -> None:
    steps = Config()
    steps.set_main_option("script_location", MIGRATIONS)
    assert ScriptDirectory.from_config(steps).get_heads() == [HEAD]


def test_upgrading_again_changes_nothing(engine: Engine) -> None:
    upgrade(engine)
    before = columns(engine, "scores")
    upgrade(engine)
    assert columns(engine, "scores") == before


def test_an_upgrade_that_fails_leaves_everything_as_it_was(url: str, engine: Engine) -> None:
    upgrade(engine, "0001")
    before = columns(engine, "scores")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE ix_events_run_id (x INTEGER)"))  # in the way of the last step
    with pytest.raises(RegistryError, match="cannot be used"):
        open_registry(url, "out")
    with engine.connect() as connection:
        assert revision(connection) == "0001"
    assert columns(engine, "scores") == before


def test_a_newer_database_is_left_alone(url: str, engine: Engine) -> None:
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(
        RegistryError, match=rf"newer her2path \(migration 9999, this one knows up to {HEAD}\); use"
    ):
        open_registry(url, "out")


def test_tables_of_another_program_are_left_alone(url: str, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE runs (marathon INTEGER)"))
    with pytest.raises(RegistryError, match=r"another program \(runs\); give another database"):
        open_registry(url, "out")
    assert columns(engine, "runs") == {"marathon"}


def test_another_program_with_migrations_of_its_own_is_no_hindrance(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('abc')"))
    upgrade(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "abc"


def test_a_database_of_sqlite_can_lie_anywhere(tmp_path: Path) -> None:
    folder = tmp_path / "50 % off?"
    folder.mkdir()
    with open_registry(default_url(folder), "out") as registry:
        assert registry.runs() == ()
    assert [path.name for path in folder.iterdir()] == ["registry.sqlite"]


BATCH = """
import sys
from datetime import UTC, datetime
from her2path.registry.registry import open_registry
from her2path.registry.rows import QueuedSlide, RunStart
url, name = sys.argv[1:]
now = datetime.now(UTC)
print("ready", flush=True)
sys.stdin.readline()
with open_registry(url, "out") as registry:
    run = registry.begin_run(RunStart(now, name, 1, "s", 40))
    registry.queue(run, [QueuedSlide(f"slide-{n}", "p", "d", "s", now) for n in range(40)])
    for n in range(40):
        registry.set_state(run, f"slide-{n}", "d", "s", "running", at=now)
    registry.end_run(run, 0, now)
print(registry.problems())
"""


def test_processes_create_and_use_one_database_at_the_same_time(url: str) -> None:
    batches = [
        subprocess.Popen(
            [sys.executable, "-c", BATCH, url, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two")
    ]
    for batch in batches:
        assert batch.stdout is not None
        assert batch.stdout.readline() == "ready\n"
    for batch in batches:
        assert batch.stdin is not None
        batch.stdin.write("\n")
        batch.stdin.flush()
    assert [batch.communicate()[0] for batch in batches] == ["()\n"] * 2
    with open_registry(url, "out") as registry:
        assert sorted((row.host, row.exit_code) for row in registry.runs()) == [("one", 0), ("two", 0)]
        assert [row.state for row in registry.states()] == ["running"] * 40
