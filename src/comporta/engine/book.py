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

from comporta.engine.executor import Failed
from comporta.engine.here import Here
from comporta.engine.question import Question
from comporta.engine.readings import CLAIMS, RUNS, STEPS, Claim
from comporta.engine.reasons import PROCESS_ENDED
from comporta.ledger import Ledger
from comporta.records import Answer, Artifact, Run, Step, Text, Transaction
from comporta.records.facts import RunEnded, RunStarted, StepAnswered, StepClaimed, StepFailure, StepsReused

LEASE = timedelta(seconds=60)


class Hits(NamedTuple):
    """What memory answered. nodes: name → recipe digest. taken: what another project of the ledger was
    answered, to be entered in this one's chain."""

    nodes: Mapping[str, str] = {}
    taken: Sequence[StepAnswered] = ()


class Book:
    """The facts of one run. Used by several threads."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        run: str,
        here: Here,
        clock: Callable[[], datetime],
        lease: timedelta = LEASE,
    ) -> None:
        self._ledger, self._here, self._clock, self._lease = ledger, here, clock, lease
        self.run = run
        self._held: dict[str, StepClaimed] = {}
        self._lock = threading.Lock()

    def begin(self, started: RunStarted, hits: Hits, *, ended: bool) -> Run:
        """The run's first facts, with all hits of its plan; its last one too where nothing is left to ask."""
        left = self._here.left()

        def act(tx: Transaction) -> None:
            for run in left:
                known = tx.get(RUNS, run)
                if known is not None and known.ended is None:
                    tx.append(RunEnded(run=run, outcome="stopped", reason=PROCESS_ENDED()))
            tx.append(started)
            _hit(tx, self.run, hits)
            if ended:
                tx.append(RunEnded(run=self.run, outcome="done"))

        self._ledger.transact(act)
        for run in left:
            self._here.clear(run)
        return self.now()

    def reused(self, hits: Hits) -> None:
        """What memory answered of the run, in one transaction."""
        self._ledger.transact(lambda tx: _hit(tx, self.run, hits))

    def end(self, outcome: str, reason: Text, hits: Hits, details: Artifact | None = None) -> Run:
        """The run's last facts."""

        def act(tx: Transaction) -> None:
            _hit(tx, self.run, hits)
            tx.append(RunEnded(run=self.run, outcome=outcome, reason=reason, details=details))

        self._ledger.transact(act)
        return self.now()

    def now(self) -> Run:
        """The run as it stands."""
        run = self._ledger.get(RUNS, self.run)
        assert run is not None, "a run that began is in its reading"
        return run

    def claim(self, question: Question, seen: Step | None) -> StepClaimed | None:
        """The claim, or None: another holds it, or the answer is another than `seen` by now."""

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
                self._held[claim.recipe] = claim
        return claim

    def _holds(self, tx: Transaction, claim: Claim) -> bool:
        if not claim.holder or claim.until <= self._clock():
            return False
        run = tx.get(RUNS, claim.run)
        return (run is None or run.ended is None) and not self._here.gone(claim.run)

    def renew(self) -> None:
        """Prolongs the claims that are a third through; one taken over meanwhile is left to its holder."""
        now = self._clock()
        with self._lock:
            due = [each for each in self._held.values() if each.until - now < self._lease * 2 / 3]
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
                if each.recipe in self._held:
                    self._held[each.recipe] = each

    def answered(self, question: Question, claim: StepClaimed | None, step: Step) -> Step | None:
        """The answer as it is kept; None, keeping nothing, under a claim that is no longer the newest."""

        def act(tx: Transaction) -> Step | None:
            if claim is not None and not self._newest(tx, claim):
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

        self._let_go(question)
        return self._ledger.transact(act)

    def failed(self, question: Question, claim: StepClaimed | None, failed: Failed) -> None:
        """The failure, kept, and the claim let go."""

        def act(tx: Transaction) -> None:
            if claim is None or self._newest(tx, claim):
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

        self._let_go(question)
        self._ledger.transact(act)

    def _newest(self, tx: Transaction, claim: StepClaimed) -> bool:
        known = tx.get(CLAIMS, claim.recipe)
        return known is not None and (known.token, known.holder) == (claim.token, claim.holder)

    def _let_go(self, question: Question) -> None:
        with self._lock:
            self._held.pop(question.digest, None)


def taken_over(question: Question, answer: Answer) -> StepAnswered:
    """An answer of another project's run as an answer here: lineage needs nothing from elsewhere."""
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


def _hit(tx: Transaction, run: str, hits: Hits) -> None:
    for fact in hits.taken:
        if tx.get(STEPS, fact.recipe) is None:  # else another run took it over meanwhile
            tx.append(fact)
    if hits.nodes:
        tx.append(StepsReused(run=run, nodes=dict(hits.nodes)))
