"""Whether the candidate holds up where it will stand: behind the request path, under load and rubbish."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from comporta.checks.shared.judging.arguments import number, usual, whole
from comporta.checks.shared.judging.bounds import Bound, On, within_bounds
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.wording import sentences
from comporta.checks.stress import figures
from comporta.checks.stress.codes import FROM
from comporta.records import NUMBER, Evidence, Level, Need, Record, Text, Verdict, code, condition_id, need
from comporta.records.measurement import MeasurementSpec

TITLE = code("check.stress", "load test: {limits}", limits=tuple)
P99 = code("check.stress.p99", "p99 at most {ms:g} ms", ms=NUMBER)
P50 = code("check.stress.p50", "p50 at most {ms:g} ms", ms=NUMBER)
REFUSED = code("check.stress.refused", "invalid requests refused")
ERRORS = code("stress.errors", "server errors or dropped connections")
FAILED = code("stress.failed", "test rows not answered under load")
GROWTH = code("stress.growth", "memory growth in KB a thousand requests")
ASKED = code("stress.asked", "Asked {where}.", where=Text)


class Stress(Record, frozen=True, kw_only=True):
    """Quick enough under load, every bad request refused clearly, no server error, no growing memory.

    p99_ms, p50_ms: milliseconds; None: not held to any. growth_kb: of memory, a thousand requests.
    """

    kind: ClassVar[str] = "stress"
    connections: int
    seconds: float
    p99_ms: float | None
    p50_ms: float | None
    growth_kb: float
    on: On = "fault"
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`stress?p99_ms=50`."""
        return identity(self.kind, p99_ms=self.p99_ms, p50_ms=self.p50_ms)

    @property
    def title(self) -> Text:
        """`load test: p99 at most 50 ms, invalid requests refused`."""
        ends = ((P99, self.p99_ms), (P50, self.p50_ms))
        return TITLE(limits=(*(said(ms=ms) for said, ms in ends if ms is not None), REFUSED()))

    def needs(self) -> tuple[Need, ...]:
        """One server of the candidate, loaded and sent rubbish; limits change nothing of it."""
        return (need("stress", connections=self.connections, seconds=self.seconds),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict on all of its limits."""
        bounds = [
            Bound(metric=figures.ERRORS.metric, limit=0, what=ERRORS()),
            Bound(metric=figures.FAILED.metric, limit=0, what=FAILED()),
            Bound(metric=figures.UNCLEAR.metric, limit=0),
            Bound(metric=figures.GROWTH.metric, limit=self.growth_kb, what=GROWTH()),
        ]
        if self.p99_ms is not None:
            bounds.append(Bound(metric=figures.P99.metric, limit=self.p99_ms, on=self.on))
        if self.p50_ms is not None:
            bounds.append(Bound(metric=figures.P50.metric, limit=self.p50_ms))
        (found,) = evidence
        verdict = within_bounds(self, found, bounds)
        requested = [each for each in found.figures if each.metric == figures.REQUESTED.metric]
        if verdict.figure is None or not requested:
            return verdict
        where = ASKED(where=FROM.get(condition_id(requested[0], "request"), FROM[figures.PLAIN])())
        return msgspec.structs.replace(verdict, reason=sentences(verdict.reason, where))


def stress(
    *,
    p99_ms: float | None = None,
    p50_ms: float | None = None,
    growth_kb: float = 1024.0,
    connections: int = 8,
    seconds: float = 2.0,
    on: On = "fault",
    required: bool = True,
    level: Level = "release",
) -> Stress:
    """It holds up behind the request path: `stress(p99_ms=50)`.

    A server of the candidate in a fresh process is asked 64 test rows, one a request, as JSON (Open Inference
    v2), by `connections` at once for `seconds`, each asking again once answered. Then it is sent what
    clients get wrong (broken JSON, wrong names, types, shapes and sizes, values of another kind in each
    column), good requests with a few bytes damaged, and values that no row ever had. Each must be one clear
    4xx that says why, or, where nothing is wrong but the value, a whole answer; never a 5xx or a dropped
    connection; and a good request must be answered afterwards as before. Every test row sent under load
    must be answered. growth_kb: KB by which the server's memory may grow a thousand requests: the median
    slope over six rounds (Theil 1950), where it grew by 4 MB or more in all. A model that keeps each row it
    sees grows by more than a MB.

    Without p99_ms and p50_ms latency is measured and reported, not judged: it depends on the machine, whose
    digest stands beside the figures. It is part of the question: on another kind of machine (system,
    processor, cores) all is measured anew, whatever a shared store remembers. With `on="fault"` the p99 fails
    where that of every round is above the limit.

    Where features are joined or computed on the way all of these are raw requests: the columns that a request
    carries, with the row's own time and what else the model requires of it. So the latency is that of the
    whole way, and wrong and far values go through the joins and the functions. Where no test row can be asked
    so (none has a time and a key of its own, or the rows are no more) its features are sent, and the verdict
    says so: it always says from where on was asked.

    p50 and p99 have an interval: from the least to the greatest of six rounds.

    What it does not see: networks, proxies, many processes, and tables of later versions than research read.
    Raises BadProject on a limit that is no number above 0.
    """
    usual("stress", on, level)
    limits = {"p99_ms": p99_ms, "p50_ms": p50_ms}
    given = {name: None if v is None else number("stress", name, v, low=1e-6) for name, v in limits.items()}
    return Stress(
        connections=whole("stress", "connections", connections, low=1, high=256),
        seconds=number("stress", "seconds", seconds, low=0.1, high=60),
        growth_kb=number("stress", "growth_kb", growth_kb, low=0),
        on=on,
        required=required,
        level=level,
        **given,
    )


MEASUREMENT = MeasurementSpec(
    need="stress",
    run="evidence.stress",
    reads={"model": "model", "signature": "signature", "test": "test", "parity": "parity", "trial": "trial"},
    optional={"onnx": "onnx", "bundle": "bundle", "code": "code"},
    variadic=("tables",),
    functions=("opened", "served", "raw"),
    context=("machine", "way"),
    cost=3,
    section="robustness",
)
