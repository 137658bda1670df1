"""A request after its protocol is peeled off: the same for Open Inference and MLflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from comporta.errors import BadRequest
from comporta.records.columns import ABOUT_ROW, TIME
from comporta.records.instant import FinerThanMicroseconds, parse_time

PER_ROW = {column: name for name, column in ABOUT_ROW.items()}
MAX_TEXT = 512


class RowMetadata(msgspec.Struct, gc=False):
    """Whom the rows are about: one text for all rows, one a row, or None. at: UTC times, likewise."""

    key: str | Sequence[str | None] | None = None
    subject: str | Sequence[str | None] | None = None
    unit: str | Sequence[str | None] | None = None
    at: datetime | Sequence[datetime | None] | None = None


class RequestRows(msgspec.Struct, gc=False):
    """n rows, not yet checked: an array [n, columns] in the order of the signature, or columns by name; or
    single, the one row of an array as it was read: most requests are one, and need no array.
    """

    n: int
    array: NDArray[np.float64] | None
    columns: Mapping[str, Sequence[Any] | NDArray[Any]] | None
    about: RowMetadata
    single: list[float | None] | None = None

    def numbers(self) -> NDArray[np.float64] | None:
        """[n, columns], missing as NaN; None of rows by name."""
        return self.array if self.single is None else np.array([self.single], dtype=np.float64)


NOBODY = RowMetadata()


def read_row_metadata(
    parameters: Mapping[str, Any] | None, per_row: Mapping[str, Sequence[Any]] | None = None
) -> RowMetadata:
    """Whom a request is about. parameters: `key`, `subject`, `unit`, `time`; per_row: columns named
    `__key`, `__subject`, `__unit`, `__time`. Raises BadRequest."""
    if not parameters and not per_row:
        return NOBODY
    found = RowMetadata()
    for name in ("key", "subject", "unit"):
        value = (parameters or {}).get(name)
        if value is not None and value != "":
            setattr(found, name, _text(name, value))
    time = (parameters or {}).get("time")
    if time is not None and time != "":
        found.at = parse_utc_time("parameter 'time'", time)
    for column, values in (per_row or {}).items():
        if column == TIME:
            found.at = [
                None if value is None else parse_utc_time(f"column '{TIME}'", value) for value in values
            ]
        else:
            name = PER_ROW[column]
            setattr(found, name, [None if value in (None, "") else _text(name, value) for value in values])
    return found


def value_of_row(value: Any, row: int) -> Any:
    """What is said of one row."""
    return value[row] if isinstance(value, list) else value


def parse_utc_time(what: str, value: Any) -> datetime:
    """A UTC time from ISO 8601 text with a time zone. Raises BadRequest."""
    if isinstance(value, str):
        try:
            found = parse_time(value)
            if found.tzinfo is not None:
                return found.astimezone(UTC)
        except FinerThanMicroseconds:
            raise BadRequest(
                f"{what}: found a time finer than microseconds, expected at most those."
            ) from None
        except (ValueError, OverflowError):
            pass
    raise BadRequest(f"{what}: expected a time with a time zone, as in 2026-01-31T12:00:00Z.")


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadRequest(f"{name}: expected text or a whole number.")
    text = str(value)
    if len(text) > MAX_TEXT:
        raise BadRequest(f"{name}: found {len(text)} characters, expected at most {MAX_TEXT}.")
    return text


def merge_row_metadata(one: RowMetadata, rows: RowMetadata) -> RowMetadata:
    """What is said of each row goes before what is said of all."""
    return RowMetadata(
        key=rows.key if rows.key is not None else one.key,
        subject=rows.subject if rows.subject is not None else one.subject,
        unit=rows.unit if rows.unit is not None else one.unit,
        at=rows.at if rows.at is not None else one.at,
    )


def too_many_rows(n: int, limit: int) -> BadRequest:
    """A request of more rows than one may hold."""
    return BadRequest(f"found {n} rows, expected at most {limit} in one request. Send them in parts.", 413)


def rows_of_columns(columns: dict[str, Any], parameters: Mapping[str, Any] | None, limit: int) -> RequestRows:
    """The rows of these columns, less those that say whom a row is about. Raises BadRequest."""
    sizes = {len(values) for values in columns.values()}
    if len(sizes) > 1:
        raise BadRequest(
            f"columns: found {min(sizes)} to {max(sizes)} rows, expected the same number in each."
        )
    n = sizes.pop() if sizes else 0
    if n == 0:
        raise BadRequest("the body: found no rows, expected at least one.")
    if n > limit:
        raise too_many_rows(n, limit)
    about_rows = {name: columns.pop(name) for name in (*PER_ROW, TIME) if name in columns}
    who = read_row_metadata(parameters)
    if about_rows:
        who = merge_row_metadata(who, read_row_metadata(None, about_rows))
    return RequestRows(n, None, columns, who)
