"""The process of one attempt of a job. `python -m` runs it: an order on standard input, its end in a file.

It leads a process group of its own. When its worker is gone, however that ended, standard input closes; while
the worker lives it says so there again and again. Where either is missing the attempt ends itself, with every
process that it started.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from comporta.errors import AttemptReplaced, Busy, ComportaError, StepFailed, StorageFull
from comporta.jobs.codes import ACT_FAILED, BUSY, NO_ROOM, STEP_DIED
from comporta.opened.project_place import ProjectPlace
from comporta.records import NO_TEXT, Record, Text, decode, encode
from comporta.records.credential import mask
from comporta.records.job import AttemptOutcome, JobRequest, JobValue

if TYPE_CHECKING:
    from comporta.opened.project import OpenProject

LOG, REPORT = "log", "report.json"
FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
"""What the system says where there is no room to write."""
NO_ROOM_EXIT = 75
"""How a process ends that had no room to say how it ended: sysexits.h's EX_TEMPFAIL."""


class AttemptOrder(Record, frozen=True, kw_only=True):
    """place: of the project. folder: of this attempt alone, for its log and its report. silence: seconds
    after which a worker that was not heard of is taken for gone."""

    place: ProjectPlace
    folder: str
    job: str
    token: int
    request: JobRequest
    silence: float


class AttemptReport(Record, frozen=True, kw_only=True):
    """How it ended, as the process itself saw it. present: recipes of steps whose process died."""

    outcome: AttemptOutcome
    result: dict[str, JobValue] = {}
    present: tuple[str, ...] = ()
    reason: Text = NO_TEXT


def main() -> None:
    try:
        _main()
    except OSError as error:
        if error.errno not in FULL:
            raise
        # Not even its report can be written.
        os._exit(NO_ROOM_EXIT)


def _main() -> None:
    messages = os.fdopen(os.dup(0), "rb")
    order = decode(messages.readline(), AttemptOrder)
    folder = Path(order.folder)
    log = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    threading.Thread(target=_end_with_worker, args=(messages.fileno(), order), daemon=True).start()
    report = _perform(order)
    sys.stdout.flush()
    sys.stderr.flush()
    draft = folder / f"{REPORT}.draft"
    draft.write_bytes(encode(report))
    draft.replace(folder / REPORT)


def _end_with_worker(pipe: int, order: AttemptOrder) -> None:
    while select.select([pipe], [], [], order.silence)[0] and os.read(pipe, 4096):
        pass
    from comporta.acts.jobs.attempt_marks import kill_marked, mark_of

    kill_marked(mark_of(order.job, order.token))
    os.killpg(0, signal.SIGKILL)


def _perform(order: AttemptOrder) -> AttemptReport:
    from comporta.acts.jobs.fenced_ledger import fenced_opener
    from comporta.opened.project_place import open_place

    try:
        with open_place(order.place, ledger=fenced_opener(order.job, order.token), job=order.job) as opened:
            return _perform_in(opened, order)
    except BaseException as error:  # the boundary of the process, user's code in it: SystemExit included
        return _of_error(error)


def _perform_in(opened: OpenProject, order: AttemptOrder) -> AttemptReport:
    from comporta.acts.jobs.queued_acts import arguments_of, queued_act

    request = order.request
    try:
        done = queued_act(request.act).perform(opened, arguments_of(request.act, request.arguments))
    except StepFailed as error:
        return _of_error(error, _dead_steps(opened, order.job))
    if done.failure is not None:
        report = _of_error(done.failure, _dead_steps(opened, order.job))
        return AttemptReport(
            outcome=report.outcome, result=done.result, present=report.present, reason=report.reason
        )
    return AttemptReport(outcome="done", result=done.result)


def _dead_steps(opened: OpenProject, job: str) -> tuple[tuple[str, str], ...]:
    """Node and recipe of the steps of this attempt's run whose process died."""
    from comporta.engine import FAILURES
    from comporta.jobs import job_of

    run = job_of(opened.ledger, job).run
    failures = [each for _, each in opened.ledger.scan(FAILURES, f"{run}/")] if run else []
    return tuple((each.node, each.recipe) for each in failures if each.why == "died")


def _of_error(error: BaseException, died: tuple[tuple[str, str], ...] = ()) -> AttemptReport:
    if isinstance(error, ComportaError):
        print(mask(str(error)), file=sys.stderr)
    else:
        print(mask("".join(traceback.format_exception(error))), file=sys.stderr)
    if died:
        steps, recipes = zip(*died, strict=True)
        return AttemptReport(outcome="died", present=recipes, reason=STEP_DIED(step=", ".join(steps)))
    match error:
        case StorageFull():
            return AttemptReport(outcome="parked", reason=NO_ROOM())
        case Busy():
            return AttemptReport(outcome="busy", reason=BUSY())
        case AttemptReplaced():
            return AttemptReport(outcome="lost")
        case OSError(errno=number) if number in FULL:
            return AttemptReport(outcome="parked", reason=NO_ROOM())
    return AttemptReport(outcome="failed", reason=ACT_FAILED(error=type(error).__name__))


if __name__ == "__main__":
    main()
