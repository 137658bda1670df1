"""The tables, brought up to date when a ledger is opened: a look at one row when they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from comporta.errors import BadProject, Tampered
from comporta.ledger.tables import metadata, revision
from comporta.ledger.triggers import create_statements

if TYPE_CHECKING:
    from comporta.ledger.database import Database

LATEST = "0004"
"""The newest revision in `migrations/versions`; a test compares them."""


def up_to_date(database: Database) -> None:
    """Runs the migrations that are missing, in one transaction. Raises BadProject for a newer ledger."""
    try:
        with database.engine.connect() as connection:
            if _revision(connection) == LATEST:
                return
            with database.write_transaction(connection):
                # Another process may have done it while this one waited for its turn.
                found = _revision(connection)
                if found is None and _is_new_sqlite(connection):
                    _create(connection)
                elif found != LATEST:
                    _upgrade(connection, found, database)
    except DBAPIError as error:
        user_error = database.user_error(error)
        if user_error is None:
            raise
        raise user_error from error


def _revision(connection: Connection) -> str | None:
    # Asked first: in PostgreSQL a failed look-up would end the transaction.
    if not connection.dialect.has_table(connection, "ledger_revision"):
        return None
    row = connection.exec_driver_sql("SELECT version_num FROM ledger_revision").first()
    return None if row is None else str(row.version_num)


def _is_new_sqlite(connection: Connection) -> bool:
    """Whether nothing of ours is in this file."""
    dialect = connection.dialect
    return dialect.name == "sqlite" and not any(
        dialect.has_table(connection, name) for name in metadata.tables
    )


def _create(connection: Connection) -> None:
    """The tables as all migrations would leave them, at once: Alembic takes longer to load than all else
    that a first command does with the ledger. A test holds both alike."""
    metadata.create_all(connection, checkfirst=False)
    for statement in create_statements("sqlite"):
        connection.exec_driver_sql(statement)
    connection.execute(revision.insert().values(version_num=LATEST))


def _not_as_named(url: str) -> Tampered:
    return Tampered(
        f"ledger {url}: its tables are not those of the revision that `ledger_revision` names, so one of "
        "them was changed by hand. Restore it from a backup."
    )


def _upgrade(connection: Connection, found: str | None, database: Database) -> None:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import RevisionStep
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    scripts = ScriptDirectory.from_config(config)
    if found is not None and found not in {each.revision for each in scripts.walk_revisions()}:
        raise BadProject(
            f"ledger {database.url}: its tables are of revision {found}, this Comporta knows {LATEST}. "
            "Upgrade it."
        )

    def steps(current: object, context: object) -> list[RevisionStep]:
        return scripts._upgrade_revs("head", current)  # type: ignore[arg-type]

    with EnvironmentContext(config, scripts, fn=steps) as environment:
        environment.configure(connection=connection, version_table="ledger_revision", transactional_ddl=False)
        try:
            environment.run_migrations()
        except DBAPIError as error:
            raise database.user_error(error) or _not_as_named(database.url) from error
