"""Open rows by the period that they are sealed in: the same for what was answered and for what came true."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from comporta.data.open_rows import OpenLog, OpenRow, UnreadableLine, distinct_rows
from comporta.data.periods import periods
from comporta.data.prediction_rows import TIMELESS, UNREADABLE, RejectedRow

_BATCH = 65_536  # rows decoded at once when sealing

OpenRows = OpenLog[OpenRow | UnreadableLine]
Moment = Callable[[OpenRow], datetime | None]
"""The time by which a row is placed; None where it has none that can be kept."""


def place_rows(
    opened: OpenRows, moment: Moment, now: datetime, bad: list[RejectedRow]
) -> Iterator[tuple[str, datetime, OpenRow]]:
    """Each row with its period and time; what is no row, or has no time, goes to `bad`."""
    period_of = periods(now)
    for row in opened:
        if isinstance(row, UnreadableLine):
            bad.append(RejectedRow(UNREADABLE, row.source, row.line))
        elif (at := moment(row)) is None:
            bad.append(RejectedRow(TIMELESS, row.source, row.line))
        else:
            yield period_of(at), at, row


def widen_periods(spans: dict[str, tuple[datetime, datetime]], period: str, at: datetime) -> None:
    """The span of this period reaches to this time."""
    first, last = spans.get(period, (at, at))
    spans[period] = (min(first, at), max(last, at))


def period_batches(opened: OpenRows, moment: Moment, period: str, now: datetime) -> Iterator[list[OpenRow]]:
    """The rows of one period, each once."""
    held: list[OpenRow] = []
    period_of = periods(now)
    for row in distinct_rows(row for row in opened if isinstance(row, OpenRow)):
        at = moment(row)
        if at is None or period_of(at) != period:
            continue
        held.append(row)
        if len(held) >= _BATCH:
            yield held
            held = []
    if held:
        yield held
