"""One run of a plan: remembered answers are reused, the other steps start once their inputs are there."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Lock
from typing import NamedTuple

from comporta.engine import guards
from comporta.engine.code import CodeDigests
from comporta.engine.environment import Environment
from comporta.engine.failures import Differs, NodeFailure, combined_error
from comporta.engine.git import commit
from comporta.engine.inline import Inline
from comporta.engine.interruption import CancelledRun, Interruption
from comporta.engine.question import Question, known_inputs, question_of
from comporta.engine.ready_nodes import ReadyNodes
from comporta.engine.reasons import CANCELLED, INTERRUPTED, PROJECT_AT_FAULT, reason_of
from comporta.engine.run_folders import RunFolders
from comporta.engine.step_functions import Steps
from comporta.engine.step_recorder import Hits, StepRecorder, answer_of_other_project
from comporta.errors import BadProject, ComportaError
from comporta.ledger import Ledger
from comporta.records import NO_TEXT, Answer, Answers, Artifact, Asset, Cost, Node, Plan, Run, Step
from comporta.records.executor import Executor, Progress
from comporta.records.facts import RunStarted, StepAnswered
from comporta.records.recipe import RunPurpose
from comporta.store import StepContext

_BEAT = 0.1  # seconds between two looks at leases and at what there is to tell
_CANCEL_LOOK = 1.0  # seconds between two looks at whether somebody asked for the end
_MOST_THREADS = 64


class RunResult(NamedTuple):
    """What came of a plan. answers: of the nodes that have one. failure: of those that had to be answered and
    were not, the first one's error, which names all; None where there are none."""

    run: Run
    answers: Answers
    failure: ComportaError | None = None


class EngineParts(NamedTuple):
    """What an engine lends to each run. workers: an executor for the length of a `with`; True: one of its
    own. job: whose attempt it is, or empty."""

    root: Path
    context: StepContext
    ledger: Ledger
    clock: Callable[[], datetime]
    lease: timedelta
    folders: RunFolders
    memory: guards.Memory
    steps: Steps
    code: CodeDigests
    environment: Environment
    workers: Callable[[bool], AbstractContextManager[Executor]]
    job: str


class PlanRun:
    """One run of a plan. memory: whether remembered answers are used and new ones recorded."""

    def __init__(self, parts: EngineParts, plan: Plan, progress: Progress | None, memory: bool) -> None:
        self._parts, self._plan, self._memory = parts, plan, memory
        self._progress = progress
        self._began = time.monotonic()
        self._steps: dict[str, Step] = {}
        self._answers = Answers(plan)
        self._hits: dict[str, str] = {}
        self._from_others: list[StepAnswered] = []
        self._failed: dict[str, NodeFailure] = {}
        self._retried: dict[str, dict[str, str]] = {}
        self._messages: SimpleQueue[tuple[str, str, float]] = SimpleQueue()
        self._waiting: set[str] = set()
        self._from_end: set[str] = set()
        self._running: dict[Future[Answer], Question] = {}
        self._spent: defaultdict[str, float] = defaultdict(float)
        self._lock = Lock()
        self._stopped = Event()
        self._interruption = Interruption()

    def run(self, command: str, project: str, purpose: RunPurpose, by: str) -> RunResult:
        """The run and every answer there is. Raises as `Engine.ask_what_can`."""
        parts = self._parts
        looked = commit(parts.root)
        for node in self._plan.nodes:
            self._report(node.name, "planned")
        parts.memory.refresh()
        left = self._reuse() if self._memory else list(self._plan.nodes)
        id = f"{parts.clock():%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"
        recorder = StepRecorder(
            parts.ledger, run=id, folders=parts.folders, clock=parts.clock, lease=parts.lease
        )
        at, dirty = looked()
        started = RunStarted(
            run=id,
            project=project,
            command=command,
            purpose=purpose,
            commit=at,
            dirty=dirty,
            total=len(self._plan.nodes),
            by=by,
            job=parts.job,
        )
        if not left:
            return RunResult(recorder.begin(started, self._new_hits(), ended=True), self._answers)
        with parts.folders.open_folder(id) as folder:
            recorder.begin(started, self._new_hits(), ended=False)
            try:
                with self._interruption.watch(), parts.workers(not self._memory) as executor:
                    self._ask(executor, left, recorder, folder)
            except KeyboardInterrupt:
                recorder.end("stopped", INTERRUPTED(), self._new_hits())
                raise
            except CancelledRun:
                recorder.end("stopped", CANCELLED(), self._new_hits())
                raise
            except BadProject:
                recorder.end("failed", PROJECT_AT_FAULT(), self._new_hits())
                raise
            failed = {
                node.name: self._failed[node.name]
                for node in self._plan.nodes
                if node.name in self._failed and not node.allow_failure
            }
            if failed:
                error = combined_error(list(failed.values()))
                details = self._details(error.reason)
                run = recorder.end("failed", reason_of(failed), self._new_hits(), details)
                return RunResult(run, self._answers, error)
            return RunResult(recorder.end("done", NO_TEXT, self._new_hits()), self._answers)

    def _details(self, text: str) -> Artifact | None:
        """The failures' messages without values from the data, as an artifact; None where the disk is
        full."""
        with contextlib.suppress(ComportaError, OSError):
            return self._parts.context.put(text.encode(), "text")
        return None

    def _reuse(self) -> list[Node]:
        """Takes answers from memory up to the first node without one; returns that node and all after it."""
        for place, node in enumerate(self._plan.nodes):
            inputs = known_inputs(node, self._steps)
            assert inputs is not None, "a node comes after those that it reads"
            question = self._question(node, inputs)
            answer = self._parts.memory.answer(question)
            if answer is None:
                return list(self._plan.nodes[place:])
            self._add_answer(question, answer)
        return []

    def _ask(self, executor: Executor, left: list[Node], recorder: StepRecorder, folder: Path) -> None:
        parts = self._parts
        executor.warm(len(left))
        work = guards.run(
            executor, parts.context, folder, recorder.run, on_cost=self._add_cost, stopped=self._stopped
        )
        if self._memory:
            recorded = guards.with_record(
                work, recorder, parts.memory, notify=self._enqueue, stopped=self._stopped
            )
            handle = guards.with_budget(recorded, recorder, self._is_spent)
        else:
            handle = work
        ready = ReadyNodes(left, self._steps)
        unread = self._read_ahead(ready, left)
        if isinstance(executor, Inline):
            # Beside a step of this very process: CPython 3.11 may fail to parse in two threads at once.
            deque(unread, maxlen=0)
        pool = ThreadPoolExecutor(min(_MOST_THREADS, len(left)), thread_name_prefix="comporta-ask")
        try:
            self._loop(ready, unread, recorder, pool, handle, executor.workers)
        except BaseException:
            # No step may go on once the run is interrupted.
            self._stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            executor.stop()
            while live := [each for each in self._running if not each.done()]:
                wait(live, timeout=_BEAT)
                executor.stop()  # again: one that was on its way there may have begun meanwhile
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _loop(
        self,
        ready: ReadyNodes,
        unread: Iterator[Node],
        recorder: StepRecorder,
        pool: ThreadPoolExecutor,
        handle: guards.Handler,
        workers: int,
    ) -> None:
        """Starts each node once its inputs are there, until all have ended."""
        looks = time.monotonic()
        while ready or self._running:
            self._interruption.require_none()
            if time.monotonic() - looks >= _CANCEL_LOOK:
                if recorder.is_cancelled():
                    raise CancelledRun(recorder.run)
                looks = time.monotonic()
            for node in ready.take(
                lambda node: self._must_wait(node, workers), lambda node: self._is_next(node, workers)
            ):
                self._start(node, ready, pool, handle)
            self._record(recorder)
            if self._running:
                looked = next(unread, None)
                done, _ = wait(self._running, timeout=0 if looked else _BEAT, return_when=FIRST_COMPLETED)
                self._report_messages()
                recorder.renew()
                for future in done:
                    self._finish(self._running.pop(future), future, ready)

    def _record(self, recorder: StepRecorder) -> None:
        """Records the hits so far, together: `gc` must not remove what this run reads."""
        if self._hits:
            recorder.record_hits(self._new_hits())

    def _new_hits(self) -> Hits:
        """The hits not recorded yet; the caller records them."""
        hits = Hits(self._hits, self._from_others)
        self._hits, self._from_others = {}, []
        return hits

    def _question(self, node: Node, inputs: dict[str, Asset]) -> Question:
        parts = self._parts
        return question_of(
            node, inputs, parts.steps, parts.code, parts.environment, parts.context.keys.content
        )

    def _read_ahead(self, ready: ReadyNodes, left: list[Node]) -> Iterator[Node]:
        """Reads the code of later nodes, one at a time, while workers are at work. Raises BadProject where it
        cannot be read, without waiting for the nodes before it."""
        code = self._parts.code
        for node in left:
            if node in ready:
                code.of(self._parts.steps.references(node.run, node.uses))
                yield node

    def _start(self, node: Node, ready: ReadyNodes, pool: ThreadPoolExecutor, handle: guards.Handler) -> None:
        inputs = known_inputs(node, self._steps)
        assert inputs is not None, "a node is ready once all that it reads is answered"
        question = self._question(node, inputs)
        if self._memory and (answer := self._parts.memory.answer(question)) is not None:
            self._add_answer(question, answer)
            ready.add_answer(node.name)
            return
        if not self._memory:
            self._report(node.name, "started")
        self._running[pool.submit(handle, question)] = question

    def _must_wait(self, node: Node, workers: int) -> bool:
        """Whether as many nodes that have a budget as there are workers are still running: those start in the
        order of the plan."""
        return node.budget is not None and len(self._with_budget()) >= workers

    def _is_next(self, node: Node, workers: int) -> bool:
        """Whether this node, the last with a budget, is taken before the first: the slow ones stand last, and
        one of several workers does them beside the quick."""
        running = self._with_budget()
        if node.budget is None or not 0 < len(running) < workers or running & self._from_end:
            return False
        self._from_end.add(node.name)
        return True

    def _with_budget(self) -> set[str]:
        """Of what runs, what has a budget and waits for no other run."""
        running = (each.node for each in self._running.values())
        return {each.name for each in running if each.budget is not None and each.name not in self._waiting}

    def _add_cost(self, node: Node, cost: Cost) -> None:
        if node.budget is not None:
            with self._lock:
                self._spent[node.budget.of] += cost.wall_seconds

    def _is_spent(self, node: Node) -> bool:
        return node.budget is not None and self._spent[node.budget.of] >= node.budget.seconds

    def _finish(self, question: Question, future: Future[Answer], ready: ReadyNodes) -> None:
        name = question.node.name
        error = future.exception()
        if error is None:
            self._add_answer(question, future.result())
            ready.add_answer(name)
        elif isinstance(error, NodeFailure):
            self._fail(name, error, ready)
        elif isinstance(error, Differs):
            self._retry_with_values(question, error, ready)
        else:
            raise error

    def _fail(self, name: str, failed: NodeFailure, ready: ReadyNodes) -> None:
        """Notes the failure; what reads the node, directly or not, is skipped."""
        self._failed[name] = failed
        self._report(name, "skipped" if failed.why == "late" else "failed")
        for node in ready.drop_readers(name):
            self._report(node.name, "skipped")

    def _retry_with_values(self, question: Question, differs: Differs, ready: ReadyNodes) -> None:
        """Asks again with the constants that a fresh process made; fails where each process makes others."""
        node, code = question.node, self._parts.code
        refs = self._parts.steps.references(node.run, node.uses)
        code.refresh()
        mine, theirs = code.of(refs), differs.done
        others = {name for name, value in theirs.values.items() if mine.values.get(name) != value}
        if node.name in self._retried and (others or mine.digest != theirs.code):
            names = ", ".join(sorted(others)) or "its code"
            message = (
                f"{node.name}: found {names} with another value in each process, expected the same. "
                "Make it inside a function, or pass it as a parameter."
            )
            self._fail(
                node.name,
                NodeFailure(BadProject(message), "raised", f"{node.name}: a constant varies"),
                ready,
            )
            return
        self._retried[node.name] = theirs.values
        code.use_values(theirs.values)
        ready.put_back(node)

    def _add_answer(self, question: Question, answer: Answer) -> None:
        self._answers[answer.node] = answer
        self._steps[answer.node] = answer.step
        if answer.reused:
            self._hits[answer.node] = answer.recipe
            if answer.source:
                self._from_others.append(answer_of_other_project(question, answer))
        self._report(answer.node, "reused" if answer.reused else "done")

    def _enqueue(self, name: str, state: str) -> None:
        """Passes a state on from any thread, with the time."""
        self._messages.put((name, state, time.monotonic()))

    def _report_messages(self) -> None:
        """Reports the states that other threads passed on: `progress` is only called in the caller's
        thread."""
        while True:
            try:
                name, state, at = self._messages.get_nowait()
            except Empty:
                return
            if state == "waiting":
                if name in self._waiting:
                    continue
                self._waiting.add(name)
            elif state == "started":
                self._waiting.discard(name)
            if name not in self._answers:
                self._report(name, state, at)

    def _report(self, name: str, state: str, at: float | None = None) -> None:
        if self._progress is not None:
            self._progress(name, state, (time.monotonic() if at is None else at) - self._began)
