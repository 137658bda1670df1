"""The ledger's SQL statements, compiled once for each dialect.

SQLAlchemy Core says what; the text it compiles to goes to the driver as it is, because building and
caching a statement for each of a thousand look-ups would cost more than the look-up.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from sqlalchemy import (
    BigInteger,
    Table,
    bindparam,
    delete,
    insert,
    literal_column,
    null,
    select,
    true,
    update,
)
from sqlalchemy.engine import Dialect

from comporta.ledger.tables import checkpoint, events, heads, keyed, leases, projections
from comporta.records.record import Record

# As literals: SQLAlchemy would make parameters of them, whose values the plain text does not carry.
ONE: Any = literal_column("1")
NONE: Any = literal_column("0")
EVENT_COLUMNS = [column for column in events.columns if column.name != "project"]
HEAD_COLUMNS = (heads.c.seq, heads.c.link, heads.c.signature, heads.c.key)


class Statements(Record, frozen=True, kw_only=True):
    """SQL text with named parameters, as the driver takes it. Each asks for one `project`."""

    tip: str
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
    drop_states: str
    put_checkpoint: str
    stop_checkpoint: str
    get_checkpoint: str
    put_key: str
    lease: str
    leases: str
    put_lease: str
    drop_lease: str
    remove_body: str


def statements(dialect: Dialect) -> Statements:
    """Every statement the ledger makes, for this dialect."""
    made = {**_event_queries(), **_state_queries(), **_lease_queries(), **_writes(dialect)}
    return Statements(
        states={
            (bounded, newest): _text(_states(bounded, newest), dialect)
            for bounded in (False, True)
            for newest in (False, True)
        },
        **{name: _text(statement, dialect) for name, statement in made.items()},
    )


def _text(statement: Any, dialect: Dialect) -> str:
    return str(statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True}))


def _param(name: str) -> Any:
    return bindparam(name)


def _number(name: str) -> Any:
    return bindparam(name, type_=BigInteger)


def _of(table: Table) -> Any:
    return table.c.project == _param("project")


def _last(columns: Any, table: Table) -> Any:
    return select(*columns).where(_of(table)).order_by(table.c.seq.desc()).limit(ONE).offset(NONE)


def _event_queries() -> dict[str, Any]:
    newest_event = _last((events.c.seq, events.c.hash, events.c.at, events.c.leaf), events)
    last, signed = newest_event.subquery(), _last(HEAD_COLUMNS, heads).subquery()
    page = (
        select(*EVENT_COLUMNS).where(_of(events)).order_by(events.c.seq).limit(_number("most")).offset(NONE)
    )
    return {
        # One query for all that a transaction begins with: the key's mark, last event, checkpoints, last
        # signed head.
        "tip": select(
            keyed.c.mark, *last.c, checkpoint.c.reading, checkpoint.c.mark, checkpoint.c.upto, *signed.c
        ).select_from(
            keyed.outerjoin(last, true()).outerjoin(checkpoint, _of(checkpoint)).outerjoin(signed, true())
        ),
        "page": page.where(events.c.seq > _number("after")),
        "first_page": page,
        "heads": select(*HEAD_COLUMNS).where(_of(heads)).order_by(heads.c.seq),
        "head": newest_event,
        "last": _last(EVENT_COLUMNS, events),
        "event": select(events.c.hash, events.c.leaf).where(_of(events), events.c.seq == _number("seq")),
    }


def _state_queries() -> dict[str, Any]:
    same = (projections.c.project == checkpoint.c.project) & (projections.c.reading == checkpoint.c.reading)
    of_reading = checkpoint.c.reading == _param("reading")
    return {
        "state": select(checkpoint.c.mark, checkpoint.c.upto, projections.c.state)
        .select_from(checkpoint.outerjoin(projections, same & (projections.c.key == _param("key"))))
        .where(_of(checkpoint), of_reading),
        "get_checkpoint": select(checkpoint.c.mark, checkpoint.c.upto).where(_of(checkpoint), of_reading),
        # Only a projection built by the same rules as here can be read here. The projects are asked first: a
        # join may walk through every state of every project, for the few there are of one key.
        "others": select(projections.c.project, projections.c.state)
        .where(
            projections.c.project.in_(
                select(checkpoint.c.project).where(
                    checkpoint.c.project != _param("project"),
                    of_reading,
                    checkpoint.c.mark == _param("mark"),
                )
            ),
            projections.c.reading == _param("reading"),
            projections.c.key == _param("key"),
        )
        .order_by(projections.c.project),
        "projects": select(checkpoint.c.project).distinct().order_by(checkpoint.c.project),
    }


def _lease_queries() -> dict[str, Any]:
    return {
        "lease": select(leases.c.lease).where(_of(leases), leases.c.name == _param("name")),
        "leases": select(leases.c.lease).where(_of(leases)).order_by(leases.c.name),
    }


def _states(bounded: bool, newest: bool) -> Any:
    query = select(projections.c.key, projections.c.state).where(
        _of(projections), projections.c.reading == _param("reading"), projections.c.key >= _param("low")
    )
    if bounded:
        query = query.where(projections.c.key < _param("high"))
    order = projections.c.key.desc() if newest else projections.c.key
    return query.order_by(order).limit(_number("most")).offset(NONE)


def _writes(dialect: Dialect) -> dict[str, Any]:
    # Each dialect brings its drivers' modules: only those of this one.
    upsert: Any = import_module(f"sqlalchemy.dialects.{dialect.name}").insert
    state = upsert(projections).values({c: _param(c) for c in ("project", "reading", "key", "state")})
    mark = upsert(checkpoint).values({c: _param(c) for c in ("project", "reading", "mark", "upto")})
    lease = upsert(leases).values({c: _param(c) for c in ("project", "name", "lease")})
    of_reading = projections.c.reading == _param("reading")
    return {
        "put_lease": lease.on_conflict_do_update(
            index_elements=["project", "name"], set_={"lease": lease.excluded.lease}
        ),
        "drop_lease": delete(leases).where(_of(leases), leases.c.name == _param("name")),
        "put_event": insert(events).values({c.name: _param(c.name) for c in events.columns}),
        "put_head": insert(heads).values({c.name: _param(c.name) for c in heads.columns}),
        "put_state": state.on_conflict_do_update(
            index_elements=["project", "reading", "key"], set_={"state": state.excluded.state}
        ),
        "drop_state": delete(projections).where(
            _of(projections), of_reading, projections.c.key == _param("key")
        ),
        "drop_states": delete(projections).where(_of(projections), of_reading),
        "put_checkpoint": mark.on_conflict_do_update(
            index_elements=["project", "reading"],
            set_={"mark": mark.excluded.mark, "upto": mark.excluded.upto},
        ),
        # Names apart from the columns': an update has parameters of its own for those.
        "stop_checkpoint": update(checkpoint)
        .where(checkpoint.c.project == _param("of"), checkpoint.c.reading == _param("name"))
        .values(upto=_number("upto")),
        "put_key": insert(keyed).values(id=_param("id"), mark=_param("mark")),
        "remove_body": update(events)
        .where(events.c.project == _param("of"), events.c.seq == _number("number"))
        .values(body=null(), salt=null()),
    }
