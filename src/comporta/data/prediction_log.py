"""What servers answered, a dataset a model: rows that are open, rows that are sealed, and how they become so.

A server process puts what it flushes as one small object in `open/`; any store can do that. Sealing makes a
version of all open rows and then deletes them. Killed in between, the next seal finds them in the version
already, adds none twice, and deletes them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

import polars as pl
from msgspec.structs import replace

from comporta.data.change import add
from comporta.data.forgotten import gone_ids, hidden, let_go
from comporta.data.keys import key_hash
from comporta.data.log import RowColumns, read_log
from comporta.data.manifests import slice_of
from comporta.data.open_periods import batches, placed, widen
from comporta.data.open_rows import Opened, Row, observation_of, open_names, open_rows
from comporta.data.prediction_rows import (
    BASE,
    Rejected,
    instant,
    observation,
    typed_rows,
)
from comporta.data.read import rows_of, scan
from comporta.data.rejected import set_aside
from comporta.data.row_columns import Signatures, Types, columns_of, planned_all, types_of
from comporta.data.row_subjects import Whose, gone, named, nobody, shown
from comporta.records import Observation, Record, Shape
from comporta.store import Keys, Store


class Sealed(Record, frozen=True, kw_only=True):
    """What a seal did. rows: in the version that it made. rejected: rows set aside, by cause."""

    rows: int = 0
    rejected: dict[str, int] = {}


def log_shape(dataset: str) -> Shape:
    """How predictions are placed: by subject, where one is known; else by id."""
    return Shape(name=dataset, key=("id",), subject="subject", time="at")


def scan_predictions(
    store: Store,
    keys: Keys,
    dataset: str,
    signatures: Signatures,
    *,
    whose: Whose = nobody,
    since: datetime | None = None,
    until: datetime | None = None,
) -> pl.LazyFrame:
    """Predictions with since <= at < until, sealed and open, each once; not those of forgotten subjects.

    Columns: `BASE`, and those of every version's inputs and answers; null where a version has no such column.
    whose: where requests carry their subject, which is a row's where the request named none beside it.
    """
    # Open rows first: what is sealed meanwhile is met twice, and told apart; the reverse would lose it.
    rows = open_rows(store, dataset)
    history = read_log(store, keys, dataset)
    rows = [row for row in named(rows, whose) if not hidden(row.subject, history, keys)]
    columns = planned_all(history, {row.version for row in rows}, signatures)
    fresh = _between(typed_rows(rows, columns)[0].lazy(), since, until)
    types = schema_of((*history.schema, *columns.values()))
    if not history.versions:
        return with_columns(fresh, types)
    part = replace(slice_of(store, keys, dataset), since=since, until=until)
    sealed = shown(scan(store, keys, part), history.schema, whose, history, keys)
    if not rows:
        return with_columns(sealed, types)
    first = min(at for row in rows if (at := instant(row.at)) is not None)
    near = sealed.filter(pl.col("at") >= first).select("id")
    fresh = fresh.join(near, on="id", how="anti", maintain_order="left")
    return pl.concat([with_columns(sealed, types), with_columns(fresh, types)])


def gone_predictions(store: Store, keys: Keys, dataset: str, whose: Whose = nobody) -> set[int]:
    """Hashes of the ids of predictions that are not shown, for their subject is forgotten."""
    history = read_log(store, keys, dataset)
    if not history.forgotten:
        return set(history.gone)
    found = gone_ids(named(open_rows(store, dataset), whose), history, keys)
    if not history.versions:
        return found
    sealed = scan(store, keys, slice_of(store, keys, dataset))
    return found | {key_hash(id, keys) for id in gone(sealed, history.schema, whose, history, keys)}


def find_prediction(
    store: Store, keys: Keys, dataset: str, model: str, id: str, whose: Whose = nobody
) -> Observation | None:
    """The prediction with this id, also before it is sealed; None when the log has none."""
    history = read_log(store, keys, dataset)
    for row in named(open_rows(store, dataset, id), whose):
        if not hidden(row.subject, history, keys):
            return observation_of(row)
    history = read_log(store, keys, dataset)
    if not history.versions:
        return None
    rows = rows_of(store, keys, slice_of(store, keys, dataset), key={"id": id})
    if rows.is_empty():
        return None
    columns = [each for each in history.schema if each.model_version == rows["version"][0]]
    rows = shown(rows.lazy(), columns, whose, history, keys).collect()
    if rows.is_empty():
        return None
    return observation(model, rows.row(0, named=True), columns[0] if columns else None)


def seal_predictions(
    store: Store,
    keys: Keys,
    dataset: str,
    signatures: Signatures,
    *,
    whose: Whose = nobody,
    now: datetime,
    scratch: Path,
) -> Sealed | None:
    """A version with all open predictions in it; None when there was nothing open.

    A row that cannot be among them is set aside, and the rest is sealed. Raises what `add` raises; then all
    stays open.
    """
    names = open_names(store, dataset)
    if not names:
        return None
    spans: dict[str, tuple[datetime, datetime]] = {}
    numbers: set[int] = set()
    bad: list[Rejected] = []
    opened = Opened(store, names)
    for period, at, row in placed(opened, _moment, now, bad):
        numbers.add(row.version)
        widen(spans, period, at)
    columns = {
        number: found
        for number in sorted(numbers)
        if (found := columns_of(store, keys, dataset, number, signatures, now)) is not None
    }
    sealed = 0
    for period, within in spans.items():
        frames = _frames(opened, columns, whose, period, now, bad)
        made, _ = add(
            store, keys, log_shape(dataset), frames, change="update", now=now, scratch=scratch,
            within=within, period=period, gains=True,
        )  # fmt: skip
        sealed = made.rows
    set_aside(store, keys, dataset, bad)
    let_go(store, keys, dataset, named((row for row in opened if isinstance(row, Row)), whose), now)
    for name in names:
        store.delete(name)
    return Sealed(rows=sealed, rejected=dict(Counter(row.cause for row in bad)))


def _frames(
    opened: Opened,
    columns: Mapping[int, RowColumns],
    whose: Whose,
    period: str,
    now: datetime,
    bad: list[Rejected],
) -> Iterator[pl.DataFrame]:
    """The rows of one period, all batches with the same columns; what cannot be a row goes to `bad`."""
    types = schema_of(columns.values())
    yield pl.DataFrame(schema=types)
    for rows in batches(opened, _moment, period, now):
        yield _batch(list(named(rows, whose)), columns, types, bad)


def _moment(row: Row) -> datetime | None:
    return instant(row.at)


def _batch(
    rows: list[Row], columns: Mapping[int, RowColumns], types: Types, bad: list[Rejected]
) -> pl.DataFrame:
    frame, rejected = typed_rows(rows, columns)
    bad += rejected
    return with_columns(frame.lazy(), types).collect()


def schema_of(columns: Iterable[RowColumns]) -> Types:
    """Column → type of a log whose versions have these."""
    types = dict(BASE)
    for each in columns:
        types |= types_of(each)
    return types


def _between(frame: pl.LazyFrame, since: datetime | None, until: datetime | None) -> pl.LazyFrame:
    if since is not None:
        frame = frame.filter(pl.col("at") >= since)
    return frame if until is None else frame.filter(pl.col("at") < until)


def with_columns(frame: pl.LazyFrame, types: Types) -> pl.LazyFrame:
    """The frame with these columns in this order; those it lacks are null."""
    there = frame.collect_schema()
    return frame.select(
        pl.col(name) if name in there else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in types.items()
    )
