"""What happens between a question and its answer: guards, each a handler that takes the next.

    with_budget → with_record → run

`with_budget` starts nothing once the budget is spent; `with_record` lets one run at a time through and
records the outcome; `run` has an executor run the step.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path
from threading import Event

import msgspec

from comporta import errors
from comporta.engine.failures import Differs, NodeFailure
from comporta.engine.projections import STEPS
from comporta.engine.question import Question
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
        self._shared = True

    def refresh(self) -> None:
        """Looks whether the ledger has other projects: with none there is nobody else's answer to look for.
        One that joins later counts from the next time on."""
        self._shared = self._ledger.projects() not in ([], [self._ledger.project])

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
        if not self._shared:
            return None
        for project, step in self._ledger.others(STEPS, question.digest):
            if all(isinstance(asset, Artifact) for asset in step.outputs.values()) and self.whole(step):
                return remembered_answer(question, step, project)
        return None


def remembered_answer(question: Question, step: Step, source: str = "") -> Answer:
    return Answer(node=question.node.name, recipe=question.digest, step=step, reused=True, source=source)


def with_budget(ask: Handler, recorder: StepRecorder, spent: Callable[[Node], bool]) -> Handler:
    """Starts nothing once the node's budget is spent. Raises Failed, recorded as a fact."""

    def handle(question: Question) -> Answer:
        name = question.node.name
        if not spent(question.node):
            return ask(question)
        message = (
            f"{name}: the time that it shares with others was spent. Asked again, it goes on from there."
        )
        failed = NodeFailure(errors.LimitPassed(message), "late", f"{name}: its budget was spent")
        recorder.record_failure(question, None, failed)
        raise failed

    return handle


def with_record(
    ask: Handler, recorder: StepRecorder, memory: Memory, *, notify: Notify, stopped: Event
) -> Handler:
    """Claims the question, asks, and records the outcome. While another run holds it, waits for its
    answer."""

    def handle(question: Question) -> Answer:
        seen: Step | None = None  # most have no answer yet: only where a claim is refused is it looked up
        while True:
            claim = recorder.claim(question, seen)
            if claim is None:
                newest = memory.newest(question)
                if newest is not None and question.node.remember and memory.whole(newest):
                    return remembered_answer(question, newest)
                if newest != seen:
                    seen = newest
                    continue
                notify(question.node.name, "waiting")
                if stopped.wait(_WAIT):
                    raise NodeFailure(
                        errors.StepFailed(f"{question.node.name}: stopped"), "stopped", "stopped"
                    )
                continue
            notify(question.node.name, "started")
            try:
                answer = ask(question)
            except NodeFailure as failed:
                recorder.record_failure(question, claim, failed)
                raise
            except Differs:
                recorder.record_failure(
                    question, claim, NodeFailure(errors.StepFailed(""), "stopped", "other code")
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

    folder: of this run alone. on_cost: called with what each step took, whatever came of it. stopped: once
    set, nothing is started.
    """
    numbers = itertools.count(1)

    def handle(question: Question) -> Answer:
        node = question.node
        if stopped is not None and stopped.is_set():
            raise NodeFailure(errors.StepFailed(f"{node.name}: stopped"), "stopped", "stopped")
        scratch = folder / f"step-{next(numbers)}"
        scratch.mkdir(mode=0o700)
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
            _remove(scratch)
        if done.how == "differs":
            raise Differs(done)
        if done.how == "done":
            step = Step(recipe=question.digest, outputs=done.outputs, cost=done.cost, log=log, run=run)
            return Answer(node=node.name, recipe=question.digest, step=step, reused=False)
        kind = getattr(errors, done.error, errors.StepFailed)
        # Errors about a dataset's rows begin with its name, which is what a `data` node is called after.
        itself = issubclass(kind, errors.BadData) and node.key is not None and node.key.kind == "data"
        summary, where = done.message if itself else f"{node.name}: {done.message}", ""
        if issubclass(kind, errors.StepFailed):
            summary = summary.rstrip(". ") + "."
            if log is not None:
                where = f" Log: {place_of(context.store, artifact_name(log.digest))}"
        error = kind(summary + where)
        error.reason = f"{node.name}: {done.reason}"
        raise NodeFailure(error, done.how, error.reason, log, done.raised, summary)

    return handle


def _remove(folder: Path) -> None:
    try:
        folder.rmdir()  # most are empty, and to walk a folder takes longer than a step's answer
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)


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
