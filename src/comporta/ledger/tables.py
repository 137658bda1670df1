"""The ledger's tables, and its statements, compiled once for each dialect.

SQLAlchemy Core says what; the text it compiles to goes to the driver as it is, because building and
caching a statement for each of a thousand look-ups would cost more than the look-up.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    literal_column,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from comporta.records.record import Record

# In PostgreSQL text sorts by the database's locale unless told: keys must sort alike everywhere.
_PLAIN = Text().with_variant(Text(collation="C"), "postgresql")
# Only INTEGER is SQLite's own row number.
_NUMBER = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData()

events = Table(
    "ledger_events",
    metadata,
    Column("seq", _NUMBER, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("schema", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("prev", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

readings = Table(
    "ledger_readings",
    metadata,
    Column("reading", _PLAIN, primary_key=True),
    Column("key", _PLAIN, primary_key=True),
    Column("state", Text, nullable=False),
)

kept = Table(
    "ledger_kept",
    metadata,
    Column("reading", _PLAIN, primary_key=True),
    Column("mark", Text, nullable=False),
    Column("upto", BigInteger, nullable=True),
)

keyed = Table(
    "ledger_keyed",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("mark", Text, nullable=False),
)

revision = Table("ledger_revision", metadata, Column("version_num", Text, primary_key=True))


class Statements(Record, frozen=True, kw_only=True):
    """SQL text with named parameters, as the driver takes it."""

    standing: str
    state: str
    states: dict[tuple[bool, bool], str]
    page: str
    head: str
    event: str
    put_event: str
    put_state: str
    drop_state: str
    drop_reading: str
    put_kept: str
    stop_kept: str
    get_kept: str
    put_key: str


def statements(dialect: Dialect) -> Statements:
    """Every statement the ledger makes, for this dialect."""

    def text(statement: Any) -> str:
        return str(statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True}))

    upsert: Any = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
    # As literals: SQLAlchemy would make parameters of them, whose values the plain text does not carry.
    one: Any = literal_column("1")
    none: Any = literal_column("0")
    newest_event = select(events.c.seq, events.c.hash).order_by(events.c.seq.desc()).limit(one).offset(none)
    last = newest_event.subquery()
    most = bindparam("most", type_=BigInteger)
    states = {}
    for bounded in (False, True):
        for newest in (False, True):
            query = select(readings.c.key, readings.c.state).where(
                readings.c.reading == bindparam("reading"), readings.c.key >= bindparam("low")
            )
            if bounded:
                query = query.where(readings.c.key < bindparam("high"))
            order = readings.c.key.desc() if newest else readings.c.key
            states[bounded, newest] = text(query.order_by(order).limit(most).offset(none))
    put_state = upsert(readings).values({c: bindparam(c) for c in ("reading", "key", "state")})
    put_kept = upsert(kept).values({c: bindparam(c) for c in ("reading", "mark", "upto")})
    return Statements(
        # One look at all that a turn begins with: the key's mark, the last link, what is kept.
        standing=text(
            select(
                keyed.c.mark, last.c.seq, last.c.hash, kept.c.reading, kept.c.mark, kept.c.upto
            ).select_from(keyed.outerjoin(last, true()).outerjoin(kept, true()))
        ),
        state=text(
            select(kept.c.mark, kept.c.upto, readings.c.state)
            .select_from(
                kept.outerjoin(
                    readings, (readings.c.reading == kept.c.reading) & (readings.c.key == bindparam("key"))
                )
            )
            .where(kept.c.reading == bindparam("reading"))
        ),
        states=states,
        page=text(
            select(events)
            .where(events.c.seq > bindparam("after", type_=BigInteger))
            .order_by(events.c.seq)
            .limit(most)
            .offset(none)
        ),
        head=text(newest_event),
        event=text(select(events.c.hash).where(events.c.seq == bindparam("seq", type_=BigInteger))),
        put_event=text(insert(events).values({c.name: bindparam(c.name) for c in events.columns})),
        put_state=text(
            put_state.on_conflict_do_update(
                index_elements=["reading", "key"], set_={"state": put_state.excluded.state}
            )
        ),
        drop_state=text(
            delete(readings).where(
                readings.c.reading == bindparam("reading"), readings.c.key == bindparam("key")
            )
        ),
        drop_reading=text(delete(readings).where(readings.c.reading == bindparam("reading"))),
        put_kept=text(
            put_kept.on_conflict_do_update(
                index_elements=["reading"],
                set_={"mark": put_kept.excluded.mark, "upto": put_kept.excluded.upto},
            )
        ),
        stop_kept=text(
            update(kept)
            .where(kept.c.reading == bindparam("of"))
            .values(upto=bindparam("upto", type_=BigInteger))
        ),
        get_kept=text(select(kept.c.mark, kept.c.upto).where(kept.c.reading == bindparam("reading"))),
        put_key=text(insert(keyed).values(id=bindparam("id"), mark=bindparam("mark"))),
    )
