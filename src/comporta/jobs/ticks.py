"""Ticks: the times at which a schedule asks for a job. Pure: a cron line, a zone and times → times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

from cronsim import CronSim

from comporta.project.cron import latest_tick, zone_of
from comporta.records import Changes, Event, Lookup, Projection
from comporta.records.job_facts import JobQueued

LATE = timedelta(minutes=5)
"""A tick that is no older came in time; and so far may the clocks of those who ask differ."""
MOST = 1000
"""Missed ticks that are caught up with at once."""


def due_ticks(
    cron: str,
    zone: str,
    catch_up: Literal["latest", "all", "none"],
    last: datetime | None,
    at: datetime,
) -> tuple[datetime, ...]:
    """The ticks to be asked for at `at`, UTC, the oldest first. last: the newest that was asked for; None:
    none ever was, and then only one that came in time is."""
    newest = latest_tick(cron, zone, at)
    if newest is None or (last is not None and newest <= last):
        return ()
    in_time = at - newest <= LATE
    if last is None or catch_up == "none":
        return (newest,) if in_time else ()
    if catch_up == "latest":
        return (newest,)
    found: list[datetime] = []
    for each in CronSim(cron, last.astimezone(zone_of(zone))):
        tick = each.astimezone(UTC)
        if tick > newest or len(found) == MOST:
            break
        if tick > last:
            found.append(tick)
    return tuple(found)


def _on_queued(fact: JobQueued, event: Event, old: Lookup[datetime]) -> Changes[datetime]:
    tick = fact.request.tick
    if tick is not None:
        before = old(tick.schedule)
        yield tick.schedule, tick.at if before is None else max(before, tick.at)


TICKS = Projection("job tick", datetime, {JobQueued: _on_queued})
"""Schedule → the newest of its ticks that was asked for."""
