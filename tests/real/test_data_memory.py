"""More data than memory: what an add holds is bounded by a fragment, not by the dataset."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CHILD = """
import json, resource, sys
from datetime import UTC, datetime
from pathlib import Path
import numpy as np, polars as pl
from comporta.data import add, scan_slice
from comporta.records import DatasetSchema
from comporta.store import LocalStore, derive

batches, root = int(sys.argv[1]), Path(sys.argv[2])

def source(shift):
    for at in range(batches):
        rng = np.random.default_rng(at)
        frame = {f"x{n}": rng.normal(size=50_000) for n in range(8)}
        ids = np.arange(at * 50_000, (at + 1) * 50_000)
        yield pl.DataFrame({"id": ids, "who": ids % 10_007, **frame}).with_columns(pl.col("x0") + shift)

store, keys = LocalStore(root / f"store{batches}"), derive(b"k" * 32)
shape = DatasetSchema(name="d", key=("id",), subject="who")
options = {"now": datetime.now(UTC), "scratch": root, "fragment": 8 << 20, "run": 16 << 20}
slice, _ = add(store, keys, shape, source(0), change="append", **options)
slice, _ = add(store, keys, shape, source(1), change="replace", **options)
lazy = scan_slice(store, keys, slice).select(pl.len(), pl.col("id").sum())
rows, total = lazy.collect(engine="streaming").row(0)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(json.dumps({"rows": rows, "total": total, "peak": peak}))
"""


def run(batches: int, root: Path) -> dict[str, int]:
    command = [sys.executable, "-c", CHILD, str(batches), str(root)]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    found: dict[str, int] = json.loads(done.stdout)
    assert found["rows"] == batches * 50_000
    assert found["total"] == sum(range(batches * 50_000))
    return found


@pytest.mark.soak
def test_eight_times_the_rows_take_about_the_same_memory(tmp_path: Path) -> None:
    small, large = run(8, tmp_path), run(64, tmp_path)
    more = large["peak"] - small["peak"]
    assert more < 80 << 20, f"{more >> 20} MB more for 224 MB more of rows"
