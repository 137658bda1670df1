"""The project of `comporta init`, once around: made, run, judged, released, served, asked, traced.

Run by the interpreter of an environment that has Comporta; prints nothing where all of it works.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

COMPORTA = Path(sys.executable).with_name("comporta")
ROW = {"customer": 7, "month": "2025-12-01T00:00:00Z", "plan": "basic", "tenure": 3}
SECONDS = 240


def comporta(folder: Path, *words: str) -> str:
    """What the command printed. Exits where it fails."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("COMPORTA_")}
    done = subprocess.run(
        [COMPORTA, *words],
        cwd=folder,
        env=clean,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        sys.exit(f"comporta {' '.join(words)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def answer(folder: Path) -> dict[str, object]:
    """What a fresh server says of one row."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [COMPORTA, "serve", "--port", str(port)],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    body = json.dumps({"dataframe_records": [ROW]}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations", body, {"content-type": "application/json"}
    )
    try:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(request, timeout=10) as reply:
                    found: dict[str, object] = json.load(reply)
                    return found
            except OSError:  # not there yet, or not ready
                if server.poll() is not None:
                    sys.exit(f"comporta serve: ended with {server.returncode}")
                time.sleep(0.1)
        sys.exit("comporta serve: no answer in four minutes")
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=60)


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        comporta(Path(place), "init", "first")
        folder = Path(place) / "first"
        said = comporta(folder, "run", "--json")
        comporta(folder, "release", "leaving/1", "--reason", "the matrix")
        served = answer(folder)
        if "predictions" not in served:
            sys.exit(f"found the answer {served}, expected predictions")
        comporta(folder, "trace", "leaving/1")
        comporta(folder, "audit", "verify")
        if not said:
            sys.exit("comporta run: printed nothing")


if __name__ == "__main__":
    main()
