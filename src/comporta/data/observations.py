"""What servers answered, and what came true: two datasets whose newest rows are still open.

A server process puts what it flushes as one small object in `open/`; any store can do that. Sealing makes a
version of all open rows and then deletes them. Killed in between, the next seal finds them in the version
already, adds none twice, and deletes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from comporta.data.change import add
from comporta.data.keys import subject_hashes
from comporta.data.log import read_log
from comporta.data.manifests import slice_of
from comporta.data.names import checked_name, open_prefix
from comporta.data.read import rows_of, scan
from comporta.errors import NotFound, Tampered
from comporta.records import Feedback, Joined, Observation, Shape, Slice, decode, encode
from comporta.store import Keys, Store

_TIME = pl.Datetime("us", "UTC")
OBSERVED: dict[str, pl.DataType] = {
    "id": pl.String(), "model": pl.String(), "version": pl.Int64(), "at": _TIME,
    "inputs": pl.String(), "output": pl.String(), "joined": pl.String(),
    "key": pl.String(), "subject": pl.String(), "unit": pl.String(),
}  # fmt: skip
TOLD: dict[str, pl.DataType] = {
    "id": pl.String(), "label": pl.String(), "at": _TIME, "arrived": _TIME, "subject": pl.String(),
}  # fmt: skip

_BATCH = 65_536  # rows decoded at once when sealing


def observed_shape(dataset: str) -> Shape:
    """How predictions are placed: by subject, where the request told one; else by id."""
    return Shape(name=dataset, key=("id",), subject="subject", time="at")


def told_shape(dataset: str) -> Shape:
    """How feedback is placed: beside the predictions of its subject. A label may be told again, later."""
    return Shape(name=dataset, key=("id", "arrived"), subject="subject", time="arrived", arrived="arrived")


def log_rows(
    store: Store, dataset: str, process: str, n: int, rows: Sequence[Observation | Feedback | msgspec.Raw]
) -> bool:
    """One flush, durable when it returns. process: unique among all writers. n: its flushes, from 0.

    False when this flush was there already: rows are told apart by id, so a repeated one does no harm.
    """
    name = f"{open_prefix(checked_name(dataset))}{process}/{n:012d}.jsonl"
    return store.put(name, b"\n".join(map(encode, rows)))


def scan_observations(
    store: Store, keys: Keys, dataset: str, *, since: datetime | None = None, until: datetime | None = None
) -> pl.LazyFrame:
    """Predictions with since <= at < until, sealed and open, each once; what is structured as JSON."""
    return _scan(store, keys, dataset, OBSERVED, observed_shape(dataset), since, until)


def scan_feedback(
    store: Store, keys: Keys, dataset: str, *, since: datetime | None = None, until: datetime | None = None
) -> pl.LazyFrame:
    """What came true, told with since <= arrived < until; `label` as JSON. Unknown ids are kept."""
    return _scan(store, keys, dataset, TOLD, told_shape(dataset), since, until)


def find_prediction(store: Store, keys: Keys, dataset: str, id: str) -> Observation | None:
    """The prediction with this id, also before it is sealed; None when the log has none."""
    rows = _open(store, keys, dataset, OBSERVED, id)
    if rows.is_empty() and read_log(store, keys, dataset).versions:
        rows = rows_of(store, keys, slice_of(store, keys, dataset), key={"id": id})
    return observation(rows.row(0, named=True)) if not rows.is_empty() else None


def observation(row: dict[str, Any]) -> Observation:
    """A row of `scan_observations` as the record it was logged from."""
    return Observation(
        **{name: row[name] for name in ("id", "model", "version", "at", "key", "subject", "unit")},
        inputs=decode(row["inputs"], dict[str, Any]),
        output=decode(row["output"], dict[str, Any]),
        joined=decode(row["joined"], tuple[Joined, ...]),
    )


def seal(store: Store, keys: Keys, dataset: str, *, now: datetime, scratch: Path) -> Slice | None:
    """A version with all open predictions in it; None when there was nothing open."""
    return _seal(store, keys, observed_shape(dataset), OBSERVED, None, now, scratch)


def seal_feedback(
    store: Store, keys: Keys, dataset: str, *, predictions: str, now: datetime, scratch: Path
) -> Slice | None:
    """The same of feedback; each row is placed with its prediction's subject, and forgotten with it."""
    return _seal(store, keys, told_shape(dataset), TOLD, predictions, now, scratch)


class _Line(msgspec.Struct, omit_defaults=True):
    """Either record as it lies in an open object; what becomes JSON text is not decoded."""

    id: str
    at: datetime | None = None
    model: str = ""
    version: int = 0
    inputs: msgspec.Raw = msgspec.Raw(b"{}")
    output: msgspec.Raw = msgspec.Raw(b"{}")
    joined: msgspec.Raw = msgspec.Raw(b"[]")
    key: str | None = None
    subject: str | None = None
    unit: str | None = None
    label: msgspec.Raw = msgspec.Raw(b"null")
    arrived: datetime | None = None


_lines = msgspec.json.Decoder(_Line)


def _seal(
    store: Store,
    keys: Keys,
    shape: Shape,
    schema: dict[str, pl.DataType],
    predictions: str | None,
    now: datetime,
    scratch: Path,
) -> Slice | None:
    names = [entry.name for entry in store.list(open_prefix(checked_name(shape.name)))]
    if not names:
        return None
    within = _span(store, names, schema, str(shape.time))

    def frames() -> Iterator[pl.DataFrame]:
        seen: set[tuple[Any, ...]] = set()
        yield pl.DataFrame(schema=schema)
        for batch in _batches(store, names, schema):
            frame = batch.unique(list(shape.key), keep="first", maintain_order=True)
            new = [row not in seen for row in frame.select(shape.key).iter_rows()]
            frame = frame.filter(pl.Series(new, dtype=pl.Boolean))
            seen.update(frame.select(shape.key).iter_rows())
            yield frame if predictions is None else _with_subjects(store, keys, predictions, frame)

    # By update: a label whose prediction was unknown when it was sealed may know its subject now.
    made, _ = add(
        store, keys, shape, frames(), change="update", now=now, scratch=scratch, within=within, tidy=True
    )
    for name in names:
        store.delete(name)
    return made


def _scan(
    store: Store,
    keys: Keys,
    dataset: str,
    schema: dict[str, pl.DataType],
    shape: Shape,
    since: datetime | None,
    until: datetime | None,
) -> pl.LazyFrame:
    assert shape.time is not None
    # Open rows first: what is sealed meanwhile is met twice, and told apart; the reverse would lose it.
    fresh = _open(store, keys, dataset, schema)
    if since is not None:
        fresh = fresh.filter(pl.col(shape.time) >= since)
    if until is not None:
        fresh = fresh.filter(pl.col(shape.time) < until)
    if not read_log(store, keys, dataset).versions:
        return fresh.lazy()
    sealed = scan(store, keys, slice_of(store, keys, dataset, since=since, until=until))
    if fresh.is_empty():
        return sealed
    near = sealed.filter(pl.col(shape.time) >= fresh[shape.time].min()).select(shape.key)
    return pl.concat([sealed, fresh.lazy().join(near, on=list(shape.key), how="anti", maintain_order="left")])


def _open(
    store: Store, keys: Keys, dataset: str, schema: dict[str, pl.DataType], id: str | None = None
) -> pl.DataFrame:
    """Rows not yet sealed, each once, less those of forgotten subjects; id: only those with this one."""
    while True:
        names = [entry.name for entry in store.list(open_prefix(checked_name(dataset)))]
        try:
            found = list(_batches(store, names, schema, id))
            break
        except NotFound:
            continue  # sealed and deleted while we read: look again
    frame = pl.concat([pl.DataFrame(schema=schema), *found])
    key = [name for name in ("id", "arrived") if name in schema]
    frame = frame.unique(key, keep="first", maintain_order=True)
    forgotten = read_log(store, keys, dataset).forgotten
    if forgotten:
        gone = [
            each
            for each in frame["subject"].unique().drop_nulls()
            if not forgotten.isdisjoint(subject_hashes(each, keys))
        ]
        frame = frame.filter(~pl.col("subject").is_in(gone) | pl.col("subject").is_null())
    return frame


def _span(
    store: Store, names: Sequence[str], schema: dict[str, pl.DataType], time: str
) -> tuple[datetime, datetime] | None:
    """The first and the last time among open rows: sealed rows with the same keys can only lie between."""
    ends = [
        (line.at if time == "at" else line.arrived)
        for name in names
        for line in _lines.decode_lines(store.get(name))
    ]
    known = [_utc(each) for each in ends if each is not None]
    return (min(known), max(known)) if known else None


def _batches(
    store: Store, names: Sequence[str], schema: dict[str, pl.DataType], id: str | None = None
) -> Iterator[pl.DataFrame]:
    held: list[_Line] = []
    # The id is looked for in the bytes first: decoding every open row to find one would be slow.
    needle = None if id is None else encode(id)
    for name in names:
        data = store.get(name)
        if needle is not None and needle not in data:
            continue
        try:
            held += [line for line in _lines.decode_lines(data) if id is None or line.id == id]
        except msgspec.MsgspecError as error:
            raise Tampered(f"{name}: open rows cannot be read ({error}). Restore it, or delete it.") from None
        if len(held) >= _BATCH:
            yield _frame(held, schema)
            held = []
    if held:
        yield _frame(held, schema)


def _frame(lines: list[_Line], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    def column(name: str) -> list[Any]:
        values = [getattr(line, name) for line in lines]
        if name in ("inputs", "output", "joined", "label"):
            return [bytes(value).decode() for value in values]
        if schema[name] == _TIME:
            return [None if value is None else _utc(value) for value in values]
        return values

    return pl.DataFrame({name: pl.Series(column(name), dtype=dtype) for name, dtype in schema.items()})


def _with_subjects(store: Store, keys: Keys, predictions: str, told: pl.DataFrame) -> pl.DataFrame:
    subjects = (
        scan_observations(store, keys, predictions)
        .select("id", "subject")
        .join(told.lazy().select("id"), on="id", how="semi")
        .unique("id")
        .collect(engine="streaming")
    )
    return (
        told.drop("subject").join(subjects, on="id", how="left", maintain_order="left").select(told.columns)
    )


def _utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
