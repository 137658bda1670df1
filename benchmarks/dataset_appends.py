"""An append costs what it adds: after many appends of ten rows the next takes as long as the early ones did.

Measured beside each other in one run: the median of early appends (from the 100th to the 300th, when there
are files to put together) and that of the last 200. `--appends 20000` takes about half an hour.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from comporta.data import add, manifest_of, scan_slice, slice_of
from comporta.store import LocalStore
from dataset_add import KEYS, SHAPES, rows

EARLY = (100, 300)
LIMIT = 1.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--appends", type=int, default=1_500)
    parser.add_argument("--rows", type=int, default=10)
    asked = parser.parse_args()
    took = []
    with tempfile.TemporaryDirectory() as inside:
        root = Path(inside)
        store, shape = LocalStore(root / "store"), SHAPES["subject"]
        for n in range(asked.appends):
            fresh = rows(asked.rows, seed=n, first=n * asked.rows)
            start = time.perf_counter()
            add(store, KEYS, shape, fresh, change="append", now=datetime.now(UTC), scratch=root)
            took.append(time.perf_counter() - start)
        found = scan_slice(store, KEYS, slice_of(store, KEYS, "d")).collect()
        segments = len(manifest_of(store, KEYS, "d").segments)
    right = found.height == found["id"].n_unique() == asked.appends * asked.rows
    early, late = statistics.median(took[slice(*EARLY)]), statistics.median(took[-200:])
    line = {
        "promise": "an append after many costs at most 1.5 times an early one",
        "measured": round(late / early, 2),
        "limit": LIMIT,
        "unit": "x an early append",
        "holds": late / early <= LIMIT and right,
        "detail": {
            "appends": asked.appends,
            "rows_each": asked.rows,
            "median_ms": [round(1e3 * early, 1), round(1e3 * late, 1)],
            "seconds": round(sum(took), 1),
            "segments": segments,
            "every_row_there_once": right,
        },
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
