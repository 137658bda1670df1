"""Sealing as an act of its own: each log when it is due, and no failure of one ends that of another.

What fails is said in the server's log, counted for `/metrics`, and tried again after a while that doubles
with each failure in a row, up to five minutes. What is open meanwhile stays so, readable and safe.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

import msgspec

from comporta.errors import ComportaError, first_line
from comporta.serve import MetricSample

if TYPE_CHECKING:
    from comporta.data import SealResult

SEAL_SECONDS = 300.0
LONGEST = 300.0  # seconds between two tries of what fails
_FIRST = 5.0
_LISTING = "logs"
T = TypeVar("T")

Acts = Callable[[], "Iterable[tuple[str, Callable[[], SealResult | None]]]"]


class SealState(msgspec.Struct):
    """How the sealing of one log stands. due: when it is next, by the monotonic clock. row: failures on end.

    failures, rejected: how often it failed, and rows set aside, since the start. last: when it went well.
    """

    due: float
    row: int = 0
    failures: int = 0
    rejected: int = 0
    last: datetime | None = None


class SealScheduler:
    """The acts of one process. seals: every log by name, and how it is sealed. every: seconds between.

    may: asked before each turn: whether it is this process that seals."""

    def __init__(
        self,
        seals: Acts,
        *,
        every: float,
        clock: Callable[[], datetime],
        say: Callable[[str], None],
        may: Callable[[], bool] = lambda: True,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._may = may
        self._seals, self._every, self._clock, self._say, self._monotonic = (
            seals, every, clock, say, monotonic,
        )  # fmt: skip
        self._began = monotonic()
        self.states: dict[str, SealState] = {}

    def pause(self) -> float:
        """Seconds until some log is due."""
        due = min((state.due for state in self.states.values()), default=self._began + self._every)
        return max(0.0, due - self._monotonic())

    def turn(self, *, all_of_them: bool = False) -> None:
        """Every log that is due is sealed, or all of them. Raises nothing: what fails is said and counted."""
        if not self._may():
            self._began = self._monotonic()  # asked again in a while: who seals may be gone then
            return
        listed = self._try(_LISTING, lambda: list(self._seals()))
        for name, act in listed or ():
            state = self._state(name)
            if all_of_them or state.due <= self._monotonic():
                done = self._try(name, act)
                if done is not None and done.rejected:
                    self._set_aside(name, state, done.rejected)

    def samples(self) -> Iterator[MetricSample]:
        """Failures and rows set aside since the start, and when each log was last sealed."""
        for name, state in list(self.states.items()):
            if name == _LISTING:
                if state.failures:
                    yield MetricSample("seal_failures_total", state.failures, (("log", name),))
                continue
            labels = (("log", name),)
            yield MetricSample("seal_failures_total", state.failures, labels)
            yield MetricSample("seal_rows_rejected_total", state.rejected, labels)
            if state.last is not None:
                yield MetricSample("seal_last_seconds", round(state.last.timestamp(), 3), labels, "latest")

    def _state(self, name: str) -> SealState:
        return self.states.setdefault(name, SealState(self._monotonic()))

    def _try(self, name: str, act: Callable[[], T]) -> T | None:
        state = self._state(name)
        try:
            done = act()
        # A boundary: whatever is raised must not end the thread that all logs are sealed by.
        except Exception as error:
            state.row += 1
            state.failures += 1
            wait = backoff(state.row, min(_FIRST, self._every))
            state.due = self._monotonic() + wait
            self._say(
                f"{name}: sealing failed ({_line(error)}) Its rows stay open; tried again in {wait:g} s."
            )
            return None
        if state.row:
            self._say(f"{name}: sealed again, after {state.row} failures.")
        state.row, state.last = 0, self._clock()
        state.due = self._monotonic() + self._every
        return done

    def _set_aside(self, name: str, state: SealState, rejected: dict[str, int]) -> None:
        count = sum(rejected.values())
        state.rejected += count
        causes = ", ".join(f"{cause} {rows}" for cause, rows in sorted(rejected.items()))
        self._say(
            f"{name}: {count} rows could not be sealed and were set aside ({causes}); the rest was. "
            "See: comporta data rejected"
        )


def backoff(failures: int, first: float) -> float:
    """Seconds until the next try, after so many failures in a row."""
    return float(min(LONGEST, first * 2 ** min(failures - 1, 30)))


def _line(error: Exception) -> str:
    """What went wrong, in one line, and without rows of the data."""
    message = (
        (error.reason or str(error))
        if isinstance(error, ComportaError)
        else f"{type(error).__name__}: {error}"
    )
    return (first_line(message) or type(error).__name__).rstrip(".") + "."
