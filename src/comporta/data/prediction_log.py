"""What servers answered, a dataset a model: rows that are open, and rows that are sealed.

A server process puts what it flushes as one small object in `open/`; any store can do that. Sealing makes a
version of all open rows (`prediction_seal.py`) and then deletes them. Killed in between, the next seal finds
them in the version already, adds none twice, and deletes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import polars as pl
from msgspec.structs import replace

from comporta.data.dataset_log import RowColumns, read_log
from comporta.data.forgotten import gone_ids, is_subject_hidden
from comporta.data.keys import key_hash
from comporta.data.manifests import slice_of
from comporta.data.open_rows import OpenRow, observation_of, open_rows
from comporta.data.prediction_rows import (
    BASE,
    instant,
    observation_from_row,
    typed_rows,
)
from comporta.data.read import rows_of, scan_slice
from comporta.data.row_columns import Signatures, Types, all_row_columns, types_of
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
