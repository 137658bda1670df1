"""What the database itself refuses: to change, replace or delete an event or a signed head.

One change is allowed: the body and salt of an event that has a leaf may be taken away. A slip of the hand
cannot change history then; who means to can drop these, so an audit looks whether they stand as written here.
"""

from __future__ import annotations

from sqlalchemy import Connection

_SAME = ("project", "seq", "at", "kind", "schema", "leaf", "prev", "hash")
_ONLY = "can only be added"
_REMOVAL = (
    "NEW.body IS NULL AND NEW.salt IS NULL AND OLD.leaf IS NOT NULL AND "
    + " AND ".join(f'NEW."{column}" {{same}} OLD."{column}"' for column in _SAME)
)  # fmt: skip


def _refusal(table: str, name: str, when: str) -> str:
    return (
        f"CREATE TRIGGER {table}_no_{name} BEFORE {when} "
        f"BEGIN SELECT RAISE(ABORT, '{table}: rows {_ONLY}'); END"
    )


SQLITE: dict[str, str] = {
    "ledger_events_no_update": _refusal(
        "ledger_events",
        "update",
        f"UPDATE ON ledger_events WHEN NOT ({_REMOVAL.format(same='IS')})",
    ),
    "ledger_events_no_delete": _refusal("ledger_events", "delete", "DELETE ON ledger_events"),
    # Else INSERT OR REPLACE would take a row's place with no trigger of DELETE: that of the same event, or
    # that of any, by SQLite's own number of rows.
    "ledger_events_no_replace": _refusal(
        "ledger_events",
        "replace",
        "INSERT ON ledger_events WHEN EXISTS "
        "(SELECT 1 FROM ledger_events WHERE (project = NEW.project AND seq = NEW.seq) OR rowid = NEW.rowid)",
    ),
    "ledger_heads_no_update": _refusal("ledger_heads", "update", "UPDATE ON ledger_heads"),
    "ledger_heads_no_delete": _refusal("ledger_heads", "delete", "DELETE ON ledger_heads"),
    "ledger_heads_no_replace": _refusal(
        "ledger_heads",
        "replace",
        "INSERT ON ledger_heads WHEN EXISTS "
        "(SELECT 1 FROM ledger_heads WHERE project = NEW.project AND seq = NEW.seq)",
    ),
}
"""Name → the statement that makes it."""

POSTGRES_FUNCTION = (
    "CREATE FUNCTION ledger_only_added() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "IF TG_TABLE_NAME = 'ledger_events' AND TG_OP = 'UPDATE' THEN "
    f"IF {_REMOVAL.format(same='IS NOT DISTINCT FROM')} THEN RETURN NEW; END IF; END IF; "
    f"RAISE EXCEPTION '%: rows {_ONLY}', TG_TABLE_NAME; END $$"
)
_CALL = "EXECUTE FUNCTION ledger_only_added()"
POSTGRES: dict[str, str] = {
    "ledger_events_no_update": "CREATE TRIGGER ledger_events_no_update BEFORE UPDATE ON ledger_events "
    f"FOR EACH ROW {_CALL}",
    "ledger_events_no_delete": "CREATE TRIGGER ledger_events_no_delete BEFORE DELETE OR TRUNCATE "
    f"ON ledger_events FOR EACH STATEMENT {_CALL}",
    "ledger_heads_no_change": "CREATE TRIGGER ledger_heads_no_change BEFORE UPDATE OR DELETE OR TRUNCATE "
    f"ON ledger_heads FOR EACH STATEMENT {_CALL}",
}
# tgtype: the bits of pg_trigger.h: row 1, before 2, insert 4, delete 8, update 16, truncate 32.
_POSTGRES_TYPES = {
    "ledger_events_no_update": 1 | 2 | 16,
    "ledger_events_no_delete": 2 | 8 | 32,
    "ledger_heads_no_change": 2 | 8 | 16 | 32,
}


def create_statements(dialect: str) -> list[str]:
    """The statements that make them, in order."""
    if dialect == "sqlite":
        return list(SQLITE.values())
    return [POSTGRES_FUNCTION, *POSTGRES.values()]


def missing(connection: Connection) -> list[str]:
    """The names of those that are gone, switched off or not as written here."""
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        stands = {row[0]: row[1] for row in rows}
        return [name for name, text in SQLITE.items() if stands.get(name) != text]
    rows = connection.exec_driver_sql(
        "SELECT tgname, c.relname, tgenabled, tgtype, tgqual IS NULL, p.proname, p.prosrc FROM pg_trigger t "
        "JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_class c ON c.oid = t.tgrelid "
        "WHERE NOT tgisinternal AND c.relnamespace = current_schema()::regnamespace"
    )
    found = {row[0]: tuple(row[1:]) for row in rows}
    source = POSTGRES_FUNCTION.split("$$")[1]
    return [
        name
        for name, type_ in _POSTGRES_TYPES.items()
        if found.get(name) != (name.rpartition("_no_")[0], "O", type_, True, "ledger_only_added", source)
    ]
