"""The workers of one server: started, watched, replaced, and ended together.

It answers no request and loads no model: there is little in it that could end it.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from typing import Protocol

import msgspec

from comporta.errors import BadProject
from comporta.serve.child_processes import exit_text, growing_pause, signals_as_bytes
from comporta.serve.worker_messages import (
    MessageReader,
    WorkerFailure,
    WorkerLine,
    WorkerReady,
)

AT_ONCE = 10.0
"""A worker that ends within so many seconds of its start is started again later and later."""
MOST_AT_ONCE = 5
"""So many times in a row, and no other answers: then the server ends."""
MOST_STILL = 60
"""So many looks at a worker that answers no more, a second apart: then it is killed, and replaced."""
_FIRST, _LONGEST = 0.25, 30.0  # seconds to wait after such an end
_SAME_LINE = 10.0  # seconds in which a line that another worker says too is not repeated


class WorkerHandle(Protocol):
    """A process that was started. messages: from it; they end when it does."""

    pid: int
    messages: MessageReader

    def wait(self) -> int:
        """Its exit code, negative for a signal, once it is dead."""

    def signal(self, number: int) -> None:
        """Nothing where it is dead."""


class WorkerSlot(msgspec.Struct):
    """A place for one worker, and the one in it. due: when the next is started. ends: how many ended at once,
    in a row. ready: whether it answers. turns, still: how often its event loop turned, and how many looks
    found that number the same."""

    index: int
    worker: WorkerHandle | None = None
    began: float = 0.0
    due: float = 0.0
    ends: int = 0
    ready: bool = False
    turns: int | None = None
    still: int = 0


def pause_after(ends: int) -> float:
    """Seconds until the next start, where so many in a row ended at once."""
    return growing_pause(ends, _FIRST, _LONGEST)


class Supervisor:
    """start: a worker for a place. on_ready: called once, when the first worker answers. on_drain: called
    when the server is told to end, before its workers are. on_end: with the place of a worker that ended.
    turns: of the worker in a place, how often its event loop turned; None: not known."""

    def __init__(
        self,
        start: Callable[[int], WorkerHandle],
        workers: int,
        *,
        on_ready: Callable[[WorkerReady], None] = lambda ready: None,
        on_drain: Callable[[], None] = lambda: None,
        on_end: Callable[[int], None] = lambda index: None,
        turns: Callable[[int], int | None] = lambda index: None,
        say: Callable[[str], None] = print,
        monotonic: Callable[[], float] = time.monotonic,
        look: float = 1.0,
    ) -> None:
        """look: seconds after which it looks again at what is due, whatever comes."""
        self.slots = [WorkerSlot(index) for index in range(workers)]
        self._start, self._on_ready, self._on_drain, self._on_end = start, on_ready, on_drain, on_end
        self._turns, self._looked = turns, 0.0
        self._say, self._now, self._look = say, monotonic, look
        self._greeted, self._signals = False, 0
        self._failure: str | None = None
        self._lines: dict[str, tuple[int, float]] = {}
        self._wake, self._waker = os.pipe()

    def run(self) -> None:
        """Until SIGTERM, SIGINT or SIGHUP, and every worker has ended. Raises BadProject where they cannot
        begin."""
        with signals_as_bytes(self._waker):
            try:
                while self._goes_on():
                    self._start_due()
                    self._listen()
                    self._look_at_loops()
            finally:
                self._kill_rest()
                os.close(self._wake)
                os.close(self._waker)
        if self._failure is not None:
            raise BadProject(self._failure)

    def _goes_on(self) -> bool:
        if self._signals == 0 and self._failure is None:
            return True
        return any(slot.worker is not None for slot in self.slots)

    def _start_due(self) -> None:
        if self._signals or self._failure is not None:
            return
        # The first alone, until it answers: what keeps it from that is said once and not by each.
        for slot in self.slots if self._greeted else self.slots[:1]:
            if slot.worker is None and slot.due <= self._now():
                slot.worker, slot.began, slot.ready = self._start(slot.index), self._now(), False
                slot.turns, slot.still = None, 0

    def _listen(self) -> None:
        """Waits until something happens, and does what it asks for."""
        by_pipe = {slot.worker.messages.descriptor: slot for slot in self.slots if slot.worker is not None}
        due = [slot.due - self._now() for slot in self.slots if slot.worker is None and slot.due]
        wait = max(0.0, min([self._look, *due]))
        readable, _, _ = select.select([self._wake, *by_pipe], [], [], wait)
        for descriptor in readable:
            if descriptor == self._wake:
                for number in os.read(self._wake, 64):
                    self._end_workers(number)
            else:
                self._hear(by_pipe[descriptor])

    def _look_at_loops(self) -> None:
        """Kills who answers no more. Looks are counted, not seconds: while all processes of a machine are
        halted, none of them is stuck."""
        if self._now() - self._looked < self._look or self._signals:
            return
        self._looked = self._now()
        for slot in self.slots:
            if slot.worker is None or not slot.ready:
                continue
            turns = self._turns(slot.index)
            slot.still = slot.still + 1 if turns is not None and turns == slot.turns else 0
            slot.turns = turns
            if slot.still == MOST_STILL:
                self._say(f"worker {slot.index + 1} answers no more since {MOST_STILL} s; it is killed.")
                slot.worker.signal(signal.SIGKILL)

    def _hear(self, slot: WorkerSlot) -> None:
        worker = slot.worker
        assert worker is not None
        failure = None
        for message in worker.messages.read():
            if isinstance(message, WorkerLine):
                self._say_once(slot.index, message.text)
            elif isinstance(message, WorkerFailure):
                failure = message.message
            else:
                slot.ready = True
                if not self._greeted:
                    self._greeted = True
                    self._on_ready(message)
        if worker.messages.ended:
            self._take_leave(slot, worker, failure)

    def _take_leave(self, slot: WorkerSlot, worker: WorkerHandle, failure: str | None) -> None:
        code = worker.wait()
        worker.messages.close()
        slot.worker, slot.ready = None, False
        self._on_end(slot.index)
        if self._signals or self._failure is not None:
            return
        slot.ends = slot.ends + 1 if self._now() - slot.began < AT_ONCE else 0
        pause = pause_after(slot.ends)
        slot.due = self._now() + pause
        how = failure or exit_text(code)
        answering = any(each.ready for each in self.slots)
        if not self._greeted and failure is not None:
            self._give_up(failure)
        elif slot.ends >= MOST_AT_ONCE and not answering:
            self._give_up(
                f"the workers end as soon as they begin, {slot.ends} times in a row, the last one so: {how} "
                "Mend that, and start the server again."
            )
        else:
            later = f"in {pause:g} s" if pause else "now"
            others = "the others go on" if answering else "none answers"
            self._say(f"worker {slot.index + 1} ended: {how} Another begins {later}; {others}.")

    def _give_up(self, message: str) -> None:
        self._failure = message
        self._tell_all(signal.SIGTERM)

    def _end_workers(self, number: int) -> None:
        """The first signal lets them finish, the second ends what is under way, the third kills."""
        self._signals += 1
        if self._signals == 1:
            self._on_drain()
            self._tell_all(signal.SIGTERM)
        else:
            self._tell_all(signal.SIGINT if self._signals == 2 else signal.SIGKILL)

    def _tell_all(self, number: int) -> None:
        for slot in self.slots:
            if slot.worker is not None:
                slot.worker.signal(number)

    def _kill_rest(self) -> None:
        self._tell_all(signal.SIGKILL)
        for slot in self.slots:
            if slot.worker is not None:
                slot.worker.wait()

    def _say_once(self, index: int, text: str) -> None:
        now, (before, at) = self._now(), self._lines.get(text, (index, 0.0))
        self._lines = {
            line: (by, when) for line, (by, when) in self._lines.items() if now - when < _SAME_LINE
        }
        if before == index or now - at >= _SAME_LINE:
            self._lines[text] = (index, now)
            self._say(text)
