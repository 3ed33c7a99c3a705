"""A result is also of one input file, and keeps its flags and the manifest's own columns; indices."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"

JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Add the columns, null in older rows: nobody wrote down what they were."""
    with op.batch_alter_table("scores") as scores:  # SQLite can change no constraint: the table is made anew
        scores.add_column(sa.Column("input_sha256", sa.String(64)))
        scores.add_column(sa.Column("flags", JSON))
        scores.add_column(sa.Column("own_columns", JSON))
        scores.drop_constraint("uq_scores", type_="unique")
        scores.create_unique_constraint(
            "uq_scores", ["folder", "slide_id", "recipe_digest", "software", "input_sha256"]
        )
    op.create_index("ix_states_folder_state", "states", ["folder", "state"])
    op.create_index("ix_events_run_id", "events", ["run_id"])
