"""Open rows by the period that they are sealed in: the same for what was answered and for what came true."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from comporta.data.open_rows import Opened, Row, Unread, distinct
from comporta.data.periods import periods
from comporta.data.prediction_rows import TIMELESS, UNREADABLE, Rejected

_BATCH = 65_536  # rows decoded at once when sealing

Moment = Callable[[Row], datetime | None]
"""The time by which a row is placed; None where it has none that can be kept."""


def placed(
    opened: Opened, moment: Moment, now: datetime, bad: list[Rejected]
) -> Iterator[tuple[str, datetime, Row]]:
    """Each row with its period and time; what is no row, or has no time, goes to `bad`."""
    period_of = periods(now)
    for row in opened:
        if isinstance(row, Unread):
            bad.append(Rejected(UNREADABLE, row.source, row.line))
        elif (at := moment(row)) is None:
            bad.append(Rejected(TIMELESS, row.source, row.line))
        else:
            yield period_of(at), at, row


def widen(spans: dict[str, tuple[datetime, datetime]], period: str, at: datetime) -> None:
    """The span of this period reaches to this time."""
    first, last = spans.get(period, (at, at))
    spans[period] = (min(first, at), max(last, at))


def batches(opened: Opened, moment: Moment, period: str, now: datetime) -> Iterator[list[Row]]:
    """The rows of one period, each once."""
    held: list[Row] = []
    period_of = periods(now)
    for row in distinct(row for row in opened if isinstance(row, Row)):
        at = moment(row)
        if at is None or period_of(at) != period:
            continue
        held.append(row)
        if len(held) >= _BATCH:
            yield held
            held = []
    if held:
        yield held
