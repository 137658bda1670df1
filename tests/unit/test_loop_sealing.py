"""Sealing goes on whatever happens to it: each log by itself, what fails told, counted and tried again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from comporta.acts.serve.sealing import SealScheduler, backoff
from comporta.data import SealResult
from comporta.errors import BadData, StorageFull

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Logs:
    """Two logs, a clock moved by hand, and what was said."""

    def __init__(self, every: float = 300.0) -> None:
        self.seconds, self.said = 0.0, list[str]()
        self.faults: dict[str, BaseException | None] = {}
        self.sealed: list[tuple[float, str]] = []
        self.rejected: dict[str, int] = {}
        self.sealing = SealScheduler(
            self.acts, every=every, clock=lambda: NOW, say=self.said.append, monotonic=lambda: self.seconds
        )

    def acts(self):
        if fault := self.faults.get("logs"):
            raise fault
        return [(name, lambda name=name: self.act(name)) for name in ("a", "b")]

    def act(self, name: str) -> SealResult:
        if fault := self.faults.get(name):
            raise fault
        self.sealed.append((self.seconds, name))
        return SealResult(rows=3, rejected=self.rejected)

    def until(self, seconds: float) -> None:
        while self.seconds < seconds:
            self.seconds += max(self.sealing.pause(), 0.001)
            if self.seconds < seconds:
                self.sealing.turn()
        self.seconds = seconds

    def number(self, name: str, log: str) -> float | None:
        found = {(each.name, each.labels): each.value for each in self.sealing.samples()}
        return found.get((name, (("log", log),)))


def test_every_log_is_sealed_when_it_is_due() -> None:
    logs = Logs()
    logs.until(1000)
    assert [round(at) for at, name in logs.sealed if name == "a"] == [300, 600, 900]
    assert [name for _, name in logs.sealed] == ["a", "b"] * 3
    assert logs.said == []
    assert logs.number("seal_last_seconds", "a") == NOW.timestamp()


@pytest.mark.parametrize(
    "fault",
    [
        StorageFull("/store: no space left."),
        OSError("gone"),
        OverflowError("date value out of range"),
        ZeroDivisionError("ours"),
        RecursionError(),
        MemoryError(),
    ],
)
def test_what_one_log_raises_is_said_once_a_try_and_ends_nothing(fault: BaseException) -> None:
    logs = Logs()
    logs.faults["a"] = fault
    logs.until(301)
    assert [name for _, name in logs.sealed] == ["b"]
    (line,) = logs.said
    assert line.startswith("a: sealing failed (") and "tried again in 5 s" in line and "\n" not in line
    assert logs.number("seal_failures_total", "a") == 1
    assert logs.number("seal_failures_total", "b") == 0
    # After 5, 10, 20 … seconds, and never more than five minutes; the other log has its own times.
    logs.until(301 + 5 + 10 + 20 + 40 + 80 + 160 + 300 + 300 + 1)
    assert len(logs.said) == 9
    assert all("in 300 s" in each for each in logs.said[6:])
    assert [round(at) for at, name in logs.sealed if name == "b"] == [300, 600, 900, 1200]
    logs.faults["a"] = None
    logs.until(logs.seconds + 301)
    assert logs.said[-1] == "a: sealed again, after 9 failures."
    assert logs.sealed[-1][1] in "ab" and "a" in [name for _, name in logs.sealed]


def test_a_list_of_logs_that_cannot_be_had_is_asked_for_again() -> None:
    logs = Logs()
    logs.faults["logs"] = OSError("the ledger is away")
    logs.until(320)
    assert not logs.sealed and "the ledger is away" in logs.said[0]
    assert logs.number("seal_failures_total", "logs") == len(logs.said) == 3
    logs.faults["logs"] = None
    logs.until(400)
    assert {name for _, name in logs.sealed} == {"a", "b"}


def test_rows_set_aside_are_told_and_counted() -> None:
    logs = Logs()
    logs.rejected = {"time_missing": 2, "inputs_mistyped": 1}
    logs.until(301)
    assert logs.number("seal_rows_rejected_total", "a") == 3
    assert "3 rows could not be sealed and were set aside (inputs_mistyped 1, time_missing 2)" in logs.said[0]


def test_what_is_said_of_a_failure_shows_no_rows() -> None:
    logs = Logs()
    fault = BadData("a.id: found 2 rows:\n| ann@example.org |")
    fault.reason = "a.id: 2 rows whose key another row has"
    logs.faults["a"] = fault
    logs.until(301)
    assert "ann" not in logs.said[0] and "2 rows whose key" in logs.said[0]


def test_the_wait_doubles_up_to_five_minutes() -> None:
    assert [backoff(n, 5.0) for n in (1, 2, 3, 7, 1000)] == [5.0, 10.0, 20.0, 300.0, 300.0]
