"""Promise: a server's first worker with one model takes less than 250 MB, each further one less than 120 MB.

Proportional memory (`Pss` of the kernel: what several processes map is shared out among them) of the model
that `comporta init` makes, after 2,000 requests, of a server with two workers and of one with four. The
supervisor counts into the first.

    python benchmarks/serve_workers.py
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FIRST_LIMIT, FURTHER_LIMIT, REQUESTS, FEW, MANY = 250.0, 120.0, 2000, 2, 4
HERE = Path(__file__).resolve()
COMPORTA = str(Path(sys.executable).parent / "comporta")
ROW = {"customer": 7, "month": "2025-12-01T00:00:00Z", "plan": "basic", "tenure": 3}


def main() -> None:
    if not Path("/proc/self/smaps_rollup").exists():
        sys.exit("found no /proc/self/smaps_rollup: proportional memory is told by Linux alone")
    sys.path.insert(0, str(HERE.parent))
    from serve_rows import free_port

    folder = Path(tempfile.mkdtemp(prefix="comporta-bench-"))
    for words in (("init", "first"), ("run",), ("release", "leaving/1")):
        where = folder if words[0] == "init" else folder / "first"
        subprocess.run([COMPORTA, *words], cwd=where, check=True, capture_output=True)
    few, many = (memory(folder / "first", workers, free_port()) for workers in (FEW, MANY))
    told = {f"{len(each) - 1} workers": [round(size) for size in each] for each in (few, many)}
    further = (sum(many) - sum(few)) / (MANY - FEW)
    first = sum(few) - (FEW - 1) * further
    for what, measured, limit in (
        ("the first worker", first, FIRST_LIMIT), ("each further worker", further, FURTHER_LIMIT)
    ):  # fmt: skip
        line = {
            "promise": f"memory of a server with one model: {what}", "measured": round(measured, 1),
            "limit": limit, "unit": "MB", "holds": measured < limit, "detail": told,
        }  # fmt: skip
        print(json.dumps(line))


def memory(folder: Path, workers: int, port: int) -> list[float]:
    """Proportional MB of each process of a server that has answered for a while."""
    import psutil

    from _serve_load import load, post
    from serve_rows import metrics, wait_for_workers

    command = [COMPORTA, "serve", "--workers", str(workers), "--port", str(port)]
    server = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    try:
        wait_for_workers(port, workers)
        first = psutil.Process(server.pid)
        time.sleep(4.0)  # until each has loaded its model
        body = json.dumps({"dataframe_records": [ROW]}).encode()
        done = 0
        while done < REQUESTS:
            found = load(port, [post("/invocations", body)], connections=4 * workers, seconds=1.0)
            assert not found.failed, metrics(port)
            done += found.count
        time.sleep(1.0)
        return [pss(each.pid) for each in (first, *first.children())]
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)


def pss(pid: int) -> float:
    """Proportional MB of a process."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    line = next(line for line in text.splitlines() if line.startswith("Pss:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
