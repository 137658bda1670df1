"""What earlier releases kept: the predictions of all models in one dataset, inputs and answers as JSON text.

What they sealed stays as it is, and is read as rows of the model's log; what they left open is moved there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec
import polars as pl
from msgspec.structs import replace

from comporta.data.dataset_log import RowColumns, read_log
from comporta.data.forgotten import gone_ids, is_subject_hidden
from comporta.data.keys import key_hash
from comporta.data.manifests import slice_of
from comporta.data.names import log_of, open_prefix
from comporta.data.open_rows import (
    LINES,
    OpenHeader,
    OpenRow,
    observation_of,
    open_names,
    open_rows,
    rows_in,
)
from comporta.data.prediction_rows import BASE, typed_rows
from comporta.data.read import rows_of, scan_slice
from comporta.data.row_columns import Signatures, Types, all_row_columns, column_expressions, types_of
from comporta.data.row_subjects import (
    SubjectColumns,
    forgotten_ids,
    no_subject,
    rows_with_subjects,
    visible_rows,
)
from comporta.errors import NotFound
from comporta.records import PREDICTIONS, JoinedRow, Observation, decode, encode
from comporta.store import Keys, Store


def scan_json_predictions(
    store: Store,
    keys: Keys,
    model: str,
    signatures: Signatures,
    *,
    whose: SubjectColumns = no_subject,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[pl.LazyFrame]:
    """The model's predictions of then with since <= at < until, with columns as its log has them."""
    open_then = rows_with_subjects(
        (row for row in open_rows(store, PREDICTIONS) if row.model == model), whose
    )
    history = read_log(store, keys, PREDICTIONS)
    rows = [row for row in open_then if not is_subject_hidden(row.subject, history, keys)]
    frames: list[pl.LazyFrame] = []
    numbers = {row.version for row in rows}
    sealed = None
    if history.versions:
        part = replace(slice_of(store, keys, PREDICTIONS), since=since, until=until)
        sealed = scan_slice(store, keys, part).filter(pl.col("model") == model)
        numbers |= set(sealed.select(pl.col("version").unique()).collect()["version"].to_list())
    columns = all_row_columns(read_log(store, keys, log_of(model)), numbers, signatures)
    if sealed is not None:
        for number in sorted(numbers):
            frame = _with_types(sealed.filter(pl.col("version") == number), columns.get(number))
            frames.append(visible_rows(frame, _one(columns, number), whose, history, keys))
    if rows:
        fresh = typed_rows(rows, columns)[0].lazy()
        if sealed is not None:
            fresh = fresh.join(sealed.select("id"), on="id", how="anti", maintain_order="left")
        bounds = [pl.col("at") >= since] if since is not None else []
        frames.append(fresh.filter(*bounds, *([pl.col("at") < until] if until is not None else [])))
    return frames


def gone_json_predictions(
    store: Store, keys: Keys, model: str, signatures: Signatures, whose: SubjectColumns = no_subject
) -> set[int]:
    """Hashes of the ids of those that are not shown, for their subject is forgotten."""
    history = read_log(store, keys, PREDICTIONS)
    if not history.forgotten:
        return set(history.gone_ids)
    mine = (row for row in open_rows(store, PREDICTIONS) if row.model == model)
    found = gone_ids(rows_with_subjects(mine, whose), history, keys)
    if not history.versions:
        return found
    sealed = scan_slice(store, keys, slice_of(store, keys, PREDICTIONS)).filter(pl.col("model") == model)
    numbers = sealed.select(pl.col("version").unique()).collect()["version"].to_list()
    columns = all_row_columns(read_log(store, keys, log_of(model)), numbers, signatures)
    for number in numbers:
        frame = _with_types(sealed.filter(pl.col("version") == number), columns.get(number))
        ids = forgotten_ids(frame, _one(columns, number), whose, history, keys)
        found |= {key_hash(id, keys) for id in ids}
    return found


def find_json_prediction(
    store: Store, keys: Keys, id: str, whose: Callable[[str], SubjectColumns] = lambda model: no_subject
) -> Observation | None:
    """The prediction of then with this id, or None. whose: by model."""
    history = read_log(store, keys, PREDICTIONS)
    for bare in open_rows(store, PREDICTIONS, id):
        (row,) = rows_with_subjects([bare], whose(bare.model))
        if not is_subject_hidden(row.subject, history, keys):
            return observation_of(row)
    if not history.versions:
        return None
    rows = rows_of(store, keys, slice_of(store, keys, PREDICTIONS), key={"id": id})
    if rows.is_empty():
        return None
    found = rows.row(0, named=True)
    there = OpenRow(
        id=id, version=found["version"], inputs=msgspec.Raw(found["inputs"]), subject=found["subject"]
    )
    (row,) = rows_with_subjects([there], whose(found["model"]))
    if found["subject"] is None and is_subject_hidden(row.subject, history, keys):
        return None
    return Observation(
        **{name: found[name] for name in ("id", "model", "version", "at", "key", "unit")},
        subject=row.subject,
        inputs=decode(found["inputs"], dict[str, Any]),
        output=decode(found["output"], dict[str, Any]),
        joined=decode(found["joined"], tuple[JoinedRow, ...]),
    )


def move_open(store: Store, keys: Keys) -> None:
    """Open rows of then, made open rows of their models' logs. Killed between, the next turn goes on; no row
    is moved that some version of then holds."""
    for name in open_names(store, PREDICTIONS):
        try:
            rows = [row for row in rows_in(name, store.get(name)) if isinstance(row, OpenRow)]
        except NotFound:
            continue  # another process moved it
        sealed = _sealed_ids(store, keys, [row.id for row in rows])
        place = name.removeprefix(open_prefix(PREDICTIONS))
        head = encode(OpenHeader(format=LINES, worker=place.partition("/")[0]))
        for model in sorted({row.model for row in rows}):
            mine = [row.line for row in rows if row.model == model and row.id not in sealed]
            if mine:
                store.put(open_prefix(log_of(model)) + place, b"\n".join([head, *mine]))
        store.delete(name)


def _sealed_ids(store: Store, keys: Keys, ids: list[str]) -> set[str]:
    if not read_log(store, keys, PREDICTIONS).versions:
        return set()
    part = scan_slice(store, keys, slice_of(store, keys, PREDICTIONS)).select("id")
    found = part.filter(pl.col("id").is_in(pl.Series(ids, dtype=pl.String).implode()))
    return set(found.collect(engine="streaming")["id"].to_list())


def _one(columns: Mapping[int, RowColumns], number: int) -> list[RowColumns]:
    return [columns[number]] if number in columns else []


def _with_types(frame: pl.LazyFrame, columns: RowColumns | None) -> pl.LazyFrame:
    made: list[pl.Expr] = []
    if columns is not None:
        types: Types = types_of(columns)
        made = [
            *column_expressions("inputs", columns.inputs, types),
            *column_expressions("output", columns.outputs, types),
        ]
    there = frame.collect_schema()
    base = [
        pl.col(name) if name in there else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in BASE.items()
    ]
    return frame.select(*base, *made)
