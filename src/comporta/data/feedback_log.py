"""What came true, by prediction id: a dataset whose newest rows are still open.

A label says nothing of a subject, and may come before its prediction is sealed or long after: whom it is
about is found when it is read, by the id of the prediction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
from msgspec.structs import replace

from comporta.data.change import add
from comporta.data.dataset_log import read_log
from comporta.data.forgotten import without_ids
from comporta.data.manifests import slice_of
from comporta.data.open_periods import OpenRows, period_batches, place_rows, widen_periods
from comporta.data.open_rows import OpenLog, OpenRow, open_names, open_rows, rows_in
from comporta.data.prediction_log import SealResult
from comporta.data.prediction_rows import TIME, RejectedRow, instant
from comporta.data.read import scan_slice
from comporta.data.rejected import write_rejected
from comporta.data.row_columns import Types
from comporta.records import DatasetSchema
from comporta.store import Keys, Store

LABELS: Types = {
    "id": pl.String(), "label": pl.String(), "at": TIME, "arrived": TIME, "subject": pl.String(),
}  # fmt: skip
"""label: as JSON, for it may be of any model. subject: of what earlier releases sealed; null since."""
_WHOSE = "__whose"


def feedback_shape(dataset: str) -> DatasetSchema:
    """How labels are placed: by id and arrival. A label may be given again, later."""
    return DatasetSchema(
        name=dataset, key=("id", "arrived"), subject="subject", time="arrived", arrived="arrived"
    )


def scan_feedback(
    store: Store,
    keys: Keys,
    dataset: str,
    *,
    gone: set[int] | frozenset[int] = frozenset(),
    since: datetime | None = None,
    until: datetime | None = None,
) -> pl.LazyFrame:
    """What came true, given with since <= arrived < until; known ids and unknown, less those in `gone`.

    gone: hashes of ids that went with a subject (`gone_ids`). `with_subjects` adds whom a label is about.
    """
    fresh = _frame(open_rows(store, dataset)).lazy()
    if since is not None:
        fresh = fresh.filter(pl.col("arrived") >= since)
    if until is not None:
        fresh = fresh.filter(pl.col("arrived") < until)
    if not read_log(store, keys, dataset).versions:
        return without_ids(fresh, set(gone), keys)
    sealed = scan_slice(store, keys, replace(slice_of(store, keys, dataset), since=since, until=until))
    fresh = fresh.join(
        sealed.select("id", "arrived"), on=["id", "arrived"], how="anti", maintain_order="left"
    )
    return without_ids(pl.concat([sealed, fresh]), set(gone), keys)


def with_subjects(labels: pl.LazyFrame, asked: Sequence[pl.LazyFrame]) -> pl.LazyFrame:
    """The labels with their predictions' subjects. asked: predictions of any model: `id`, `subject`."""
    if not asked:
        return labels
    known = pl.concat([frame.select("id", pl.col("subject").alias(_WHOSE)) for frame in asked])
    known = known.join(labels.select("id").unique(), on="id", how="semi").unique("id")
    found = labels.join(known, on="id", how="left", maintain_order="left")
    return found.with_columns(subject=pl.coalesce(_WHOSE, "subject")).drop(_WHOSE)


def last_labels(labels: pl.LazyFrame) -> pl.LazyFrame:
    """Of each id the label that counts: that of the latest `at` (its arrival, where it names none), then that
    which arrived last."""
    order = [pl.coalesce("at", "arrived"), pl.col("arrived")]
    return (
        labels.sort(*order, maintain_order=True)
        .group_by("id", maintain_order=True)
        .agg(pl.col("label").last())
    )


def seal_feedback(
    store: Store, keys: Keys, dataset: str, *, now: datetime, scratch: Path
) -> SealResult | None:
    """A version with all open labels in it; None when there was nothing open. A line that is no label is set
    aside."""
    names = open_names(store, dataset)
    if not names:
        return None
    spans: dict[str, tuple[datetime, datetime]] = {}
    bad: list[RejectedRow] = []
    opened = OpenLog(store, names, rows_in)
    for period, arrived, _ in place_rows(opened, _moment, now, bad):
        widen_periods(spans, period, arrived)
    sealed = 0
    for period, within in spans.items():
        made, _ = add(
            store, keys, feedback_shape(dataset), _frames(opened, period, now), change="update",
            now=now, scratch=scratch, within=within, period=period,
        )  # fmt: skip
        sealed = made.rows
    write_rejected(store, keys, dataset, bad)
    for name in names:
        store.delete(name)
    return SealResult(
        rows=sealed,
        rejected=dict(Counter(row.cause for row in bad)),
    )


def _moment(row: OpenRow) -> datetime | None:
    return instant(row.arrived)


def _frames(opened: OpenRows, period: str, now: datetime) -> Iterator[pl.DataFrame]:
    yield pl.DataFrame(schema=LABELS)
    yield from map(_frame, period_batches(opened, _moment, period, now))


def _frame(rows: Sequence[OpenRow]) -> pl.DataFrame:
    def value_of(row: OpenRow, name: str) -> Any:
        if name == "label":
            return bytes(row.label).decode()
        if name == "subject":
            return None
        return instant(getattr(row, name)) if name in ("at", "arrived") else row.id

    return pl.DataFrame(
        {
            name: pl.Series([value_of(row, name) for row in rows], dtype=dtype)
            for name, dtype in LABELS.items()
        }
    )
