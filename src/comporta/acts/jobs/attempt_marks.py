"""The mark of an attempt: in the environment of each process that it starts, in whatever session that is."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator

import psutil

MARK = "COMPORTA_ATTEMPT"
_LOOK = 0.02  # seconds between two looks at whether what was killed is gone


def mark_of(job: str, token: int) -> str:
    """The mark of a job's attempt with this token."""
    return f"{job}-{token}"


def kill_marked(mark: str) -> None:
    """Kills the processes of this attempt, except the one that asks; none of them lives when this returns."""
    _kill(lambda found: found == mark)


def kill_older(job: str, token: int) -> None:
    """The same for the job's attempts before the one with this token: a worker that was stopped, or died with
    its attempt, ends nothing."""
    _kill(lambda found: found.rpartition("-")[0] == job and 0 < int(found.rpartition("-")[2]) < token)


def _kill(is_one: Callable[[str], bool]) -> None:
    while found := list(_living(is_one)):
        for each in found:
            with contextlib.suppress(psutil.Error):
                each.kill()
        time.sleep(_LOOK)


def _living(is_one: Callable[[str], bool]) -> Iterator[psutil.Process]:
    me = os.getpid()
    for each in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError, ValueError):
            mark = each.environ().get(MARK, "")
            if mark and is_one(mark) and each.pid != me and each.status() != psutil.STATUS_ZOMBIE:
                yield each
