"""Plan in, answers out: what is remembered is reused, the rest is asked, as much at once as there is room."""

from __future__ import annotations

import secrets
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Lock

from comporta.engine import guards
from comporta.engine.book import LEASE, Book
from comporta.engine.code import Code
from comporta.engine.environment import Environment
from comporta.engine.executor import Differs, Executor, Failed, together
from comporta.engine.git import commit
from comporta.engine.here import Here
from comporta.engine.inline import Inline
from comporta.engine.local import Local, room
from comporta.engine.question import Question, ask, check, known, reads, references
from comporta.errors import BadProject
from comporta.ledger import Ledger
from comporta.project.sources import own
from comporta.records import Answer, Asset, Cost, Node, Plan, Run, Step
from comporta.records.facts import RunStarted
from comporta.store import Desk, Keys, Store

Progress = Callable[[str, str, float], None]
"""Called with a node's name, its state and the seconds since the run began. States: `reused`, `waiting` (for
another run that asks the same), `started`, `done`, `failed`, `skipped` (something it reads failed, or its
budget was spent)."""

_BEAT = 0.1  # seconds between two looks at leases and at what there is to tell
_ASKED_AT_ONCE = 64


class Engine:
    """Asks plans of one project. Its worker processes stay warm between plans, until `close()`.

    executor: a URL (`local://?workers=2&threads=1`; `inline://`: everything in this process) or one made
    elsewhere. present: whether a slice of a dataset is still there; None: always. lease: how long a claim
    holds unless renewed. home: below whose `.comporta/` runs keep their scratch; None: `root`.
    """

    def __init__(
        self,
        store: Store,
        keys: Keys,
        ledger: Ledger,
        root: Path,
        clock: Callable[[], datetime],
        executor: str | Executor = "local://",
        *,
        present: Callable[[Asset], bool] | None = None,
        lease: timedelta = LEASE,
        home: Path | None = None,
    ) -> None:
        self._store, self._keys, self._ledger = store, keys, ledger
        self._root = root.resolve()
        self._clock, self._lease = clock, lease
        self._desk = Desk(store=store, keys=keys)
        self._memory = guards.Memory(ledger, store, present)
        self._here = Here((home or root).resolve())
        self._executor: Executor | None = None
        self._make: Callable[[], Executor]
        if isinstance(executor, str):
            self._threads, self._make = self._from_url(executor)
        else:
            self._threads, self._executor = executor.threads, executor
        self._inline = Inline(root=self._root, desk=self._desk, threads=self._threads)
        self._code = Code(self._root)
        self._environment = Environment(self._threads)

    def ask(
        self,
        plan: Plan,
        *,
        command: str = "",
        project: str = "",
        progress: Progress | None = None,
        memory: bool = True,
    ) -> tuple[Run, dict[str, Answer]]:
        """The run and every node's answer.

        memory: False asks everything again in fresh processes and remembers none of it: what `reproduce`
        compares. Raises StepFailed, LimitPassed, or what a step raised that is an error of Comporta's, once
        the nodes that do not depend on it have ended: of several the first, which then names all. Raises
        BadProject; StorageFull; KeyboardInterrupt when interrupted, once every process is dead. Where a
        spare node fails, only its answer is left out.
        """
        check(plan)
        self._code.refresh()
        asking = _Asking(self, plan, progress, memory)
        return asking.run(command, project)

    def digest(self, *functions: str) -> str:
        """The digest of the code that these references reach, as a recipe would name it now."""
        self._code.refresh()
        return self._code.of(functions).digest

    def declared(self, functions: Iterable[str], *, here: bool = False) -> str:
        """The digest of the project's own code that these references reach: Comporta's own and what is
        installed left out, so that it stays the same under another release of them.

        here: they run in this process, so what was imported must be what is written. Raises BadProject.
        """
        self._code.refresh()
        reach = self._code.of(functions)
        edited = [file for file in self._code.stale(reach) if not own(file)] if here else []
        if edited:
            raise BadProject(
                f"{edited[0]}: found it edited since it was imported, expected the text that runs here. "
                "Start again, so that it is imported anew."
            )
        return reach.own

    def close(self) -> None:
        """Ends the worker processes."""
        if self._executor is not None:
            self._executor.close()

    def _from_url(self, url: str) -> tuple[int, Callable[[], Executor]]:
        if url == "inline://":
            return 1, lambda: Inline(root=self._root, desk=self._desk, threads=1)
        workers, threads = room(url)
        return threads, lambda: Local(
            root=self._root, store=self._store.url, keys=self._keys, workers=workers, threads=threads
        )

    def _started(self) -> Executor:
        if self._executor is None:
            self._executor = self._make()
        return self._executor

    def _fresh(self) -> Executor:
        return self._make() if hasattr(self, "_make") else self._started()

    def _question(self, node: Node, inputs: dict[str, Asset]) -> Question:
        return ask(node, inputs, self._code, self._environment, self._keys.content)


class _Asking:
    """One plan being asked."""

    def __init__(self, engine: Engine, plan: Plan, progress: Progress | None, memory: bool) -> None:
        self._engine, self._plan, self._memory = engine, plan, memory
        self._progress = progress
        self._began = time.monotonic()
        self._steps: dict[str, Step] = {}
        self._answers: dict[str, Answer] = {}
        self._hits: dict[str, str] = {}
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
        engine = self._engine
        looked = commit(engine._root)
        left = self._reuse() if self._memory else list(self._plan.nodes)
        run = f"{engine._clock():%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"
        book = Book(engine._ledger, run=run, here=engine._here, clock=engine._clock, lease=engine._lease)
        at, dirty = looked()
        started = RunStarted(
            run=run, project=project, command=command, commit=at, dirty=dirty, total=len(self._plan.nodes)
        )
        if not left:
            return book.begin(started, self._hits, ended=True), self._answers
        with engine._here.living(run) as folder:
            book.begin(started, self._hits, ended=False)
            self._hits = {}
            try:
                self._ask(left, book, folder)
            except KeyboardInterrupt:
                book.end("stopped", "interrupted", self._hits)
                raise
            except BadProject:
                book.end("failed", "the project is at fault", self._hits)
                raise
            failed = [
                self._failed[node.name]
                for node in self._plan.nodes
                if node.name in self._failed and not node.spare
            ]
            if failed:
                error = together(failed)
                book.end("failed", error.reason, self._hits)
                raise error
            return book.end("done", "", self._hits), self._answers

    def _reuse(self) -> list[Node]:
        """Answers from memory up to the first node that must be asked; that and all after it are left, to be
        looked at while it is at work."""
        for place, node in enumerate(self._plan.nodes):
            inputs = known(node, self._steps)
            assert inputs is not None, "a node comes after those that it reads"
            answer = self._engine._memory.answer(self._engine._question(node, inputs))
            if answer is None:
                return list(self._plan.nodes[place:])
            self._keep(answer)
        return []

    def _ask(self, left: list[Node], book: Book, folder: Path) -> None:
        engine = self._engine
        executor = engine._started() if self._memory else engine._fresh()
        executor.warm(sum(not node.inline or not self._memory for node in left))
        work = guards.run(executor, engine._desk, folder, book.run, took=self._took, stopped=self._stopped)
        if self._memory:
            recorded = guards.recorded(work, book, engine._memory, say=self._say, stopped=self._stopped)
            within = guards.budgeted(recorded, book, self._over)
            door = guards.cached(within, engine._memory)
            aside = guards.run(engine._inline, engine._desk, folder, book.run, shared=True)
            inline = guards.noted(aside, book)
            here = guards.cached(inline, engine._memory)
        else:
            door = here = work
        ahead = self._ahead(left)
        if isinstance(executor, Inline):
            # Beside a step of this very process: CPython 3.11 may fail to parse in two threads at once.
            deque(ahead, maxlen=0)
        pool = ThreadPoolExecutor(min(_ASKED_AT_ONCE, len(left)), thread_name_prefix="comporta-ask")
        try:
            self._turn(left, ahead, book, pool, door, here, executor.workers)
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
            if not self._memory and executor is not engine._executor:
                executor.close()

    def _turn(
        self,
        left: list[Node],
        ahead: Iterator[Node],
        book: Book,
        pool: ThreadPoolExecutor,
        door: guards.Door,
        here: guards.Door,
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
                self._one(node, inputs, pool, door, here, left)
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
            book.reused(self._hits)
            self._hits = {}

    def _ahead(self, left: list[Node]) -> Iterator[Node]:
        """Looks at the code of what is asked later, one node at a time, while workers are at work. Raises
        BadProject where it cannot be read: not only once all before it is done."""
        code = self._engine._code
        for node in tuple(left):
            if node in left:
                code.of(references(node.run, node.uses))
                yield node

    def _one(
        self,
        node: Node,
        inputs: dict[str, Asset],
        pool: ThreadPoolExecutor,
        door: guards.Door,
        here: guards.Door,
        left: list[Node],
    ) -> None:
        engine = self._engine
        question = engine._question(node, inputs)
        inline = node.inline and self._memory
        if inline and not engine._code.stale(engine._code.of(references(node.run, node.uses))):
            future: Future[Answer] = Future()
            try:
                future.set_result(here(question))
            except Failed as failed:
                future.set_exception(failed)
            self._came(question, future, left)
            return
        if self._memory and (answer := engine._memory.answer(question)) is not None:
            self._keep(answer)
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
            self._keep(future.result())
        elif isinstance(error, Failed):
            self._failed[name] = error
            self._tell(name, "skipped" if error.why == "late" else "failed")
        elif isinstance(error, Differs):
            self._differs(question, error, left)
        else:
            raise error

    def _differs(self, question: Question, differs: Differs, left: list[Node]) -> None:
        """A fresh process made other constants: its word counts, once; then they are not constant at all."""
        node, code = question.node, self._engine._code
        refs = references(node.run, node.uses)
        code.refresh()
        mine, theirs = code.of(refs), differs.done
        others = {name for name, value in theirs.values.items() if mine.values.get(name) != value}
        if node.name in self._again and others | (mine.parts.items() ^ theirs.parts.items()):
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

    def _keep(self, answer: Answer) -> None:
        self._answers[answer.node] = answer
        self._steps[answer.node] = answer.step
        if answer.reused:
            self._hits[answer.node] = answer.recipe
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
