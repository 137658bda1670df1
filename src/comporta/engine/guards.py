"""The one door behind which questions are answered: guards, each a function that takes the next.

    cached → budgeted → recorded → run

`cached` answers from memory; `budgeted` lets nothing through whose budget is spent; `recorded` lets one asker
at a time through and keeps what comes of it; `run` has an executor do the work.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from threading import Event

import msgspec

from comporta import errors
from comporta.engine.book import Book
from comporta.engine.executor import Differs, Executor, Failed, Task
from comporta.engine.question import Question
from comporta.engine.readings import STEPS
from comporta.ledger import Ledger
from comporta.records import Answer, Artifact, Cost, Node, Step
from comporta.store import Desk, Store, artifact_name, is_kept, place_of

Door = Callable[[Question], Answer]
Say = Callable[[str, str], None]
Took = Callable[[Node, Cost], None]
_LONGEST_LOG = 4 << 20  # bytes kept from a log's beginning, and again from its end
_WAIT = 0.05  # seconds between two looks at a question that another asks


class Memory:
    """The remembered answers whose every part is still there."""

    def __init__(self, ledger: Ledger, store: Store) -> None:
        self._ledger, self._store = ledger, store

    def newest(self, question: Question) -> Step | None:
        return self._ledger.get(STEPS, question.digest)

    def whole(self, step: Step) -> bool:
        """Whether every artifact it made is in the store, of the size it was written with."""
        made = (asset for asset in step.outputs.values() if isinstance(asset, Artifact))
        return all(is_kept(self._store, artifact) for artifact in made)

    def answer(self, question: Question) -> Answer | None:
        """The remembered answer, or None where it must be asked."""
        if not question.node.remember:
            return None
        step = self.newest(question)
        if step is None:
            return self._of_another_project(question)
        return reused(question, step) if self.whole(step) else None

    def _of_another_project(self, question: Question) -> Answer | None:
        """What another project of this ledger was answered; the run's book enters it in this one's chain.
        Artifacts alone are shared: a dataset version lies where only its own project reads it."""
        for project, step in self._ledger.others(STEPS, question.digest):
            if all(isinstance(asset, Artifact) for asset in step.outputs.values()) and self.whole(step):
                return reused(question, step, project)
        return None


def reused(question: Question, step: Step, source: str = "") -> Answer:
    return Answer(node=question.node.name, recipe=question.digest, step=step, reused=True, source=source)


def cached(ask: Door, memory: Memory) -> Door:
    """Answers from memory what it can."""

    def door(question: Question) -> Answer:
        return memory.answer(question) or ask(question)

    return door


def budgeted(ask: Door, book: Book, spent: Callable[[Node], bool]) -> Door:
    """Asks nothing anew once what its budget has was spent. Raises Failed, kept as a fact."""

    def door(question: Question) -> Answer:
        name = question.node.name
        if not spent(question.node):
            return ask(question)
        message = (
            f"{name}: the time that it shares with others was spent. Asked again, it goes on from there."
        )
        failed = Failed(errors.LimitPassed(message), "late", f"{name}: its budget was spent")
        book.failed(question, None, failed)
        raise failed

    return door


def recorded(ask: Door, book: Book, memory: Memory, *, say: Say, stopped: Event) -> Door:
    """Claims the question, asks, and keeps the outcome. While another holds it, waits for that answer."""

    def door(question: Question) -> Answer:
        while True:
            seen = memory.newest(question)
            if seen is not None and question.node.remember and memory.whole(seen):
                return reused(question, seen)
            claim = book.claim(question, seen)
            if claim is None:
                say(question.node.name, "waiting")
                if stopped.wait(_WAIT):
                    raise Failed(errors.StepFailed(f"{question.node.name}: stopped"), "stopped", "stopped")
                continue
            say(question.node.name, "started")
            try:
                answer = ask(question)
            except Failed as failed:
                book.failed(question, claim, failed)
                raise
            except Differs:
                book.failed(question, claim, Failed(errors.StepFailed(""), "stopped", "other code"))
                raise
            step = book.answered(question, claim, answer.step)
            if step is not None:
                return msgspec.structs.replace(answer, step=step)
            # The lease ended meanwhile and another took over: its answer counts.

    return door


def run(
    executor: Executor,
    desk: Desk,
    folder: Path,
    run: str,
    *,
    took: Took = lambda node, cost: None,
    stopped: Event | None = None,
) -> Door:
    """Has the executor do it and keeps its log. Raises Failed, Differs.

    took: is told what each took, whatever came of it. stopped: once set, nothing is begun.
    """

    def door(question: Question) -> Answer:
        node = question.node
        if stopped is not None and stopped.is_set():
            raise Failed(errors.StepFailed(f"{node.name}: stopped"), "stopped", "stopped")
        scratch = Path(tempfile.mkdtemp(prefix="step-", dir=folder))
        try:
            task = Task(
                id=question.digest,
                node=node.name,
                recipe=question.recipe,
                scratch=str(scratch),
                limits=node.limits,
            )
            done = executor.run(task)
            took(node, done.cost)
            log = _log(scratch / "log", desk)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        if done.how == "differs":
            raise Differs(done)
        if done.how == "done":
            step = Step(recipe=question.digest, outputs=done.outputs, cost=done.cost, log=log, run=run)
            return Answer(node=node.name, recipe=question.digest, step=step, reused=False)
        kind = getattr(errors, done.error, errors.StepFailed)
        message = f"{node.name}: {done.message}"
        if issubclass(kind, errors.StepFailed):
            message = message.rstrip(". ") + "."
            if log is not None:
                message += f" Log: {place_of(desk.store, artifact_name(log.digest))}"
        error = kind(message)
        error.reason = f"{node.name}: {done.reason}"
        raise Failed(error, done.how, error.reason, log, done.raised)

    return door


def _log(path: Path, desk: Desk) -> Artifact | None:
    """What the step printed, kept; None when it printed nothing."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return None
    if not size:
        return None
    with path.open("rb") as file:
        if size <= 2 * _LONGEST_LOG:
            text = file.read()
        else:
            text = file.read(_LONGEST_LOG)
            file.seek(size - _LONGEST_LOG)
            text += b"\n... %d bytes left out ...\n" % (size - 2 * _LONGEST_LOG) + file.read()
    return desk.put(text, "text")
