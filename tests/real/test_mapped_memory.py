"""A joined table larger than the memory that its process may take answers from its mapped files."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from comporta.data.online_file import write_part
from comporta.data.online_table import table_index
from comporta.records import DatasetSchema, Join

ROWS = 4_000_000
ASKING = """
import resource, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
import numpy as np
import polars as pl
from comporta.data.online_file import map_part
from comporta.data.online_table import JoinedTable
from comporta.records import DatasetSchema, Join

folder = Path(sys.argv[1])
at = pl.Series([datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=3_000_000)])
join = Join(dataset="t", on={"k": "k"}, columns={"v": "v"})
shape = DatasetSchema(name="t", key=("id",), time="time", delay=timedelta())
asked = pl.DataFrame({"k": [1]})
pl.DataFrame({"v": [1.0]}).select(pl.col("v") + 1)  # its threads are there
taken = next(line for line in Path("/proc/self/status").read_text().splitlines() if "VmData" in line)
room = int(taken.split()[1]) * 1024 + 24 * 2**20
resource.setrlimit(resource.RLIMIT_DATA, (room, room))
table = JoinedTable(parts=(map_part(folder, join, shape, 1),))
assert table.few(asked, at)[0]["v"][0] == 3_000_000.0
try:
    np.load(folder / "keys.when.npy")
except MemoryError:
    print("answered; would not fit")
"""


@pytest.mark.soak
@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_DATA counts private memory on Linux alone")
def test_a_table_larger_than_the_memory_left_is_answered_from(tmp_path: Path) -> None:
    number = np.arange(ROWS)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    table = pl.DataFrame(
        {"id": number, "k": np.ones(ROWS, dtype=np.int64), "v": number * 1.0,
         "time": pl.Series(number * 10**6).cast(pl.Duration("us")) + start}
    )  # fmt: skip
    join = Join(dataset="t", on={"k": "k"}, columns={"v": "v"})
    shape = DatasetSchema(name="t", key=("id",), time="time", delay=timedelta())
    write_part(table_index(table, join, shape, pl.Schema({"k": pl.Int64()}), version=1), tmp_path)
    assert sum(each.stat().st_size for each in tmp_path.iterdir()) > 4 * 24 * 2**20
    done = subprocess.run(
        [sys.executable, "-c", ASKING, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.stdout == "answered; would not fit\n", done.stderr
