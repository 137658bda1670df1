"""The stored rows of one project, as one database connection sees them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from comporta.ledger.ending import Ending
from comporta.ledger.projections import after
from comporta.ledger.protocol import EventRow, HeadRow
from comporta.ledger.statements import Statements
from comporta.ledger.stored import plain
from comporta.ledger.triggers import foreign, missing

_ALL = 2**62
_NO_VALUES: dict[str, Any] = {}
_PAGE = 1000  # events read at once: no read is held open while they are worked on


def fetch(connection: Connection, statement: str, values: dict[str, Any]) -> list[Any]:
    """The rows of a query. SQLite's own cursor is asked: what SQLAlchemy does around one takes more time than
    the look-up, and each transaction begins with several. Raises DBAPIError, as SQLAlchemy does."""
    dialect = connection.dialect
    if dialect.name != "sqlite":
        return list(connection.exec_driver_sql(statement, values))
    try:
        return list(connection.connection.cursor().execute(statement, values))
    except dialect.loaded_dbapi.Error as error:
        raise DBAPIError.instance(statement, values, error, dialect.loaded_dbapi.Error) from error


def execute(
    connection: Connection, statement: str, values: dict[str, Any] | list[dict[str, Any]] = _NO_VALUES
) -> None:
    """Carries out a statement that returns no rows, once for each of the values; as `fetch` asks. Raises
    DBAPIError."""
    dialect = connection.dialect
    if dialect.name != "sqlite":
        connection.exec_driver_sql(statement, values or None)
        return
    try:
        cursor = connection.connection.cursor()
        if isinstance(values, list):
            cursor.executemany(statement, values)
        else:
            cursor.execute(statement, values)
    except dialect.loaded_dbapi.Error as error:
        raise DBAPIError.instance(statement, values, error, dialect.loaded_dbapi.Error) from error


class CheckpointRow(NamedTuple):
    """How far a projection is. mark: of the rules that built it. upto: the last event that it has seen, where
    a later writer did not know it; None: all."""

    mark: Any
    upto: Any


class StateRow(NamedTuple):
    """A projection's checkpoint, and its state under one key as JSON text, or None."""

    mark: Any
    upto: Any
    state: Any


class LastRow(NamedTuple):
    """What of the last event a new one stands on."""

    seq: Any
    hash: Any
    at: Any
    leaf: Any


class TipRow(NamedTuple):
    """What a transaction begins with: one row for each projection in the ledger, or one without any; in each
    the mark of the ledger's key, the last event and the newest signed head, as far as there are."""

    key_mark: Any
    seq: Any
    hash: Any
    at: Any
    leaf: Any
    projection: Any
    mark: Any
    upto: Any
    head_seq: Any
    head_link: Any
    head_signature: Any
    head_key: Any

    def ending(self) -> Ending:
        """Where the chain ends."""
        return Ending(
            seq=self.seq,
            hash=self.hash,
            at=self.at,
            leaf=self.leaf,
            signed_seq=self.head_seq,
            signed_link=self.head_link,
        )

    def head(self) -> HeadRow | None:
        """The newest signed head."""
        if self.head_seq is None:
            return None
        return HeadRow(self.head_seq, self.head_link, plain(self.head_signature), self.head_key)

    def is_current(self) -> bool:
        """Whether it is of a projection that has seen every event."""
        return self.projection is not None and self.upto is None


class LedgerRows:
    """The stored rows of one project, as one connection sees them."""

    def __init__(self, connection: Connection, sql: Statements, project: str) -> None:
        self._connection = connection
        self._sql = sql
        self._project = project

    def _query(self, statement: str, **values: Any) -> list[Any]:
        return fetch(self._connection, statement, {"project": self._project, **values})

    def _first(self, statement: str, **values: Any) -> Any:
        found = self._query(statement, **values)
        return found[0] if found else None

    def tip(self) -> list[TipRow]:
        """Empty in a ledger just made."""
        return [TipRow._make(row) for row in self._query(self._sql.tip)]

    def checkpoint_and_state(self, projection: str, key: str) -> StateRow | None:
        row = self._first(self._sql.state, reading=projection, key=key)
        return None if row is None else StateRow._make(row)

    def checkpoint(self, projection: str) -> CheckpointRow | None:
        row = self._first(self._sql.get_checkpoint, reading=projection)
        return None if row is None else CheckpointRow._make(row)

    def head(self) -> LastRow | None:
        row = self._first(self._sql.head)
        return None if row is None else LastRow._make(row)

    def last(self) -> EventRow | None:
        """The last event."""
        row = self._first(self._sql.last)
        return None if row is None else _event_row(row)

    def hash_of(self, seq: int) -> str | None:
        """The hash of the event of this number."""
        return next((hash_ for hash_, _ in self._query(self._sql.event, seq=seq)), None)

    def others(self, projection: str, key: str, mark: str) -> list[tuple[str, str]]:
        """Project and state, of the other projects whose projections have the same rules (mark)."""
        return [tuple(row) for row in self._query(self._sql.others, reading=projection, key=key, mark=mark)]

    def projects(self) -> list[str]:
        return [project for (project,) in self._connection.exec_driver_sql(self._sql.projects)]

    def state(self, projection: str, key: str) -> str | None:
        row = self.checkpoint_and_state(projection, key)
        return None if row is None else row.state

    def states(
        self, projection: str, prefix: str = "", newest: bool = False, limit: int | None = None
    ) -> list[tuple[str, str]]:
        high = after(prefix)
        values: dict[str, Any] = {
            "reading": projection,
            "low": prefix,
            "most": _ALL if limit is None else limit,
        }
        if high is not None:
            values["high"] = high
        found = self._query(self._sql.states[high is not None, newest], **values)
        return [(key, state) for key, state in found]

    def lease(self, name: str) -> str | None:
        """The JSON of the lease of this name."""
        row = self._first(self._sql.lease, name=name)
        return None if row is None else row[0]

    def leases(self) -> list[str]:
        """The JSON of every lease, in order of name."""
        return [text for (text,) in self._query(self._sql.leases)]

    def page(self, after: int | None) -> list[EventRow]:
        """after: None: from the first, whatever its number."""
        if after is None:
            return [*map(_event_row, self._query(self._sql.first_page, most=_PAGE))]
        return [*map(_event_row, self._query(self._sql.page, after=after, most=_PAGE))]

    def rows(self, after: int | None = 0) -> Iterator[EventRow]:
        while page := self.page(after):
            yield from page
            after = page[-1].seq


class SnapshotRows(LedgerRows):
    def rows(self, after: int | None = None) -> Iterator[EventRow]:
        # Also those that no ledger writes: of a number below 1.
        return super().rows(after)

    def heads(self) -> Iterator[HeadRow]:
        for row in self._query(self._sql.heads):
            yield HeadRow._make(map(plain, row))

    def upto(self, projection: str) -> int | None:
        row = self.checkpoint(projection)
        upto = 0 if row is None else row.upto
        return upto if type(upto) is int else None

    def missing_guards(self) -> list[str]:
        return missing(self._connection)

    def foreign_triggers(self) -> list[str]:
        return foreign(self._connection)


def _event_row(row: Iterable[Any]) -> EventRow:
    return EventRow._make(map(plain, row))
