"""What waits, who holds it, and under which budget. Pure: state → facts; projections apply them."""

from comporta.jobs.claim import ClaimRules, claim, expired_attempts, lease_name, remove_left_leases, renew
from comporta.jobs.lease import ElapsedTime, LeaseWatch, hold, let_go, take_lease
from comporta.jobs.queue import (
    cancel,
    enqueue,
    is_passed,
    job_of,
    raise_priority,
    require_holder,
    retry,
    settle,
)
from comporta.jobs.settlement import AttemptEnd
from comporta.jobs.state import DEATHS, JOB_KEYS, JOBS, RUNNING, SPENT
from comporta.jobs.ticks import LATE, TICKS, due_ticks
from comporta.jobs.waiting import WAITING, due

PROJECTIONS = (JOBS, JOB_KEYS, WAITING, RUNNING, SPENT, DEATHS, TICKS)

__all__ = [
    "DEATHS",
    "JOBS",
    "JOB_KEYS",
    "LATE",
    "PROJECTIONS",
    "RUNNING",
    "SPENT",
    "TICKS",
    "WAITING",
    "AttemptEnd",
    "ClaimRules",
    "ElapsedTime",
    "LeaseWatch",
    "cancel",
    "claim",
    "due",
    "due_ticks",
    "enqueue",
    "expired_attempts",
    "hold",
    "is_passed",
    "job_of",
    "lease_name",
    "let_go",
    "raise_priority",
    "remove_left_leases",
    "renew",
    "require_holder",
    "retry",
    "settle",
    "take_lease",
]
