"""What servers answered, a dataset a model: rows that are open, rows that are sealed, and how they become so.

A server process puts what it flushes as one small object in `open/`; any store can do that. Sealing makes a
version of all open rows and then deletes them. Killed in between, the next seal finds them in the version
already, adds none twice, and deletes them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
from msgspec.structs import replace

from comporta.data.change import add
from comporta.data.dataset_log import RowColumns, read_log
from comporta.data.forgotten import gone_ids, is_subject_hidden, record_forgotten_ids
from comporta.data.keys import key_hash
from comporta.data.manifests import slice_of
from comporta.data.open_periods import period_batches, place_rows, widen_periods
from comporta.data.open_rows import OpenLog, OpenRow, observation_of, open_names, open_rows
from comporta.data.prediction_rows import (
    BASE,
    RejectedRow,
    instant,
    observation_from_row,
    typed_rows,
)
from comporta.data.read import rows_of, scan_slice
from comporta.data.rejected import write_rejected
from comporta.data.row_columns import Signatures, Types, all_row_columns, columns_of, types_of
from comporta.data.row_subjects import (
    SubjectColumns,
    forgotten_ids,
    no_subject,
    rows_with_subjects,
    visible_rows,
)
from comporta.records import DatasetSchema, Observation, Record
from comporta.store import Keys, Store

_FEW, _NEAR = 4, timedelta(milliseconds=1)


class SealResult(Record, frozen=True, kw_only=True):
    """What a seal did. rows: in the version that it made. rejected: rows set aside, by cause."""

    rows: int = 0
    rejected: dict[str, int] = {}


def log_shape(dataset: str) -> DatasetSchema:
    """How predictions are placed: by subject, where one is known; else by id."""
    return DatasetSchema(name=dataset, key=("id",), subject="subject", time="at")


def scan_predictions(
    store: Store,
    keys: Keys,
    dataset: str,
    signatures: Signatures,
    *,
    whose: SubjectColumns = no_subject,
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
    rows = [
        row for row in rows_with_subjects(rows, whose) if not is_subject_hidden(row.subject, history, keys)
    ]
    columns = all_row_columns(history, {row.version for row in rows}, signatures)
    fresh = _between(typed_rows(rows, columns)[0].lazy(), since, until)
    types = schema_of((*history.schema, *columns.values()))
    if not history.versions:
        return with_columns(fresh, types)
    part = replace(slice_of(store, keys, dataset), since=since, until=until)
    sealed = visible_rows(scan_slice(store, keys, part), history.schema, whose, history, keys)
    if not rows:
        return with_columns(sealed, types)
    first = min(at for row in rows if (at := instant(row.at)) is not None)
    near = sealed.filter(pl.col("at") >= first).select("id")
    fresh = fresh.join(near, on="id", how="anti", maintain_order="left")
    return pl.concat([with_columns(sealed, types), with_columns(fresh, types)])


def gone_predictions(store: Store, keys: Keys, dataset: str, whose: SubjectColumns = no_subject) -> set[int]:
    """Hashes of the ids of predictions that are not shown, for their subject is forgotten."""
    history = read_log(store, keys, dataset)
    if not history.forgotten:
        return set(history.gone_ids)
    found = gone_ids(rows_with_subjects(open_rows(store, dataset), whose), history, keys)
    if not history.versions:
        return found
    sealed = scan_slice(store, keys, slice_of(store, keys, dataset))
    return found | {key_hash(id, keys) for id in forgotten_ids(sealed, history.schema, whose, history, keys)}


def find_prediction(
    store: Store, keys: Keys, dataset: str, model: str, id: str, whose: SubjectColumns = no_subject
) -> Observation | None:
    """The prediction with this id, also before it is sealed; None when the log has none."""
    history = read_log(store, keys, dataset)
    for row in rows_with_subjects(open_rows(store, dataset, id), whose):
        if not is_subject_hidden(row.subject, history, keys):
            return observation_of(row)
    history = read_log(store, keys, dataset)
    if not history.versions:
        return None
    rows = rows_of(store, keys, slice_of(store, keys, dataset), key={"id": id})
    if rows.is_empty():
        return None
    columns = [each for each in history.schema if each.model_version == rows["version"][0]]
    rows = visible_rows(rows.lazy(), columns, whose, history, keys).collect()
    if rows.is_empty():
        return None
    return observation_from_row(model, rows.row(0, named=True), columns[0] if columns else None)


def find_versions(store: Store, keys: Keys, dataset: str, ids: Sequence[str]) -> dict[str, int]:
    """The version that gave each of these predictions, as far as the log has them.

    A sealed one is looked for at the time that its id says: where its request named another, it is not found.
    """
    found = {row.id: row.version for row in _open_rows_of(store, dataset, frozenset(ids))}
    made = {id: _made(id) for id in ids if id not in found}
    moments = [at for at in made.values() if at is not None]
    if not moments or not read_log(store, keys, dataset).versions:
        return found
    near = replace(slice_of(store, keys, dataset), since=min(moments) - _NEAR, until=max(moments) + 2 * _NEAR)
    wanted = pl.col("id").is_in(pl.Series(made.keys(), dtype=pl.String).implode())
    rows = scan_slice(store, keys, near).select("id", "version").filter(wanted).collect(engine="streaming")
    return found | dict(rows.iter_rows())


def _made(id: str) -> datetime | None:
    """When an id was made; None where no server made it then."""
    try:
        return datetime.fromtimestamp(int(id[:12], 16) / 1e3, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _open_rows_of(store: Store, dataset: str, ids: frozenset[str]) -> Iterator[OpenRow]:
    if len(ids) <= _FEW:
        yield from (row for id in ids for row in open_rows(store, dataset, id))
    else:
        yield from (row for row in open_rows(store, dataset) if row.id in ids)


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
    spans: dict[str, tuple[datetime, datetime]] = {}
    numbers: set[int] = set()
    bad: list[RejectedRow] = []
    opened = OpenLog(store, names)
    for period, at, row in place_rows(opened, _moment, now, bad):
        numbers.add(row.version)
        widen_periods(spans, period, at)
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
    write_rejected(store, keys, dataset, bad)
    record_forgotten_ids(
        store,
        keys,
        dataset,
        rows_with_subjects((row for row in opened if isinstance(row, OpenRow)), whose),
        now,
    )
    for name in names:
        store.delete(name)
    return SealResult(rows=sealed, rejected=dict(Counter(row.cause for row in bad)))


def _frames(
    opened: OpenLog,
    columns: Mapping[int, RowColumns],
    whose: SubjectColumns,
    period: str,
    now: datetime,
    bad: list[RejectedRow],
) -> Iterator[pl.DataFrame]:
    """The rows of one period, all batches with the same columns; what cannot be a row goes to `bad`."""
    types = schema_of(columns.values())
    yield pl.DataFrame(schema=types)
    for rows in period_batches(opened, _moment, period, now):
        yield _batch(list(rows_with_subjects(rows, whose)), columns, types, bad)


def _moment(row: OpenRow) -> datetime | None:
    return instant(row.at)


def _batch(
    rows: list[OpenRow], columns: Mapping[int, RowColumns], types: Types, bad: list[RejectedRow]
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
