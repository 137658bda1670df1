"""What the killed processes of test_data_kills do."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import polars as pl

from comporta.data import add, compact, log_blocks, log_rows, seal_predictions
from comporta.records import DatasetSchema, Observation, Signature
from comporta.records.observed_rows import (
    InputLayout,
    ObservedRows,
    encode_block,
    encode_layout,
    microseconds,
)
from comporta.store import LocalStore, derive

T = TypeVar("T")
KEYS = derive(b"k" * 32)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
KNOWN = {1: Signature(raw=(), features=(), output="label", task="regression")}
SHAPE = DatasetSchema(name="d", key=("id",), subject="who")


class Doomed(LocalStore):
    """Kills its process before or after its nth durable write. n: from 1; 0: never."""

    def __init__(self, path: Path, n: int, when: str) -> None:
        super().__init__(path)
        self.left, self.when = n, when

    def put(self, name: str, data: bytes | Path) -> bool:
        return self._write(lambda: super(Doomed, self).put(name, data))

    def delete(self, name: str) -> None:
        self._write(lambda: super(Doomed, self).delete(name))

    def _write(self, act: Callable[[], T]) -> T:
        self.left -= 1
        if self.left == 0 and self.when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        done = act()
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return done


def rows(ids: range, x: int) -> pl.DataFrame:
    return pl.DataFrame({"id": ids, "who": [f"w{id % 3}" for id in ids], "x": [x] * len(ids)})


def begin(root: Path) -> None:
    """A dataset with a version, and a log with two open flushes: of lines, and of blocks."""
    store = LocalStore(root / "store")
    add(store, KEYS, SHAPE, rows(range(20), 1), change="append", now=NOW, scratch=root)
    seen = Observation(id="p0", model="m", version=1, at=NOW, inputs={}, output={"prediction": 1.0})
    log_rows(store, "p", "one", 0, [seen])
    layout, output = encode_layout(InputLayout(())), {"prediction": [1.0]}
    block = ObservedRows("m", 1, ["p1"], microseconds(NOW), output, layout)
    log_blocks(store, "p", "one", 1, [encode_block(block)])


def update(store: LocalStore, scratch: Path) -> None:
    """Puts a fragment, a mask, a manifest and a log entry."""
    add(store, KEYS, SHAPE, rows(range(15, 30), 2), change="update", now=NOW, scratch=scratch)


def sealing(store: LocalStore, scratch: Path) -> None:
    """Puts an entry of the version's columns, a fragment, a manifest and a log entry; deletes two objects."""
    seal_predictions(store, KEYS, "p", KNOWN.get, now=NOW, scratch=scratch)


def compacting(store: LocalStore, scratch: Path) -> None:
    """Puts a fragment and a log entry."""
    compact(store, KEYS, "many", now=NOW, scratch=scratch)


if __name__ == "__main__":
    root, act, n, when = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
    {"update": update, "sealing": sealing, "compacting": compacting}[act](
        Doomed(root / "store", n, when), root
    )
