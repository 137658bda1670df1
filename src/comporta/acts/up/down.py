"""End what `comporta up` runs, from another terminal."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from comporta.acts.up.folder import UpFolder
from comporta.acts.up.part import SERVER_GRACE
from comporta.acts.up.process_identity import is_running, signal_process
from comporta.errors import Refused
from comporta.records import Record

GRACE = SERVER_GRACE + 15.0
"""Seconds: what the supervisor takes at the longest until it kills, and a little more."""
_LOOK = 0.05


class DownOutcome(Record, frozen=True, kw_only=True):
    """was_up: whether a supervisor ran. ended: the parts that ran on without one, and were ended."""

    was_up: bool
    ended: tuple[str, ...] = ()


def down(
    folder: UpFolder,
    *,
    grace: float = GRACE,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> DownOutcome:
    """Ends the supervisor and all parts; what was begun is finished first. Raises Refused where they run
    still after so many seconds."""
    was_up = folder.is_held()
    record = folder.read()
    if was_up:
        told = record is not None and signal_process(record.pid, record.identity, signal.SIGTERM)
        until = monotonic() + (grace if told else 5.0)
        while folder.is_held():
            if monotonic() >= until:
                who = "" if record is None else f" (process {record.pid})"
                raise Refused(
                    f"what is up has not ended within {grace:g} s{who}. `comporta status` tells which part "
                    "runs; "
                    "a second `comporta down` interrupts what is under way, a third kills."
                )
            sleep(_LOOK)
    ended = end_leftovers(folder, grace=grace, monotonic=monotonic, sleep=sleep)
    folder.remove_record()
    return DownOutcome(was_up=was_up, ended=ended)


def end_leftovers(
    folder: UpFolder,
    *,
    grace: float = GRACE,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[str, ...]:
    """The parts that ran on when their supervisor was killed; they have ended. After the grace they are
    killed."""
    record = folder.read()
    left = () if record is None else tuple(each for each in record.parts if each.alive)
    for each in left:
        signal_process(each.pid, each.identity, signal.SIGTERM)
    until = monotonic() + grace
    while any(is_running(each.pid, each.identity) for each in left):
        if monotonic() >= until:
            for each in left:
                signal_process(each.pid, each.identity, signal.SIGKILL)
            until = float("inf")
        sleep(_LOOK)
    return tuple(each.name for each in left)
