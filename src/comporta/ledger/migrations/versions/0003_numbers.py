"""SQLite's own number of an event's row may not change either.

Only a trigger that stands as revision 0002 made it is put in another's place: one that somebody dropped or
altered stays so, for the audit to name.
"""

from alembic import op

from comporta.ledger.triggers import FORMER_SQLITE, SQLITE

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        return
    rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
    for name, text in rows:
        if FORMER_SQLITE.get(name) == text:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
            connection.exec_driver_sql(SQLITE[name])
