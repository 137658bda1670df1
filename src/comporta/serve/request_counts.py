"""What a server counts of its requests: how many there were, and how long each version took to answer."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from comporta.serve.metric_sample import MetricSample, version_labels
from comporta.serve.serving_state import ServedArm
from comporta.serve.tally import BOUNDS, FAILURES, NANOSECONDS, TIMES, WITHOUT_UNIT, Answerer, Tally
from comporta.serve.version_parts import VersionPart

SECONDS = "request_seconds"
NO_ARM = "none"
"""What is called the arm of a request that named its version."""
INFERRED = ("infer", 200)
_SECOND = 1e9


class AnswerTimes(msgspec.Struct):
    """Of the requests that one arm of a version answered. buckets: how many took how long, the last beyond
    every bound. last: nanoseconds since 1970 when the newest came."""

    buckets: list[int]
    nanoseconds: int = 0
    model_nanoseconds: int = 0
    rows: int = 0
    last: int = 0


class FailedRequests(msgspec.Struct):
    """Of the requests that one version was asked and gave no answer to."""

    count: int = 0
    nanoseconds: int = 0


class RequestCounts:
    """Changed by the event loop alone. by_route: (route, status) → how many. under_way: not answered yet.
    tally: where requests are counted by the arms of plans."""

    def __init__(self, tally: Tally) -> None:
        self._tally, self._places = tally, dict[tuple[str, Answerer], int]()
        self.by_route: Counter[tuple[str, int]] = Counter()
        self.under_way = 0
        self._arms: dict[tuple[str, int, str | None], AnswerTimes] = {}
        self._failed: dict[tuple[str, int], FailedRequests] = {}

    def note_answer(self, parts: Sequence[VersionPart], at: int, took: int, model: int) -> None:
        """One request. at: when it came, nanoseconds since 1970. took: nanoseconds in all. model: those of
        its models."""
        alone = len(parts) == 1
        all_rows = 0 if alone else sum(part.incoming.n for part in parts)
        for part in parts:
            loaded, rows = part.live.loaded, part.incoming.n
            share = model if alone else model * rows // all_rows
            arm = part.arm
            if arm is None:
                self._add((loaded.model, loaded.number, None), rows, at, took, share)
                continue
            bucket = self._add((loaded.model, loaded.number, arm.role), rows, at, took, share)
            if type(arm.of) is not int:
                units, without = part.incoming.about.unit, 0
                if type(units) is not str:
                    without = rows if units is None else sum(each is None for each in units)
                self._note_arm(loaded.model, arm.of, without, bucket)

    def note_row(self, model: str, arm: ServedArm, without: bool, at: int, took: int, asked: int) -> None:
        """One request to infer, of one row. without: whether it named no unit. asked: nanoseconds of its
        model; the rest as in `note_answer`."""
        self.by_route[INFERRED] += 1
        bucket = self._add((model, arm.live.loaded.number, arm.role), 1, at, took, asked)
        if type(arm.of) is not int:
            self._note_arm(model, arm.of, int(without), bucket)

    def _note_arm(self, model: str, of: Answerer, without: int, bucket: int) -> None:
        """One request that an arm answered. without: its rows without a unit. bucket: of the time it took."""
        place = self._places.get((model, of))
        if place is None:
            place = self._places[model, of] = self._tally.place(model, of)
        cells = self._tally.cells
        cells[place + TIMES + bucket] += 1
        if without:
            cells[place + WITHOUT_UNIT] += without

    def note_arm_failure(self, model: str, arm: ServedArm) -> None:
        """One request that got a 5xx of an arm."""
        if not isinstance(arm.of, int):
            self._tally.cells[self._tally.place(model, arm.of) + FAILURES] += 1

    def _add(self, arm: tuple[str, int, str | None], rows: int, at: int, took: int, model: int) -> int:
        """The bucket of the time that the request took."""
        times = self._arms.get(arm)
        if times is None:
            times = self._arms[arm] = AnswerTimes([0] * (len(BOUNDS) + 1))
        bucket = bisect_left(NANOSECONDS, took)
        times.buckets[bucket] += 1
        times.nanoseconds += took
        times.model_nanoseconds += model
        times.rows += rows
        times.last = at
        return bucket

    def note_failure(self, model: str, version: int, took: int) -> None:
        """One request that this version was asked and got no answer of."""
        counts = self._failed.get((model, version))
        if counts is None:
            counts = self._failed[model, version] = FailedRequests()
        counts.count += 1
        counts.nanoseconds += took

    def samples(self) -> Iterator[MetricSample]:
        """All of it, some of one name and labels in parts. May be called by any thread."""
        for (route, status), number in sorted(dict(self.by_route).items()):
            yield MetricSample("requests_total", number, (("route", route), ("status", str(status))))
        yield MetricSample("requests_in_flight", self.under_way, kind="now")
        for (model, version, arm), times in list(self._arms.items()):
            of = version_labels(model, version)
            yield from _histogram((*of, ("arm", arm or NO_ARM)), times)
            yield MetricSample("rows_answered_total", times.rows, of)
            yield MetricSample("model_seconds_total", times.model_nanoseconds / _SECOND, of)
            yield MetricSample("last_answer_seconds", times.last / _SECOND, of, "latest")
        for (model, version), counts in list(self._failed.items()):
            of = version_labels(model, version)
            yield MetricSample("request_failures_total", counts.count, of)
            yield MetricSample("failed_seconds_total", counts.nanoseconds / _SECOND, of)


def _histogram(labels: tuple[tuple[str, str], ...], times: AnswerTimes) -> Iterator[MetricSample]:
    total = 0
    for bound, number in zip((*map(str, BOUNDS), "+Inf"), tuple(times.buckets), strict=True):
        total += number
        yield MetricSample(f"{SECONDS}_bucket", total, (*labels, ("le", bound)))
    yield MetricSample(f"{SECONDS}_sum", times.nanoseconds / _SECOND, labels)
    yield MetricSample(f"{SECONDS}_count", total, labels)
