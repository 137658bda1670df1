"""What a batch has answered so far, beside the file that it becomes: stopped, it goes on from there."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import polars as pl

from comporta.data.encode import raising_storage_full
from comporta.errors import BadProject
from comporta.records import Record, decode, encode
from comporta.store.disk import sync
from comporta.store.drafts import telling_faults

_PLAN = "batch.json"


class BatchPlan(Record, frozen=True, kw_only=True):
    """What decides the answers. version: its id. source: which rows, as their reader says it. chunk: rows of
    each part. columns: of the rows, those beside the answers."""

    version: str
    source: str
    chunk: int
    columns: tuple[str, ...]


class BatchParts:
    """The parts of one batch in a folder, from the first on without gaps."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.done = 0
        while self._path(self.done).exists():
            self.done += 1

    def add(self, frame: pl.DataFrame) -> None:
        """The next part, there whole or not at all. Raises StorageFull."""
        path = self._path(self.done)
        draft = path.with_suffix(".draft")
        with raising_storage_full(draft):
            frame.write_parquet(draft)
            with draft.open("rb") as file:
                sync(file.fileno())
        draft.replace(path)
        self.done += 1

    def scan(self) -> pl.LazyFrame:
        """All rows of all parts, in order."""
        return pl.scan_parquet([self._path(each) for each in range(self.done)], glob=False)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number + 1:08d}.parquet"


@contextmanager
def batch_parts(target: Path, plan: BatchPlan, *, anew: bool) -> Iterator[BatchParts]:
    """The parts that there are of this plan, for one process alone; they stay where the caller fails, and go
    once it is done.

    anew: parts of another plan are deleted. Raises BadProject where another process has them, or they are of
    another plan.
    """
    folder = target.with_name(f".{target.name}.parts")
    with telling_faults(target):
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadProject(
                f"{target}: another process is writing it. Let it finish, or name another place."
            ) from None
        with telling_faults(target):
            _require_plan(target, folder, plan, anew)
        parts = BatchParts(folder)
        try:
            yield parts
        except BaseException:
            if not parts.done:
                shutil.rmtree(folder, ignore_errors=True)
            raise
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def _require_plan(target: Path, folder: Path, plan: BatchPlan, anew: bool) -> None:
    file = folder / _PLAN
    try:
        before = decode(file.read_bytes(), BatchPlan)
    except (FileNotFoundError, msgspec.MsgspecError):
        before = None
    if before == plan:
        return
    if before is not None and not anew and any(folder.glob("*.parquet")):
        raise BadProject(
            f"{target}: a batch of {before.version} on {before.source} was begun there and not finished, "
            f"expected one of {plan.version} on {plan.source} with the same columns. Finish that one, name "
            "another place, or add --force, which deletes what it answered."
        )
    for each in folder.iterdir():
        each.unlink()
    draft = file.with_suffix(".draft")
    draft.write_bytes(encode(plan))
    draft.replace(file)
