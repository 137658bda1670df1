"""The joined tables of a process that serves, mapped from files that all of the server's workers share."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Collection
from pathlib import Path

import msgspec

from comporta.data.online_table import JoinedTable
from comporta.errors import BadProject
from comporta.opened.project import OpenProject
from comporta.opened.table_files import (
    HeldTable,
    TableAsk,
    TableState,
    delete_part,
    hold_table,
    sweep_table,
    sweep_tables,
    taking_turn,
)
from comporta.opened.table_writer import TableFailure, TableOrder
from comporta.records import decode, encode
from comporta.store.disk import make_folder


class NoRoom(Exception):
    """The files of a table cannot be written: who asked keeps it in memory of its own."""


class MappedTables:
    """What this process holds of tables, and the writers that it started. One thread may load a version while
    another looks for newer tables of those that answer.

    say: a line for a person."""

    def __init__(self, opened: OpenProject, say: Callable[[str], None] = print) -> None:
        self._opened, self._say = opened, say
        self._tables = opened.below / "tables"
        self._held: dict[str, HeldTable] = {}
        self._writers: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.RLock()
        sweep_tables(self._tables)

    def table(self, ask: TableAsk, state: TableState, *, whole: bool) -> JoinedTable | None:
        """The table in this state; None while it is being written, which the first who asks has begun. whole:
        whether a window may not be longer than its table's history. Raises NoRoom, BadProject."""
        folder = self._tables / ask.name
        with self._lock:
            found = hold_table(folder, ask, state)
            if found is None:
                self._write(folder, ask, state, whole=whole)
                return None
            before, self._held[ask.name] = self._held.get(ask.name), found
            if before is not None:
                before.release()
            sweep_table(folder, keep=found.parts, until=state.number)
            return found.table

    def let_go(self, ask: TableAsk) -> None:
        """Nothing is answered from this table any more."""
        with self._lock:
            if (held := self._held.pop(ask.name, None)) is not None:
                held.release()
                sweep_table(self._tables / ask.name)

    def retain(self, names: Collection[str]) -> None:
        """Lets go of every table but these, and of writers that are done."""
        with self._lock:
            for name in self._held.keys() - names:
                self._held.pop(name).release()
                sweep_table(self._tables / name)
            for name, writer in [*self._writers.items()]:
                # One that failed says why to whoever asks for its table.
                if writer.poll() is not None and (writer.returncode == 0 or name not in names):
                    self._said_by(name)

    def close(self) -> None:
        """Lets go of every table; the last process that does deletes the files."""
        for writer in self._writers.values():
            writer.kill()
            writer.wait()
        for held in self._held.values():
            held.release()
        self._held.clear()
        sweep_tables(self._tables)

    def _write(self, folder: Path, ask: TableAsk, state: TableState, *, whole: bool) -> None:
        """Starts a writer, unless one is at work on this table here or in another process."""
        writer = self._writers.get(ask.name)
        if writer is not None:
            if writer.poll() is None:
                return
            said = self._said_by(ask.name)
            if writer.returncode:
                self._fail(said, writer.returncode)
        try:
            make_folder(folder)
            with taking_turn(folder) as turn:
                if turn is None:
                    return
                if (written := hold_table(folder, ask, state)) is not None:  # meanwhile, by another process
                    written.release()
                    return
                # There, but not whole: what it is answered from was deleted, or is of another format.
                delete_part(folder / state.name)
                self._writers[ask.name] = self._start(folder, ask, state, turn, whole=whole)
        except OSError as error:
            raise self._no_room(f"{folder}: {error.strerror or error}.") from error

    def _said_by(self, name: str) -> bytes:
        """What a writer that has ended said; nothing is left of it then."""
        stdout = self._writers.pop(name).stdout
        assert stdout is not None
        with stdout:
            return stdout.read()

    def _start(
        self, folder: Path, ask: TableAsk, state: TableState, turn: int, *, whole: bool
    ) -> subprocess.Popen[bytes]:
        order = TableOrder(root=str(self._opened.home), folder=str(folder), ask=ask, state=state, whole=whole)
        # It has the turn as long as it lives: a worker that is killed meanwhile leaves it at work.
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "comporta.opened.table_writer", encode(order).decode()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            pass_fds=(turn,),
            process_group=0,  # else Ctrl-C in a terminal is its too, and it says so by a traceback
            env={"POLARS_MAX_THREADS": "1", **os.environ},
        )

    def _fail(self, said: bytes, code: int) -> None:
        try:
            failure = decode(said, TableFailure)
        except msgspec.MsgspecError:  # killed, as where memory ran out
            failure = TableFailure(message=f"its writer ended with code {code}.", full=True)
        if failure.full:
            raise self._no_room(failure.message)
        raise BadProject(failure.message)

    def _no_room(self, why: str) -> NoRoom:
        self._say(f"a joined table cannot be shared: {why} Each worker keeps it in memory of its own.")
        return NoRoom(why)
