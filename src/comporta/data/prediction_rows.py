"""Rows of a prediction log as a frame of typed columns, and those that cannot be, each with its cause."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
import polars as pl

from comporta.data.dataset_log import RowColumns
from comporta.data.open_rows import OpenRow
from comporta.data.row_columns import Types, column_expressions, row_values, types_of, value_checker
from comporta.records import JoinedRow, Observation, decode

TIME = pl.Datetime("us", "UTC")
BASE: Types = {
    "id": pl.String(), "version": pl.Int64(), "at": TIME, "key": pl.String(), "subject": pl.String(),
    "unit": pl.String(), "release": pl.Int64(), "arm": pl.String(), "worker": pl.String(),
    "latency_us": pl.Int64(), "token": pl.String(), "traceparent": pl.String(),
    "shadow_of": pl.String(), "joined": pl.String(),
}  # fmt: skip
"""What every model's log has. joined: canonical JSON, for each dataset that is joined has key columns of its
own, and a row of it is looked for by exactly these characters."""

UNREADABLE, TIMELESS, UNKNOWN = "line_unreadable", "time_missing", "version_unknown"
INPUTS, OUTPUT, HISTORY, UNKEPT = "inputs_mistyped", "output_mistyped", "history_mistyped", "value_unkept"
CAUSES = {
    UNREADABLE: "The line is no row of a log.",
    TIMELESS: "The row has no time.",
    UNKNOWN: "Nothing is known of the version that answered: neither its columns nor their types.",
    INPUTS: "The inputs are other columns, or of other types, than the version takes.",
    OUTPUT: "The answer is of another type than the version gives.",
    HISTORY: "What is said of the rows of history that it read has another shape.",
    UNKEPT: "A value is one that no column of its type can hold.",
}
"""Why a row is set aside, by code."""

_MOST = 2**63
_INPUTS, _OUTPUT = "__inputs", "__output"
_joined = msgspec.json.Decoder(tuple[JoinedRow, ...])


class RejectedRow(NamedTuple):
    """A row that cannot be sealed. cause: a key of `CAUSES`."""

    cause: str
    source: str
    line: bytes


def typed_rows(
    rows: Sequence[OpenRow], columns: Mapping[int, RowColumns]
) -> tuple[pl.DataFrame, list[RejectedRow]]:
    """These rows with the columns of all their versions, and those that could not be among them.

    columns: by model version; a row of another version is rejected.
    """
    checks = {number: _check(each) for number, each in columns.items()}
    good: dict[int, list[OpenRow]] = {}
    bad: list[RejectedRow] = []
    for row in rows:
        check = checks.get(row.version)
        cause = UNKNOWN if check is None else check(row)
        if cause:
            bad.append(RejectedRow(cause, row.source, row.line))
        else:
            good.setdefault(row.version, []).append(row)
    frames = [pl.DataFrame(schema=BASE)]
    for number, mine in good.items():
        made, rest = _frames_by_halves(mine, columns[number])
        frames += made
        bad += [RejectedRow(UNKEPT, row.source, row.line) for row in rest]
    return pl.concat(frames, how="diagonal"), bad


def observation_from_row(model: str, row: dict[str, Any], columns: RowColumns | None) -> Observation:
    """A row of the log as the record it was logged from."""
    # What was sealed before a column was kept has none.
    beside: dict[str, Any] = {name: row.get(name) for name in BASE if name != "joined"}
    return Observation(
        **beside,
        model=model,
        inputs={} if columns is None else row_values(row, columns.inputs),
        output={} if columns is None else row_values(row, columns.outputs),
        joined=decode(row["joined"], tuple[JoinedRow, ...]),
    )


def instant(at: datetime | None) -> datetime | None:
    """The same in UTC, which it is taken to be in where it names no zone."""
    if at is None:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _check(columns: RowColumns) -> Callable[[OpenRow], str]:
    """A function of a row: why it cannot be kept, or nothing."""
    types = types_of(columns)
    inputs = value_checker({name: types[column] for name, column in columns.inputs})
    output = value_checker({name: types[column] for name, column in columns.outputs}, all_of_them=False)

    def check(row: OpenRow) -> str:
        if row.at is None:
            return TIMELESS
        numbers = (row.version, row.release or 0, row.latency_us or 0)
        if not all(-_MOST <= each < _MOST for each in numbers):
            return UNKEPT
        for cause, test, data in (
            (INPUTS, inputs, row.inputs), (OUTPUT, output, row.output), (HISTORY, _joined.decode, row.joined),
        ):  # fmt: skip
            try:
                test(data)
            except (ValueError, RecursionError):  # a ValidationError is a ValueError too
                return cause
        return ""

    return check


def _frames_by_halves(rows: list[OpenRow], columns: RowColumns) -> tuple[list[pl.DataFrame], list[OpenRow]]:
    """Frames of these rows, and the rows of which none can be made: found by halving."""
    try:
        return [_frame(rows, columns)], []
    # What polars raises on a value is of many kinds, a panic among them.
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError, OverflowError, TypeError):
        if len(rows) == 1:
            return [], rows
    middle = len(rows) // 2
    parts = [_frames_by_halves(half, columns) for half in (rows[:middle], rows[middle:])]
    return [frame for frames, _ in parts for frame in frames], [row for _, bad in parts for row in bad]


def _frame(rows: list[OpenRow], columns: RowColumns) -> pl.DataFrame:
    types = types_of(columns)
    beside = {name: pl.Series(_column_values(rows, name), dtype=dtype) for name, dtype in BASE.items()}
    texts = {
        _INPUTS: pl.Series([bytes(row.inputs).decode() for row in rows], dtype=pl.String),
        _OUTPUT: pl.Series([bytes(row.output).decode() for row in rows], dtype=pl.String),
    }
    frame = pl.DataFrame({**beside, **texts})
    made = [
        *column_expressions(_INPUTS, columns.inputs, types),
        *column_expressions(_OUTPUT, columns.outputs, types),
    ]
    return frame.select(*BASE, *made)


def _column_values(rows: list[OpenRow], name: str) -> list[Any]:
    if name == "at":
        return [instant(row.at) for row in rows]
    if name == "joined":
        return [bytes(row.joined).decode() for row in rows]
    get = attrgetter(name)
    return [get(row) for row in rows]
