"""Several processes that write one dataset at the same time: every row of each is there once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from comporta.data import list_versions, scan_slice, slice_of
from comporta.store import LocalStore, derive

WRITERS, ROUNDS, ROWS = 3, 4, 50
KEYS = derive(b"k" * 32)

CHILD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
import polars as pl
from comporta.data import add
from comporta.records import DatasetSchema
from comporta.store import LocalStore, derive

root, me, rounds, rows = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
store, keys = LocalStore(root / "store"), derive(b"k" * 32)
shape = DatasetSchema(name="d", key=("id",), subject="who")
print("ready", flush=True)
sys.stdin.readline()
for n in range(rounds):
    first = (me * rounds + n) * rows
    frame = pl.DataFrame({"id": range(first, first + rows), "who": [me] * rows})
    add(store, keys, shape, frame, change="append", now=datetime.now(UTC), scratch=root)
"""


def test_appends_at_the_same_time_all_arrive(tmp_path: Path) -> None:
    LocalStore(tmp_path / "store")
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path), str(me), str(ROUNDS), str(ROWS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for me in range(WRITERS)
    ]
    for child in children:
        assert child.stdout is not None and child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        child.communicate(timeout=60)
        assert child.returncode == 0
    store = LocalStore(tmp_path / "store")
    found = scan_slice(store, KEYS, slice_of(store, KEYS, "d")).collect()
    assert sorted(found["id"]) == list(range(WRITERS * ROUNDS * ROWS))
    assert [each.number for each in list_versions(store, "d", keys=KEYS)] == list(
        range(1, WRITERS * ROUNDS + 1)
    )
