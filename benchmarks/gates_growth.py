"""All checks of the release level at 100,000 rows and at 500,000: the time grows no faster than the rows.

What is compared is the wall time of judging a version that is there (`comporta gate`, with nothing measured
before), not of building it; half of the rows are test rows. Two workers of one thread each build and judge:
on a busy machine, boosting that shares two cores waits for itself. It takes minutes, so what it is at is told
on stderr.

    python benchmarks/gates_growth.py [FEW MANY]     other sizes, as 100000 1000000: a quarter of an hour
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from gates_release import CANDIDATE, WORKERS, declare, two_versions

FEW, MANY = 100_000, 500_000


def main() -> None:
    few, many = (int(each) for each in sys.argv[1:3]) if len(sys.argv) > 2 else (FEW, MANY)
    os.environ["COMPORTA_EXECUTOR"] = f"local://?workers={WORKERS}&threads=1"
    took = {rows: judging(rows) for rows in (few, many)}
    grown = (took[many] / took[few]) / (many / few)
    told = {
        "promise": f"release level: time from {few:,} to {many:,} rows, against the rows",
        "measured": round(grown, 3),
        "limit": 1.0,
        "unit": "of linear",
        "holds": grown <= 1.0,
        "detail": {"seconds": {str(rows): round(each, 1) for rows, each in took.items()}},
    }
    print(json.dumps(told))


def judging(rows: int) -> float:
    """Seconds to judge a version of this many rows, half of them test rows; nothing was measured before."""
    from comporta.acts.judge.gate import gate
    from comporta.opened.project import open_project

    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        tell(f"{rows:,} rows: building two versions")
        built = two_versions(folder, rows)
        tell(f"{rows:,} rows: built in {built:.0f} s; judging")
        declare(folder, rows, "everything")
        with open_project(folder, works=True) as opened:
            began = time.perf_counter()
            gate(opened, CANDIDATE, progress=step_told)
            return time.perf_counter() - began


def step_told(node: str, state: str, *_: object) -> None:
    if state == "done":
        tell(f"  {node}")


def tell(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
