"""Which small segments are put together, and when; of a log the days of the past are left as they are.

A log gets a segment every few minutes, and a manifest names each. Those of a day are put together while it
lasts, by powers of eight, and once more when it is over. From then on nothing is added to the day: rows that
still come for it are `late`, in segments of their own. Rows carry what they came in over every merge
(`origins`), so the slice of a time that is over stays what it was, and what was computed of it holds, while
manifests grow by a segment a day.

What is appended to any other dataset is one period without an end: were each append a segment for ever, the
next one would cost what all before it added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from comporta.data.runs import FRAGMENT
from comporta.records import Segment

LATE = "late"
APPENDED = "appended"  # the period of all that comes to a dataset that is no log
GRACE = timedelta(hours=1)  # how long after midnight the rows of a day may still join it
_SMALL = FRAGMENT // 64  # bytes of a segment that may be put together with others
_MANY = 8
_MANY_APPENDED = 32  # appends are rarer than flushes, and a version is worth a file for longer


def open_periods(now: datetime) -> tuple[str, ...]:
    """The days that rows may still join, the newest first; rows of all others are late."""
    utc = now.astimezone(UTC)
    return tuple(dict.fromkeys((f"{utc:%Y-%m-%d}", f"{utc - GRACE:%Y-%m-%d}")))


def periods(now: datetime) -> Callable[[datetime], str]:
    """A function of a row's time, in UTC: the period that it joins, taken in now."""
    days = {datetime.strptime(each, "%Y-%m-%d").date(): each for each in open_periods(now)}
    return lambda at: days.get(at.date(), LATE)


def to_join(segments: Sequence[Segment], now: datetime) -> Iterator[list[int]]:
    """Places of segments to be put together: of one period each, at least two. Segments of none stay."""
    places: dict[str, list[int]] = {}
    for at, segment in enumerate(segments):
        if segment.period:
            places.setdefault(segment.period, []).append(at)
    grow = (*open_periods(now), LATE, APPENDED)
    for period, mine in places.items():
        small = [at for at in mine if _size(segments[at]) <= _SMALL]
        if period in grow:
            many = _MANY_APPENDED if period == APPENDED else _MANY
            small = small[len(small) - _trailing([segments[at] for at in small], many) :]
        if len(small) > 1:
            yield small


def _trailing(segments: Sequence[Segment], many: int) -> int:
    """How many segments at the end are worth putting together: at least so many of about one size, or less.

    Sizes go by powers of that number, so that a row is written again once for each power it rises.
    """
    best = 0
    for level in range(22):  # 8**22 > 2**64
        run = 0
        for segment in reversed(segments):
            if sum(fragment.rows for fragment in segment.fragments) >= many ** (level + 1):
                break
            run += 1
        if run >= many:
            best = max(best, run)
    return best


def _size(segment: Segment) -> int:
    return sum(fragment.size for fragment in segment.fragments)
