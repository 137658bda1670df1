"""Rows of a log whose subject is forgotten, and what else speaks of them by their ids."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import polars as pl

from comporta.data.dataset_log import DatasetLog, RedactEntry, append_entry, read_log
from comporta.data.keys import key_hash, subject_hashes
from comporta.data.open_rows import OpenRow
from comporta.store import Keys, Store


def is_subject_hidden(subject: str | None, history: DatasetLog, keys: Keys) -> bool:
    """Whether rows of this subject are not shown any more."""
    if subject is None or not history.forgotten:
        return False
    return not history.forgotten.isdisjoint(subject_hashes(subject, keys))


def gone_ids(rows: Iterable[OpenRow], history: DatasetLog, keys: Keys) -> set[int]:
    """Hashes of the ids that went with a subject, those of these open rows among them."""
    return set(history.gone_ids) | {
        key_hash(row.id, keys) for row in rows if is_subject_hidden(row.subject, history, keys)
    }


def record_forgotten_ids(
    store: Store, keys: Keys, dataset: str, rows: Iterable[OpenRow], now: datetime
) -> None:
    """Writes down the ids of those rows that a seal left out, for their subjects are forgotten: a label that
    comes for one later is not shown."""
    found: set[int] | None = None
    while True:
        history = read_log(store, keys, dataset)
        if not history.forgotten:
            return
        if found is None:
            found = gone_ids(rows, history, keys)
        fresh = found - history.gone_ids
        if not fresh:
            return
        append_entry(
            store,
            keys,
            dataset,
            history,
            now,
            RedactEntry,
            moved={},
            ids=tuple(f"{each:016x}" for each in sorted(fresh)),
        )


def without_ids(frame: pl.LazyFrame, gone: set[int], keys: Keys) -> pl.LazyFrame:
    """The rows whose `id` did not go with a subject."""
    if not gone:
        return frame

    def stays(ids: pl.Series) -> pl.Series:
        return pl.Series([key_hash(each, keys) not in gone for each in ids], dtype=pl.Boolean)

    return frame.filter(pl.col("id").map_batches(stays, return_dtype=pl.Boolean, is_elementwise=True))
