"""The environments of versions: the lock that a version holds, and where one is that was built from it.

Below `.comporta/environments/` each folder is one whole environment, called by the digest of its lock: it was
built beside and put there under its name at the end. Versions with the same lock share it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from comporta.errors import BadProject, NotFound
from comporta.opened.project import OpenProject
from comporta.records import Record, Version, decode
from comporta.records.environment_lock import EnvironmentLock, LockedChange

LOCK = "lock"
"""The part of a version that holds its lock."""
RECORD = "environment.json"
DRAFT, TURN = ".draft", ".turn"
"""Behind a digest: a folder that is being built, and the file whose holder may build."""
_NAME = 32


class BuiltEnvironment(Record, frozen=True, kw_only=True):
    """An environment that is there, as it says of itself. lock: the digest of what it was built from.

    changes: what is not as the lock has it, such as another Python of the same minor version."""

    lock: str
    python: str
    distributions: int
    changes: tuple[LockedChange, ...] = ()


def lock_of(opened: OpenProject, version: Version) -> EnvironmentLock:
    """The lock that the version holds. Raises NotFound where it has none, Tampered."""
    if LOCK not in version.parts:
        raise NotFound(
            f"{version.id}: found no lock of its libraries, as an older Comporta made it. Build the model "
            "again with the libraries that it needs: comporta run"
        )
    return opened.context.get_json(version.parts[LOCK], EnvironmentLock)


def environments_folder(opened: OpenProject) -> Path:
    """Where the environments are, each in a folder of its own."""
    return opened.below / "environments"


def environment_folder(opened: OpenProject, version: Version) -> Path:
    """Where the environment of this version is, or would be. It holds a lock."""
    return environments_folder(opened) / version.parts[LOCK].digest[:_NAME]


def python_of(folder: Path) -> Path:
    """The interpreter of an environment."""
    return folder / "bin" / "python"


def built_environment(folder: Path) -> BuiltEnvironment | None:
    """What is built there; None where nothing is."""
    try:
        return decode((folder / RECORD).read_bytes(), BuiltEnvironment)
    except (OSError, msgspec.MsgspecError):
        return None


def note_use(folder: Path) -> None:
    """From now on it counts as used just now, so that no collection frees it."""
    with contextlib.suppress(OSError):
        os.utime(folder / RECORD)


def environments_built(opened: OpenProject) -> Iterator[tuple[Path, float]]:
    """Each environment that is there, and when it was last used: seconds since 1970."""
    folder = environments_folder(opened)
    for each in sorted(folder.iterdir()) if folder.is_dir() else ():
        if len(each.name) == _NAME and (each / RECORD).is_file():
            yield each, (each / RECORD).stat().st_mtime


@contextlib.contextmanager
def taking_turns(folder: Path, *, wait: bool = True) -> Iterator[int | None]:
    """Whoever builds or removes this environment has the turn, on this machine; others wait, or get None.

    Gives a descriptor that holds the turn: a process that has it open holds it too, so that what a killed
    builder had started is waited for. Raises BadProject where the folder above cannot be written."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        turn = os.open(f"{folder}{TURN}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as fault:
        raise BadProject(f"{folder.parent} cannot be written: {fault.strerror}.") from fault
    try:
        fcntl.flock(turn, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield turn
    except BlockingIOError:
        yield None
    finally:
        os.close(turn)
