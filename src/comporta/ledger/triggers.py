"""What the database itself refuses: to change, replace or delete an event or a signed head.

One change is allowed: the body and salt of an event that has a leaf may be taken away. A slip of the hand
cannot change history then; who means to can drop these, so an audit looks whether they stand as written here.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from comporta.ledger.tables import metadata

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
        # Else UPDATE OR REPLACE would let a row take another's number, and place, with no trigger of DELETE.
        f"UPDATE ON ledger_events WHEN NOT ({_REMOVAL.format(same='IS')} AND NEW.rowid IS OLD.rowid)",
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

FORMER_SQLITE: dict[str, str] = {
    "ledger_events_no_update": _refusal(
        "ledger_events", "update", f"UPDATE ON ledger_events WHEN NOT ({_REMOVAL.format(same='IS')})"
    ),
}
"""As revision 0002 made them, where they are others today."""

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
    stands = _standing(connection)
    return [
        name
        for (table, name), text in _expected_triggers(connection).items()
        if stands.get((table, name)) != text
    ]


def foreign(connection: Connection) -> list[str]:
    """The names of triggers, and of PostgreSQL's rules, on the ledger's tables that no ledger made."""
    return sorted(name for _, name in _standing(connection).keys() - _expected_triggers(connection).keys())


_Triggers = dict[tuple[str, str], Any]


def _expected_triggers(connection: Connection) -> _Triggers:
    if connection.dialect.name == "sqlite":
        return {(name.rpartition("_no_")[0], name): (text,) for name, text in SQLITE.items()}
    source = POSTGRES_FUNCTION.split("$$")[1]
    return {
        (name.rpartition("_no_")[0], name): ("O", type_, True, "ledger_only_added", source)
        for name, type_ in _POSTGRES_TYPES.items()
    }


def _standing(connection: Connection) -> _Triggers:
    """(table, name) → what stands there, of all triggers and rules on the ledger's tables."""
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(
            "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'"
        )
        found = [tuple(row) for row in rows]
    else:
        triggers = connection.exec_driver_sql(
            "SELECT c.relname, tgname, tgenabled, tgtype, tgqual IS NULL, p.proname, p.prosrc "
            "FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_class c ON c.oid = t.tgrelid "
            "WHERE NOT tgisinternal AND c.relnamespace = current_schema()::regnamespace"
        ).all()
        rules = connection.exec_driver_sql(
            "SELECT c.relname, rulename, ev_enabled FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class "
            "WHERE c.relnamespace = current_schema()::regnamespace"
        ).all()
        found = [tuple(row) for row in (*triggers, *rules)]
    return {
        (table.lower(), name): tuple(rest) for table, name, *rest in found if table.lower() in metadata.tables
    }
