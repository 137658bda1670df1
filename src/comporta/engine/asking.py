"""One plan, asked: what is remembered is reused, the rest begins as soon as what it reads is there."""

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
from comporta.engine.book import Book, Hits, taken_over
from comporta.engine.code import Code
from comporta.engine.environment import Environment
from comporta.engine.executor import Differs, Executor, Failed, together
from comporta.engine.git import commit
from comporta.engine.here import Here
from comporta.engine.inline import Inline
from comporta.engine.question import Question, ask, known, reads
from comporta.engine.reasons import INTERRUPTED, PROJECT_AT_FAULT, reason_of
from comporta.engine.steps import Steps
from comporta.errors import BadProject, ComportaError
from comporta.ledger import Ledger
from comporta.records import Answer, Artifact, Asset, Cost, Node, Plan, Run, Step
from comporta.records.facts import RunStarted, StepAnswered
from comporta.store import Desk

Progress = Callable[[str, str, float], None]
"""Called with a node's name, its state and the seconds since the run began. States: `reused`, `waiting` (for
another run that asks the same), `started`, `done`, `failed`, `skipped` (something it reads failed, or its
budget was spent)."""

_BEAT = 0.1  # seconds between two looks at leases and at what there is to tell
_ASKED_AT_ONCE = 64


class Means(NamedTuple):
    """What an engine has for each plan. workers: an executor while a `with` lasts; True: of its own."""

    root: Path
    desk: Desk
    ledger: Ledger
    clock: Callable[[], datetime]
    lease: timedelta
    here: Here
    memory: guards.Memory
    steps: Steps
    code: Code
    environment: Environment
    workers: Callable[[bool], AbstractContextManager[Executor]]


class Asking:
    """One plan being asked. memory: whether what is remembered counts, and what comes of it is remembered."""

    def __init__(self, means: Means, plan: Plan, progress: Progress | None, memory: bool) -> None:
        self._means, self._plan, self._memory = means, plan, memory
        self._progress = progress
        self._began = time.monotonic()
        self._steps: dict[str, Step] = {}
        self._answers: dict[str, Answer] = {}
        self._hits: dict[str, str] = {}
        self._taken: list[StepAnswered] = []
        self._failed: dict[str, Failed] = {}
        self._skipped: set[str] = set()
        self._again: dict[str, dict[str, str]] = {}
        self._said: SimpleQueue[tuple[str, str, float]] = SimpleQueue()
        self._waiting: set[str] = set()
        self._running: dict[Future[Answer], Question] = {}
        self._spent: defaultdict[str, float] = defaultdict(float)
        self._lock = Lock()
        self._stopped = Event()

    def run(self, command: str, project: str) -> tuple[Run, dict[str, Answer]]:
        """The run and every node's answer. Raises as `Engine.ask`."""
        means = self._means
        looked = commit(means.root)
        left = self._reuse() if self._memory else list(self._plan.nodes)
        run = f"{means.clock():%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"
        book = Book(means.ledger, run=run, here=means.here, clock=means.clock, lease=means.lease)
        at, dirty = looked()
        started = RunStarted(
            run=run, project=project, command=command, commit=at, dirty=dirty, total=len(self._plan.nodes)
        )
        if not left:
            return book.begin(started, self._told(), ended=True), self._answers
        with means.here.living(run) as folder:
            book.begin(started, self._told(), ended=False)
            try:
                with means.workers(not self._memory) as executor:
                    self._ask(executor, left, book, folder)
            except KeyboardInterrupt:
                book.end("stopped", INTERRUPTED(), self._told())
                raise
            except BadProject:
                book.end("failed", PROJECT_AT_FAULT(), self._told())
                raise
            failed = {
                node.name: self._failed[node.name]
                for node in self._plan.nodes
                if node.name in self._failed and not node.spare
            }
            if failed:
                error = together(list(failed.values()))
                book.end("failed", reason_of(failed), self._told(), self._details(error.reason))
                raise error
            return book.end("done", "", self._told()), self._answers

    def _details(self, text: str) -> Artifact | None:
        """What the failed steps say, without values from the data, kept; a full disk hides no failure."""
        with contextlib.suppress(ComportaError, OSError):
            return self._means.desk.put(text.encode(), "text")
        return None

    def _reuse(self) -> list[Node]:
        """Answers from memory up to the first node that must be asked; that and all after it are left, to be
        looked at while it is at work."""
        for place, node in enumerate(self._plan.nodes):
            inputs = known(node, self._steps)
            assert inputs is not None, "a node comes after those that it reads"
            question = self._question(node, inputs)
            answer = self._means.memory.answer(question)
            if answer is None:
                return list(self._plan.nodes[place:])
            self._keep(question, answer)
        return []

    def _ask(self, executor: Executor, left: list[Node], book: Book, folder: Path) -> None:
        means = self._means
        executor.warm(len(left))
        work = guards.run(executor, means.desk, folder, book.run, took=self._took, stopped=self._stopped)
        if self._memory:
            recorded = guards.recorded(work, book, means.memory, say=self._say, stopped=self._stopped)
            within = guards.budgeted(recorded, book, self._over)
            door = guards.cached(within, means.memory)
        else:
            door = work
        ahead = self._ahead(left)
        if isinstance(executor, Inline):
            # Beside a step of this very process: CPython 3.11 may fail to parse in two threads at once.
            deque(ahead, maxlen=0)
        pool = ThreadPoolExecutor(min(_ASKED_AT_ONCE, len(left)), thread_name_prefix="comporta-ask")
        try:
            self._turn(left, ahead, book, pool, door, executor.workers)
        except BaseException:
            # Nothing may go on behind an interrupted run's back.
            self._stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            executor.stop()
            while live := [each for each in self._running if not each.done()]:
                wait(live, timeout=_BEAT)
                executor.stop()  # again: one that was on its way there may have begun meanwhile
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _turn(
        self,
        left: list[Node],
        ahead: Iterator[Node],
        book: Book,
        pool: ThreadPoolExecutor,
        door: guards.Door,
        workers: int,
    ) -> None:
        """Asks what can be asked, until nothing is left."""
        while left or self._running:
            for node in tuple(left):
                if reads(node) & (self._failed.keys() | self._skipped):
                    left.remove(node)
                    self._skipped.add(node.name)
                    self._tell(node.name, "skipped")
                    continue
                inputs = known(node, self._steps)
                if inputs is None or self._after(node, workers):
                    continue
                left.remove(node)
                self._one(node, inputs, pool, door)
            self._record(book)
            if self._running:
                looked = next(ahead, None)
                done, _ = wait(self._running, timeout=0 if looked else _BEAT, return_when=FIRST_COMPLETED)
                self._listen()
                book.renew()
                for future in done:
                    self._came(self._running.pop(future), future, left)

    def _record(self, book: Book) -> None:
        """What was reused so far is kept as a fact now, together: what the run reads must not be swept."""
        if self._hits:
            book.reused(self._told())

    def _told(self) -> Hits:
        """What was reused and is no fact yet; from now on it is one."""
        hits = Hits(self._hits, self._taken)
        self._hits, self._taken = {}, []
        return hits

    def _question(self, node: Node, inputs: dict[str, Asset]) -> Question:
        means = self._means
        return ask(node, inputs, means.steps, means.code, means.environment, means.desk.keys.content)

    def _ahead(self, left: list[Node]) -> Iterator[Node]:
        """Looks at the code of what is asked later, one node at a time, while workers are at work. Raises
        BadProject where it cannot be read: not only once all before it is done."""
        code = self._means.code
        for node in tuple(left):
            if node in left:
                code.of(self._means.steps.references(node.run, node.uses))
                yield node

    def _one(self, node: Node, inputs: dict[str, Asset], pool: ThreadPoolExecutor, door: guards.Door) -> None:
        question = self._question(node, inputs)
        if self._memory and (answer := self._means.memory.answer(question)) is not None:
            self._keep(question, answer)
            return
        if not self._memory:
            self._tell(node.name, "started")
        self._running[pool.submit(door, question)] = question

    def _after(self, node: Node, workers: int) -> bool:
        """Whether it shares a budget and those before it come first: of what waits for room together nobody
        knows which begins."""
        if node.budget is None:
            return False
        others = (each.node for each in self._running.values())
        return sum(each.budget is not None and each.name not in self._waiting for each in others) >= workers

    def _took(self, node: Node, cost: Cost) -> None:
        if node.budget is not None:
            with self._lock:
                self._spent[node.budget.of] += cost.wall_seconds

    def _over(self, node: Node) -> bool:
        return node.budget is not None and self._spent[node.budget.of] >= node.budget.seconds

    def _came(self, question: Question, future: Future[Answer], left: list[Node]) -> None:
        name = question.node.name
        error = future.exception()
        if error is None:
            self._keep(question, future.result())
        elif isinstance(error, Failed):
            self._failed[name] = error
            self._tell(name, "skipped" if error.why == "late" else "failed")
        elif isinstance(error, Differs):
            self._differs(question, error, left)
        else:
            raise error

    def _differs(self, question: Question, differs: Differs, left: list[Node]) -> None:
        """A fresh process made other constants: its word counts, once; then they are not constant at all."""
        node, code = question.node, self._means.code
        refs = self._means.steps.references(node.run, node.uses)
        code.refresh()
        mine, theirs = code.of(refs), differs.done
        others = {name for name, value in theirs.values.items() if mine.values.get(name) != value}
        if node.name in self._again and (others or mine.digest != theirs.code):
            names = ", ".join(sorted(others)) or "its code"
            message = (
                f"{node.name}: found {names} with another value in each process, expected the same. "
                "Make it inside a function, or pass it as a parameter."
            )
            failed = Failed(BadProject(message), "raised", f"{node.name}: a constant varies")
            self._failed[node.name] = failed
            self._tell(node.name, "failed")
            return
        self._again[node.name] = theirs.values
        code.told(theirs.values)
        left.insert(0, node)

    def _keep(self, question: Question, answer: Answer) -> None:
        self._answers[answer.node] = answer
        self._steps[answer.node] = answer.step
        if answer.reused:
            self._hits[answer.node] = answer.recipe
            if answer.source:
                self._taken.append(taken_over(question, answer))
        self._tell(answer.node, "reused" if answer.reused else "done")

    def _say(self, name: str, state: str) -> None:
        """From any thread; told at the next look, with the time it was said."""
        self._said.put((name, state, time.monotonic()))

    def _listen(self) -> None:
        """Tells what the asking threads said; the callback is only ever called from the caller's thread."""
        while True:
            try:
                name, state, at = self._said.get_nowait()
            except Empty:
                return
            if state == "waiting":
                if name in self._waiting:
                    continue
                self._waiting.add(name)
            elif state == "started":
                self._waiting.discard(name)
            if name not in self._answers:
                self._tell(name, state, at)

    def _tell(self, name: str, state: str, at: float | None = None) -> None:
        if self._progress is not None:
            self._progress(name, state, (time.monotonic() if at is None else at) - self._began)
