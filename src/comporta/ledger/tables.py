"""The ledger's tables. `ledger_readings`: the projections' states; `ledger_kept`: how far each has come;
`ledger_leases`: who holds what now, as JSON."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, Table, Text

# In PostgreSQL text sorts by the database's locale unless told: keys must sort alike everywhere.
_PLAIN = Text().with_variant(Text(collation="C"), "postgresql")

metadata = MetaData()

# Of the keyed chain where `leaf` is null; `salt` and `body` are null where they were removed.
events = Table(
    "ledger_events",
    metadata,
    Column("project", _PLAIN, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("schema", Integer, nullable=False),
    Column("salt", LargeBinary, nullable=True),
    Column("body", LargeBinary, nullable=True),
    Column("leaf", Text, nullable=True),
    Column("prev", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

heads = Table(
    "ledger_heads",
    metadata,
    Column("project", _PLAIN, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("link", Text, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("key", Text, nullable=False),
    sqlite_with_rowid=False,  # its key is all that it is looked up by: one page less to write
)

projections = Table(
    "ledger_readings",
    metadata,
    Column("project", _PLAIN, primary_key=True),
    Column("reading", _PLAIN, primary_key=True),
    Column("key", _PLAIN, primary_key=True),
    Column("state", Text, nullable=False),
)

checkpoint = Table(
    "ledger_kept",
    metadata,
    Column("project", _PLAIN, primary_key=True),
    Column("reading", _PLAIN, primary_key=True),
    Column("mark", Text, nullable=False),
    Column("upto", BigInteger, nullable=True),
)

leases = Table(
    "ledger_leases",
    metadata,
    Column("project", _PLAIN, primary_key=True),
    Column("name", _PLAIN, primary_key=True),
    Column("lease", Text, nullable=False),
)

keyed = Table(
    "ledger_keyed",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("mark", Text, nullable=False),
)

revision = Table("ledger_revision", metadata, Column("version_num", Text, primary_key=True))
