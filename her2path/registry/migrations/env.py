"""What Alembic runs around its steps: on the connection, and in the transaction, of ``upgrade``."""

from alembic import context

from her2path.registry.schema import METADATA, VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
)
context.run_migrations()
