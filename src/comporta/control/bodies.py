"""What bodies of requests are made of."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated

import msgspec

Name = Annotated[str, msgspec.Meta(max_length=200)]
Sentence = Annotated[str, msgspec.Meta(max_length=2000)]


class RequestBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A JSON object with these names and no others."""


def end_of(day: date | None) -> datetime | None:
    """The last second of this day, UTC."""
    return None if day is None else datetime.combine(day, time(23, 59, 59), UTC)
