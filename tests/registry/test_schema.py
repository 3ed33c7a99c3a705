"""The tables that the program speaks of are those that the migrations make, and its rows are theirs."""

import re
from collections.abc import Iterable
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Dialect, Table, make_url, text

from her2path.registry import rows, schema
from her2path.registry.address import read_url
from her2path.registry.engine import open_engine
from her2path.registry.schema import METADATA, VERSION_TABLE, UtcTime

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "registry.md"
SQLITE, POSTGRESQL = (make_url(f"{name}://").get_dialect()() for name in ("sqlite", "postgresql+psycopg"))


def test_tables_and_migrations_agree(upgraded_url: str) -> None:
    engine = open_engine(read_url(upgraded_url), 5.0)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_the_queries_of_the_guide_can_be_asked(upgraded_url: str) -> None:
    queries = re.findall(r"```sql\n-- (.*)\n([^`]+)```", GUIDE.read_text(encoding="utf-8"))
    other = "PostgreSQL" if upgraded_url.startswith("sqlite") else "SQLite"
    asked = [query for about, query in queries if other not in about]
    engine = open_engine(read_url(upgraded_url), 5.0)
    with engine.connect() as connection:
        for query in asked:
            assert connection.execute(text(query)).all() == []
    engine.dispose()
    assert len(asked) > 3


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (schema.RUNS, rows.RunRow),
        (schema.SLIDES, rows.SlideRow),
        (schema.STATES, rows.StateRow),
        (schema.SCORES, rows.ScoreRow),
        (schema.EVENTS, rows.EventRow),
    ],
)
def test_a_row_has_the_columns_of_its_table(table: Table, row: type) -> None:
    numbered: Iterable[str] = {"id"} if table in (schema.SCORES, schema.EVENTS) else ()
    assert {column.name for column in table.columns} - {*numbered} == {field.name for field in fields(row)}


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL])
def test_a_time_must_have_a_zone(dialect: Dialect) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        UtcTime().process_bind_param(datetime(2026, 1, 1), dialect)
    assert UtcTime().process_bind_param(None, dialect) is None


def test_sqlite_gets_utc_without_a_zone_and_gives_it_back_with_one() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert UtcTime().process_bind_param(at, SQLITE) == at.replace(tzinfo=None)
    assert UtcTime().process_result_value(at.replace(tzinfo=None), SQLITE) == at
