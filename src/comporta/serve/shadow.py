"""What a shadow would have answered: scored after the answer went out, in time that nobody else needs.

A bounded queue and one thread, which works for at most a tenth of the time and not at all while the process
is busy: what does not fit is dropped and counted. Nobody waits for a shadow, and what it raises is counted.
"""

from __future__ import annotations

import asyncio
import threading
import time
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterator, Sequence

import msgspec

from comporta.http.token_gate import Bearer
from comporta.serve.live_version import LiveVersion
from comporta.serve.metric_sample import MetricSample, version_labels
from comporta.serve.prediction_ids import Ids
from comporta.serve.recorder import NotRecorded, Recorder
from comporta.serve.request_rows import RequestRows
from comporta.serve.serving_state import ServedArm
from comporta.serve.tally import NANOSECONDS, SHADOW_FAILURES, TIMES, Answerer, Tally
from comporta.serve.version_parts import VersionPart, encode_observations, read_by, take_rows
from comporta.serve.version_source import ObservationBlock

_SHARE = 0.1  # of the time, at most
_BUSY = 0.7  # of one core, by all threads but this one
_ROWS = 10_000  # that wait
_AT_ONCE = 100  # rows that are scored before others get their turn
_REST = 0.001  # seconds


class ShadowedRows(msgspec.Struct, gc=False):
    """Rows that were answered under these ids. arm: the shadow's. reader: by whose columns they were read."""

    arm: ServedArm
    reader: LiveVersion
    incoming: RequestRows
    ids: Sequence[str]
    at: int
    bearer: Bearer | None
    traceparent: str | None


class ShadowAnswers(msgspec.Struct, gc=False):
    """What is logged of a few of them. took: nanoseconds."""

    model: str
    of: Answerer
    n: int
    took: int
    blocks: Sequence[ObservationBlock]


class Shadow:
    """Of one server process; `put` is called from its event loop, and so is `recorder`."""

    def __init__(self, recorder: Recorder, ids: Ids, tally: Tally) -> None:
        self._recorder, self._ids, self._tally = recorder, ids, tally
        self._queue: deque[ShadowedRows] = deque()
        self._put_rows = self._taken_rows = 0
        self._dropped: Counter[tuple[str, int]] = Counter()
        self._failed: Counter[tuple[str, int]] = Counter()
        self._scored: Counter[tuple[str, int]] = Counter()
        self._done: list[ShadowAnswers] = []
        self._wake, self._ending = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def waiting(self) -> int:
        """Rows that are not scored yet."""
        return self._put_rows - self._taken_rows

    def put(self, rows: ShadowedRows) -> None:
        """To be scored, where there is room."""
        n = rows.incoming.n
        if self.waiting + n > _ROWS:
            self._drop(rows)
            return
        self._put_rows += n
        self._queue.append(rows)
        if not self._wake.is_set():
            self._begin()
            self._wake.set()

    def close(self) -> None:
        """No more is scored; what waits is dropped."""
        self._ending.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(5)
        while self._queue:
            self._drop(self._queue.popleft())

    def samples(self) -> Iterator[MetricSample]:
        """What is counted. May be called by any thread."""
        for key, rows in sorted(dict(self._scored).items()):
            yield MetricSample("shadow_rows_total", rows, version_labels(*key))
        for key, rows in sorted(dict(self._failed).items()):
            yield MetricSample("shadow_failures_total", rows, version_labels(*key))
        for key, rows in sorted(dict(self._dropped).items()):
            yield MetricSample("shadow_rows_dropped_total", rows, version_labels(*key))

    def _begin(self) -> None:
        if self._thread is None:
            self._loop = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._run, name="comporta-shadow", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        load, spent = ProcessLoad(), 0.0
        while not self._ending.is_set():
            self._wake.wait()
            if len(self._queue) == 0:
                self._tell()
                self._wake.clear()
                if len(self._queue) > 0:  # put between the two
                    self._wake.set()
                continue
            if load.now() > _BUSY:
                while self._queue:
                    self._drop(self._take())
            else:
                rows, n = self._take(), 0
                while n < rows.incoming.n and not self._ending.is_set():
                    began, first, n = time.perf_counter(), n, min(n + _AT_ONCE, rows.incoming.n)
                    self._score(rows, None if n - first == rows.incoming.n else [*range(first, n)])
                    spent = self._rest(spent + time.perf_counter() - began)
        self._tell()

    def _rest(self, spent: float) -> float:
        """Leaves the others their share of the time, once it is worth it. spent: seconds since the last rest;
        what is left of them."""
        rest = spent * (1 / _SHARE - 1)
        if rest < _REST:
            return spent
        self._tell()
        self._ending.wait(rest)
        return 0.0

    def _tell(self) -> None:
        """Has the event loop log what was scored."""
        if self._done and self._loop is not None and not self._loop.is_closed():
            done, self._done = self._done, []
            self._loop.call_soon_threadsafe(self._record, done)

    def _take(self) -> ShadowedRows:
        rows = self._queue.popleft()
        self._taken_rows += rows.incoming.n
        return rows

    def _drop(self, rows: ShadowedRows) -> None:
        loaded = rows.arm.live.loaded
        self._dropped[loaded.model, loaded.number] += rows.incoming.n

    def _score(self, rows: ShadowedRows, places: list[int] | None) -> None:
        """places: of the rows those that are scored now; None: all."""
        arm, ids = rows.arm, rows.ids if places is None else [rows.ids[row] for row in places]
        model, number = arm.live.loaded.model, arm.live.loaded.number
        incoming = rows.incoming if places is None else take_rows(rows.incoming, places)
        try:
            part = read_by(VersionPart(arm.live, incoming, None, None, arm), rows.reader)
            began = time.perf_counter_ns()
            part.answer = arm.live.answer(part.incoming, rows.at)
            took = time.perf_counter_ns() - began
            own = self._ids.many(rows.at, incoming.n)
            blocks = encode_observations([part], own, rows.at, took, rows.bearer, rows.traceparent, ids)
        # A boundary: whatever a shadow raises is none of the client's business, nor of what answers.
        except Exception:
            self._failed[model, number] += incoming.n
            if not isinstance(arm.of, int):
                self._tally.cells[self._tally.place(model, arm.of) + SHADOW_FAILURES] += incoming.n
            return
        self._scored[model, number] += incoming.n
        self._done.append(ShadowAnswers(model, arm.of, incoming.n, took, blocks))

    def _record(self, done: Sequence[ShadowAnswers]) -> None:
        for scored in done:
            if not isinstance(scored.of, int):
                place = self._tally.place(scored.model, scored.of) + TIMES
                self._tally.cells[place + bisect_left(NANOSECONDS, scored.took)] += 1
            try:
                written = self._recorder.put(scored.model, ((scored.of, scored.n),), scored.blocks)
            except NotRecorded:
                continue
            if written is not None:  # nobody waits for it
                written.add_done_callback(lambda done: done.exception())


class ProcessLoad:
    """How many cores the other threads of this process keep busy."""

    def __init__(self) -> None:
        self._at, self._all, self._own = time.monotonic(), time.process_time(), time.thread_time()
        self._load = 0.0

    def now(self) -> float:
        """Over the last tenth of a second or more. Called by the thread whose own time does not count."""
        at = time.monotonic()
        if at - self._at >= 0.1:
            everything, own = time.process_time(), time.thread_time()
            self._load = (everything - self._all - (own - self._own)) / (at - self._at)
            self._at, self._all, self._own = at, everything, own
        return self._load
