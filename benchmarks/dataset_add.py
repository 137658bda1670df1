"""Adding a frame to a dataset: at least 70 % of the speed of polars sorting, writing and syncing it.

The floor does in one file what an add does in fragments: sort, encode as Parquet as polars does unless told
otherwise (zstd, level 3; an add: level 2), sync. An add also hashes each subject or key, checks that keys are
unique, digests the bytes, and commits. Both take the same frame from memory, in turns.

The second promise counts memory while rows arrive in batches: four times the rows may take no more than a
fragment's worth more.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from comporta.data import add
from comporta.data.runs import FRAGMENT, RUN
from comporta.records import DatasetSchema
from comporta.store import LocalStore, derive

KEYS = derive(b"benchmark" + bytes(23))
SHAPES = {
    "subject": DatasetSchema(name="d", key=("id",), subject="who", time="at"),
    "key": DatasetSchema(name="d", key=("id",), time="at"),
}


def rows(count: int, seed: int = 0, first: int = 0) -> pl.DataFrame:
    """Like a table of events: 100 bytes a row, in the order of time; ids in no order."""
    rng = np.random.default_rng(seed)
    start = np.datetime64("2026-01-01", "us")
    measured = {f"x{n}": rng.normal(size=count).round(4) for n in range(6)}
    return pl.DataFrame(
        {
            "id": first + rng.permutation(count),
            "who": rng.integers(0, max(1, count // 50), count),
            "at": start + np.arange(count) * np.timedelta64(1, "s"),
            "kind": pl.Series(np.array(["alpha", "beta", "gamma", "delta"])[rng.integers(0, 4, count)]),
            "place": pl.Series([f"place {n}" for n in range(500)]).gather(rng.integers(0, 500, count)),
            **measured,
        }
    )


def floor(frame: pl.DataFrame, by: str, root: Path) -> tuple[float, int]:
    """Seconds to sort, write and sync, with nothing else; and the bytes written."""
    path = root / "floor.parquet"
    start = time.perf_counter()
    frame.sort(by).write_parquet(path)
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    took, size = time.perf_counter() - start, path.stat().st_size
    path.unlink()
    return took, size


def added(frame: pl.DataFrame, shape: DatasetSchema, root: Path) -> tuple[float, int]:
    """Seconds to add it to a new dataset; and the bytes stored."""
    with tempfile.TemporaryDirectory(dir=root) as inside:
        store, scratch = LocalStore(Path(inside) / "store"), Path(inside)
        start = time.perf_counter()
        add(store, KEYS, shape, frame, change="append", now=datetime.now(UTC), scratch=scratch)
        took = time.perf_counter() - start
        return took, sum(entry.size for entry in store.list("data/"))


def speed(name: str, count: int, turns: int, root: Path) -> dict[str, Any]:
    frame, shape = rows(count), SHAPES[name]
    by = shape.subject or "id"
    took = [(floor(frame, by, root), added(frame, shape, root)) for _ in range(turns)]
    (best_floor, size_floor), (best, size) = (min(each) for each in zip(*took, strict=True))
    share = best_floor / best
    promise = "dataset add against polars sorting, writing and syncing the same frame"
    return {
        "promise": f"{promise}, placed by {name}",
        "measured": round(100 * share, 1),
        "limit": 70,
        "unit": "% of the speed",
        "holds": share >= 0.7,
        "detail": {
            "rows": count,
            "megabytes_in_memory": round(frame.estimated_size() / 1e6),
            "megabytes_stored": {"add": round(size / 1e6), "floor": round(size_floor / 1e6)},
            "add_seconds": round(best, 2),
            "floor_seconds": round(best_floor, 2),
            "turns": turns,
        },
    }


def batches(count: int) -> Iterator[pl.DataFrame]:
    for at in range(0, count, 100_000):
        yield rows(100_000, seed=at, first=at)


def peak(count: int) -> int:
    """Bytes of resident memory that an add of so many rows, in batches, came to; in a process of its own."""
    command = [sys.executable, __file__, "--peak", str(count)]
    return int(subprocess.run(command, capture_output=True, check=True).stdout)


def print_peak(count: int) -> None:
    with tempfile.TemporaryDirectory() as inside:
        store, scratch = LocalStore(Path(inside) / "store"), Path(inside)
        now = datetime.now(UTC)
        add(store, KEYS, SHAPES["subject"], batches(count), change="append", now=now, scratch=scratch)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))


def memory(count: int) -> dict[str, Any]:
    small, large = peak(count), peak(4 * count)
    return {
        "promise": "memory of an add is bounded by a fragment: four times the rows, so much more memory",
        "measured": round((large - small) / 1e6),
        "limit": round(FRAGMENT / 1e6),
        "unit": "MB more",
        "holds": large - small <= FRAGMENT,
        "detail": {
            "rows": [count, 4 * count],
            "peak_megabytes": [round(small / 1e6), round(large / 1e6)],
            "fragment_megabytes": round(FRAGMENT / 1e6),
            "sorted_at_once_megabytes": round(RUN / 1e6),
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--peak", type=int)
    asked = parser.parse_args()
    if asked.peak:
        print_peak(asked.peak)
        return
    with tempfile.TemporaryDirectory() as root:
        for name in SHAPES:
            print(json.dumps(speed(name, asked.rows, asked.turns, Path(root))), flush=True)
    print(json.dumps(memory(asked.rows * 5 // 4)), flush=True)


if __name__ == "__main__":
    main()
