"""Bring the tables of a database to this version of the program, whoever else does so at the same time."""

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, column, func, inspect, select, table, text

from her2path.errors import RegistryError
from her2path.registry.address import show
from her2path.registry.engine import writing
from her2path.registry.schema import HEAD, METADATA, VERSION_TABLE

LOCK = 0x68657232  # "her2"
"""Number of the advisory lock on PostgreSQL; any other will do that no neighbour uses."""

MIGRATIONS = "her2path.registry:migrations"


def upgrade(engine: Engine, to: str = HEAD) -> None:
    """Create the tables, or bring them from any older form to this one, all or nothing.

    Parameters
    ----------
    engine
        Of ``open_engine``.
    to
        The migration to stop at.

    Raises
    ------
    RegistryError
        If the database was made by a newer her2path, or holds tables of somebody else under our names.
    """
    with engine.connect() as connection:
        if revision(connection) == to:
            return
    with writing(engine).begin() as connection:
        _lock(connection)
        steps = Config()
        steps.set_main_option("script_location", MIGRATIONS)
        steps.attributes["connection"] = connection
        _check(
            connection, known={step.revision for step in ScriptDirectory.from_config(steps).walk_revisions()}
        )
        command.upgrade(steps, to)


def revision(connection: Connection) -> str | None:
    """Tell the last migration that a database went through; None where there was none."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(select(column("version_num")).select_from(table(VERSION_TABLE))).scalar()


def _lock(connection: Connection) -> None:
    """Let one process at a time go on, until its transaction ends; on SQLite the transaction is the lock."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = '10min'"))  # another's migration may be long
        connection.execute(select(func.pg_advisory_xact_lock(LOCK)))


def _check(connection: Connection, known: set[str]) -> None:
    found, name = revision(connection), show(connection.engine.url)
    if found is None:
        foreign = sorted(set(inspect(connection).get_table_names()) & set(METADATA.tables))
        if foreign:
            raise RegistryError(
                f"{name} holds tables of another program ({', '.join(foreign)}); give another database"
            )
    elif found not in known:
        raise RegistryError(
            f"{name} was made by a newer her2path (migration {found}, this one knows up to {HEAD}); "
            "use that version, or give another database"
        )
