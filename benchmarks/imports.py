"""`import comporta` under 60 ms, `comporta --help` under 200 ms, both beyond a bare interpreter.

Each is the quickest of several fresh processes, taken in turns with the bare one, so that a slow moment of
the machine is everyone's.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

COMPORTA = str(Path(sys.executable).parent / "comporta")
TIMES = 15

COMMANDS = {
    "bare": [sys.executable, "-c", "pass"],
    "import comporta": [sys.executable, "-c", "import comporta"],
    "declare": [sys.executable, "-c", "from comporta import Project, Dataset, Model, at_least"],
    "comporta --help": [COMPORTA, "--help"],
    "comporta run --help": [COMPORTA, "run", "--help"],
}


def milliseconds(command: list[str]) -> float:
    """Wall time of one fresh process."""
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - began) * 1000


def main() -> None:
    took: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(TIMES):
        for name, command in COMMANDS.items():
            took[name].append(milliseconds(command))
    bare = min(took["bare"])
    for promise, limit in (("import comporta", 60.0), ("comporta --help", 200.0)):
        measured = min(took[promise]) - bare
        detail = {
            "bare_ms": round(bare, 1),
            "medians_ms": {name: round(statistics.median(each), 1) for name, each in took.items()},
            "beyond_bare_ms": {name: round(min(each) - bare, 1) for name, each in took.items()},
            "processes": TIMES,
        }
        print(
            json.dumps(
                {
                    "promise": f"{promise} beyond a bare interpreter",
                    "measured": round(measured, 1),
                    "limit": limit,
                    "unit": "ms",
                    "holds": measured < limit,
                    "detail": detail,
                }
            )
        )


if __name__ == "__main__":
    main()
