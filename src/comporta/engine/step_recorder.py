"""What one run writes into the ledger: claims, answers, failures, its beginning and its end.

A claim is a lease with a token that rises each time. Whoever holds the newest may commit an outcome; one who
was stopped beyond the end of its lease, and comes back, is refused.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from comporta.engine.failures import NodeFailure
from comporta.engine.projections import CANCELS, CLAIMS, RUNS, STEPS, Claim
from comporta.engine.question import Question
from comporta.engine.reasons import PROCESS_ENDED
from comporta.engine.run_folders import RunFolders
from comporta.ledger import Ledger
from comporta.records import Answer, Artifact, Run, Step, Text, Transaction
from comporta.records.facts import RunEnded, RunStarted, StepAnswered, StepClaimed, StepFailure, StepsReused

LEASE = timedelta(seconds=60)


class Hits(NamedTuple):
    """The answers taken from memory. nodes: name → recipe digest. from_others: answers of other projects of
    the ledger, to be recorded in this project's chain."""

    nodes: Mapping[str, str] = {}
    from_others: Sequence[StepAnswered] = ()


class StepRecorder:
    """Records the facts of one run. Used by several threads."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        run: str,
        folders: RunFolders,
        clock: Callable[[], datetime],
        lease: timedelta = LEASE,
    ) -> None:
        self._ledger, self._folders, self._clock, self._lease = ledger, folders, clock, lease
        self.run = run
        self._claims: dict[str, StepClaimed] = {}
        self._lock = threading.Lock()

    def begin(self, started: RunStarted, hits: Hits, *, ended: bool) -> Run:
        """Records the run's first facts and the plan's hits; its end too where nothing is left to run."""
        ended_runs = self._folders.ended_runs()

        def act(tx: Transaction) -> None:
            for run in ended_runs:
                end_stopped(tx, run)
            tx.append(started)
            _append_hits(tx, self.run, hits)
            if ended:
                tx.append(RunEnded(run=self.run, outcome="done"))

        self._ledger.transact(act)
        for run in ended_runs:
            self._folders.remove(run)
        return self.current()

    def record_hits(self, hits: Hits) -> None:
        """Records answers taken from memory, in one transaction."""
        self._ledger.transact(lambda tx: _append_hits(tx, self.run, hits))

    def end(self, outcome: str, reason: Text, hits: Hits, details: Artifact | None = None) -> Run:
        """Records the run's end."""

        def act(tx: Transaction) -> None:
            _append_hits(tx, self.run, hits)
            tx.append(RunEnded(run=self.run, outcome=outcome, reason=reason, details=details))

        self._ledger.transact(act)
        return self.current()

    def current(self) -> Run:
        """The run as it stands."""
        run = self._ledger.get(RUNS, self.run)
        assert run is not None, "a run that began is in its projection"
        return run

    def is_cancelled(self) -> bool:
        """Whether somebody asked for the run's end."""
        return self._ledger.get(CANCELS, self.run) is not None

    def claim(self, question: Question, seen: Step | None) -> StepClaimed | None:
        """The claim; None where another run holds it, or where the newest answer is no longer `seen`."""

        def act(tx: Transaction) -> StepClaimed | None:
            if tx.get(STEPS, question.digest) != seen:
                return None
            known = tx.get(CLAIMS, question.digest)
            if known is not None and self._holds(tx, known):
                return None
            fact = StepClaimed(
                run=self.run,
                node=question.node.name,
                recipe=question.digest,
                holder=self.run,
                token=1 if known is None else known.token + 1,
                until=self._clock() + self._lease,
            )
            tx.append(fact)
            return fact

        claim = self._ledger.transact(act)
        if claim is not None:
            with self._lock:
                self._claims[claim.recipe] = claim
        return claim

    def _holds(self, tx: Transaction, claim: Claim) -> bool:
        if not claim.holder or claim.until <= self._clock():
            return False
        run = tx.get(RUNS, claim.run)
        return (run is None or run.ended is None) and not self._folders.has_ended(claim.run)

    def renew(self) -> None:
        """Renews the claims that are a third through; one that another run took over is left alone."""
        now = self._clock()
        with self._lock:
            due = [each for each in self._claims.values() if each.until - now < self._lease * 2 / 3]
        if not due:
            return

        def act(tx: Transaction) -> list[StepClaimed]:
            renewed = []
            for each in due:
                known = tx.get(CLAIMS, each.recipe)
                if known is not None and (known.token, known.holder) == (each.token, each.holder):
                    renewed.append(msgspec.structs.replace(each, until=now + self._lease))
                    tx.append(renewed[-1])
            return renewed

        for each in self._ledger.transact(act):
            with self._lock:
                if each.recipe in self._claims:
                    self._claims[each.recipe] = each

    def record_answer(self, question: Question, claim: StepClaimed | None, step: Step) -> Step | None:
        """Records the answer and returns it; None, recording nothing, if the claim is no longer the
        newest."""

        def act(tx: Transaction) -> Step | None:
            if claim is not None and not self._is_newest(tx, claim):
                return None
            tx.append(
                StepAnswered(
                    run=self.run,
                    node=question.node.name,
                    recipe=question.digest,
                    question=question.recipe,
                    outputs=step.outputs,
                    cost=step.cost,
                    log=step.log,
                    token=0 if claim is None else claim.token,
                )
            )
            return tx.get(STEPS, question.digest)

        self._forget(question)
        return self._ledger.transact(act)

    def record_failure(self, question: Question, claim: StepClaimed | None, failed: NodeFailure) -> None:
        """Records the failure and releases the claim."""

        def act(tx: Transaction) -> None:
            if claim is None or self._is_newest(tx, claim):
                tx.append(
                    StepFailure(
                        run=self.run,
                        node=question.node.name,
                        recipe=question.digest,
                        why=failed.why,
                        log=failed.log,
                        token=0 if claim is None else claim.token,
                    )
                )

        self._forget(question)
        self._ledger.transact(act)

    def _is_newest(self, tx: Transaction, claim: StepClaimed) -> bool:
        known = tx.get(CLAIMS, claim.recipe)
        return known is not None and (known.token, known.holder) == (claim.token, claim.holder)

    def _forget(self, question: Question) -> None:
        with self._lock:
            self._claims.pop(question.digest, None)


def end_stopped(tx: Transaction, run: str) -> None:
    """Records the end of a run whose process ended without doing so."""
    known = tx.get(RUNS, run)
    if known is not None and known.ended is None:
        tx.append(RunEnded(run=run, outcome="stopped", reason=PROCESS_ENDED()))


def answer_of_other_project(question: Question, answer: Answer) -> StepAnswered:
    """An answer of another project's run as one of this project: its lineage needs no other chain."""
    step = answer.step
    return StepAnswered(
        run=step.run,
        node=question.node.name,
        recipe=question.digest,
        question=question.recipe,
        outputs=step.outputs,
        cost=step.cost,
        log=step.log,
        source=answer.source,
    )


def _append_hits(tx: Transaction, run: str, hits: Hits) -> None:
    for fact in hits.from_others:
        if tx.get(STEPS, fact.recipe) is None:  # else another run took it over meanwhile
            tx.append(fact)
    if hits.nodes:
        tx.append(StepsReused(run=run, nodes=dict(hits.nodes)))
