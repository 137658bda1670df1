"""Promise: `comporta up` at rest takes less than 450 MB and less than 2 % of a core.

Proportional memory (`Pss` of the kernel: what several processes map is shared out among them) and processor
time of the supervisor, the server with one worker, the control process and a worker of jobs together, for
60 seconds in which nobody asks for anything; the server and the control process were asked once before, so
that the latter has run the project's file.
The floor is three Python processes that sleep, in the same seconds.

    python benchmarks/idle_up.py
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

MEMORY_LIMIT, SHARE_LIMIT, SECONDS, PATIENCE = 450.0, 2.0, 60.0, 300.0
HERE = Path(__file__).resolve()
COMPORTA = str(Path(sys.executable).parent / "comporta")


def main() -> None:
    if not Path("/proc/self/smaps_rollup").exists():
        sys.exit("found no /proc/self/smaps_rollup: proportional memory is told by Linux alone")
    sys.path.insert(0, str(HERE.parent))
    from serve_rows import free_port

    folder = Path(tempfile.mkdtemp(prefix="comporta-bench-"))
    for words in (("init", "first"), ("run",), ("release", "leaving/1")):
        subprocess.run(
            [COMPORTA, *words],
            cwd=folder if words[0] == "init" else folder / "first",
            check=True,
            capture_output=True,
        )
    made = subprocess.run(
        [COMPORTA, "token", "add", "bench", "--action", "act", "--by", "bench"],
        cwd=folder / "first", check=True, capture_output=True, text=True,
    )  # fmt: skip
    token = next(word for word in made.stdout.split() if word.startswith("cmp_"))
    parts, floor = at_rest(folder / "first", free_port(), free_port(), token)
    detail = {"parts": parts, "three Pythons that sleep": floor}
    for what, key, limit, unit in (
        ("memory", "MB", MEMORY_LIMIT, "MB"),
        ("processor time", "percent", SHARE_LIMIT, "% of a core"),
    ):
        measured = sum(each[key] for each in parts.values())
        line = {
            "promise": f"comporta up at rest: {what}", "measured": round(measured, 2), "limit": limit,
            "unit": unit, "holds": measured < limit, "detail": detail,
        }  # fmt: skip
        print(json.dumps(line))


def at_rest(folder: Path, port: int, control: int, token: str) -> tuple[dict[str, Any], dict[str, float]]:
    """MB and percent of a core of each part, and of three sleeping Pythons together."""
    up = subprocess.Popen(
        [COMPORTA, "up", "--workers", "1", "--port", str(port), "--control-port", str(control)],
        cwd=folder, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    sleepers = [subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"]) for _ in range(3)]
    try:
        wait(f"http://127.0.0.1:{port}/v2/health/ready")
        wait(f"http://127.0.0.1:{control}/ready")
        ask(f"http://127.0.0.1:{control}/datasets", token)
        told = subprocess.run(
            [COMPORTA, "status", "--json"], cwd=folder, check=True, capture_output=True, text=True
        )
        pids = {"up": up.pid} | {each["name"]: each["pid"] for each in json.loads(told.stdout)["parts"]}
        time.sleep(15.0)  # what the server starts for a moment at its beginning has ended
        groups = {name: family(pid) if name != "up" else [pid] for name, pid in pids.items()}
        groups["floor"] = [each.pid for each in sleepers]
        before = {name: sum(map(seconds, each)) for name, each in groups.items()}
        began = time.monotonic()
        time.sleep(SECONDS)
        took = time.monotonic() - began
        found = {
            name: {
                "MB": round(sum(map(megabytes, each)), 1),
                "percent": round(100 * (sum(map(seconds, each)) - before[name]) / took, 2),
            }
            for name, each in groups.items()
        }
        floor = found.pop("floor")
        return found, floor
    finally:
        up.send_signal(signal.SIGTERM)
        for each in sleepers:
            each.kill()
        up.wait(120)


def family(pid: int) -> list[int]:
    """The process and all below it."""
    import psutil

    process = psutil.Process(pid)
    return [pid, *(each.pid for each in process.children(recursive=True))]


def megabytes(pid: int) -> float:
    """Proportional MB of a process."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    line = next(line for line in text.splitlines() if line.startswith("Pss:"))
    return int(line.split()[1]) / 1024


def seconds(pid: int) -> float:
    """Processor time of a process and of its children that ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def ask(url: str, token: str = "") -> int:
    """The status of one answer."""
    request = urllib.request.Request(url, headers={"authorization": f"Bearer {token}"} if token else {})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return int(answer.status)


def wait(url: str) -> None:
    """Until it answers with 200."""
    ends = time.monotonic() + PATIENCE
    while True:
        try:
            if ask(url) == 200:
                return
        except OSError:
            if time.monotonic() > ends:
                raise
        time.sleep(0.2)


if __name__ == "__main__":
    main()
