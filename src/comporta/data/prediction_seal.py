"""Open predictions made a version: blocks as frames, lines row by row, and what is neither set aside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import chain
from pathlib import Path

import polars as pl

from comporta.data.change import add
from comporta.data.dataset_log import RowColumns
from comporta.data.forgotten import record_forgotten_ids
from comporta.data.open_blocks import block_batches, in_period, moments, typed_blocks
from comporta.data.open_periods import period_batches, place_rows, widen_periods
from comporta.data.open_rows import (
    IN_BLOCKS,
    OpenBlock,
    OpenLog,
    OpenRow,
    UnreadableLine,
    blocks_in,
    open_names,
    rows_in,
    rows_of_block,
)
from comporta.data.periods import periods
from comporta.data.prediction_log import SealResult, log_shape, schema_of, with_columns
from comporta.data.prediction_rows import UNREADABLE, RejectedRow, instant, typed_rows
from comporta.data.rejected import write_rejected
from comporta.data.row_columns import Signatures, Types, columns_of
from comporta.data.row_subjects import SubjectColumns, no_subject, rows_with_subjects
from comporta.store import Keys, Store

Spans = dict[str, tuple[datetime, datetime]]


def seal_predictions(
    store: Store,
    keys: Keys,
    dataset: str,
    signatures: Signatures,
    *,
    whose: SubjectColumns = no_subject,
    now: datetime,
    scratch: Path,
) -> SealResult | None:
    """A version with all open predictions in it; None when there was nothing open.

    A row that cannot be among them is set aside, and the rest is sealed. Raises what `add` raises; then all
    stays open.
    """
    names = open_names(store, dataset)
    if not names:
        return None
    opened = OpenPredictions(store, names)
    bad: list[RejectedRow] = []
    spans, numbers = opened.place(now, bad)
    columns = {
        number: found
        for number in sorted(numbers)
        if (found := columns_of(store, keys, dataset, number, signatures, now)) is not None
    }
    sealed = 0
    for period, within in spans.items():
        frames = opened.frames(columns, whose, period, now, bad)
        made, _ = add(
            store, keys, log_shape(dataset), frames, change="update", now=now, scratch=scratch,
            within=within, period=period, gains=True,
        )  # fmt: skip
        sealed = made.rows
    write_rejected(store, keys, dataset, bad)
    record_forgotten_ids(store, keys, dataset, rows_with_subjects(opened.rows(), whose), now)
    for name in names:
        store.delete(name)
    return SealResult(rows=sealed, rejected=dict(Counter(row.cause for row in bad)))


class OpenPredictions:
    """What lies in some objects of a log, in blocks and on lines."""

    def __init__(self, store: Store, names: list[str]) -> None:
        lines = [name for name in names if not name.endswith(IN_BLOCKS)]
        self._lines, self._mixed = OpenLog(store, lines, rows_in), 0 < len(lines) < len(names)
        self._blocks = OpenLog(store, [name for name in names if name.endswith(IN_BLOCKS)], blocks_in)

    def place(self, now: datetime, bad: list[RejectedRow]) -> tuple[Spans, set[int]]:
        """The periods that the rows join, each with its first and last time, and the versions that answered;
        what is neither block nor row, or has no time, goes to `bad`."""
        spans: Spans = {}
        numbers: set[int] = set()
        for period, at, row in place_rows(self._lines, _moment, now, bad):
            numbers.add(row.version)
            widen_periods(spans, period, at)
        period_of = periods(now)
        for block in self._blocks:
            if isinstance(block, UnreadableLine):
                bad.append(RejectedRow(UNREADABLE, block.source, block.line))
                continue
            numbers.add(block.rows.version)
            for at in moments(block.rows):
                widen_periods(spans, period_of(at), at)
        return spans, numbers

    def frames(
        self,
        columns: Mapping[int, RowColumns],
        whose: SubjectColumns,
        period: str,
        now: datetime,
        bad: list[RejectedRow],
    ) -> Iterator[pl.DataFrame]:
        """The rows of one period, all batches with the same columns; what cannot be a row goes to `bad`."""
        types = schema_of(columns.values())
        yield pl.DataFrame(schema=types)
        period_of = periods(now)
        mine = (
            block
            for block in self._blocks
            if isinstance(block, OpenBlock) and any(period_of(at) == period for at in moments(block.rows))
        )
        taken: set[str] = set()
        for blocks in block_batches(mine):
            if self._mixed:
                taken.update(id for block in blocks for id in block.rows.ids)
            made, others = typed_blocks(blocks, columns, whose)
            for frame in made:
                yield with_columns(frame.lazy().filter(in_period(period, now)), types).collect()
            # Of what no frame could be made each row tells why.
            rows = [row for row in _rows_of(others, bad) if (at := _moment(row)) and period_of(at) == period]
            yield _typed_rows(rows, columns, whose, types, bad)
        for rows in period_batches(self._lines, _moment, period, now):
            # Set aside and tried anew before its block was gone, a row is there twice.
            rows = [row for row in rows if row.id not in taken] if taken else rows
            yield _typed_rows(rows, columns, whose, types, bad)

    def rows(self) -> Iterator[OpenRow]:
        """Each by itself."""
        blocks = (block for block in self._blocks if isinstance(block, OpenBlock))
        lines = chain(self._lines, chain.from_iterable(map(rows_of_block, blocks)))
        return (row for row in lines if isinstance(row, OpenRow))


def _rows_of(blocks: list[OpenBlock], bad: list[RejectedRow]) -> Iterator[OpenRow]:
    for row in chain.from_iterable(map(rows_of_block, blocks)):
        if isinstance(row, UnreadableLine):
            bad.append(RejectedRow(UNREADABLE, row.source, row.line))
        else:
            yield row


def _typed_rows(
    rows: list[OpenRow],
    columns: Mapping[int, RowColumns],
    whose: SubjectColumns,
    types: Types,
    bad: list[RejectedRow],
) -> pl.DataFrame:
    frame, rejected = typed_rows(list(rows_with_subjects(rows, whose)), columns)
    bad += rejected
    return with_columns(frame.lazy(), types).collect()


def _moment(row: OpenRow) -> datetime | None:
    return instant(row.at)
