"""All checks of the release level at 100,000 rows and at 1,000,000: the time grows no faster than the rows.

python benchmarks/gates_growth.py [FEW MANY]
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from gates_release import CANDIDATE, declare, two_versions

FEW, MANY = 100_000, 1_000_000


def main() -> None:
    few, many = (int(each) for each in sys.argv[1:3]) if len(sys.argv) > 2 else (FEW, MANY)
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
        two_versions(folder, rows)
        declare(folder, rows, "everything")
        with open_project(folder, works=True) as opened:
            began = time.perf_counter()
            gate(opened, CANDIDATE)
            return time.perf_counter() - began


if __name__ == "__main__":
    main()
