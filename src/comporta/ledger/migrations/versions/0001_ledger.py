"""Events, readings and their marks; events can only be added."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_plain = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "ledger_events",
        sa.Column("seq", _number, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("schema", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("prev", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )
    op.create_table(
        "ledger_readings",
        sa.Column("reading", _plain, primary_key=True),
        sa.Column("key", _plain, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
    )
    op.create_table(
        "ledger_kept",
        sa.Column("reading", _plain, primary_key=True),
        sa.Column("mark", sa.Text, nullable=False),
        sa.Column("upto", sa.BigInteger, nullable=True),
    )
    op.create_table(
        "ledger_keyed",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("mark", sa.Text, nullable=False),
    )
    # A slip of the hand must not change history; who means to can drop these, and the chain shows it.
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER ledger_events_no_{act.lower()} BEFORE {act} ON ledger_events "
                "BEGIN SELECT RAISE(ABORT, 'ledger_events: events can only be added'); END"
            )
    else:
        op.execute(
            "CREATE FUNCTION ledger_events_only_added() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'ledger_events: events can only be added'; END $$"
        )
        op.execute(
            "CREATE TRIGGER ledger_events_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_events "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger_events_only_added()"
        )
