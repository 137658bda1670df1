"""The files of joined tables that the workers of a server map: where they lie, and who may delete them.

Below `.comporta/tables/` each joined table has a folder, in it one folder for each part. A version of the
dataset is a part whose `parts.json` names those it is answered from, itself first. Whoever serves from a part
holds a shared lock on it, which the system takes back however a process ends; a part is deleted by whoever
gets the lock alone. What is mapped stays readable when its files are gone.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import polars as pl
from blake3 import blake3

from comporta.data.online_file import FORMAT, map_part
from comporta.data.online_table import JoinedTable
from comporta.records import DatasetSchema, Join, Record, decode, encode

PARTS, LOCK, TURN, DRAFT = "parts.json", "lock", "turn", ".draft"
_DIGEST = 32


class TableAsk(Record, frozen=True, kw_only=True):
    """A table as one join of a model reads it. requests: the types of the columns that ask, as text."""

    join: Join
    shape: DatasetSchema
    requests: dict[str, str]

    @property
    def name(self) -> str:
        """Of the folder that its parts lie in: the same for whoever asks the same."""
        return blake3(encode((FORMAT, pl.__version__, self))).hexdigest()[:_DIGEST]


class TableState(Record, frozen=True, kw_only=True):
    """A version of a dataset as it can be read today. digest: of its slice: an erasure changes it."""

    number: int
    digest: str

    @property
    def name(self) -> str:
        """Of the part that is the newest of this state."""
        return f"{self.number:08d}-{self.digest[:_DIGEST]}"


class PartRecord(Record, frozen=True, kw_only=True):
    """parts: those that its state is answered from, the newest first: this one, then older ones. fragments:
    of the dataset, that they cover. rows: of this part."""

    parts: tuple[str, ...]
    fragments: tuple[str, ...]
    rows: int


class HeldTable:
    """A table mapped from its parts, which nobody deletes until it is released."""

    def __init__(self, table: JoinedTable, parts: tuple[str, ...], locks: list[int]) -> None:
        self.table, self.parts, self._locks = table, parts, locks

    def release(self) -> None:
        """From now on its files may be deleted; who reads them still can."""
        while self._locks:
            os.close(self._locks.pop())


def part_record(part: Path) -> PartRecord | None:
    """What a part says of itself; None where none is there whole."""
    try:
        return decode((part / PARTS).read_bytes(), PartRecord)
    except (OSError, msgspec.MsgspecError):
        return None


def hold_table(folder: Path, ask: TableAsk, state: TableState) -> HeldTable | None:
    """The table in this state, mapped; None where its parts are not all there."""
    record = part_record(folder / state.name)
    if record is None:
        return None
    locks: list[int] = []
    try:
        for name in record.parts:
            locks.append(_shared_lock(folder / name))
        parts = tuple(map_part(folder / name, ask.join, ask.shape, state.number) for name in record.parts)
    except OSError:  # being deleted, or gone
        for each in locks:
            os.close(each)
        return None
    return HeldTable(JoinedTable(parts=parts), record.parts, locks)


def sweep_table(folder: Path, *, keep: tuple[str, ...] = (), until: int | None = None) -> None:
    """Deletes the parts that nobody holds. keep: but these. until: but those of a later version."""
    for part in sorted(each for each in _folders(folder) if DRAFT not in each.name and each.name not in keep):
        if until is None or int(part.name.partition("-")[0]) <= until:
            delete_part(part)


def sweep_tables(tables: Path) -> None:
    """Deletes every part that nobody holds, what is left of parts that were being written, and the folders of
    tables that have none any more."""
    for folder in _folders(tables):
        sweep_table(folder)
        with taking_turn(folder) as turn:
            if turn is None:
                continue
            sweep_drafts(folder)
            if not _folders(folder):
                shutil.rmtree(folder, ignore_errors=True)


def sweep_drafts(folder: Path) -> None:
    """Deletes parts that were never finished. The turn is the caller's."""
    for draft in _folders(folder):
        if DRAFT in draft.name:
            shutil.rmtree(draft, ignore_errors=True)


@contextlib.contextmanager
def taking_turn(folder: Path) -> Iterator[int | None]:
    """Whoever writes parts of this table has the turn, on this machine; None: another has it. A process that
    has the descriptor open has the turn too."""
    try:
        turn = os.open(folder / TURN, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except FileNotFoundError:
        yield None
        return
    try:
        fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield None
    else:
        yield turn
    finally:
        os.close(turn)


def _folders(folder: Path) -> list[Path]:
    try:
        return [each for each in folder.iterdir() if each.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _shared_lock(part: Path) -> int:
    """A descriptor that keeps the part from being deleted. Raises OSError where it is being."""
    descriptor = os.open(part / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        os.stat(part / LOCK)  # noqa: PTH116  # deleted between the two: another's, or nothing
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def delete_part(part: Path) -> None:
    """Deletes a part, unless someone holds it or there is none."""
    try:
        descriptor = os.open(part / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(part, ignore_errors=True)
    except BlockingIOError:  # served from
        return
    finally:
        os.close(descriptor)
