"""A ledger in a database: one chain, one writer at a time, projections in the same transaction."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from comporta.errors import ComportaError, Tampered, WrongKey
from comporta.ledger.chain import key_mark
from comporta.ledger.database import Database
from comporta.ledger.ending import Ending, ending_of, require_signed_end
from comporta.ledger.pending import ChainTip, PendingTransaction
from comporta.ledger.projections import ProjectionSet, States, kinds_of
from comporta.ledger.protocol import Compare, Sign, as_it_is, unconditionally
from comporta.ledger.removal import fact_of, needed_by_later_events, require_removable
from comporta.ledger.rows import CheckpointRow, LedgerRows, SnapshotRows, StateRow, TipRow, execute
from comporta.ledger.signing import Signer
from comporta.ledger.statements import statements
from comporta.ledger.stored import event_of, row_of
from comporta.ledger.upcasts import UPCASTS, Upcast
from comporta.records.event import DEFAULT_PROJECT, Event, Fact, Head, Projection, Transaction
from comporta.records.facts import FACTS
from comporta.records.instant import moment
from comporta.records.lease import Lease
from comporta.records.record import decode, encode

S = TypeVar("S")
T = TypeVar("T")


class SqlLedger:
    """See `open_ledger`."""

    def __init__(
        self,
        database: Database,
        projections: Sequence[Projection[Any]],
        *,
        key: bytes,
        clock: Callable[[], datetime],
        project: str = DEFAULT_PROJECT,
        facts: Sequence[type[Fact]] = FACTS,
        upcasts: Mapping[tuple[str, int], Upcast] = UPCASTS,
    ) -> None:
        self.project = project
        self._database = database
        self._projections = ProjectionSet(projections, facts, upcasts)
        self._key = key
        self._signer = Signer(key)
        self._key_mark = key_mark(key)
        self._clock = clock
        self._sql = statements(database.engine.dialect)
        self._lock = threading.Lock()
        self._writer: int | None = None
        # Where the chain ended when this process wrote or verified it last.
        self._verified = Ending()
        # Projections in this database that this process does not know: name → mark.
        self._unknown_projections: dict[str, str] = {}
        self._pid = os.getpid()
        with self._connection() as connection:
            tip = self._tip(connection)
        if not tip or self._behind(tip):
            # Else its audit could not be opened; what asks for such a projection says so again.
            with suppress(Tampered):
                self.transact(lambda tx: None)

    def transact(self, act: Callable[[Transaction], T]) -> T:
        with self._alone():
            return self._transact(act)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One thread of this process at a time."""
        if self._writer == threading.get_ident():
            raise RuntimeError("transact inside transact: the inner one would wait for the outer. Use one.")
        with self._lock:
            self._writer = threading.get_ident()
            try:
                yield
            finally:
                self._writer = None

    def _transact(self, act: Callable[[Transaction], T]) -> T:
        """Asks again where the connection broke and nothing was kept; the chain itself tells which."""
        for last in (False, False, True):
            tx: PendingTransaction | None = None
            try:
                with self._connection() as connection, self._database.write_transaction(connection):
                    tx = self._begin(connection)
                    result = act(tx)
                    self._write(connection, tx)
                self._remember(tx)
                return result
            except _ConnectionLost:
                if last:
                    raise
                if tx is not None and tx.events and self._is_in_chain(tx.events[-1]):
                    return result
        raise AssertionError("unreachable")

    def _remember(self, tx: PendingTransaction) -> None:
        if tx.events:
            self._verified = ending_of(row_of(tx.events[-1]), tx.head)

    def _is_in_chain(self, event: Event) -> bool:
        """Whether this event is in the chain, once whoever wrote last has ended."""
        with self._connection() as connection, self._database.write_transaction(connection):
            return self._rows(connection).hash_of(event.seq) == event.hash

    def get(self, projection: Projection[S], key: str) -> S | None:
        name = self._projections.require(projection.name)
        found = self._query(lambda rows: rows.checkpoint_and_state(name, key))
        if found is None or not self._current(name, found):
            return self.transact(lambda tx: tx.get(projection, key))
        return None if found.state is None else self._projections.decode(name, found.state)

    def scan(
        self, projection: Projection[S], prefix: str = "", *, newest: bool = False, limit: int | None = None
    ) -> list[tuple[str, S]]:
        name = self._projections.require(projection.name)
        checkpoint, found = self._query(
            lambda rows: (rows.checkpoint(name), rows.states(name, prefix, newest, limit))
        )
        if checkpoint is None or not self._current(name, checkpoint):
            return self.transact(lambda tx: tx.scan(projection, prefix, newest=newest, limit=limit))
        return [(key, self._projections.decode(name, text)) for key, text in found]

    def _current(self, name: str, checkpoint: CheckpointRow | StateRow) -> bool:
        """Whether the projection has seen every event by our rules."""
        return checkpoint.upto is None and bool(checkpoint.mark == self._projections.marks[name])

    def events(self, after: int = 0) -> Iterator[Event]:
        while page := self._query(partial(LedgerRows.page, after=after)):
            yield from (event_of(row, self.project) for row in page)
            after = page[-1].seq

    def head(self) -> Head:
        row = self._query(lambda rows: rows.head())
        if row is None:
            return Head(seq=0, hash="")
        if type(row.seq) is not int or type(row.hash) is not str:
            raise Tampered(f"event {row.seq!r}: it is none. `comporta audit verify` tells what was changed.")
        return Head(seq=row.seq, hash=row.hash)

    def _query(self, question: Callable[[LedgerRows], T]) -> T:
        """A query outside of a transaction; repeated once where the connection broke."""
        try:
            with self._connection() as connection:
                return question(self._rows(connection))
        except _ConnectionLost:
            with self._connection() as connection:
                return question(self._rows(connection))

    def _rows(self, connection: Connection) -> LedgerRows:
        return LedgerRows(connection, self._sql, self.project)

    @contextmanager
    def snapshot(self) -> Iterator[SnapshotRows]:
        with self._connection() as connection, self._database.read_transaction(connection):
            yield SnapshotRows(connection, self._sql, self.project)

    def lease(self, name: str) -> Lease | None:
        text = self._query(lambda rows: rows.lease(name))
        return None if text is None else decode(text, Lease)

    def leases(self) -> list[Lease]:
        return [decode(text, Lease) for text in self._query(lambda rows: rows.leases())]

    def others(self, projection: Projection[S], key: str) -> list[tuple[str, S]]:
        name = self._projections.require(projection.name)
        found = self._query(lambda rows: rows.others(name, key, self._projections.marks[name]))
        return [(project, self._projections.decode(name, text)) for project, text in found]

    def projects(self) -> list[str]:
        return self._query(lambda rows: rows.projects())

    def rebuild(self, projection: Projection[Any]) -> None:
        name = self._projections.require(projection.name)
        with self._alone(), self._connection() as connection, self._database.write_transaction(connection):
            self._catch_up(connection, [name], {})

    def remove_body(
        self, seq: int, *, reason: str, by: str, compare: Compare = unconditionally, sign: Sign = as_it_is
    ) -> Event:
        with self._alone(), self._connection() as connection, self._database.erasing_body(connection):
            with self._database.write_transaction(connection):
                tx = self._begin(connection)
                row = next(iter(self._rows(connection).page(seq - 1)), None)
                found = None if row is None or row.seq != seq else event_of(row, self.project)
                removable = require_removable(found, seq, self._key)
                event = tx.append(sign(tx, fact_of(removable, reason, by)))
                require_states = compare(removable, tx)
                self._write(connection, tx)
                connection.exec_driver_sql(self._sql.remove_body, {"of": self.project, "number": seq})
                try:
                    self._catch_up(connection, self._projections.by_name, {})
                except DBAPIError:
                    raise
                except Exception as error:  # boundary: a projection met a history without the event
                    raise needed_by_later_events(seq, error) from error
                require_states(States(self._projections, self._rows(connection)))
                for name in self._unknown_projections:
                    # Made again from all events by whoever knows it: no mark fits an empty one.
                    self._put_checkpoint(connection, name, "", 0)
            self._remember(tx)
            return event

    def close(self) -> None:
        self._database.engine.dispose()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        if self._pid != os.getpid():
            # Forked: the parent's connections are not ours to use, nor to close.
            self._database.engine.dispose(close=False)
            self._pid = os.getpid()
            self._lock, self._writer = threading.Lock(), None
        try:
            with self._database.engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            if self._database.is_connection_lost(error):
                raise _ConnectionLost(
                    f"ledger {self._database.url}: the connection broke ({error.orig}). Check the database "
                    "and run again; what was acknowledged is kept."
                ) from error
            user_error = self._database.user_error(error)
            if user_error is None:
                raise
            raise user_error from error

    def _tip(self, connection: Connection) -> list[TipRow]:
        """Empty in a ledger just made. Raises WrongKey."""
        rows = self._rows(connection).tip()
        if rows and rows[0].key_mark != self._key_mark:
            raise WrongKey(
                f"ledger {self._database.url}: it was written with another key than this one. Move this one "
                "away and put the project's own in its place (`comporta key import FILE`)."
            )
        return rows

    def _behind(self, tip: list[TipRow]) -> list[str]:
        """Our projections that have not seen every event, or were built by other rules."""
        current = {row.projection: row.mark for row in tip if row.is_current()}
        return [name for name, mark in self._projections.marks.items() if current.get(name) != mark]

    def _begin(self, connection: Connection) -> PendingTransaction:
        tip = self._tip(connection)
        if not tip:
            connection.exec_driver_sql(self._sql.put_key, {"id": 1, "mark": self._key_mark})
            tip = self._tip(connection)
        behind = self._behind(tip)
        if behind:
            self._catch_up(
                connection, behind, {row.projection: CheckpointRow(row.mark, row.upto) for row in tip}
            )
        self._unknown_projections = {
            row.projection: row.mark
            for row in tip
            if row.is_current() and row.projection not in self._projections.by_name
        }
        end = tip[0]
        found = ChainTip()
        if end.seq is not None:
            found = ChainTip(
                head=Head(seq=end.seq, hash=end.hash), at=_moment(end.at), keyed=end.leaf is None
            )
        rows = self._rows(connection)
        ending = end.ending()

        def require() -> None:
            if ending != self._verified:
                require_signed_end(
                    ending, rows.last(), end.head(), project=self.project, key=self._key, signer=self._signer
                )
                self._verified = ending

        offset = self._database.clock_offset(connection)
        return PendingTransaction(
            self._projections,
            rows,
            found,
            self.project,
            self._signer,
            lambda: self._clock() + offset,
            require,
        )

    def _catch_up(
        self, connection: Connection, behind: Iterable[str], checkpoints: dict[str, CheckpointRow]
    ) -> None:
        """Applies the events that these projections have not seen: all, for a new one or new rules."""
        start = {}
        for name in behind:
            known = checkpoints.get(name, CheckpointRow("", None))
            if known.mark == self._projections.marks[name] and type(known.upto) is int and known.upto >= 0:
                start[name] = known.upto
            else:
                start[name] = 0
                values = {"project": self.project, "reading": name}
                connection.exec_driver_sql(self._sql.drop_states, values)
        rows = self._rows(connection)
        states = States(self._projections, rows)
        for row in rows.rows(min(start.values())):
            event = event_of(row, self.project)
            fact = self._projections.decoding.fact(event)
            if fact is not None:
                _apply(states, fact, event, {name for name, seq in start.items() if event.seq > seq})
        self._write_states(connection, states.changes)
        for name in start:
            self._put_checkpoint(connection, name, self._projections.marks[name], None)

    def _put_checkpoint(self, connection: Connection, name: str, mark: str, upto: int | None) -> None:
        values = {"project": self.project, "reading": name, "mark": mark, "upto": upto}
        execute(connection, self._sql.put_checkpoint, values)

    def _write_leases(self, connection: Connection, tx: PendingTransaction) -> None:
        for name, lease in tx.leases.items():
            row = {"project": self.project, "name": name}
            text = {} if lease is None else {"lease": encode(lease).decode()}
            execute(connection, self._sql.put_lease if text else self._sql.drop_lease, {**row, **text})

    def _write(self, connection: Connection, tx: PendingTransaction) -> None:
        self._write_leases(connection, tx)
        if not tx.events:
            return
        rows = [{"project": self.project, **row_of(each)._asdict()} for each in tx.events]
        execute(connection, self._sql.put_event, rows)
        signed = tx.sign_head()
        head = {
            "project": self.project,
            "seq": signed.head.seq,
            "link": signed.head.hash,
            "signature": signed.signature,
            "key": signed.key,
        }
        execute(connection, self._sql.put_head, head)
        self._write_states(connection, tx.changes)
        kinds = {each.kind for each in tx.events}
        for name, mark in self._unknown_projections.items():
            if kinds & kinds_of(mark):
                stop = {"of": self.project, "name": name, "upto": tx.events[0].seq - 1}
                execute(connection, self._sql.stop_checkpoint, stop)

    def _write_states(self, connection: Connection, changes: dict[tuple[str, str], str | None]) -> None:
        put, drop = [], []
        for (projection, key), text in changes.items():
            if text is None:
                drop.append({"project": self.project, "reading": projection, "key": key})
            else:
                put.append({"project": self.project, "reading": projection, "key": key, "state": text})
        if put:
            execute(connection, self._sql.put_state, put)
        if drop:
            execute(connection, self._sql.drop_state, drop)


def _apply(states: States, fact: Fact, event: Event, names: set[str]) -> None:
    try:
        states.apply(fact, event, names)
    except (ComportaError, DBAPIError):
        raise
    except Exception as error:  # boundary: a projection met a history that no ledger wrote
        raise Tampered(
            f"event {event.seq} ({event.kind}) cannot be applied ({error!r}). `comporta audit verify` tells "
            "what else was changed."
        ) from error


class _ConnectionLost(ComportaError):
    """The connection broke; how the transaction ended is to be found out."""


def key_of(database: Database) -> str | None:
    """The mark of the key that this ledger was written with; None while nothing is written."""
    try:
        with database.engine.connect() as connection:
            if not connection.dialect.has_table(connection, "ledger_keyed"):
                return None
            row = connection.exec_driver_sql("SELECT mark FROM ledger_keyed").first()
            return None if row is None else str(row.mark)
    except DBAPIError as error:
        raise database.user_error(error) or error from error


def _moment(at: Any) -> datetime | None:
    """The stored time, or None where it is none: a tampered row must not keep the ledger from its audit."""
    try:
        return moment(at)
    except (TypeError, OverflowError):
        return None
