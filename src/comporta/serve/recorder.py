"""Answers kept aside the request path: a bounded queue, and one thread that writes it in batches.

Not durable: an answer goes out at once and is written within `every` seconds. Durable: it goes out once
written, together with all that arrived meanwhile (group commit). Feedback is always durable.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from comporta.errors import ComportaError
from comporta.records import Feedback
from comporta.serve.tally import ANSWERED, FLUSHES, LOST, WRITTEN, Answerer, Tally
from comporta.serve.version_source import ObservationBlock, ObservationSink

RowsByAnswerer = Sequence[tuple[Answerer, int]]
"""How many rows which version of a model answered, or which arm of its plan."""
_BESIDE = 400
"""Bytes that a queued request takes beside its blocks, about."""


class NotRecorded(Exception):
    """It could not be written now; the client may ask again."""


class QueuedRequest(msgspec.Struct, gc=False):
    """What waits to be written. rows, cost: how many, and bytes held, about. blocks: their observations.

    waiter: whom to tell, in durable mode.
    """

    model: str
    versions: RowsByAnswerer
    rows: int
    cost: int
    blocks: Sequence[ObservationBlock]
    labels: Sequence[Feedback]
    waiter: asyncio.Future[None] | None


class Batch(msgspec.Struct):
    """Requests to one model on their way."""

    items: list[QueuedRequest] = []

    @property
    def blocks(self) -> list[ObservationBlock]:
        """What is to be written of them."""
        return [block for item in self.items for block in item.blocks]

    @property
    def versions(self) -> Counter[Answerer]:
        """How many rows which version or arm answered."""
        found: Counter[Answerer] = Counter()
        for versions, times in Counter(tuple(item.versions) for item in self.items).items():
            for version, rows in versions:
                found[version] += rows * times
        return found

    @property
    def cost(self) -> int:
        """Bytes held, about."""
        return sum(item.cost for item in self.items)

    @property
    def rows(self) -> int:
        """How many they are."""
        return sum(item.rows for item in self.items)


class RecorderCounts(msgspec.Struct):
    """Rows since the start, of all versions. lost: dropped because the queue was full, or not written at the
    end. corrections: labels that corrected another of the same call. failures: writes that failed."""

    written: int = 0
    lost: int = 0
    feedback: int = 0
    corrections: int = 0
    failures: int = 0


class Recorder:
    """Start it from the server's event loop; `put` is called from there only."""

    def __init__(
        self,
        sink: ObservationSink | None,
        *,
        every: float = 0.5,
        batch: int = 20_000,
        room: int = 128 * 2**20,
        durable: bool = False,
        tally: Tally | None = None,
        on_write: Callable[[], None] = lambda: None,
        say: Callable[[str], None] = print,
    ) -> None:
        """every: seconds between writes. batch: rows that start one earlier. room: bytes of the queue.
        tally: counts by version. on_write: called in the writing thread, once something was written.
        sink: None: no answer is kept, and no feedback taken."""
        self.sink, self.every, self.batch, self.room, self.durable, self._say = (
            sink, every, batch, room, durable, say,
        )  # fmt: skip
        self.counts, self.tally, self._on_write = RecorderCounts(), tally or Tally(), on_write
        self._cells, self._places = self.tally.cells, dict[tuple[str, Answerer], int]()
        self._queue: deque[QueuedRequest] = deque()
        self._held: dict[str, Batch] = {}
        self._held_cost = self._held_rows = 0
        self._attempts: Counter[str] = Counter()
        self._put_cost = self._put_rows = self._popped_rows = self._taken_cost = self._taken_rows = 0
        self._wake, self._ending = threading.Event(), threading.Event()
        self._until = 0.0
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def waiting(self) -> int:
        """Rows not written yet."""
        return self._put_rows - self._taken_rows + self._held_rows

    def start(self) -> None:
        """Begins to write."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="comporta-recorder", daemon=True)
        self._thread.start()

    def put(
        self, model: str, versions: RowsByAnswerer, blocks: Sequence[ObservationBlock] | Exception
    ) -> asyncio.Future[None] | None:
        """Queued; in durable mode, what to await before answering (it raises NotRecorded). blocks: what is
        kept of these rows, or why it cannot be: then they are lost, and counted."""
        if self.sink is None:
            return None
        if isinstance(blocks, Exception):
            self._give_up(model, versions, blocks)
            return None
        cost = _BESIDE
        for block in blocks:
            cost += len(block)
        full = self._put_cost - self._taken_cost + self._held_cost + cost > self.room
        rows, done = 0, None
        if self.durable:
            if full:
                raise NotRecorded
            assert self._loop is not None
            done = self._loop.create_future()
            rows = sum(count for _, count in versions)
        else:
            for version, count in versions:
                rows += count
                place = self._places.get((model, version))
                if place is None:
                    place = self._places[model, version] = self.tally.place(model, version)
                self._cells[place] += count  # ANSWERED is the first of them
            if full:
                self._lose(model, versions)
                return None
        self._put_cost += cost
        self._put_rows += rows
        self._queue.append(QueuedRequest(model, versions, rows, cost, blocks, (), done))
        if self.durable or self._put_rows - self._popped_rows >= self.batch:
            self._wake.set()
        return done

    def put_feedback(self, labels: Sequence[Feedback], cost: int) -> asyncio.Future[None]:
        """Queued; awaited before it is acknowledged. Raises NotRecorded."""
        if self.sink is None or self._put_cost - self._taken_cost + self._held_cost + cost > self.room:
            raise NotRecorded
        assert self._loop is not None
        done = self._loop.create_future()
        self._put_cost += cost
        self._queue.append(QueuedRequest("", (), 0, cost, (), labels, done))
        self._wake.set()
        return done

    async def close(self, patience: float = 20.0) -> None:
        """All that waits is written, or counted as lost after `patience` seconds."""
        if self._thread is None:
            return
        self._until = time.monotonic() + patience
        self._ending.set()
        self._wake.set()
        thread, self._thread = self._thread, None
        await asyncio.to_thread(thread.join, patience + 1)
        if self.waiting:
            self._say(f"{self.waiting} answers could not be written to the prediction log and are lost.")
            for model, held in list(self._held.items()):
                self._lose(model, list(held.versions.items()))
            for item in list(self._queue):
                self._lose(item.model, item.versions)

    def _lose(self, model: str, versions: RowsByAnswerer) -> None:
        for version, count in versions:
            self.counts.lost += count
            self.tally.cells[self.tally.place(model, version) + LOST] += count

    def _run(self) -> None:
        due = time.monotonic() + self.every
        while True:
            self._wake.wait(max(0.0, due - time.monotonic()))
            self._wake.clear()
            due = time.monotonic() + self.every
            ending = self._ending.is_set()
            wrote = self._flush()
            if ending and ((wrote and not self._queue) or time.monotonic() > self._until):
                return
            if ending and not wrote:
                time.sleep(0.05)
                self._wake.set()

    def _flush(self) -> bool:
        """Writes what waits. False when something is still held because it could not be written."""
        sink = self.sink
        if sink is None:
            return True
        items = [self._queue.popleft() for _ in range(len(self._queue))]
        self._popped_rows += sum(item.rows for item in items)
        fresh: dict[str, Batch] = {model: Batch() for model in self._held}
        for item in items:
            if not item.labels:
                fresh.setdefault(item.model, Batch()).items.append(item)
        # One model whose rows cannot be written keeps no other waiting.
        kept = [self._write(sink, model, batch) for model, batch in fresh.items()]
        self._write_feedback(sink, [item for item in items if item.labels])
        for item in items:
            self._taken_cost += item.cost
            self._taken_rows += item.rows
        if items:
            self._on_write()
        return all(kept)

    def _write_feedback(self, sink: ObservationSink, items: list[QueuedRequest]) -> None:
        labels = [label for item in items for label in item.labels]
        if not labels:
            return
        error = self._attempt(sink.feedback, labels)
        if error is None:
            self.counts.feedback += len(labels)
        elif len(items) > 1 and not isinstance(error, ComportaError | OSError):
            # One of them cannot be written at all: it must not keep the others out.
            for item in items:
                self._write_feedback(sink, [item])
            return
        self._settle(items, error)

    def _give_up(self, model: str, versions: RowsByAnswerer, error: Exception) -> None:
        """What cannot be put into a block is lost; in durable mode it is not answered. Raises NotRecorded."""
        rows = sum(count for _, count in versions)
        self._say(f"{rows} answers cannot be logged ({type(error).__name__}: {error}); they are lost.")
        self.counts.failures += 1
        if self.durable:
            raise NotRecorded
        for version, count in versions:
            self._cells[self.tally.place(model, version) + ANSWERED] += count
        self._lose(model, versions)

    def _write(self, sink: ObservationSink, model: str, fresh: Batch) -> bool:
        held = self._held.get(model)
        batch = fresh if held is None else Batch(held.items + fresh.items)
        if not batch.items:
            return True
        self._attempts[model] += 1
        error = self._attempt(lambda rows: sink.write(model, rows), batch.blocks)
        if error is None:
            self._count_written(model, batch)
            self._held.pop(model, None)
        elif not self.durable:
            # Held and tried again; with the queue it may fill the room, and then the newest are lost.
            self._held[model] = batch
        self._held_cost = sum(each.cost for each in self._held.values())
        self._held_rows = sum(each.rows for each in self._held.values())
        self._settle(fresh.items, error)
        return error is None or self.durable

    def _count_written(self, model: str, batch: Batch) -> None:
        cells = self._cells
        for version, count in batch.versions.items():
            self.counts.written += count
            place = self.tally.place(model, version)
            if self.durable:  # what is not written then is not answered
                cells[place + ANSWERED] += count
            cells[place + WRITTEN] += count
            cells[place + FLUSHES] = self._attempts[model]

    def _attempt(self, write: Callable[[Any], None], batch: Sequence[Any]) -> Exception | None:
        try:
            write(batch)
        except (ComportaError, OSError) as error:
            if not self.counts.failures:
                self._say(f"the prediction log cannot be written: {error} It is tried again.")
            self.counts.failures += 1
            return error
        # A boundary: whatever a sink raises must not end the thread that all answers are kept by.
        except Exception as error:
            self._say(f"the prediction log cannot be written: {type(error).__name__}: {error}")
            self.counts.failures += 1
            return error
        return None

    def _settle(self, items: list[QueuedRequest], error: Exception | None) -> None:
        waiting = [item.waiter for item in items if item.waiter is not None]
        if waiting and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_resolve, waiting, error)


def _resolve(waiting: list[asyncio.Future[None]], error: Exception | None) -> None:
    for done in waiting:
        if not done.done():
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(NotRecorded())
