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
    null,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from comporta.records.record import Record

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
)

readings = Table(
    "ledger_readings",
    metadata,
    Column("project", _PLAIN, primary_key=True),
    Column("reading", _PLAIN, primary_key=True),
    Column("key", _PLAIN, primary_key=True),
    Column("state", Text, nullable=False),
)

kept = Table(
    "ledger_kept",
    metadata,
    Column("project", _PLAIN, primary_key=True),
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
    """SQL text with named parameters, as the driver takes it. Each asks for one `project`."""

    standing: str
    state: str
    states: dict[tuple[bool, bool], str]
    page: str
    first_page: str
    heads: str
    head: str
    last: str
    event: str
    others: str
    projects: str
    put_event: str
    put_head: str
    put_state: str
    drop_state: str
    drop_reading: str
    put_kept: str
    stop_kept: str
    get_kept: str
    put_key: str
    remove_body: str


def statements(dialect: Dialect) -> Statements:
    """Every statement the ledger makes, for this dialect."""

    def text(statement: Any) -> str:
        return str(statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True}))

    def given(name: str) -> Any:
        return bindparam(name)

    def number(name: str) -> Any:
        return bindparam(name, type_=BigInteger)

    def of(table: Table) -> Any:
        return table.c.project == given("project")

    whole = [c for c in events.columns if c.name != "project"]
    signed_columns = (heads.c.seq, heads.c.link, heads.c.signature, heads.c.key)
    upsert: Any = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
    # As literals: SQLAlchemy would make parameters of them, whose values the plain text does not carry.
    one: Any = literal_column("1")
    none: Any = literal_column("0")
    newest_event = (
        select(events.c.seq, events.c.hash, events.c.at, events.c.leaf)
        .where(of(events))
        .order_by(events.c.seq.desc())
        .limit(one)
        .offset(none)
    )
    last = newest_event.subquery()
    newest_head = (
        select(*signed_columns).where(of(heads)).order_by(heads.c.seq.desc()).limit(one).offset(none)
    )
    signed = newest_head.subquery()
    most = number("most")
    put_state = upsert(readings).values({c: given(c) for c in ("project", "reading", "key", "state")})
    put_kept = upsert(kept).values({c: given(c) for c in ("project", "reading", "mark", "upto")})
    return Statements(
        # One look at all that a turn begins with: the key's mark, the last event, what is kept, last head.
        standing=text(
            select(keyed.c.mark, *last.c, kept.c.reading, kept.c.mark, kept.c.upto, *signed.c).select_from(
                keyed.outerjoin(last, true()).outerjoin(kept, of(kept)).outerjoin(signed, true())
            )
        ),
        state=text(
            select(kept.c.mark, kept.c.upto, readings.c.state)
            .select_from(
                kept.outerjoin(
                    readings,
                    (readings.c.project == kept.c.project)
                    & (readings.c.reading == kept.c.reading)
                    & (readings.c.key == given("key")),
                )
            )
            .where(of(kept), kept.c.reading == given("reading"))
        ),
        states={
            (bounded, newest): text(_states(of(readings), bounded, newest).limit(most).offset(none))
            for bounded in (False, True)
            for newest in (False, True)
        },
        page=text(
            select(*whole)
            .where(of(events), events.c.seq > number("after"))
            .order_by(events.c.seq)
            .limit(most)
            .offset(none)
        ),
        first_page=text(select(*whole).where(of(events)).order_by(events.c.seq).limit(most).offset(none)),
        heads=text(select(*signed_columns).where(of(heads)).order_by(heads.c.seq)),
        head=text(newest_event),
        last=text(select(*whole).where(of(events)).order_by(events.c.seq.desc()).limit(one).offset(none)),
        event=text(select(events.c.hash, events.c.leaf).where(of(events), events.c.seq == number("seq"))),
        # Only what is folded by the same rules as here can be read here.
        others=text(
            select(readings.c.project, readings.c.state)
            .select_from(
                kept.join(
                    readings,
                    (readings.c.project == kept.c.project) & (readings.c.reading == kept.c.reading),
                )
            )
            .where(
                kept.c.project != given("project"),
                kept.c.reading == given("reading"),
                kept.c.mark == given("mark"),
                readings.c.key == given("key"),
            )
            .order_by(readings.c.project)
        ),
        projects=text(select(kept.c.project).distinct().order_by(kept.c.project)),
        put_event=text(insert(events).values({c.name: given(c.name) for c in events.columns})),
        put_head=text(insert(heads).values({c.name: given(c.name) for c in heads.columns})),
        put_state=text(
            put_state.on_conflict_do_update(
                index_elements=["project", "reading", "key"], set_={"state": put_state.excluded.state}
            )
        ),
        drop_state=text(
            delete(readings).where(
                of(readings), readings.c.reading == given("reading"), readings.c.key == given("key")
            )
        ),
        drop_reading=text(delete(readings).where(of(readings), readings.c.reading == given("reading"))),
        put_kept=text(
            put_kept.on_conflict_do_update(
                index_elements=["project", "reading"],
                set_={"mark": put_kept.excluded.mark, "upto": put_kept.excluded.upto},
            )
        ),
        # Names apart from the columns': an update has parameters of its own for those.
        stop_kept=text(
            update(kept)
            .where(kept.c.project == given("of"), kept.c.reading == given("name"))
            .values(upto=number("upto"))
        ),
        get_kept=text(select(kept.c.mark, kept.c.upto).where(of(kept), kept.c.reading == given("reading"))),
        put_key=text(insert(keyed).values(id=given("id"), mark=given("mark"))),
        remove_body=text(
            update(events)
            .where(events.c.project == given("of"), events.c.seq == number("number"))
            .values(body=null(), salt=null())
        ),
    )


def _states(where: Any, bounded: bool, newest: bool) -> Any:
    query = select(readings.c.key, readings.c.state).where(
        where, readings.c.reading == bindparam("reading"), readings.c.key >= bindparam("low")
    )
    if bounded:
        query = query.where(readings.c.key < bindparam("high"))
    return query.order_by(readings.c.key.desc() if newest else readings.c.key)
