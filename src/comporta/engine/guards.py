"""What happens between a question and its answer: guards, each a handler that takes the next.

    cached → budgeted → recorded → run

`cached` takes the answer from memory; `budgeted` starts nothing once the budget is spent; `recorded` lets
one run at a time through and records the outcome; `run` has an executor run the step.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from threading import Event

import msgspec

from comporta import errors
from comporta.engine.failures import Differs, Failed
from comporta.engine.question import Question
from comporta.engine.readings import STEPS
from comporta.engine.step_recorder import StepRecorder
from comporta.ledger import Ledger
from comporta.records import Answer, Artifact, Cost, Node, Step
from comporta.records.executor import Executor, Task
from comporta.store import StepContext, Store, artifact_name, is_kept, place_of

Handler = Callable[[Question], Answer]
Notify = Callable[[str, str], None]
OnCost = Callable[[Node, Cost], None]
_LONGEST_LOG = 4 << 20  # bytes kept from a log's beginning, and again from its end
_WAIT = 0.05  # seconds between two looks at a question that another asks


class Memory:
    """Remembered answers whose artifacts are all in the store."""

    def __init__(self, ledger: Ledger, store: Store) -> None:
        self._ledger, self._store = ledger, store

    def newest(self, question: Question) -> Step | None:
        return self._ledger.get(STEPS, question.digest)

    def whole(self, step: Step) -> bool:
        """Whether every artifact it made is in the store, of the size it was written with."""
        made = (asset for asset in step.outputs.values() if isinstance(asset, Artifact))
        return all(is_kept(self._store, artifact) for artifact in made)

    def answer(self, question: Question) -> Answer | None:
        """The remembered answer, or None where the step must be run."""
        if not question.node.remember:
            return None
        step = self.newest(question)
        if step is None:
            return self._of_another_project(question)
        return remembered_answer(question, step) if self.whole(step) else None

    def _of_another_project(self, question: Question) -> Answer | None:
        """Another project's answer; the recorder enters it in this project's chain.
        Artifacts alone are shared: a dataset version lies where only its own project reads it."""
        for project, step in self._ledger.others(STEPS, question.digest):
            if all(isinstance(asset, Artifact) for asset in step.outputs.values()) and self.whole(step):
                return remembered_answer(question, step, project)
        return None


def remembered_answer(question: Question, step: Step, source: str = "") -> Answer:
    return Answer(node=question.node.name, recipe=question.digest, step=step, reused=True, source=source)


def cached(ask: Handler, memory: Memory) -> Handler:
    """Takes the answer from memory where there is one."""

    def handle(question: Question) -> Answer:
        return memory.answer(question) or ask(question)

    return handle


def budgeted(ask: Handler, recorder: StepRecorder, spent: Callable[[Node], bool]) -> Handler:
    """Starts nothing once the node's budget is spent. Raises Failed, recorded as a fact."""

    def handle(question: Question) -> Answer:
        name = question.node.name
        if not spent(question.node):
            return ask(question)
        message = (
            f"{name}: the time that it shares with others was spent. Asked again, it goes on from there."
        )
        failed = Failed(errors.LimitPassed(message), "late", f"{name}: its budget was spent")
        recorder.record_failure(question, None, failed)
        raise failed

    return handle


def recorded(
    ask: Handler, recorder: StepRecorder, memory: Memory, *, notify: Notify, stopped: Event
) -> Handler:
    """Claims the question, asks, and records the outcome. While another run holds it, waits for its
    answer."""

    def handle(question: Question) -> Answer:
        while True:
            seen = memory.newest(question)
            if seen is not None and question.node.remember and memory.whole(seen):
                return remembered_answer(question, seen)
            claim = recorder.claim(question, seen)
            if claim is None:
                notify(question.node.name, "waiting")
                if stopped.wait(_WAIT):
                    raise Failed(errors.StepFailed(f"{question.node.name}: stopped"), "stopped", "stopped")
                continue
            notify(question.node.name, "started")
            try:
                answer = ask(question)
            except Failed as failed:
                recorder.record_failure(question, claim, failed)
                raise
            except Differs:
                recorder.record_failure(
                    question, claim, Failed(errors.StepFailed(""), "stopped", "other code")
                )
                raise
            step = recorder.record_answer(question, claim, answer.step)
            if step is not None:
                return msgspec.structs.replace(answer, step=step)
            # The lease ended meanwhile and another took over: its answer counts.

    return handle


def run(
    executor: Executor,
    context: StepContext,
    folder: Path,
    run: str,
    *,
    on_cost: OnCost = lambda node, cost: None,
    stopped: Event | None = None,
) -> Handler:
    """Has the executor run the step, and stores its log. Raises Failed, Differs.

    on_cost: called with what each step took, whatever came of it. stopped: once set, nothing is started.
    """

    def handle(question: Question) -> Answer:
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
            on_cost(node, done.cost)
            log = _log(scratch / "log", context)
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
                message += f" Log: {place_of(context.store, artifact_name(log.digest))}"
        error = kind(message)
        error.reason = f"{node.name}: {done.reason}"
        raise Failed(error, done.how, error.reason, log, done.raised)

    return handle


def _log(path: Path, context: StepContext) -> Artifact | None:
    """What the step printed, stored; None when it printed nothing."""
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
    return context.put(text, "text")
