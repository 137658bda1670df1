"""Jobs: what is begun first, by whom, how often, and what of an attempt counts."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, TypeVar

import pytest

from comporta import jobs
from comporta.errors import AttemptReplaced, NotFound, Refused
from comporta.jobs import AttemptEnd, ClaimRules, ElapsedTime, LeaseWatch
from comporta.jobs.state import RunningJob
from comporta.ledger import Ledger, open_ledger, verify
from comporta.records import Transaction
from comporta.records.facts import FACTS
from comporta.records.job import JOB_PRIORITIES, OPEN_JOBS, Job, JobLimits, JobRequest
from comporta.records.job_facts import JobEnded, JobQueued, JobStarted
from comporta.records.lease import Lease
from comporta.testing.clock import Clock

T = TypeVar("T")
KEY = b"k" * 32
RULES = ClaimRules(lease=30.0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(clock: Clock, tmp_path: Any) -> Iterator[Ledger]:
    yield open_ledger("memory://", jobs.PROJECTIONS, key=KEY, clock=clock, root=tmp_path)


def ask(ledger: Ledger, clock: Clock, **fields: Any) -> str:
    """The id of a job that is asked for a moment after the one before."""

    def act(tx: Transaction) -> str:
        found = jobs.enqueue(tx, JobRequest(act="run", **fields), "p-1")
        if isinstance(found, Job):
            return found.id
        tx.append(found)
        return found.job

    clock.forward(milliseconds=1)
    return ledger.transact(act)


def begin(ledger: Ledger, worker: str = "w-1", rules: ClaimRules = RULES) -> Job | None:
    return ledger.transact(lambda tx: jobs.claim(tx, worker, rules))


def end(ledger: Ledger, job: Job, outcome: Any, **fields: Any) -> Job | None:
    return ledger.transact(lambda tx: jobs.settle(tx, job.id, job.token, AttemptEnd(outcome, **fields)))


def state(ledger: Ledger, id: str) -> Job:
    return jobs.job_of(ledger, id)


def lost(ledger: Ledger, watch: LeaseWatch) -> list[tuple[RunningJob, AttemptEnd]]:
    def act(tx: Transaction) -> list[tuple[RunningJob, AttemptEnd]]:
        running = [each for _, each in tx.scan(jobs.RUNNING)]
        return jobs.expired_attempts(running, {each.name: each for each in ledger.leases()}, tx.now(), watch)

    return ledger.transact(act)


def record(ledger: Ledger, decide: Callable[[Transaction], Any]) -> None:
    def act(tx: Transaction) -> None:
        if (fact := decide(tx)) is not None:
            tx.append(fact)

    ledger.transact(act)


def begun(ledger: Ledger) -> Job:
    job = begin(ledger)
    assert job is not None
    return job


def test_the_higher_class_is_begun_first_then_the_older(ledger: Ledger, clock: Clock) -> None:
    asked = [ask(ledger, clock, priority=each) for each in ("upkeep", "build", "urgent", "build", "release")]
    order = [begun(ledger).id for _ in asked]
    assert order == [asked[2], asked[4], asked[1], asked[3], asked[0]]
    assert begin(ledger) is None


def test_a_key_that_was_asked_for_gives_the_earlier_job(ledger: Ledger, clock: Clock) -> None:
    first = ask(ledger, clock, key="tick/2026-01-01")
    assert ask(ledger, clock, key="tick/2026-01-01") == first
    assert end(ledger, begun(ledger), "done") is not None
    assert ask(ledger, clock, key="tick/2026-01-01") == first, "also once it is done"
    assert begin(ledger) is None


def test_a_job_of_later_waits_for_its_time_and_then_for_its_class(ledger: Ledger, clock: Clock) -> None:
    later = ask(ledger, clock, priority="urgent", not_before=clock().replace(hour=1))
    now = ask(ledger, clock)
    assert begun(ledger).id == now
    assert begin(ledger) is None
    ask(ledger, clock)
    clock.forward(hours=1)
    assert begun(ledger).id == later


def test_many_jobs_that_must_wait_hide_none_that_may_begin(ledger: Ledger, clock: Clock) -> None:
    rules = ClaimRules(pools={"one": 1})
    for _ in range(200):
        ask(ledger, clock, pool="one")
    free = ask(ledger, clock)
    first = begin(ledger, rules=rules)
    assert first is not None
    assert first.request.pool == "one"
    second = begin(ledger, rules=rules)
    assert second is not None
    assert second.id == free
    assert begin(ledger, rules=rules) is None
    assert end(ledger, first, "done") is not None
    third = begin(ledger, rules=rules)
    assert third is not None
    assert third.request.pool == "one"


def test_a_job_is_begun_only_where_its_whole_limit_fits_what_the_day_has_left(
    ledger: Ledger, clock: Clock
) -> None:
    rules = ClaimRules(cap=100.0)
    limits = JobLimits(seconds=60.0)
    for _ in range(3):
        ask(ledger, clock, limits=limits)
    small = ask(ledger, clock, limits=JobLimits(seconds=40.0), priority="upkeep")
    first = begin(ledger, rules=rules)
    assert first is not None
    other = begin(ledger, rules=rules)
    assert other is not None
    assert other.id == small, "it fits beside the first; a second of 60 does not"
    end(ledger, first, "done", seconds=10.0)
    end(ledger, other, "done", seconds=35.0)
    assert begin(ledger, rules=rules) is None, "45 are spent"
    clock.forward(days=1)
    assert begin(ledger, rules=rules) is not None


@pytest.mark.parametrize("outcome", ["died", "timeout", "busy"])
def test_an_attempt_that_may_come_right_is_begun_again_later_and_later(
    ledger: Ledger, clock: Clock, outcome: str
) -> None:
    ask(ledger, clock, limits=JobLimits(attempts=3, backoff=10.0))
    waited = []
    for _ in range(3):
        job = begun(ledger)
        after = end(ledger, job, outcome)
        assert after is not None
        if after.not_before is not None:
            waited.append((after.not_before - clock()).total_seconds())
            assert begin(ledger) is None
            clock.forward(seconds=waited[-1])
    assert waited == [10.0, 20.0]
    assert (after.state, after.outcome, after.attempt) == ("failed", outcome, 3)
    assert begin(ledger) is None


def test_the_job_of_a_lost_worker_goes_on_at_once_as_often_as_it_may_be_begun(
    ledger: Ledger, clock: Clock
) -> None:
    ask(ledger, clock, limits=JobLimits(attempts=3, backoff=10.0))
    states = [after.state for _ in range(3) if (after := end(ledger, begun(ledger), "lost")) is not None]
    assert states == ["queued", "queued", "failed"]


def test_what_the_act_itself_failed_is_not_tried_again(ledger: Ledger, clock: Clock) -> None:
    ask(ledger, clock)
    after = end(ledger, begun(ledger), "failed")
    assert after is not None
    assert (after.state, after.not_before) == ("failed", None)


def test_a_full_disk_parks_a_job_as_often_as_it_takes(ledger: Ledger, clock: Clock) -> None:
    ask(ledger, clock, limits=JobLimits(attempts=1))
    for _ in range(5):
        after = end(ledger, begun(ledger), "parked")
        assert after is not None
        assert (after.state, after.attempt) == ("parked", 0)
        clock.forward(seconds=60)
    after = end(ledger, begun(ledger), "done")
    assert after is not None
    assert after.state == "done"


def test_a_step_that_ran_at_three_deaths_runs_alone_once_and_then_never(ledger: Ledger, clock: Clock) -> None:
    """In whichever jobs it ran, and however often its job may be begun."""
    limits = JobLimits(attempts=2, backoff=60.0)
    one, two = ask(ledger, clock, limits=limits), ask(ledger, clock, limits=limits)
    for id in (one, two):
        job = begun(ledger)
        assert job.id == id
        end(ledger, job, "died", present=("recipe",))
    clock.forward(minutes=1)
    third = end(ledger, begun(ledger), "died", present=("recipe", "other"))
    assert third is not None
    assert (third.id, third.state, third.alone) == (one, "queued", True), "beyond its two attempts"
    clock.forward(minutes=10)
    beside = ask(ledger, clock, priority="urgent")
    other = begun(ledger)
    assert other.id == beside
    assert begin(ledger) is None, "what is to run alone waits, and nothing is begun before it"
    end(ledger, other, "done")
    alone = begun(ledger)
    assert (alone.id, alone.alone) == (one, True)
    ask(ledger, clock, priority="urgent")
    assert begin(ledger) is None, "nothing runs beside it"
    last = end(ledger, alone, "died", present=("recipe",))
    assert last is not None
    assert (last.state, last.outcome, last.present) == ("quarantined", "quarantined", ("recipe",))
    end(ledger, begun(ledger), "done")
    end(ledger, begun(ledger), "died", present=("recipe",))
    assert state(ledger, two).state == "quarantined", "no other job begins it over and over"
    record(ledger, lambda tx: jobs.retry(tx, two, "p-1"))
    after = end(ledger, begun(ledger), "died", present=("recipe",))
    assert after is not None
    assert after.state == "queued", "somebody asked for it again: its deaths count from the first"


def test_of_two_attempts_the_one_with_the_newest_token_counts(ledger: Ledger, clock: Clock) -> None:
    id = ask(ledger, clock)
    slow = begun(ledger)
    clock.forward(seconds=31)
    watch = LeaseWatch()
    ((gone, ended),) = lost(ledger, watch)
    assert (gone.job, ended.outcome, ended.seconds) == (id, "lost", 31.0)
    ledger.transact(lambda tx: jobs.settle(tx, gone.job, gone.token, ended))
    clock.forward(seconds=10)
    second = begun(ledger)
    assert second.token > slow.token
    assert end(ledger, slow, "done") is None
    with pytest.raises(AttemptReplaced, match="another attempt"):
        ledger.transact(lambda tx: jobs.require_holder(tx, id, slow.token))
    ledger.transact(lambda tx: jobs.require_holder(tx, id, second.token))
    assert ledger.transact(lambda tx: jobs.renew(tx, id, slow.token, "w-1", RULES)) is None
    assert end(ledger, second, "done") is not None
    assert [each.kind for each in ledger.events()].count("job.ended") == 2


def test_tokens_rise_also_where_the_leases_were_lost(ledger: Ledger, clock: Clock) -> None:
    ask(ledger, clock)
    first = begun(ledger)
    end(ledger, first, "stopped")
    gone = Lease(name=f"job/{first.id}", holder="", token=0, beat=0, seconds=1.0, until=clock())
    ledger.transact(lambda tx: tx.put_lease(gone))
    assert begun(ledger).token == first.token + 1


def test_no_lease_is_left_of_a_job_that_ended_and_tokens_rise_all_the_same(
    ledger: Ledger, clock: Clock
) -> None:
    ask(ledger, clock)
    first = begun(ledger)
    assert [each.name for each in ledger.leases()] == [f"job/{first.id}"]
    end(ledger, first, "stopped")
    assert ledger.leases() == []
    second = begun(ledger)
    assert second.token == first.token + 1
    assert ledger.transact(lambda tx: jobs.renew(tx, first.id, first.token, "w-1", RULES)) is None
    ended = Lease(name="job/older", holder="", token=7, beat=0, seconds=1.0, until=clock())
    led = Lease(name="leader", holder="", token=7, beat=0, seconds=1.0, until=clock())
    ledger.transact(lambda tx: [tx.put_lease(each) for each in (ended, led)])
    names = [each.name for each in ledger.leases()]
    ledger.transact(lambda tx: jobs.remove_left_leases(tx, names))
    assert [each.name for each in ledger.leases()] == [f"job/{first.id}", "leader"]


def test_a_renewed_attempt_is_not_lost(ledger: Ledger, clock: Clock) -> None:
    ask(ledger, clock)
    job = begun(ledger)
    watch = LeaseWatch()
    for _ in range(5):
        clock.forward(seconds=20)
        assert ledger.transact(lambda tx: jobs.renew(tx, job.id, job.token, "w-1", RULES)) is not None
        assert lost(ledger, watch) == []


def test_a_silent_worker_is_found_whatever_the_clock_was_set_to(ledger: Ledger, clock: Clock) -> None:
    ask(ledger, clock)
    begun(ledger)
    clock.forward(days=-30)
    elapsed = [0.0]
    watch = LeaseWatch(lambda: elapsed[0])
    assert lost(ledger, watch) == []
    elapsed[0] = 29.0
    assert lost(ledger, watch) == []
    elapsed[0] = 30.0
    assert len(lost(ledger, watch)) == 1


def test_a_wait_between_attempts_ends_after_its_seconds_whatever_the_clock_was_set_to(
    ledger: Ledger, clock: Clock
) -> None:
    elapsed = [0.0]
    time = ElapsedTime(lambda: elapsed[0])

    def begin_by(time: ElapsedTime) -> Job | None:
        return ledger.transact(lambda tx: jobs.claim(tx, "w-1", RULES, time.at(tx.now())))

    again = ask(ledger, clock, limits=JobLimits(backoff=10.0))
    end(ledger, begun(ledger), "died")
    later = ask(ledger, clock, not_before=clock() + timedelta(seconds=5))
    clock.forward(days=-30)
    assert begin_by(time) is None
    elapsed[0] = 9.0
    assert begin_by(time) is None
    elapsed[0] = 10.0
    found = begin_by(time)
    assert found is not None
    assert found.id == again
    assert begin_by(time) is None, "a time that somebody named comes by the clock alone"
    clock.forward(days=30, seconds=5)
    assert begun(ledger).id == later


def test_while_the_clock_is_set_back_jobs_have_ids_of_their_own_in_the_order_asked(
    ledger: Ledger, clock: Clock
) -> None:
    ask(ledger, clock)
    clock.forward(days=-1)
    asked = [ask(ledger, clock) for _ in range(300)]
    assert asked == sorted(set(asked))
    assert [job for _, job in ledger.scan(jobs.JOBS)][1:] == [state(ledger, id) for id in asked]


def test_many_delayed_jobs_hide_none_that_is_due_and_of_a_higher_class(ledger: Ledger, clock: Clock) -> None:
    limits = JobLimits(backoff=1.0)
    for _ in range(150):
        ask(ledger, clock, limits=limits, pool="one", not_before=clock() + timedelta(seconds=1))
    urgent = ask(ledger, clock, priority="urgent", not_before=clock() + timedelta(seconds=2))
    clock.forward(seconds=3)
    assert begun(ledger).id == urgent, "its time came last, and its class goes first"
    assert begun(ledger).request.pool == "one"
    free = ask(ledger, clock, not_before=clock() + timedelta(seconds=1))
    clock.forward(seconds=2)
    assert begun(ledger).id == free, "the others wait for their pool"


def test_a_job_that_is_to_run_alone_and_costs_more_than_the_day_has_left_keeps_no_other_waiting(
    ledger: Ledger, clock: Clock
) -> None:
    rules = ClaimRules(cap=100.0)
    for _ in range(3):
        ask(ledger, clock, limits=JobLimits(seconds=90.0, attempts=9, backoff=0.0), priority="release")
        job = begin(ledger, rules=rules)
        assert job is not None
        end(ledger, job, "died", seconds=5.0, present=("recipe",))
    alone = job.id
    assert state(ledger, alone).alone
    small = [ask(ledger, clock, limits=JobLimits(seconds=10.0)) for _ in range(2)]
    clock.forward(minutes=1)
    begun_now = [begin(ledger, rules=rules) for _ in range(3)]
    assert [each and each.id for each in begun_now] == [*small, None]
    clock.forward(days=1)
    assert begin(ledger, rules=rules) is None, "tomorrow its turn comes: nothing is begun before it"


def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_by_its_worker(
    ledger: Ledger, clock: Clock
) -> None:
    runs, waits = ask(ledger, clock), ask(ledger, clock)
    job = begun(ledger)
    for id in (runs, waits):
        record(ledger, lambda tx, id=id: jobs.cancel(tx, id, "p-1"))
    assert state(ledger, waits).state == "cancelled"
    renewed = ledger.transact(lambda tx: jobs.renew(tx, job.id, job.token, "w-1", RULES))
    assert renewed is not None
    assert renewed.cancel, "so its worker hears of it"
    assert end(ledger, job, "died") is not None
    assert state(ledger, runs).state == "cancelled"
    assert begin(ledger) is None
    record(ledger, lambda tx: jobs.cancel(tx, runs, "p-1"))
    with pytest.raises(NotFound, match="comporta jobs"):
        jobs.cancel(ledger, "none", "p-1")


def test_what_has_ended_is_asked_for_again_by_hand_alone(ledger: Ledger, clock: Clock) -> None:
    id = ask(ledger, clock)
    with pytest.raises(Refused, match="queued"):
        jobs.retry(ledger, id, "p-1")
    end(ledger, begun(ledger), "failed")
    with pytest.raises(Refused, match="ended"):
        jobs.cancel(ledger, id, "p-1")
    record(ledger, lambda tx: jobs.retry(tx, id, "p-1"))
    end(ledger, begun(ledger), "done")
    with pytest.raises(Refused, match="done"):
        jobs.retry(ledger, id, "p-1")


def test_a_raised_job_goes_before_what_was_before_it(ledger: Ledger, clock: Clock) -> None:
    ask(ledger, clock)
    low = ask(ledger, clock, priority="upkeep")
    record(ledger, lambda tx: jobs.raise_priority(tx, low, "urgent", "p-1"))
    assert begun(ledger).id == low
    with pytest.raises(Refused, match="running"):
        jobs.raise_priority(ledger, low, "build", "p-1")


def test_a_lease_is_one_holders_until_it_ends_or_its_holder_is_silent(ledger: Ledger, clock: Clock) -> None:
    elapsed = [0.0]
    watch = LeaseWatch(lambda: elapsed[0])

    def hold(holder: str) -> Lease | None:
        return jobs.hold(ledger, "leader", holder, 6.0, watch)

    first = hold("a")
    assert first is not None
    assert (first.token, hold("b")) == (1, None)
    clock.forward(seconds=5)
    renewed = hold("a")
    assert renewed is not None
    assert renewed.token == 1
    clock.forward(seconds=5)
    assert hold("b") is None, "renewed"
    clock.forward(seconds=1)
    second = hold("b")
    assert second is not None
    assert second.token == 2
    assert hold("a") is None
    ledger.transact(lambda tx: jobs.let_go(tx, "leader", 1))
    assert hold("a") is None, "an older token lets go of nothing"
    ledger.transact(lambda tx: jobs.let_go(tx, "leader", 2))
    third = hold("a")
    assert third is not None
    assert third.token == 3
    clock.forward(days=-1)
    assert hold("b") is None
    elapsed[0] = 6.0
    fourth = hold("b")
    assert fourth is not None
    assert fourth.token == 4


@pytest.mark.parametrize("seed", range(6))
def test_in_any_order_of_events_no_job_is_lost_and_none_is_done_twice(
    ledger: Ledger, clock: Clock, seed: int
) -> None:
    draw = random.Random(seed)
    elapsed = [0.0]
    watch = LeaseWatch(lambda: elapsed[0])
    rules = ClaimRules(pools={"p": 2}, cap=5000.0, lease=30.0)
    attempts: list[Job] = []
    for _ in range(400):
        match draw.randrange(9):
            case 0 | 1:
                ask(
                    ledger,
                    clock,
                    priority=draw.choice(JOB_PRIORITIES),
                    pool=draw.choice(["", "p"]),
                    limits=JobLimits(seconds=draw.choice([10.0, 600.0])),
                    key=draw.choice(["", "k1", "k2"]),
                )
            case 2 | 3 | 4:
                held = sum(each.hold for _, each in ledger.scan(jobs.RUNNING))
                spent = sum(each for _, each in ledger.scan(jobs.SPENT))
                expected = _first_by_oracle(ledger, rules)
                job = begin(ledger, f"w-{draw.randrange(3)}", rules)
                assert (job and job.id) == expected
                if job is not None:
                    attempts.append(job)
                    assert held + job.request.limits.seconds <= rules.cap or spent == 0
            case 5 if attempts:
                # Also of attempts that another took the place of.
                outcome = draw.choice(["done", "failed", "died", "timeout", "parked", "busy"])
                present = ("s1",) if outcome == "died" else ()
                end(ledger, draw.choice(attempts), outcome, seconds=draw.uniform(0, 10), present=present)
            case 6:
                clock.forward(seconds=draw.choice([-300, 1, 5, 40]))
                elapsed[0] += draw.choice([0.5, 5, 40])
            case 7:
                for each, ended in lost(ledger, watch):
                    ledger.transact(
                        lambda tx, each=each, ended=ended: jobs.settle(tx, each.job, each.token, ended)
                    )
            case _:
                known = [job for _, job in ledger.scan(jobs.JOBS)]
                if known:
                    job = draw.choice(known)
                    decide = draw.choice(
                        [
                            lambda tx, job=job: jobs.cancel(tx, job.id, "p-1"),
                            lambda tx, job=job: jobs.retry(tx, job.id, "p-1"),
                            lambda tx, job=job: jobs.raise_priority(tx, job.id, "urgent", "p-1"),
                        ]
                    )
                    try:
                        record(ledger, decide)
                    except Refused:
                        continue
        _require_sound(ledger, rules)
    audit = verify(ledger, jobs.PROJECTIONS, KEY, facts=FACTS)
    assert audit.sound, audit.faults
    started = [each for each in ledger.events() if each.kind == JobStarted.kind]
    ended = [each for each in ledger.events() if each.kind == JobEnded.kind]
    assert len(started) == len(ended) + len(ledger.scan(jobs.RUNNING)), "each attempt ends once"
    assert len([each for each in ledger.events() if each.kind == JobQueued.kind]) == len(
        ledger.scan(jobs.JOBS)
    )


def _first_by_oracle(ledger: Ledger, rules: ClaimRules) -> str | None:
    """The job that is to begin, found by looking at every job there is."""
    now = ledger.transact(lambda tx: tx.now())
    known = [job for _, job in ledger.scan(jobs.JOBS)]
    runs = [job for job in known if job.state == "running"]
    if any(ledger.get(jobs.RUNNING, job.id).alone for job in runs):  # type: ignore[union-attr]
        return None
    spent = dict(ledger.scan(jobs.SPENT)).get(f"{now:%Y-%m-%d}", 0.0)
    assert rules.cap is not None
    due = [
        job
        for job in known
        if job.state in ("queued", "parked") and (job.not_before is None or job.not_before <= now)
    ]
    for job in sorted(due, key=lambda job: (JOB_PRIORITIES.index(job.request.priority), job.id)):
        hold, pool = job.request.limits.seconds, job.request.pool
        if job.alone and runs and spent + hold <= rules.cap:
            return None
        full = bool(pool) and sum(each.request.pool == pool for each in runs) >= rules.pools[pool]
        held = sum(each.request.limits.seconds for each in runs)
        if not full and not (job.alone and runs) and spent + held + hold <= rules.cap:
            return job.id
    return None


def _require_sound(ledger: Ledger, rules: ClaimRules) -> None:
    known = dict(ledger.scan(jobs.JOBS))
    running = dict(ledger.scan(jobs.RUNNING))
    waiting = {each.job for prefix in ("now/", "by/") for _, each in ledger.scan(jobs.WAITING, prefix)}
    assert {id for id, job in known.items() if job.state == "running"} == running.keys()
    assert {id for id, job in known.items() if job.state in OPEN_JOBS} == waiting | running.keys()
    assert not waiting & running.keys()
    assert all(known[id].token == each.token for id, each in running.items())
    assert len([each for each in running.values() if each.pool == "p"]) <= rules.pools["p"]
    assert len(running) == 1 or not any(each.alone for each in running.values())
