"""What the ledger keeps for the engine: the newest answers, the runs, and who works on what."""

from __future__ import annotations

from datetime import datetime

import msgspec

from comporta.records import Changes, Event, Lookup, Projection, Record, Run, Step
from comporta.records.facts import RunEnded, RunStarted, StepAnswered, StepClaimed, StepFailure, StepsReused
from comporta.records.job_facts import RunCancelled


class Claim(Record, frozen=True, kw_only=True):
    """Who asks a recipe. token: rises with each claim and is never given twice. holder: empty once it let go.

    until: when it may be taken over, unless renewed.
    """

    recipe: str
    token: int
    holder: str
    run: str
    until: datetime


class RunLeases(Record, frozen=True, kw_only=True):
    """What a run asks now. until: recipe → when its claim may be taken over."""

    run: str
    until: dict[str, datetime]


def _apply_step_answered(fact: StepAnswered, event: Event, old: Lookup[Step]) -> Changes[Step]:
    step = Step(
        recipe=fact.recipe, outputs=fact.outputs, cost=fact.cost, log=fact.log, run=fact.run, at=event.at
    )
    yield fact.recipe, step


def answer_key(recipe: str, run: str) -> str:
    """The key of the answer that a run gave."""
    return f"{recipe}/{run}"


def _apply_answer(fact: StepAnswered, event: Event, old: Lookup[Step]) -> Changes[Step]:
    for recipe, step in _apply_step_answered(fact, event, old):
        yield answer_key(recipe, fact.run), step


def _apply_run_started(fact: RunStarted, event: Event, old: Lookup[Run]) -> Changes[Run]:
    run = Run(
        id=fact.run,
        project=fact.project,
        command=fact.command,
        purpose=fact.purpose,
        commit=fact.commit,
        dirty=fact.dirty,
        started=event.at,
        total=fact.total,
        by=fact.by,
    )
    yield fact.run, run


def _went_on(fact: StepAnswered, event: Event, old: Lookup[Run]) -> Changes[Run]:
    if (run := old(fact.run)) is not None:
        yield fact.run, msgspec.structs.replace(run, nodes={**run.nodes, fact.node: fact.recipe})


def _apply_steps_reused(fact: StepsReused, event: Event, old: Lookup[Run]) -> Changes[Run]:
    if (run := old(fact.run)) is not None:
        yield (
            fact.run,
            msgspec.structs.replace(
                run, nodes={**run.nodes, **fact.nodes}, reused=(*run.reused, *sorted(fact.nodes))
            ),
        )


def _apply_run_ended(fact: RunEnded, event: Event, old: Lookup[Run]) -> Changes[Run]:
    if (run := old(fact.run)) is not None and run.ended is None:
        yield (
            fact.run,
            msgspec.structs.replace(
                run, ended=event.at, outcome=fact.outcome, reason=fact.reason, details=fact.details
            ),
        )


def _apply_step_claimed(fact: StepClaimed, event: Event, old: Lookup[Claim]) -> Changes[Claim]:
    claim = Claim(recipe=fact.recipe, token=fact.token, holder=fact.holder, run=fact.run, until=fact.until)
    yield fact.recipe, claim


def _let_go(fact: StepAnswered | StepFailure, event: Event, old: Lookup[Claim]) -> Changes[Claim]:
    # The token stays: a later claim must be above it, or a holder long gone could still answer.
    if (claim := old(fact.recipe)) is not None and claim.token == fact.token:
        yield fact.recipe, msgspec.structs.replace(claim, holder="")


def _lease_claimed(fact: StepClaimed, event: Event, old: Lookup[RunLeases]) -> Changes[RunLeases]:
    before = old(fact.holder)
    until = before.until if before is not None else {}
    yield fact.holder, RunLeases(run=fact.holder, until={**until, fact.recipe: fact.until})


def _lease_released(
    fact: StepAnswered | StepFailure, event: Event, old: Lookup[RunLeases]
) -> Changes[RunLeases]:
    if (leases := old(fact.run)) is not None and fact.recipe in leases.until:
        left = {recipe: until for recipe, until in leases.until.items() if recipe != fact.recipe}
        yield fact.run, msgspec.structs.replace(leases, until=left) if left else None


def _leases_ended(fact: RunEnded, event: Event, old: Lookup[RunLeases]) -> Changes[RunLeases]:
    if old(fact.run) is not None:
        yield fact.run, None


def _apply_step_failed(fact: StepFailure, event: Event, old: Lookup[StepFailure]) -> Changes[StepFailure]:
    yield f"{fact.run}/{fact.node}", fact


def _came_right(fact: StepAnswered, event: Event, old: Lookup[StepFailure]) -> Changes[StepFailure]:
    if old(key := f"{fact.run}/{fact.node}") is not None:
        yield key, None


STEPS = Projection("step", Step, {StepAnswered: _apply_step_answered})
"""Recipe → its newest answer."""

ANSWERS = Projection("answer", Step, {StepAnswered: _apply_answer})
"""`recipe/run` → what that run answered: a run is shown as it was, whatever was answered since."""

RUNS = Projection(
    "run",
    Run,
    {
        RunStarted: _apply_run_started,
        StepAnswered: _went_on,
        StepsReused: _apply_steps_reused,
        RunEnded: _apply_run_ended,
    },
)
"""Run id → what it did. Ids sort by time."""

CLAIMS = Projection(
    "claim", Claim, {StepClaimed: _apply_step_claimed, StepAnswered: _let_go, StepFailure: _let_go}
)
"""Recipe → who asks it now, or asked it last."""

LEASES = Projection(
    "lease",
    RunLeases,
    {
        StepClaimed: _lease_claimed,
        StepAnswered: _lease_released,
        StepFailure: _lease_released,
        RunEnded: _leases_ended,
    },
)
"""Run → what it asks now; none of a run that has ended."""


def _apply_run_cancelled(
    fact: RunCancelled, event: Event, old: Lookup[RunCancelled]
) -> Changes[RunCancelled]:
    yield fact.run, fact


def _cancelled_run_ended(fact: RunEnded, event: Event, old: Lookup[RunCancelled]) -> Changes[RunCancelled]:
    if old(fact.run) is not None:
        yield fact.run, None


CANCELS = Projection(
    "run cancel", RunCancelled, {RunCancelled: _apply_run_cancelled, RunEnded: _cancelled_run_ended}
)
"""Run → that somebody asked for its end; none of a run that has ended."""

FAILURES = Projection("failure", StepFailure, {StepFailure: _apply_step_failed, StepAnswered: _came_right})
"""`run/node` → why it failed, and its log."""

PROJECTIONS = (STEPS, ANSWERS, RUNS, CLAIMS, LEASES, CANCELS, FAILURES)
