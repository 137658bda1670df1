"""An export that is killed leaves nothing that looks whole; one of many rows holds few of them at a time."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

CHILD = """
import json, resource, sys, time
from datetime import UTC, datetime
from pathlib import Path
import numpy as np, polars as pl
from comporta.data import add, scan_slice
from comporta.data.export import form_of, write_rows
from comporta.data.manifests import manifest_of, schema_of
from comporta.records import DatasetSchema
from comporta.store import LocalStore, derive
from comporta.store.drafts import draft_of

batches, root, name, slow = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], len(sys.argv) > 4

def source():
    for at in range(batches):
        rng = np.random.default_rng(at)
        yield pl.DataFrame({"id": np.arange(at * 50_000, (at + 1) * 50_000),
                            **{f"x{n}": rng.normal(size=50_000) for n in range(8)}})

def told(rows, total):
    if slow:
        print("writing", flush=True)
        time.sleep(60)

store, keys = LocalStore(root / f"store{batches}"), derive(b"k" * 32)
shape, now = DatasetSchema(name="d", key=("id",)), datetime.now(UTC)
options = {"now": now, "scratch": root, "fragment": 8 << 20, "run": 16 << 20}
slice, _ = add(store, keys, shape, source(), change="append", **options)
schema, target = schema_of(manifest_of(store, keys, "d")), root / name
with draft_of(target, replace=True) as draft:
    given = {"form": form_of(target), "masked": (), "now": now, "progress": told}
    rows = write_rows(store, keys, slice, schema, draft, **given)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
size = sum(each.stat().st_size for each in (target, *target.rglob("*")))
print(json.dumps({"rows": rows, "peak": peak, "size": size}))
"""


@pytest.mark.parametrize("name", ["rows.csv", "table"])
def test_an_export_that_is_killed_leaves_what_stood_there(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", CHILD, "2", str(tmp_path), name, "slow"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "writing\n"
        child.send_signal(signal.SIGKILL)
    assert not (tmp_path / name).exists()
    (draft,) = tmp_path.glob(".*.draft")
    assert draft.name.startswith(f".{name}.")


@pytest.mark.soak
@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet", "table"])
def test_eight_times_the_rows_take_about_the_same_memory(name: str, tmp_path: Path) -> None:
    found = {}
    for batches in (16, 128):
        command = [sys.executable, "-c", CHILD, str(batches), str(tmp_path), name]
        done = subprocess.run(command, capture_output=True, timeout=300, check=True)
        found[batches] = json.loads(done.stdout)
        assert found[batches]["rows"] == batches * 50_000
    more = found[128]["peak"] - found[16]["peak"]
    assert more < 150 << 20, f"{more >> 20} MB more for {found[128]['size'] >> 20} MB written"
