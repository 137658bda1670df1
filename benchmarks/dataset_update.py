"""An update of 1 % of the rows of a dataset of 1 GB: quicker than Delta Lake's merge, and fewer bytes added.

The rows are scattered: every file of either side holds some of them. Delta Lake rewrites those files; here
the new rows become a small segment, and a mask hides the old ones. Both then count their rows and sum a
column of the newest version, so that what an update leaves to its readers is measured too.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from deltalake import DeltaTable, write_deltalake

from comporta.data import add, scan_slice, slice_of
from comporta.records import DatasetSchema
from comporta.store import LocalStore
from dataset_add import KEYS

SHAPE = DatasetSchema(name="d", key=("id",), subject="who", time="at")


def rows(count: int) -> pl.DataFrame:
    """About 95 bytes a row, on disk as in memory: measurements do not compress."""
    rng = np.random.default_rng(0)
    start = np.datetime64("2026-01-01", "us")
    return pl.DataFrame(
        {
            "id": rng.permutation(count),
            "who": rng.integers(0, max(1, count // 50), count),
            "at": start + np.arange(count) * np.timedelta64(1, "s"),
            **{f"x{n}": rng.normal(size=count) for n in range(10)},
        }
    )


def stored(root: Path) -> int:
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file())


def timed(act: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    found = act()
    return time.perf_counter() - start, found


def mine(frame: pl.DataFrame, changed: pl.DataFrame, root: Path) -> dict[str, Any]:
    store, now = LocalStore(root / "store"), datetime.now(UTC)

    def put(rows: pl.DataFrame) -> None:
        add(store, KEYS, SHAPE, rows, change="update", now=now, scratch=root)

    def read() -> tuple[Any, ...]:
        found = scan_slice(store, KEYS, slice_of(store, KEYS, "d")).select(pl.len(), pl.col("x0").sum())
        return found.collect(engine="streaming").row(0)

    written, _ = timed(lambda: put(frame))
    size = stored(root / "store")
    took, _ = timed(lambda: put(changed))
    reading, found = timed(read)
    more = stored(root / "store") - size
    return {"first": written, "size": size, "took": took, "more": more, "read": reading, "found": found}


def theirs(frame: pl.DataFrame, changed: pl.DataFrame, root: Path) -> dict[str, Any]:
    table = str(root / "delta")

    def merge() -> None:
        (
            DeltaTable(table)
            .merge(changed, predicate="t.id = s.id", source_alias="s", target_alias="t")
            .when_matched_update_all()
            .when_not_matched_insert_all()
            .execute()
        )

    def read() -> tuple[Any, ...]:
        return pl.scan_delta(table).select(pl.len(), pl.col("x0").sum()).collect(engine="streaming").row(0)

    written, _ = timed(lambda: write_deltalake(table, frame))
    size = stored(root / "delta")
    took, _ = timed(merge)
    reading, found = timed(read)
    more = stored(root / "delta") - size
    return {"first": written, "size": size, "took": took, "more": more, "read": reading, "found": found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=11_600_000)
    asked = parser.parse_args()
    frame = rows(asked.rows)
    changed = frame.sample(asked.rows // 100, seed=1).with_columns(pl.col("x0") + 1)
    with tempfile.TemporaryDirectory() as inside:
        ours = mine(frame, changed, Path(inside))
    with tempfile.TemporaryDirectory() as inside:
        other = theirs(frame, changed, Path(inside))
    same = ours["found"][0] == other["found"][0] and abs(ours["found"][1] - other["found"][1]) < 1e-3
    detail = {
        "rows": [asked.rows, len(changed)],
        "megabytes": {"comporta": round(ours["size"] / 1e6), "delta": round(other["size"] / 1e6)},
        "first_write_seconds": {"comporta": round(ours["first"], 2), "delta": round(other["first"], 2)},
        "read_after_seconds": {"comporta": round(ours["read"], 2), "delta": round(other["read"], 2)},
        "same_rows_after": same,
    }
    for what, key, unit, scale in (
        ("seconds of", "took", "s", 1),
        ("bytes added by", "more", "MB", 1e6),
    ):
        line = {
            "promise": f"{what} an update of 1 % of the rows of 1 GB, against Delta Lake's merge",
            "measured": round(ours[key] / scale, 2),
            "limit": round(other[key] / scale, 2),
            "unit": unit,
            "holds": ours[key] < other[key] and same,
            "detail": detail,
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
