"""Promise: an arm costs less than 5 µs a request.

One row of numbers with a unit, as most requests are: what a release to one champion costs (the floor) beside
champion, control and canary of a plan, by the way of one row and by the usual way of the REST and gRPC faces.
A request of 64 units is split among versions with a plan and without: there that is the floor. Processor time
of one process, in short rounds that alternate: the least of each, as others on the machine only add to it;
medians beside.

    python benchmarks/release_arms.py
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

LIMIT, ROUNDS, REQUESTS, COLUMNS, UNITS = 5.0, 1000, 64, 10, 320
AT = 1_780_000_000_000_000_000


def main() -> None:
    asyncio.run(compare())


async def compare() -> None:
    from comporta.records import Share

    alone = (Share(version=1, weight=1.0),)
    arms = (
        Share(version=1, weight=0.5),
        Share(version=1, weight=0.25, role="control"),
        Share(version=2, weight=0.25, role="canary"),
    )
    mixed = (Share(version=1, weight=0.75), Share(version=2, weight=0.25, role="challenger"))
    async with app_of(alone) as floor, app_of(mixed) as today, app_of(arms) as split:
        for app in (floor, today, split):
            await until_served(app)
        ways = {
            "one row": (directly(floor), directly(split)),
            "the usual way": (usually(floor, 1), usually(split, 1)),
            "64 units in a request": (usually(today, 64), usually(split, 64)),
        }
        for name, (one, other) in ways.items():
            rows = 64 if "64" in name else 1
            times = max(4, REQUESTS // rows)
            one(times)
            other(times)
            costs = {one: [], other: []}
            for number in range(ROUNDS):
                for each in (one, other) if number % 2 else (other, one):
                    costs[each].append(1e6 * cpu(each, times) / times / rows)
                await asyncio.sleep(0)
            measured = min(costs[other]) - min(costs[one])
            line = {
                "promise": f"an arm, {name}: CPU beyond that without a plan, a row", "unit": "us",
                "measured": round(measured, 2), "limit": LIMIT, "holds": measured < LIMIT,
                "detail": {
                    "least_us": [round(min(costs[each]), 2) for each in (one, other)],
                    "median_us": [round(statistics.median(costs[each]), 2) for each in (one, other)],
                },
            }  # fmt: skip
            print(json.dumps(line))


def cpu(act: Callable[[int], None], times: int) -> float:
    began = time.process_time()
    act(times)
    return time.process_time() - began


class Nowhere:
    """A log that keeps nothing: what it costs to write is the same with arms."""

    def write(self, model: str, observations: Any) -> None: ...

    def feedback(self, labels: Any) -> None: ...

    def signatures(self, ids: Any) -> dict[str, Any]:
        return {}


def app_of(shares: Any) -> Any:
    from comporta.serve import App
    from comporta.testing.serving import MemorySource, plan_route

    source = MemorySource(version, {"m": plan_route("m", shares, "p1" if len(shares) > 1 else "")})
    # One flush long after the end: the writing thread takes no time of the rounds.
    return App(
        source, Nowhere(), key=b"k" * 32, poll=3600.0, flush=3600.0, nanoseconds=lambda: AT,
        say=lambda line: None,
    )  # fmt: skip


def version(model: str, number: int) -> Any:
    from comporta.records import Field, Signature
    from comporta.serve import LoadedVersion, ModelScores

    fields = tuple(Field(name=f"x{i}", type="Float64") for i in range(COLUMNS))
    signature = Signature(raw=fields, features=fields, output="label", task="regression", label="Float64")

    def fast(rows: Any) -> Any:
        return ModelScores(rows[:, 0] * number, None)

    def row(packed: bytes) -> Any:
        return float(np.frombuffer(packed)[0] * number), None

    return LoadedVersion(
        model=model, number=number, signature=signature, fast=fast, row=row,
        predict=lambda frame: fast(frame.to_numpy()),
    )  # fmt: skip


async def until_served(app: Any) -> None:
    while "m" not in app.serving.models:
        await asyncio.sleep(0.01)


def directly(app: Any) -> Callable[[int], None]:
    matched = app._match("POST", "/v2/models/m/infer")
    sent = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    bodies = [body([f"unit {n}"]) for n in range(UNITS)]

    def act(times: int) -> None:
        for number in range(times):
            if app.answer_directly(matched, sent, bodies[number % UNITS]) is None:
                raise RuntimeError("found a request that went the usual way")
        app.recorder._queue.clear()
        app.recorder._put_cost = app.recorder._taken_cost = 0

    return act


def usually(app: Any, rows: int) -> Callable[[int], None]:
    from comporta.serve.request import Request

    matched = app._match("POST", "/v2/models/m/infer")
    headers = {b"content-type": b"application/json"}
    few = range(0, UNITS, rows)
    bodies = [body([f"unit {n + at}" for at in range(rows)]) for n in few]

    def act(times: int) -> None:
        for number in range(times):
            request = Request(matched, headers, bodies[number % len(bodies)], AT)
            began = time.perf_counter_ns()
            reply = app._predictions.infer(request)
            app._watch.end_prediction(request, reply, began)
        app.recorder._queue.clear()
        app.recorder._put_cost = app.recorder._taken_cost = 0

    return act


def body(units: list[str]) -> bytes:
    data = [round(0.1 * at, 3) for at in range(COLUMNS)] * len(units)
    inputs = [{"name": "m", "shape": [len(units), COLUMNS], "datatype": "FP64", "data": data}]
    if len(units) == 1:
        return json.dumps({"inputs": inputs, "parameters": {"unit": units[0]}}).encode()
    names = [
        {"name": f"x{at}", "shape": [len(units)], "datatype": "FP64", "data": [0.1 * at] * len(units)}
        for at in range(COLUMNS)
    ]
    unit = {"name": "__unit", "shape": [len(units)], "datatype": "BYTES", "data": units}
    return json.dumps({"inputs": [*names, unit]}).encode()


if __name__ == "__main__":
    main()
