"""The stored rows of one project, as one database connection sees them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from comporta.ledger.projections import after
from comporta.ledger.protocol import Row
from comporta.ledger.statements import Statements
from comporta.ledger.stored import plain
from comporta.ledger.triggers import foreign, missing

_ALL = 2**62
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

    def checkpoint_and_state(self, projection: str, key: str) -> Any:
        """(mark, upto, state) or None."""
        return self._first(self._sql.state, reading=projection, key=key)

    def checkpoint(self, projection: str) -> Any:
        """(mark, upto) or None."""
        return self._first(self._sql.get_checkpoint, reading=projection)

    def head(self) -> Any:
        """(seq, hash, at, leaf) or None."""
        return self._first(self._sql.head)

    def last(self) -> Row | None:
        """The last event."""
        row = self._first(self._sql.last)
        return None if row is None else tuple(row)

    def others(self, projection: str, key: str, mark: str) -> list[tuple[str, str]]:
        """Project and state, of the other projects whose projections have the same rules (mark)."""
        return [tuple(row) for row in self._query(self._sql.others, reading=projection, key=key, mark=mark)]

    def projects(self) -> list[str]:
        return [row[0] for row in self._connection.exec_driver_sql(self._sql.projects)]

    def state(self, projection: str, key: str) -> str | None:
        row = self.checkpoint_and_state(projection, key)
        return None if row is None else row[2]

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

    def page(self, after: int | None) -> list[Row]:
        """after: None: from the first, whatever its number."""
        if after is None:
            return [tuple(row) for row in self._query(self._sql.first_page, most=_PAGE)]
        return [tuple(row) for row in self._query(self._sql.page, after=after, most=_PAGE)]

    def rows(self, after: int | None = 0) -> Iterator[Row]:
        while page := self.page(after):
            yield from page
            after = page[-1][0]


class SnapshotRows(LedgerRows):
    def rows(self, after: int | None = None) -> Iterator[Row]:
        # Also those that no ledger writes: of a number below 1.
        return super().rows(after)

    def heads(self) -> Iterator[tuple[Any, Any, Any, Any]]:
        for seq, link, signature, key in self._query(self._sql.heads):
            yield seq, link, plain(signature), key

    def upto(self, projection: str) -> int | None:
        row = self.checkpoint(projection)
        upto = 0 if row is None else row[1]
        return upto if type(upto) is int else None

    def missing_guards(self) -> list[str]:
        return missing(self._connection)

    def foreign_triggers(self) -> list[str]:
        return foreign(self._connection)
