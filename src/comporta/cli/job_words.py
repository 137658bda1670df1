"""What the command line says about jobs: a part of `cli/words.py`."""

from __future__ import annotations


class JobTexts:
    """The texts, in English."""

    JOB_ID = "The job's id, or its beginning."
    JOB_LIMIT = "How many that wait, and how many that ended."
    JOB_PRIORITY = "The class: urgent, release, build, search or upkeep. The first goes first."
    JOB_QUEUE = "Ask for it as a job, which a worker carries out."
    JOB_END_WITH_INPUT = "End when standard input does: for a process that starts workers."
    QUEUE_ALONE = "--queue: found --param, --set or --out beside it, expected models alone."
    QUEUE_WHOLE = "--queue: found --ledger-only beside it, expected neither: a job verifies every byte."
    QUEUE_PREDICT = (
        "--queue: found --follow, --reveal, --unreleased, --force, --by or --reason beside it, expected "
        "--input, --output, --keep and --chunk alone: a job answers from a dataset into a dataset, by a "
        "version that could be released."
    )
    JOB_ONCE = "End once nothing waits that may begin now."
    JOB_QUEUED = "Job {job} waits. A worker carries it out: comporta work"
    JOB_CANCELLED = "Job {job} is cancelled."
    JOB_CANCELLING = "Job {job} runs; its worker ends it and says so: comporta jobs"
    RUN_CANCELLING = "Run {job} is ended by its own process within seconds: comporta jobs"
    JOB_RETRIED = "Job {job} waits again."
    JOB_RAISED = "Job {job} is of the class {priority}."
    NO_JOBS = "No job was asked for yet. Ask for one: comporta run --queue"
    JOB_NOTHING = "Nothing waits."
    JOB_STARTED = "{job} {what}: attempt {attempt}"
    JOB_ENDED = "{job} {what}: {state}, {seconds:.1f} s"
    JOB_SUPERSEDED = "{job} {what}: another worker took it over; this attempt was ended"
    JOB_WAITS = "The worker waits, and goes on by itself: {error}"
    JOB_WORKS = "Worker {worker} waits for jobs. Interrupt it to stop."
    JOB_WORKED = "{count} attempts. Nothing waits that may begin now."
    JOB_AT = "from {at}"
    JOB_ATTEMPT = "attempt {attempt} of {attempts}"
    JOB_ALONE = "runs alone"
    JOB_CANCEL_ASKED = "is being cancelled"
    JOB_STEPS = "{done} of {total} steps"
    JOB_NO_JOB = "run in a terminal"
    TICK_SCHEDULE = "Of this schedule alone."
    TICK_AT = "The time, with its zone: 2026-12-01T03:00Z. Default: now."
    TICK_WORK = "Carry out what waits, here, until nothing waits that may begin now."
    TICK_JOB = "{schedule} {tick}: job {job} ({state})"
    TICK_NOTHING = "{schedule}: nothing is due."
    TICK_PAST = "{schedule} {tick}: a later tick was asked for already, so this one is passed over."
    NO_SCHEDULES = "The project declares no schedule: Project(schedules=(Schedule(…),))"
    SCHEDULE_NOW = "now"
    JOB_STATES = {
        "queued": "waiting",
        "running": "running",
        "parked": "no room",
        "done": "done",
        "failed": "failed",
        "cancelled": "cancelled",
        "quarantined": "quarantined",
    }
