"""Runs, slides, how far they are, what came out, what happened."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "runs",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("ended_at", TIME),
        sa.Column("exit_code", sa.Integer),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("software", sa.Text, nullable=False),
        sa.Column("recipe_digests", JSON, nullable=False),
        sa.Column("n_slides", sa.Integer, nullable=False),
        sa.Column("options", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_table(
        "slides",
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("slide_id", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("manifest", JSON, nullable=False),
        sa.PrimaryKeyConstraint("folder", "slide_id", name="pk_slides"),
    )
    op.create_table(
        "states",
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("slide_id", sa.Text, nullable=False),
        sa.Column("recipe_digest", sa.String(64), nullable=False),
        sa.Column("software", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("attempts", sa.Integer),
        sa.Column("queued_at", TIME),
        sa.Column("started_at", TIME),
        sa.Column("ended_at", TIME),
        sa.Column("host", sa.Text),
        sa.Column("run_id", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("folder", "slide_id", "recipe_digest", "software", name="pk_states"),
        _of_a_slide("states"),
        _of_a_run("states"),
    )
    op.create_table(
        "scores",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("slide_id", sa.Text, nullable=False),
        sa.Column("recipe_digest", sa.String(64), nullable=False),
        sa.Column("software", sa.Text, nullable=False),
        sa.Column("finished_at", TIME, nullable=False),
        sa.Column("run_id", sa.String(32), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("score", sa.String(8)),
        sa.Column("category", sa.String(32)),
        sa.Column("her2_status", sa.String(16)),
        sa.Column("tag", sa.String(32)),
        sa.Column("n_cells", sa.Integer),
        sa.Column("complete_intense_fraction", sa.Float),
        sa.Column("h_score", sa.Float),
        sa.Column("borderline", sa.Boolean),
        sa.Column("rulebook", sa.Text),
        sa.Column("seconds", sa.Float),
        sa.PrimaryKeyConstraint("id", name="pk_scores"),
        sa.UniqueConstraint("folder", "slide_id", "recipe_digest", "software", name="uq_scores"),
        _of_a_slide("scores"),
        _of_a_run("scores"),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("run_id", sa.String(32), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("slide_id", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        _of_a_run("events"),
    )


def _of_a_slide(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["folder", "slide_id"], ["slides.folder", "slides.slide_id"], name=f"fk_{table}_slides"
    )


def _of_a_run(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=f"fk_{table}_runs")
