"""What a list tells of a run and of a version in one line: the same at the command line and from Python."""

from __future__ import annotations

from datetime import datetime

from comporta.records import Run, Text, Version
from comporta.report.codes import (
    FIRST_BLOCKING,
    FIRST_OF_BLOCKING,
    NO_GATES,
    REQUIRED_PASSED,
    RUN_STEPS,
    STEPS_FAILED,
    STEPS_REUSED,
    WAIVED,
    outcome_text,
)

RUN_COLUMNS = ("run", "command", "started", "took", "outcome", "steps", "versions")
VERSION_COLUMNS = ("version", "state", "gates", "made", "code", "run")


def steps_text(run: Run) -> Text:
    """`45, 40 reused`; `12/45, 8 reused` of a run that did not come to its end; `, 2 failed` behind it where
    some did."""
    ended = f"{run.total}" if run.outcome == "done" else f"{count_ended(run)}/{run.total}"
    failed = count_failed(run)
    parts = (STEPS_REUSED(count=len(run.reused)), *((STEPS_FAILED(count=failed),) if failed else ()))
    return RUN_STEPS(parts=(ended, *parts))


def count_ended(run: Run) -> int:
    """How many steps were answered. A reproduction runs outside the cache, so no event names its single
    steps."""
    return run.total if run.outcome == "done" and run.purpose == "reproduce" else len(run.nodes)


def count_failed(run: Run) -> int:
    """How many steps of a run that went on to its end could not be answered, nor what reads them."""
    return run.total - count_ended(run) if run.outcome == "done" else 0


def gates_text(version: Version, at: datetime) -> Text:
    """`3/3 required passed`, or the first check that did not, and how many more."""
    if not version.verdicts:
        return NO_GATES()
    shut = version.blocking_verdicts(at)
    closed = [each for each in version.verdicts if each.blocks]
    if not closed:
        count = sum(each.required for each in version.verdicts)
        return REQUIRED_PASSED(passed=count, of=count)
    first = (shut or closed)[0]
    outcome = outcome_text(first.outcome) if shut else WAIVED()
    if len(closed) == 1:
        return FIRST_BLOCKING(outcome=outcome, check=first.display_title)
    return FIRST_OF_BLOCKING(outcome=outcome, check=first.display_title, more=len(closed) - 1)


def commit_text(version: Version) -> str:
    """`0f3a91c2`, with `+` where files differed from the commit's; empty without one."""
    return f"{version.commit[:8]}{'+' if version.dirty else ''}" if version.commit else ""
