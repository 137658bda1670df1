"""Cron lines and time zones, read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from comporta.errors import BadProject


def zone_of(name: str) -> ZoneInfo:
    """Raises BadProject on a name that is no time zone."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise BadProject(
            f"zone: found {name!r}, expected an IANA time zone such as Europe/Lisbon."
        ) from error


def require_cron(cron: str) -> None:
    """Raises BadProject on what is no cron line of five fields, and on one that never comes."""
    if len(cron.split()) != 5:
        raise BadProject(
            f"cron: found {cron!r}, expected five fields: minute, hour, day of the month, month, day of the "
            'week, such as "0 3 * * *".'
        )
    try:
        next(CronSim(cron, datetime(2026, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        raise BadProject(f"cron: found {cron!r} ({error}), expected one such as 0 3 * * *.") from error
    except StopIteration as error:
        raise BadProject(f"cron: found {cron!r}, which never comes. Correct its day or month.") from error


def latest_tick(cron: str, zone: str, at: datetime) -> datetime | None:
    """The last tick at or before `at`, UTC; None where there is none."""
    # Asked from a moment later: a tick at `at` itself counts.
    start = at.astimezone(zone_of(zone)) + timedelta(seconds=1)
    return next((each.astimezone(UTC) for each in CronSim(cron, start, reverse=True)), None)


def next_tick(cron: str, zone: str, at: datetime) -> datetime | None:
    """The first tick after `at`, UTC; None where there is none."""
    start = at.astimezone(zone_of(zone))
    return next((each.astimezone(UTC) for each in CronSim(cron, start)), None)
