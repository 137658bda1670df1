"""An append costs what it adds: after many appends of ten rows the next takes as long as the early ones did.

Two datasets of one store: one of many appends, and a young one, which has files to put together as well (its
100th to 300th append). The last 200 of either are made in turns, so that what else the machine does meets
both; the figure is the ratio of their medians. `--appends 20000` takes about a quarter of an hour.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from comporta.data import add, manifest_of, scan_slice, slice_of
from comporta.store import LocalStore
from dataset_add import KEYS, SHAPES, rows

YOUNG, TURNS = 100, 200
LIMIT = 1.5


class Appends:
    """Appends to one dataset of a store, each timed."""

    def __init__(self, name: str, count: int, root: Path) -> None:
        self._count, self._root = count, root
        self.store, self.shape = LocalStore(root / "store"), replace(SHAPES["subject"], name=name)
        self.seconds: list[float] = []

    def one(self) -> None:
        """The next append, of rows of its own."""
        n = len(self.seconds)
        fresh = rows(self._count, seed=n, first=n * self._count)
        start = time.perf_counter()
        add(self.store, KEYS, self.shape, fresh, change="append", now=datetime.now(UTC), scratch=self._root)
        self.seconds.append(time.perf_counter() - start)

    def whole(self) -> bool:
        """Whether every row is there once."""
        found = scan_slice(self.store, KEYS, slice_of(self.store, KEYS, self.shape.name)).collect()
        return found.height == found["id"].n_unique() == len(self.seconds) * self._count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--appends", type=int, default=1_500)
    parser.add_argument("--rows", type=int, default=10)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as inside:
        old, young = (Appends(name, asked.rows, Path(inside)) for name in ("old", "young"))
        for _ in range(asked.appends - TURNS):
            old.one()
        for _ in range(YOUNG):
            young.one()
        for _ in range(TURNS):
            old.one()
            young.one()
        right = old.whole() and young.whole()
        segments = len(manifest_of(old.store, KEYS, "old").segments)
    early, late = (statistics.median(each.seconds[-TURNS:]) for each in (young, old))
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
            "seconds": round(sum(old.seconds), 1),
            "segments": segments,
            "every_row_there_once": right,
        },
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
