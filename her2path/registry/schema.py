"""The tables. What is changed here gets a migration; a test compares the two on both databases."""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

HEAD = "0002"
"""The last migration: a database that names it is up to date, and is opened without a lock."""

VERSION_TABLE = "her2path_version"
"""Not Alembic's usual name: the database may be shared with another program that uses Alembic."""


class UtcTime(TypeDecorator[datetime]):
    """An instant: aware on the way in, UTC on the way out; SQLite keeps it as UTC without saying so."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware time into UTC."""
        if value is None:
            return None
        utc = in_utc(value)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back UTC whatever zone the server speaks in."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def in_utc(at: datetime) -> datetime:
    """Give an instant in UTC.

    Raises
    ------
    ValueError
        If the time has no zone.
    """
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone; give datetime.now(UTC)")
    return at.astimezone(UTC)


Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

METADATA = MetaData(
    naming_convention={  # SQLite drops no constraint that has no name
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _slide(*, key: bool) -> tuple[Column[str], Column[str], ForeignKeyConstraint]:
    """Say which slide a row is about, in the words of the output folder; ``key`` where that names the row."""
    return (
        Column("folder", Text, nullable=False, primary_key=key),
        Column("slide_id", Text, nullable=False, primary_key=key),
        ForeignKeyConstraint(["folder", "slide_id"], ["slides.folder", "slides.slide_id"]),
    )


RUNS = Table(
    "runs",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("folder", Text, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("exit_code", Integer),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("software", Text, nullable=False),
    Column("recipe_digests", Json, nullable=False),
    Column("n_slides", Integer, nullable=False),
    Column("options", Json, nullable=False),
)
"""One row a call of ``her2path batch``; without an end where it was killed."""

SLIDES = Table(
    "slides",
    METADATA,
    Column("folder", Text, primary_key=True),
    Column("slide_id", Text, primary_key=True),
    Column("case_id", Text),
    Column("path", Text, nullable=False),
    Column("manifest", Json, nullable=False),
)
"""One row a slide of an output folder, with its line of the manifest."""

STATES = Table(
    "states",
    METADATA,
    *_slide(key=True),
    Column("recipe_digest", String(64), primary_key=True),
    Column("software", Text, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("reason", Text),
    Column("attempts", Integer),
    Column("queued_at", UtcTime),
    Column("started_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("host", Text),
    Column("run_id", String(32), ForeignKey("runs.id"), nullable=False),
    Index(None, "folder", "state"),
)
"""One row a slide, recipe and version of the program: how far it is."""

SCORES = Table(
    "scores",
    METADATA,
    Column("id", Integer, primary_key=True),
    *_slide(key=False),
    Column("recipe_digest", String(64), nullable=False),
    Column("software", Text, nullable=False),
    Column("input_sha256", String(64)),
    Column("finished_at", UtcTime, nullable=False),
    Column("run_id", String(32), ForeignKey("runs.id"), nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", Text),
    Column("score", String(8)),
    Column("category", String(32)),
    Column("her2_status", String(16)),
    Column("tag", String(32)),
    Column("n_cells", Integer),
    Column("complete_intense_fraction", Float),
    Column("h_score", Float),
    Column("borderline", Boolean),
    Column("rulebook", Text),
    Column("seconds", Float),
    Column("flags", Json),
    Column("own_columns", Json),
    UniqueConstraint("folder", "slide_id", "recipe_digest", "software", "input_sha256"),
)
"""One row a result: of one slide under several recipes, versions or files, several side by side."""

EVENTS = Table(
    "events",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("run_id", String(32), ForeignKey("runs.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("slide_id", Text),
    Column("kind", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Index(None, "run_id"),
)
"""What happened in a run, in order; about one slide or about none."""
