"""The ledger in one SQLite file: write-ahead log, every commit on the medium before it is acknowledged."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import random
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from comporta.errors import BadProject, Busy, ComportaError, StorageFull
from comporta.ledger.protocol import PATIENCE_SECONDS
from comporta.ledger.rows import execute

# IOERR_WRITE: also where the file would pass a limit of the process (ulimit -f) or a quota.
_FULL = {"SQLITE_FULL", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_SHMMAP", "SQLITE_IOERR_WRITE"}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_making = threading.Lock()
_WAIT = 0.0005  # seconds between two looks at whether it is our turn, give or take half


class Sqlite:
    """Connections to the file at `path`, made with mode 0600. patience: seconds a writer waits for its turn.

    Writers take turns by a lock on a file beside it: SQLite's own waiting sleeps ever longer, so that the
    one who waited most is the least likely to be next. It also keeps a commit and another's checkpoint
    apart, where SQLite before 3.51.3 can, very rarely, lose pages (sqlite.org/wal.html#walresetbug).

    alone: one connection that has the file to itself, and in memory what SQLite else keeps in a file of 32 KB
    beside it while a ledger is open (sqlite.org/wal.html#noshm): for reading where the disk is full.
    """

    def __init__(self, path: Path, *, patience: float = PATIENCE_SECONDS, alone: bool = False) -> None:
        self.url = f"sqlite:///{path}"
        self._path = path
        self._patience = patience
        self._make()
        pool = {"poolclass": StaticPool} if alone else {"pool_size": 4, "max_overflow": -1}
        self.engine = create_engine(
            URL.create("sqlite", database=str(path)),
            paramstyle="named",
            isolation_level="AUTOCOMMIT",
            connect_args={"timeout": patience, "check_same_thread": False},
            **pool,
        )
        if alone:
            event.listen(self.engine, "connect", _keep_to_oneself)
        event.listen(self.engine, "connect", _prepare)

    def _make(self) -> None:
        """The file, where there is none. One that is there is not even opened and closed: that would let go
        of this process's locks on it (fcntl(2)), and SQLite elsewhere would take it for unused and delete
        the log under our connections (sqlite.org/howtocorrupt.html, 2.2)."""
        try:
            with _making:
                if not self._path.exists():
                    self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                    with contextlib.suppress(FileExistsError):
                        os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            if self._path.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            if os.statvfs(self._path).f_flag & os.ST_RDONLY:
                raise OSError(errno.EROFS, os.strerror(errno.EROFS))
            if not os.access(self._path, os.R_OK | os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            if self._path.stat().st_size == 0:
                # SQLite syncs the folder for its log, not for the file itself.
                for folder in (self._path.parent, self._path.parent.parent):
                    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
                    os.fsync(descriptor)
                    os.close(descriptor)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise self._full(error) from error
            if error.errno == errno.EROFS:
                raise BadProject(
                    f"ledger {self.url}: lies on a disk that can only be read. "
                    "Have it mounted for writing, or copy the project to another disk."
                ) from error
            raise BadProject(
                f"ledger {self.url}: cannot be opened for writing ({error.strerror}). "
                "Correct the path or its permissions."
            ) from error

    def clock_offset(self, connection: Connection) -> timedelta:
        return timedelta(0)  # it has no clock but this machine's

    @contextmanager
    def write_transaction(self, connection: Connection) -> Iterator[None]:
        with self._my_turn():
            execute(connection, "BEGIN IMMEDIATE")
            try:
                yield
                execute(connection, "COMMIT")
            except BaseException:
                _roll_back(connection)
                raise

    @contextmanager
    def read_transaction(self, connection: Connection) -> Iterator[None]:
        execute(connection, "BEGIN")
        try:
            yield
        finally:
            _roll_back(connection)

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        descriptor = os.open(f"{self._path}-turn", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            until = time.monotonic() + self._patience
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > until:
                        raise self._busy() from None
                    time.sleep(_WAIT * random.uniform(0.5, 1.5))
            yield
        finally:
            os.close(descriptor)

    @contextmanager
    def erasing_body(self, connection: Connection) -> Iterator[None]:
        # What is freed is overwritten, and the log that still holds it is written back and cut.
        connection.exec_driver_sql("PRAGMA secure_delete=ON")
        yield
        with self._my_turn():
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def user_error(self, error: DBAPIError) -> ComportaError | None:
        origin = error.orig
        name = getattr(origin, "sqlite_errorname", "") or ""
        if name in _FULL:
            return self._full(error)
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return self._busy()
        if name in ("SQLITE_NOTADB", "SQLITE_CORRUPT"):
            return BadProject(
                f"ledger {self.url}: not a sound SQLite file ({origin}). Restore it from a backup."
            )
        if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
            return BadProject(f"ledger {self.url}: cannot be written ({origin}). Correct its permissions.")
        return None

    def is_connection_lost(self, error: DBAPIError) -> bool:
        return False

    def _busy(self) -> Busy:
        return Busy(
            f"ledger {self.url}: another process held it for {self._patience:g} s. "
            "Let it finish, or end it, and run again."
        )

    def _full(self, error: Exception) -> StorageFull:
        return StorageFull(
            f"ledger {self.url}: no space left on the device, or the file may not grow; nothing was "
            "half-written. Free some space (`comporta store gc` deletes what nothing reaches), or raise the "
            "limit on the size of files (`ulimit -f`), and run again."
        )


def _keep_to_oneself(driver: Any, record: Any) -> None:
    driver.execute("PRAGMA locking_mode=EXCLUSIVE")


def _text(stored: bytes) -> str | bytes:
    """Bytes that are no text stay bytes: a tampered row must not keep the ledger from its audit."""
    try:
        return stored.decode()
    except UnicodeDecodeError:
        return stored


def _prepare(driver: Any, record: Any) -> None:
    driver.text_factory = _text
    # The mode is kept in the file; to set it again would only wait for others.
    if driver.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        _persist(driver)
    driver.execute("PRAGMA synchronous=FULL")
    if sys.platform == "darwin":
        driver.execute("PRAGMA fullfsync=1")
        driver.execute("PRAGMA checkpoint_fullfsync=1")


def _persist(driver: sqlite3.Connection) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            driver.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            # This one change does not wait by itself when several processes open a new file.
            # The primary code is the last byte of an extended one (sqlite.org/rescode.html).
            if error.sqlite_errorcode & 0xFF not in _BUSY or time.monotonic() > until:
                raise
            time.sleep(0.005)


def _roll_back(connection: Connection) -> None:
    # A full disk makes SQLite roll back by itself.
    if connection.connection.driver_connection.in_transaction:  # type: ignore[union-attr]
        execute(connection, "ROLLBACK")
