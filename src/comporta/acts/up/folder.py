"""What `comporta up` keeps on this machine: a lock that only its process can hold, and what runs, as a
file."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from comporta.acts.up.process_identity import is_running
from comporta.engine.run_folders import is_locked
from comporta.errors import BadProject
from comporta.opened.deployed import project_home
from comporta.records import Record, decode, encode

FOLDER = "up"
_PATIENCE = 0.5  # seconds: whoever asks whether it is held holds it for a moment


class RunningPart(Record, frozen=True, kw_only=True):
    """A part as it is recorded. pid, identity: of its process, 0 and empty where none runs. phase, last: as
    in `PartState`. since: when the phase began. starts: how often it was started."""

    name: str
    phase: str
    since: datetime
    pid: int = 0
    identity: str = ""
    starts: int = 0
    last: str = ""

    @property
    def alive(self) -> bool:
        """Whether its process runs now."""
        return is_running(self.pid, self.identity)


class UpRecord(Record, frozen=True, kw_only=True):
    """What runs, as its supervisor wrote it down. urls: part → its address."""

    pid: int
    identity: str
    began: datetime
    parts: tuple[RunningPart, ...] = ()
    urls: dict[str, str] = {}


def folder_of(path: Path | None) -> UpFolder:
    """The folder of the project at `path`, or of the nearest above. Raises BadProject when there is none."""
    return UpFolder(project_home(path)[1])


class UpFolder:
    """The folder `.comporta/up` of a project."""

    def __init__(self, root: Path) -> None:
        self.home, self.path = root, root / ".comporta" / FOLDER

    @property
    def log(self) -> Path:
        return self.path / "log"

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Ours alone, until the body ends or this process dies. Raises BadProject where another has it."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if not _try_lock(lock):
                record = self.read()
                by = (
                    ""
                    if record is None
                    else f" (process {record.pid}, since {record.began:%Y-%m-%d %H:%M:%S} UTC)"
                )
                raise BadProject(
                    f"{self.path.parent.parent}: found this project up already{by}, expected one at a time. "
                    "See it: comporta status. End it: comporta down"
                )
            yield
        finally:
            os.close(lock)

    def is_held(self) -> bool:
        """Whether a supervisor runs, of this project."""
        return is_locked(self.path / "lock") is True

    def ask_look(self) -> None:
        """Has the branch of `[code]` looked at now, by whoever follows it."""
        (self.path / "look").touch()

    def looks_asked(self) -> int:
        """A number that is another whenever somebody asked for a look."""
        try:
            return (self.path / "look").stat().st_mtime_ns
        except OSError:
            return 0

    def write(self, record: UpRecord) -> None:
        """In place of the one before it, whole or not at all."""
        draft = self.path / "state.json.draft"
        draft.write_bytes(encode(record))
        draft.replace(self.path / "state.json")

    def read(self) -> UpRecord | None:
        """What was written last; None: nothing, or nothing that can be read."""
        try:
            return decode((self.path / "state.json").read_bytes(), UpRecord)
        except (OSError, msgspec.MsgspecError):
            return None

    def remove_record(self) -> None:
        """Nothing runs any more."""
        (self.path / "state.json").unlink(missing_ok=True)


def _try_lock(lock: int) -> bool:
    """Whether the lock is ours now."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            if time.monotonic() >= until:
                return False
        time.sleep(0.01)
