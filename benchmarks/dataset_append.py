"""An append of 1 % of the rows adds less than 2 % of the bytes and rewrites nothing.

Every byte in the store counts: fragments, the manifest, the log. An object that was there must be there
still, the same file: its inode and the time it was written.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from comporta.data import add, scan_slice, slice_of
from comporta.store import LocalStore
from dataset_add import KEYS, SHAPES, rows


def objects(root: Path) -> dict[str, tuple[int, int, int]]:
    """Name → size, inode and the time of the last write."""
    found = {}
    for path in (root / "data").rglob("*"):
        if path.is_file():
            known = path.stat()
            found[str(path.relative_to(root))] = (known.st_size, known.st_ino, known.st_ctime_ns)
    return found


def stored(found: dict[str, tuple[int, int, int]]) -> int:
    return sum(size for size, _, _ in found.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=3_000_000)
    asked = parser.parse_args()
    more = asked.rows // 100
    with tempfile.TemporaryDirectory() as inside:
        root, now = Path(inside), datetime.now(UTC)
        store, shape = LocalStore(root / "store"), SHAPES["subject"]
        add(store, KEYS, shape, rows(asked.rows), change="append", now=now, scratch=root)
        before = objects(root / "store")
        fresh = rows(more, seed=1, first=asked.rows)
        start = time.perf_counter()
        add(store, KEYS, shape, fresh, change="append", now=now, scratch=root)
        took = time.perf_counter() - start
        after = objects(root / "store")
        found = scan_slice(store, KEYS, slice_of(store, KEYS, "d")).select(pl.len(), pl.col("id").n_unique())
        right = found.collect().row(0) == (asked.rows + more, asked.rows + more)
    share = 100 * (stored(after) - stored(before)) / stored(before)
    rewritten = sum(after.get(name) != known for name, known in before.items())
    line = {
        "promise": "an append of 1 % of the rows adds less than 2 % of the bytes and rewrites none",
        "measured": round(share, 2),
        "limit": 2,
        "unit": "% of the bytes",
        "holds": share < 2 and rewritten == 0 and right,
        "detail": {
            "rows": [asked.rows, more],
            "bytes": [stored(before), stored(after) - stored(before)],
            "objects_rewritten_or_gone": rewritten,
            "every_row_there_once": right,
            "seconds": round(took, 3),
        },
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
