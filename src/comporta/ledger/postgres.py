"""The ledger in PostgreSQL: writers queue for an advisory lock, so the chain stays one line."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from comporta.errors import BadProject, Busy, ComportaError, StorageFull, first_line
from comporta.ledger.protocol import PATIENCE_SECONDS
from comporta.records.credential import mask, without_password
from comporta.records.extras import missing_extra

# "comp" in ASCII above the schema's own number: one queue per ledger, and none shared with other software.
_QUEUE = (
    "SELECT pg_advisory_xact_lock((1668246896::bigint << 32) | current_schema()::regnamespace::oid::bigint)"
)

_OFFSET_SECONDS = 60.0  # how long a look at the database's clock is good for
_CLOCKS_AGREE = 1.0  # seconds between two clocks that are taken for one


class Postgres:
    """Connections to the database at `url`. patience: seconds a writer waits for its turn.

    The ledger lies in the connection's current schema.
    """

    def __init__(self, url: str, *, patience: float = PATIENCE_SECONDS) -> None:
        try:
            parsed = make_url(url).set(drivername="postgresql+psycopg")
            shown = parsed.set(drivername="postgresql").render_as_string(hide_password=True)
            self.url = without_password(shown)
            self.engine = create_engine(
                parsed,
                isolation_level="AUTOCOMMIT",
                pool_size=4,
                max_overflow=-1,
                use_native_hstore=False,
            )
        except (ArgumentError, ValueError):
            # Not shown: it may hold a password.
            raise BadProject(
                "ledger: found what is no URL of a database, expected postgresql://USER@HOST:PORT/DATABASE."
            ) from None
        except ImportError:
            raise missing_extra("psycopg", "ledger: PostgreSQL") from None
        self._patience = patience
        self._offset, self._offset_until = timedelta(0), 0.0
        event.listen(self.engine, "connect", self._prepare)

    def _prepare(self, driver: Any, record: Any) -> None:
        with driver.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {int(self._patience * 1000)}")
            # What is acknowledged must survive; a stricter setting of the server's owner stays.
            cursor.execute(
                "SELECT set_config('synchronous_commit', 'on', false) "
                "WHERE current_setting('synchronous_commit') = 'off'"
            )

    def clock_offset(self, connection: Connection) -> timedelta:
        """Asked once a minute: a transaction need not wait for one answer more."""
        if time.monotonic() >= self._offset_until:
            sent = time.time()
            there = connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())").scalar_one()
            # The answer was made somewhere between sending and hearing: in the middle, as far as one knows.
            offset = float(there) - (sent + time.time()) / 2
            self._offset = timedelta(seconds=offset if abs(offset) >= _CLOCKS_AGREE else 0.0)
            self._offset_until = time.monotonic() + _OFFSET_SECONDS
        return self._offset

    @contextmanager
    def write_transaction(self, connection: Connection) -> Iterator[None]:
        # READ COMMITTED: what follows the lock sees all that its last holder committed.
        connection.exec_driver_sql(f"BEGIN ISOLATION LEVEL READ COMMITTED; {_QUEUE}")
        try:
            yield
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            _roll_back(connection)
            raise

    @contextmanager
    def read_transaction(self, connection: Connection) -> Iterator[None]:
        connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            yield
        finally:
            _roll_back(connection)

    @contextmanager
    def erasing_body(self, connection: Connection) -> Iterator[None]:
        yield
        # The row as it was stays in the table until then; the server's own log keeps it as long as it keeps.
        connection.exec_driver_sql("VACUUM ledger_events")

    def user_error(self, error: DBAPIError) -> ComportaError | None:
        state = getattr(error.orig, "sqlstate", None) or ""
        if state in ("53100", "53200"):  # disk_full, out_of_memory
            return StorageFull(
                f"ledger {self.url}: the database has no space left; nothing was half-written. "
                "Free some space on its server and run again."
            )
        if state == "55P03":  # lock_not_available
            return Busy(
                f"ledger {self.url}: another process held it for {self._patience:g} s. "
                "Let it finish, or end it, and run again."
            )
        if state.startswith("28") or state in (
            "3D000",
            "3F000",
            "42501",
        ):  # password; no database, schema or right
            return BadProject(f"ledger {self.url}: {mask(str(error.orig))}. Correct the URL or the rights.")
        if not state and not error.connection_invalidated and type(error.orig).__name__ == "OperationalError":
            reason = mask(first_line(str(error.orig)))
            return BadProject(
                f"ledger {self.url}: cannot be reached ({reason}). Check the URL and the server."
            )
        return None

    def is_connection_lost(self, error: DBAPIError) -> bool:
        return error.connection_invalidated


def _roll_back(connection: Connection) -> None:
    if not connection.invalidated and not connection.closed:
        try:
            connection.exec_driver_sql("ROLLBACK")
        except DBAPIError as error:
            # A broken connection has rolled back already; the first error tells more.
            if not error.connection_invalidated:
                raise
