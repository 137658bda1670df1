"""Many projects in one ledger, leaves that strangers can verify, signed heads.

What was there becomes the project `default`, its keyed chain as it is: the tables are copied under other
names, which then take the old ones' place. All of it in the transaction that the migration runs in.
"""

import sqlalchemy as sa
from alembic import op

from comporta.ledger.triggers import create_statements

revision = "0002"
down_revision = "0001"

_plain = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    op.create_table(
        "ledger_events_new",
        sa.Column("project", _plain, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("schema", sa.Integer, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=True),
        sa.Column("body", sa.LargeBinary, nullable=True),
        sa.Column("leaf", sa.Text, nullable=True),
        sa.Column("prev", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("project", "seq"),
    )
    op.create_table(
        "ledger_readings_new",
        sa.Column("project", _plain, nullable=False),
        sa.Column("reading", _plain, nullable=False),
        sa.Column("key", _plain, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("project", "reading", "key"),
    )
    op.create_table(
        "ledger_kept_new",
        sa.Column("project", _plain, nullable=False),
        sa.Column("reading", _plain, nullable=False),
        sa.Column("mark", sa.Text, nullable=False),
        sa.Column("upto", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("project", "reading"),
    )
    op.create_table(
        "ledger_heads",
        sa.Column("project", _plain, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("link", sa.Text, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("project", "seq"),
        sqlite_with_rowid=False,  # its key is all that it is looked up by: one page less to write
    )
    for table, columns in (
        ("ledger_events", 'seq, at, kind, "schema", body, prev, hash'),
        ("ledger_readings", 'reading, "key", state'),
        ("ledger_kept", "reading, mark, upto"),
    ):
        op.execute(f"INSERT INTO {table}_new (project, {columns}) SELECT 'default', {columns} FROM {table}")
        op.drop_table(table)
        op.rename_table(f"{table}_new", table)
        if dialect == "postgresql":
            op.execute(f"ALTER INDEX {table}_new_pkey RENAME TO {table}_pkey")
    if dialect == "postgresql":
        op.execute("DROP FUNCTION ledger_events_only_added()")
    for statement in create_statements(dialect):
        # Straight to the driver: `:` and `%` in it are no parameters.
        op.get_bind().exec_driver_sql(statement.replace("%", "%%") if dialect == "postgresql" else statement)
