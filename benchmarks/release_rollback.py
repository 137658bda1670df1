"""Promise: a rollback reaches every worker less than 1 s after its fact, and fails no request.

A server with three workers, LightGBM, asked all the time by paced clients. Blue and green change places again
and again by a fact in the ledger, the other one warm, as the fuse of a plan does it: the seconds from the
commit until each worker tells that it answers by that release, the longest of all. No request may fail, and
none be answered by the version before once every worker has told.

    python benchmarks/release_rollback.py [SWAPS]
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import uvloop

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parent))
import serve_swaps  # noqa: E402
from serve_swaps import Server, lay  # noqa: E402

LIMIT, SWAPS, WORKERS = 1.0, 40, 3


def main() -> None:
    from _serve_load import post
    from serve_rows import body

    serve_swaps.WORKERS = WORKERS
    swaps = int(sys.argv[1]) if len(sys.argv) > 1 else SWAPS
    folder = Path(tempfile.mkdtemp(prefix="comporta-bench-")) / "swapped"
    lay(folder)
    request = post("/v2/models/risk/infer", body(np.random.default_rng(8).normal(size=serve_swaps.COLUMNS)))
    server = Server(folder)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            took, wrong, failed = runner.run(roll(server, folder, request, swaps))
    finally:
        server.end()
    asked = sum(len(client.answers) for client in server.clients)
    line = {
        "promise": "a rollback reaches every worker after its fact", "unit": "s",
        "measured": round(max(took), 3), "limit": LIMIT,
        "holds": max(took) < LIMIT and not failed and not wrong,
        "detail": {
            "median": round(statistics.median(took), 3), "swaps": swaps, "workers": WORKERS, "asked": asked,
            "failed": failed, "answered by another version once every worker had told": wrong,
        },
    }  # fmt: skip
    print(json.dumps(line))


async def roll(server: Server, folder: Path, request: bytes, swaps: int) -> tuple[list[float], int, int]:
    """Seconds of each swap, answers by the version before after all workers had told, and failed requests."""
    from comporta.acts.serve.server_state import serving_now
    from comporta.opened.project import open_root

    took, wrong = [], 0
    await server.connect(request)
    with open_root(folder) as opened:
        move(opened, 1, 2)
        while not all(of_risk(each, 2) for each in serving_now(opened)):
            await asyncio.sleep(0.05)
        await asyncio.sleep(2.0)
        for number in range(swaps):
            to = 1 + (number + 1) % 2
            release = await asyncio.to_thread(move, opened, to, 3 - to)
            began = time.perf_counter()
            while not all(on_release(each, release) for each in await asyncio.to_thread(serving_now, opened)):
                await asyncio.sleep(0.005)
                assert time.perf_counter() - began < 60, "a worker did not follow within a minute"
            took.append(time.perf_counter() - began)
            await asyncio.sleep(0.1)  # what was under way then is answered
            marks = [len(client.answers) for client in server.clients]
            await asyncio.sleep(0.3 + 0.37 * (number % 3))
            for client, mark in zip(server.clients, marks, strict=True):
                wrong += len(client.answers) > mark and client.version != str(to).encode()
    return took, wrong, sum(client.failed for client in server.clients)


def move(opened: Any, champion: int, other: int) -> int:
    """All traffic to one version, the other warm; the number of the release."""
    from comporta.records import Release, Share
    from comporta.records.facts import VersionReleased
    from comporta.release import ROUTES

    route = opened.ledger.get(ROUTES, "risk")
    shares = (Share(version=champion, weight=1.0), Share(version=other, weight=0, role="fallback"))
    made = Release(
        model="risk", number=route.number + 1, kind="release", shares=shares, previous=route.champion,
        by="", reason="", at=opened.now(), plan="p1",
    )  # fmt: skip
    opened.ledger.transact(lambda tx: tx.append(VersionReleased(release=made)))
    return made.number


def of_risk(server: Any, versions: int) -> bool:
    found = server.of("risk")
    return not server.alive or (found is not None and len(found.versions) == versions)


def on_release(server: Any, release: int) -> bool:
    found = server.of("risk")
    return not server.alive or (found is not None and found.release == release)


if __name__ == "__main__":
    main()
