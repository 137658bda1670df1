"""Blocks of a prediction log as typed frames: sealed without a record of Python for each row.

What no frame can be made of is looked at row by row, as lines of JSON are: so each row that cannot be sealed
has its cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import polars as pl

from comporta.data.dataset_log import RowColumns
from comporta.data.open_rows import OpenBlock
from comporta.data.periods import LATE, open_periods
from comporta.data.prediction_rows import BASE
from comporta.data.row_columns import parsed_times, types_of
from comporta.data.row_subjects import SubjectColumns, with_own_subjects
from comporta.records.observed_rows import InputLayout, ObservedRows, decode_layout

_BATCH = 65_536  # rows made into frames at once when sealing
_KINDS = {"bool": (pl.Boolean,), "int": (pl.Int64, pl.UInt64, pl.Float64), "float": (pl.Float64,)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PER_BLOCK = ("version", "release", "arm", "latency_us", "token", "traceparent")


def moments(rows: ObservedRows) -> list[datetime]:
    """The times of a block, in UTC: one for all of its rows, or one a row."""
    return [
        _EPOCH + timedelta(microseconds=at) for at in (rows.at if isinstance(rows.at, list) else [rows.at])
    ]


def block_batches(blocks: Iterable[OpenBlock]) -> Iterator[list[OpenBlock]]:
    """Each once: a flush may have been written twice."""
    held: list[OpenBlock] = []
    rows, seen = 0, set[str]()
    for block in blocks:
        if block.rows.ids[0] in seen:
            continue
        seen.add(block.rows.ids[0])
        held.append(block)
        rows += len(block.rows.ids)
        if rows >= _BATCH:
            yield held
            held, rows = [], 0
    if held:
        yield held


def in_period(period: str, now: datetime) -> pl.Expr:
    """Whether a row joins this period, taken in now."""
    days = [date.fromisoformat(each) for each in open_periods(now)]
    of = pl.col("at").dt.date()
    return ~of.is_in(days) if period == LATE else of == date.fromisoformat(period)


def typed_blocks(
    blocks: Sequence[OpenBlock], columns: Mapping[int, RowColumns], whose: SubjectColumns
) -> tuple[list[pl.DataFrame], list[OpenBlock]]:
    """These blocks with the columns of their versions, each row with its subject; and those of which no frame
    can be made. columns: by model version."""
    groups: dict[tuple[int, bytes], list[OpenBlock]] = {}
    for block in blocks:
        groups.setdefault((block.rows.version, bytes(block.rows.layout)), []).append(block)
    frames, others = [], []
    for (version, layout), mine in groups.items():
        known = columns.get(version)
        try:
            if known is None:
                raise ValueError("nothing is known of the version")
            frames.append(with_own_subjects(_frame(mine, decode_layout(layout), known), known, whose))
        # What polars raises on a value is of many kinds, a panic among them.
        except (
            pl.exceptions.PolarsError, pl.exceptions.PanicException,
            ValueError, OverflowError, TypeError, KeyError, msgspec.MsgspecError,
        ):  # fmt: skip
            others += mine
    return frames, others


def _frame(blocks: list[OpenBlock], layout: InputLayout, columns: RowColumns) -> pl.DataFrame:
    """Of one version, all with the same inputs. Raises ValueError and what polars raises."""
    parts = [block.rows for block in blocks]
    sizes = [len(rows.ids) for rows in parts]
    index = pl.Series(np.repeat(np.arange(len(parts)), sizes))
    types = types_of(columns)
    made: dict[str, pl.Series] = {
        "id": pl.Series([id for rows in parts for id in rows.ids], dtype=pl.String),
        "worker": pl.Series([block.worker for block in blocks], dtype=pl.String).gather(index),
    }
    for name in _PER_BLOCK:
        made[name] = pl.Series([getattr(rows, name) for rows in parts], dtype=BASE[name]).gather(index)
    for name in ("at", "key", "subject", "unit", "shadow_of"):
        said = [getattr(rows, name) for rows in parts]
        if any(isinstance(each, list) for each in said):
            flat = _flat((each if isinstance(each, list) else [each] * n for each, n in _with(said, sizes)))
            made[name] = pl.Series(flat, dtype=BASE[name])
        else:
            made[name] = pl.Series(said, dtype=BASE[name]).gather(index)
    joined = [["[]"] * n if rows.joined is None else rows.joined for rows, n in _with(parts, sizes)]
    made["joined"] = pl.Series(_flat(joined), dtype=pl.String)
    found = _inputs(parts, layout, dict(columns.inputs), types)
    known = dict(columns.outputs)
    if any(rows.output.keys() - known.keys() for rows in parts):
        raise ValueError("found other outputs than the version gives")
    for name, column in columns.outputs:
        flat = _flat(rows.output.get(name, [None] * n) for rows, n in _with(parts, sizes))
        found[column] = _typed_series(flat, types[column])
    frame = pl.DataFrame({name: made[name] for name in BASE} | found)
    return frame.with_columns(parsed_times(types))


def _inputs(
    parts: list[ObservedRows], layout: InputLayout, columns: dict[str, str], types: dict[str, pl.DataType]
) -> dict[str, Any]:
    names = layout.names
    if len(names) != len(columns) or set(names) != set(columns):
        raise ValueError("found other inputs than the version takes")
    if not layout.kinds:
        return {
            column: _typed_series(_flat(rows.values[names.index(name)] for rows in parts), types[column])
            for name, column in columns.items()
        }
    matrix = np.frombuffer(b"".join(rows.numbers for rows in parts)).reshape(-1, len(names))
    found = {}
    for name, column in columns.items():
        at = names.index(name)
        if types[column] not in _KINDS[layout.kinds[at]]:
            raise TypeError(f"found {layout.kinds[at]}, expected {types[column]}")
        found[column] = pl.Series(matrix[:, at], nan_to_null=True).cast(types[column])
    return found


def _typed_series(values: list[Any], dtype: pl.DataType) -> pl.Series:
    """Times as the text that they came as."""
    return pl.Series(values, dtype=pl.String() if dtype.is_temporal() else dtype)


def _flat(lists: Iterable[list[Any]]) -> list[Any]:
    return [value for each in lists for value in each]


def _with(values: Sequence[Any], sizes: list[int]) -> Iterable[tuple[Any, int]]:
    return zip(values, sizes, strict=True)
