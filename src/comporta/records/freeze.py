"""Times in which nothing is released, as people write them: a span of days, or one of each week."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from comporta.errors import BadProject
from comporta.records.record import Record

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEK = timedelta(days=7)


class Freeze(Record, frozen=True):
    """A time in which no plan begins, gives a version more traffic or promotes it by itself.

    begins: a day and an hour, `"2026-12-20 00:00"`, or one of each week, `"Fri 16:00"`.
    ends: the same.
    zone: in which they are told, an IANA time zone.

    >>> Freeze("Fri 16:00", "Mon 08:00", zone="Europe/Lisbon").zone
    'Europe/Lisbon'
    """

    begins: str
    ends: str = ""
    zone: str = "UTC"


def require_freeze(freeze: Freeze) -> None:
    """Raises BadProject on a time that cannot be read, one without an end or of which the end is not later,
    and on a zone that is none."""
    _zone(freeze)
    if not freeze.ends:
        raise BadProject(f"found a freeze from {freeze.begins!r} without an end. Say when it `ends`.")
    weekly = [_weekly(each) is not None for each in (freeze.begins, freeze.ends)]
    if weekly[0] != weekly[1]:
        raise BadProject(
            f"found {freeze.begins!r} and {freeze.ends!r}, expected two days of the week or two dates."
        )
    if not weekly[0] and _date_of(freeze.begins) >= _date_of(freeze.ends):
        raise BadProject(f"found an end {freeze.ends!r} that is not after {freeze.begins!r}.")
    if weekly[0] and _weekly(freeze.begins) == _weekly(freeze.ends):
        raise BadProject(f"found {freeze.begins!r} as begin and end, expected two times of the week.")


def frozen_until(freezes: tuple[Freeze, ...], now: datetime) -> datetime | None:
    """When the last of the freezes ends that `now` lies in, UTC; None where it lies in none."""
    ends = [end for each in freezes if (end := _end_of(each, now)) is not None]
    return max(ends, default=None)


def _end_of(freeze: Freeze, now: datetime) -> datetime | None:
    zone = _zone(freeze)
    local = now.astimezone(zone).replace(tzinfo=None)
    begins, ends = _weekly(freeze.begins), _weekly(freeze.ends)
    if begins is None or ends is None:
        first, last = _date_of(freeze.begins), _date_of(freeze.ends)
    else:
        monday = local.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=local.weekday())
        first = monday + begins
        first = first if first <= local else first - _WEEK
        last = first + (ends - begins) % _WEEK
    return last.replace(tzinfo=zone).astimezone(UTC) if first <= local < last else None


def _zone(freeze: Freeze) -> ZoneInfo:
    try:
        return ZoneInfo(freeze.zone)
    except (KeyError, ValueError, OSError) as error:
        raise BadProject(
            f"zone: found {freeze.zone!r}, expected an IANA time zone such as Europe/Lisbon."
        ) from error


def _weekly(text: str) -> timedelta | None:
    """The time since Monday began; None where it names no day of the week."""
    day, _, hour = text.partition(" ")
    if day[:3].lower() not in _DAYS:
        return None
    try:
        at = datetime.strptime(hour, "%H:%M")
    except ValueError as error:
        raise BadProject(f"found {text!r}, expected a day and an hour such as 'Fri 16:00'.") from error
    return timedelta(days=_DAYS.index(day[:3].lower()), hours=at.hour, minutes=at.minute)


def _date_of(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadProject(
            f"found {text!r}, expected a date and an hour such as '2026-12-20 00:00', or a day of the week "
            "and an hour such as 'Fri 16:00'."
        ) from error
    if at.tzinfo is not None:
        raise BadProject(f"found {text!r}, expected a time without an offset: `zone` tells it.")
    return at
