"""Until when something counts, as people say it: a day, or a time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from comporta.errors import BadProject
from comporta.records.kind import kind_of


def end_of(until: date) -> datetime:
    """The end of a day, UTC; a time as it is. Raises BadProject on a time without its zone, or neither."""
    if isinstance(until, datetime):
        if until.tzinfo is None:
            raise BadProject(
                f"until: found {until.isoformat()} without a time zone, expected one, or a date."
            )
        return until
    if not isinstance(until, date):
        raise BadProject(f"until: found {kind_of(until)}, expected a date such as date(2027, 1, 31).")
    return datetime.combine(until, time(23, 59, 59), UTC)
