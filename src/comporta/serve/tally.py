"""What a server process counts and tells where a kill leaves it: rows of each model version, of each arm of a
plan its requests too, and a record of what it serves.

In a file mapped into memory: the request path adds to a number there, and the system keeps the page when the
process is killed. Not when the machine loses power: then the file may say less than was answered.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from comporta.store.disk import write_all

MAGIC = b"comporta tally 2"
LOOKED, WRITES = 2, 3
"""Numbers of the file's head: nanoseconds since 1970 of the last look for releases; records written."""
_HEAD_WORDS, _HALF = 512, 96 * 1024  # bytes; a record is written into one half while the other is read
_HEAD = _HEAD_WORDS + 2 * _HALF
_SLOT = 512  # bytes: 24 numbers of 64 bits, then the name
_WORDS = _SLOT // 8
_SLOTS = 4096
_NAMED = 192  # where in a slot its name begins
_SIZE = _HEAD + _SLOTS * _SLOT
ANSWERED, WRITTEN, LOST, FLUSHES, FAILURES, WITHOUT_UNIT, SHADOW_FAILURES, TIMES = range(8)
BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds, the upper ends of a histogram's buckets."""
NANOSECONDS = tuple(round(bound * 1e9) for bound in BOUNDS)
_BUCKETS = len(BOUNDS) + 1


class RowCounts(NamedTuple):
    """Rows of one model version. lost: of those answered, what is known never to be written. flushes: how
    many writes of the model's rows were begun when the last one ended well."""

    answered: int = 0
    written: int = 0
    lost: int = 0
    flushes: int = 0


class PlanArm(NamedTuple):
    """Where a release of a plan sends some units: the version that answers there, the plan's id, the number
    of the release, and the arm's role."""

    version: int
    plan: str
    release: int
    arm: str


class ArmCounts(NamedTuple):
    """Of one arm. rows: as of a version. failures: requests that got a 5xx of it. without_unit: rows that
    named none. shadow_failures: rows that it could not score, of a shadow. times: how many requests were
    answered in what time, by `BOUNDS`, the last beyond every bound."""

    rows: RowCounts
    failures: int
    without_unit: int
    shadow_failures: int
    times: tuple[int, ...]

    @property
    def requests(self) -> int:
        """How many were answered."""
        return sum(self.times)


Answerer = int | PlanArm
"""By what rows are counted: the version, or under a plan the arm."""
RowsByModelVersion = dict[tuple[str, int], RowCounts]
ArmsByModel = dict[tuple[str, PlanArm], ArmCounts]


class Tally:
    """Counters by model and version or arm. `cells[place + ANSWERED]` and so on are to be added to."""

    def __init__(self, path: Path | None = None) -> None:
        """path: a new file that holds them; None: they live as long as the process. Raises OSError."""
        self._memory: mmap.mmap | bytearray
        self._lock: int | None = None
        if path is None:
            self._memory = bytearray(_SIZE)
        else:
            self._lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            # Held as long as the process lives: whoever finds the file can tell whether it does.
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            try:
                # All of it now: on a full disk a write into a hole of a mapped file would end the process.
                write_all(self._lock, MAGIC + bytes(_SIZE - len(MAGIC)))
                self._memory = mmap.mmap(self._lock, _SIZE)
            except OSError:
                os.close(self._lock)
                path.unlink(missing_ok=True)
                raise
        self.cells = memoryview(self._memory).cast("Q")
        self._places: dict[tuple[str, Answerer], int] = {}

    def place(self, model: str, of: Answerer) -> int:
        """Where in `cells` the numbers of this version or arm begin; beyond 4,096 all share the last."""
        found = self._places.get((model, of))
        if found is None:
            slot = min(len(self._places), _SLOTS - 1)
            words = (model, of) if isinstance(of, int) else (model, *of)
            name = "\n".join(map(str, words)).encode()[: _SLOT - _NAMED]
            start = _HEAD + slot * _SLOT
            self._memory[start + _NAMED : start + _NAMED + len(name)] = name
            found = self._places[model, of] = start // 8
        return found

    def note_look(self, at: int) -> None:
        """Releases were looked for. at: nanoseconds since 1970."""
        self.cells[LOOKED] = at

    def tell(self, record: bytes) -> None:
        """What is told of this process from now on. What does not fit is not written. By one thread at a
        time."""
        if len(record) > _HALF - 8:
            return
        writes = self.cells[WRITES] + 1
        start = _HEAD_WORDS + writes % 2 * _HALF
        self._memory[start + 8 : start + 8 + len(record)] = record
        self._memory[start : start + 8] = len(record).to_bytes(8, "little")
        self.cells[WRITES] = writes

    def close(self) -> None:
        """Nobody holds the file any more; the numbers can still be read here."""
        if self._lock is not None:
            # The mapping holds a descriptor of its own: to close this one would not let go.
            fcntl.flock(self._lock, fcntl.LOCK_UN)
            os.close(self._lock)
            self._lock = None

    def counts(self) -> RowsByModelVersion:
        """What was counted, by model and version."""
        return _by_version((key, _rows(self.cells, at)) for key, at in list(self._places.items()))

    def arms(self) -> ArmsByModel:
        """What was counted of each arm of a plan."""
        return _arms(list(self._places.items()), self.cells)


class WrittenTally(NamedTuple):
    """What stands in the file of a process. looked: nanoseconds since 1970, 0 before the first look.
    record: what it told last; empty: nothing."""

    counts: RowsByModelVersion
    arms: ArmsByModel
    looked: int = 0
    record: bytes = b""


def is_abandoned(path: Path) -> bool:
    """Whether the process that counts in this file is gone."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False  # another process took it in
    try:
        # Shared: two who ask at once must not take each other for its process.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def read_tally(data: bytes) -> WrittenTally:
    """What a process counted and told. data: the bytes of its file."""
    if not data.startswith(MAGIC):
        return WrittenTally(_former_counts(data), {})
    if len(data) < _HEAD:
        return WrittenTally({}, {})
    whole = data[: len(data) // 8 * 8]
    cells = memoryview(whole).cast("Q")
    places = []
    for start in range(_HEAD, len(whole) - _SLOT + 1, _SLOT):
        key = _key(whole[start + _NAMED : start + _SLOT])
        if key is None:
            break
        places.append((key, start // 8))
    return WrittenTally(
        _by_version((key, _rows(cells, place)) for key, place in places),
        _arms(places, cells),
        cells[LOOKED],
        _record(whole, cells[WRITES]),
    )


def read_file(path: Path) -> WrittenTally | None:
    """The same of a file whose process may write it meanwhile; None where there is none any more. Raises
    OSError."""
    try:
        with path.open("rb") as file:
            while True:
                data = file.read()
                writes = data[8 * WRITES : 8 * WRITES + 8]
                # Written meanwhile: the half that was read may be the one that is written next.
                if os.pread(file.fileno(), 8, 8 * WRITES) == writes:
                    return read_tally(data)
                file.seek(0)
    except FileNotFoundError:
        return None


def _key(name: bytes) -> tuple[str, Answerer] | None:
    words = name.rstrip(b"\0").decode(errors="replace").split("\n")
    if len(words) == 2 and words[1].isdigit():
        return words[0], int(words[1])
    if len(words) == 5 and words[1].isdigit() and words[3].isdigit():
        return words[0], PlanArm(int(words[1]), words[2], int(words[3]), words[4])
    return None


def _record(data: bytes, writes: int) -> bytes:
    start = _HEAD_WORDS + writes % 2 * _HALF
    size = int.from_bytes(data[start : start + 8], "little")
    return data[start + 8 : start + 8 + size] if size <= _HALF - 8 else b""


def _rows(cells: memoryview, place: int) -> RowCounts:
    return RowCounts(*cells[place : place + 4].tolist())


def _by_version(counted: Iterator[tuple[tuple[str, Answerer], RowCounts]]) -> RowsByModelVersion:
    """The arms of a version together."""
    found: RowsByModelVersion = {}
    for (model, of), rows in counted:
        key = (model, of if isinstance(of, int) else of.version)
        before = found.get(key, RowCounts())
        found[key] = RowCounts(
            before.answered + rows.answered,
            before.written + rows.written,
            before.lost + rows.lost,
            max(before.flushes, rows.flushes),
        )
    return found


def _arms(places: list[tuple[tuple[str, Answerer], int]], cells: memoryview) -> ArmsByModel:
    found = {}
    for (model, of), place in places:
        if isinstance(of, PlanArm):
            failures, without_unit, shadow = cells[place + FAILURES : place + TIMES].tolist()
            times = tuple(cells[place + TIMES : place + TIMES + _BUCKETS].tolist())
            found[model, of] = ArmCounts(_rows(cells, place), failures, without_unit, shadow, times)
    return found


def _former_counts(data: bytes) -> RowsByModelVersion:
    """Of a file without a head: slots of 256 bytes, `model/version` at byte 32 of each."""
    found: RowsByModelVersion = {}
    whole = data[: len(data) // 256 * 256]
    cells = memoryview(whole).cast("Q")
    for start in range(0, len(whole), 256):
        name = whole[start + 32 : start + 256].rstrip(b"\0").decode(errors="replace")
        model, _, version = name.rpartition("/")
        if not model or not version.isdigit():
            break
        found[model, int(version)] = _rows(cells, start // 8)
    return found
