"""Workers are started, replaced and ended: here workers of paper on real pipes, and a clock moved by hand."""

from __future__ import annotations

import os
import signal

import pytest

from comporta.errors import BadProject
from comporta.serve.supervisor import MOST_AT_ONCE, MOST_STILL, Supervisor, pause_after
from comporta.serve.worker_messages import (
    MessageReader,
    MessageWriter,
    WorkerFailure,
    WorkerLine,
    WorkerReady,
)


class PaperWorker:
    """Says what it is told to say, and ends with a code. None: not before it is told to."""

    def __init__(self, index: int, says: list, code: int | None) -> None:
        reading, self._writing = os.pipe()
        self.pid, self.index, self.messages = 0, index, MessageReader(reading)
        self.code, self.told = 0, list[int]()
        writer = MessageWriter(self._writing)
        for each in says:
            writer.send(each)
        if code is not None:
            self._end(code)

    def _end(self, code: int) -> None:
        self.code = code
        os.close(self._writing)
        self._writing = -1

    def signal(self, number: int) -> None:
        self.told.append(number)
        if self._writing != -1:
            self._end(0)

    def wait(self) -> int:
        return self.code


class Floor:
    """A supervisor of paper workers. plan: what each start says and how it ends, by index, in order; then it
    answers for ever. end_after: so many starts end the server, as a signal would."""

    def __init__(self, workers: int, plan: dict[int, list[tuple[list, int | None]]], end_after: int) -> None:
        self.plan, self.end_after, self.seconds = plan, end_after, 0.0
        self.started: list[PaperWorker] = []
        self.said: list[str] = []
        self.calls: list[str] = []
        self.loops: dict[int, int] = {}
        self.stuck: set[int] = set()  # while so many were started no loop turns
        self.supervisor = Supervisor(
            self.start, workers, say=self.said.append, monotonic=self.now, look=0.0,
            on_ready=lambda ready: self.calls.append(f"ready {ready.model}"),
            on_drain=lambda: self.calls.append("drain"),
            on_end=lambda index: self.calls.append(f"end {index}"), turns=self.turns,
        )  # fmt: skip

    def now(self) -> float:
        self.seconds += 0.05  # each look at the clock takes a while: nothing is waited for
        return self.seconds

    def turns(self, index: int) -> int:
        self.loops[index] = self.loops.get(index, 0) + (len(self.started) not in self.stuck)
        return self.loops[index]

    def start(self, index: int) -> PaperWorker:
        says, code = self.plan[index].pop(0) if self.plan.get(index) else ([WorkerReady(model="late")], None)
        self.started.append(PaperWorker(index, says, code))
        if len(self.started) == self.end_after:
            os.write(self.supervisor._waker, bytes([signal.SIGTERM]))
        return self.started[-1]


READY = WorkerReady(model="late")


def test_the_first_begins_alone_and_the_rest_once_it_answers() -> None:
    floor = Floor(3, {0: [([], -9), ([READY], None)]}, end_after=4)
    floor.supervisor.run()
    assert [each.index for each in floor.started] == [0, 0, 1, 2]
    assert floor.calls[:2] == ["end 0", "ready late"]
    assert floor.calls.count("ready late") == 1


def test_told_to_end_all_are_told_and_it_returns() -> None:
    floor = Floor(2, {}, end_after=2)
    floor.supervisor.run()
    assert [each.told for each in floor.started] == [[signal.SIGTERM]] * 2
    assert floor.calls[:2] == ["ready late", "drain"]
    assert sorted(floor.calls[2:]) == ["end 0", "end 1"]
    assert floor.said == []


def test_one_that_dies_is_named_and_another_takes_its_place() -> None:
    floor = Floor(2, {1: [([READY], -signal.SIGKILL)]}, end_after=3)
    floor.supervisor.run()
    assert [each.index for each in floor.started] == [0, 1, 1]
    (line,) = floor.said
    assert line.startswith("worker 2 ended: it died of SIGKILL.") and "the others go on" in line


def test_what_keeps_the_first_from_beginning_is_one_error_and_nothing_is_tried_again() -> None:
    floor = Floor(2, {0: [([WorkerFailure(message="found no key. Make one.")], 2)]}, end_after=99)
    with pytest.raises(BadProject, match=r"^found no key\. Make one\.$"):
        floor.supervisor.run()
    assert len(floor.started) == 1 and floor.said == []


def test_workers_that_end_at_once_again_and_again_end_the_server_with_one_error() -> None:
    floor = Floor(2, {0: [([], -signal.SIGSEGV)] * 9}, end_after=99)
    with pytest.raises(BadProject, match=f"{MOST_AT_ONCE} times in a row.*SIGSEGV"):
        floor.supervisor.run()
    assert len(floor.started) == MOST_AT_ONCE


def test_while_others_answer_one_that_ends_at_once_is_tried_for_ever() -> None:
    floor = Floor(2, {1: [([], 1)] * 8}, end_after=2 + 8)
    floor.supervisor.run()
    assert [each.index for each in floor.started] == [0] + [1] * 9
    assert "another begins in 30 s" in floor.said[-1].lower()


def test_one_whose_loop_turns_no_more_is_killed_and_replaced() -> None:
    floor = Floor(1, {}, end_after=2)
    floor.stuck = {1}
    floor.supervisor.run()
    assert floor.started[0].told == [signal.SIGKILL]
    assert floor.said[0] == f"worker 1 answers no more since {MOST_STILL} s; it is killed."


def test_pauses_double_up_to_half_a_minute() -> None:
    assert [pause_after(ends) for ends in (0, 1, 2, 3, 20)] == [0.0, 0.25, 0.5, 1.0, 30.0]


def test_a_line_that_several_workers_say_is_said_once() -> None:
    line, own = WorkerLine(text="late: version 2 answers"), WorkerLine(text="late: could not be warmed")
    floor = Floor(2, {0: [([READY, line, line], None)], 1: [([READY, line, own], None)]}, end_after=3)
    floor.plan[2] = []
    floor.supervisor.slots[1].due = 0.0
    floor.end_after = 2
    floor.supervisor.run()
    assert floor.said == [line.text, line.text, own.text]


def test_the_second_signal_ends_what_is_under_way_and_the_third_kills() -> None:
    floor = Floor(1, {}, end_after=99)
    worker = floor.supervisor.slots[0].worker = PaperWorker(0, [], None)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGTERM):
        floor.supervisor._end_workers(number)
    assert worker.told == [signal.SIGTERM, signal.SIGINT, signal.SIGKILL]
