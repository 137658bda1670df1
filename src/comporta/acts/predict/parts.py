"""What a batch has answered so far, part by part: stopped, it goes on from there."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import polars as pl
from msgspec.structs import replace

from comporta.data.encode import raising_storage_full
from comporta.errors import BadProject
from comporta.records import Record, decode, encode
from comporta.store.disk import sync
from comporta.store.drafts import telling_faults

_PLAN = "batch.json"


class BatchPlan(Record, frozen=True, kw_only=True):
    """What decides the answers. version: its id. source: which rows, as their reader says it. chunk: rows of
    each part. columns: of the rows, those beside the answers. batch: its id, which decides nothing.

    number: of rows of a dataset, the version that they bring the reader to; after: the one they go on from,
    and 0 for none. hashed: parts hold the hashes of keys, of which ids are made (`marks.py`)."""

    version: str
    source: str
    chunk: int
    columns: tuple[str, ...]
    batch: str = ""
    number: int = 0
    after: int = 0
    hashed: bool = False


class BatchParts:
    """The parts of one batch in a folder, from the first on without gaps."""

    def __init__(self, folder: Path, plan: BatchPlan) -> None:
        self._folder, self.plan = folder, plan
        self.done = 0
        while self._path(self.done).exists():
            self.done += 1

    def add(self, frame: pl.DataFrame) -> None:
        """The next part, there whole or not at all. Raises StorageFull."""
        path = self._path(self.done)
        draft = path.with_suffix(".draft")
        with raising_storage_full(draft):
            # Read once and deleted: what is quick to write, not what is small.
            frame.write_parquet(draft, compression="lz4", statistics=False)
            with draft.open("rb") as file:
                sync(file.fileno())
        draft.replace(path)
        self.done += 1

    def scan(self) -> pl.LazyFrame:
        """All rows of all parts, in order."""
        return pl.scan_parquet([self._path(each) for each in range(self.done)], glob=False)

    def frames(self) -> Iterator[pl.DataFrame]:
        """The same, one part in memory at a time."""
        for each in range(self.done):
            yield pl.read_parquet(self._path(each), glob=False)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty folder beside the parts, for what does not fit in memory."""
        folder = self._folder / "scratch"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number + 1:08d}.parquet"


class BatchFolder:
    """Where a batch keeps its parts, while one process alone has it. target: what errors call it."""

    def __init__(self, folder: Path, target: str) -> None:
        self._folder, self._target = folder, target
        self._file = folder / _PLAN

    def plan(self) -> BatchPlan | None:
        """Of the batch that was begun there, if it has answered anything."""
        try:
            before = decode(self._file.read_bytes(), BatchPlan)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None
        return before if any(self._folder.glob("*.parquet")) else None

    def begin(self, plan: BatchPlan, *, anew: bool) -> BatchParts:
        """The parts that there are of this plan, under the id with which it was begun.

        anew: parts of another plan are deleted. Raises BadProject where they are of another plan.
        """
        before = self.plan()
        if before is not None and replace(before, batch="") == replace(plan, batch=""):
            return BatchParts(self._folder, before)
        if before is not None and not anew:
            raise BadProject(
                f"{self._target}: a batch of {before.version} on {before.source} was begun there and not "
                f"finished, expected one of {plan.version} on {plan.source} with the same columns. Finish "
                "that one, name another place, or add --force, which deletes what it answered."
            )
        with telling_faults(Path(self._target)):
            for each in self._folder.iterdir():
                shutil.rmtree(each) if each.is_dir() else each.unlink()
            draft = self._file.with_suffix(".draft")
            draft.write_bytes(encode(plan))
            draft.replace(self._file)
        return BatchParts(self._folder, plan)

    def clear(self) -> None:
        """Deletes it: the batch is done, or nothing of it is worth keeping."""
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def batch_folder(folder: Path, target: str) -> Iterator[BatchFolder]:
    """The folder, for one process alone. What it holds stays where the caller fails, unless nothing was
    answered. Raises BadProject where another process has it."""
    with telling_faults(Path(target)):
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadProject(
                f"{target}: another process is writing it. Let it finish, or name another place."
            ) from None
        place = BatchFolder(folder, target)
        try:
            yield place
        finally:
            if place.plan() is None:
                place.clear()
    finally:
        os.close(lock)
