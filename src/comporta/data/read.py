"""Rows of a version, lazily: only the columns, fragments and row groups that the question needs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from comporta.data.bounds import in_bounds
from comporta.data.damage import reporting_damage
from comporta.data.dataset_log import read_log
from comporta.data.fragments import ResolvedFragment, scan_live_rows
from comporta.data.groups import group_fragments
from comporta.data.keys import PLACE, key_hashes, subject_hashes, subject_texts
from comporta.data.manifests import in_time, read_manifest, resolve_fragments, schema_of
from comporta.errors import BadProject, NotFound
from comporta.records import DatasetSchema, Form, Slice, canonical
from comporta.records.instant import parse_time
from comporta.records.named_column import by_names, exact_column
from comporta.store import Keys, Store


def scan_slice(store: Store, keys: Keys, slice: Slice) -> pl.LazyFrame:
    """The slice's rows as they can be read today, without what is hidden; nothing is read until collected.

    Order: that of the fragments, the same at each read. Raises NotFound, Tampered, WrongKey.
    """
    history = read_log(store, keys, slice.dataset)
    manifest = read_manifest(store, keys, slice.dataset, slice.version)
    found = in_time(resolve_fragments(history, manifest), slice.since, slice.until)
    schema = schema_of(manifest)
    try:
        frame = scan_live_rows(store, slice.dataset, group_fragments(store, history, found), schema)
    except NotFound:
        # A redaction may have come between the look at the log and the look at the files: look again.
        if read_log(store, keys, slice.dataset).n == history.n:
            raise
        return scan_slice(store, keys, slice)
    frame = in_bounds(frame, manifest.shape, schema, slice.since, slice.until)
    return frame.select(by_names(schema if slice.columns is None else slice.columns))


def rows_of(
    store: Store,
    keys: Keys,
    slice: Slice,
    *,
    key: Mapping[str, Any] | None = None,
    subject: str | None = None,
    form: Form | None = None,
) -> pl.DataFrame:
    """The rows with this key, or of this subject, all columns; found through the placement hash.

    key: every key column → its value. form: how subjects are compared; None: as this version placed them. By
    another form every row is looked at. Raises NotFound, BadProject when the key names other columns.
    """
    history = read_log(store, keys, slice.dataset)
    manifest = read_manifest(store, keys, slice.dataset, slice.version)
    shape, schema = manifest.shape, schema_of(manifest)
    if (key is None and subject is None) or (subject is not None and shape.subject is None):
        raise BadProject(
            f"{slice.dataset}: expected a key{'' if shape.subject is None else ' or a subject'}."
        )
    wanted = pl.lit(True)
    found = group_fragments(
        store, history, in_time(resolve_fragments(history, manifest), slice.since, slice.until)
    )
    if key is not None:
        frame = _key_frame(key, shape, schema, slice.dataset)
        for name in shape.key:
            wanted &= exact_column(name) == pl.lit(frame[name][0], dtype=schema[name])
        if shape.subject is None:
            place = int(key_hashes(frame, shape, keys)[0])
            wanted &= at_places(place)
            found = holding(found, place)
    if subject is not None and shape.subject is not None:
        form = form or shape.form
        if form == shape.form:
            places = subject_hashes(subject, keys, form)
            wanted &= at_places(*places)
            found = holding(found, *places)
    rows = scan_live_rows(store, slice.dataset, found, schema).filter(wanted)
    rows = in_bounds(rows, shape, schema, slice.since, slice.until)
    with reporting_damage(store, keys, slice.dataset):
        frame = rows.select(by_names(schema)).collect(engine="streaming")
    if subject is None or shape.subject is None:
        return frame
    # Two subjects may share a hash, and rows of before forms were declared lie by another text.
    return frame.filter(
        subject_texts(frame[shape.subject], form or shape.form) == canonical(subject, form or shape.form)
    )


def at_places(*places: int) -> pl.Expr:
    """Whether a row is placed at one of these hashes."""
    return pl.any_horizontal(pl.col(PLACE) == pl.lit(place, dtype=pl.UInt64) for place in places)


def holding(found: list[ResolvedFragment], *places: int) -> list[ResolvedFragment]:
    """The fragments that may hold a row placed at one of these hashes."""
    return [stand for stand in found if any(stand.now.low <= place <= stand.now.high for place in places)]


def _key_frame(
    key: Mapping[str, Any], shape: DatasetSchema, schema: Mapping[str, pl.DataType], dataset: str
) -> pl.DataFrame:
    if set(key) != set(shape.key):
        raise BadProject(
            f"{dataset}: found a key of {', '.join(key)}, expected one of {', '.join(shape.key)}."
        )
    columns = {}
    for name in shape.key:
        value, dtype = key[name], schema[name]
        try:
            columns[name] = _value(value, dtype)
        except (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError):
            raise NotFound(
                f"{dataset}.{name}: found {value!r}, expected a value of the type {dtype}."
            ) from None
        if columns[name].null_count():
            raise NotFound(f"{dataset}.{name}: found {value!r}, expected a value of the type {dtype}.")
    return pl.DataFrame(columns)


def _value(value: Any, dtype: pl.DataType) -> pl.Series:
    """One value in the column's type; text as people and URLs write it is understood."""
    if isinstance(value, str) and isinstance(dtype, pl.Datetime):
        value = parse_time(value)
    if isinstance(value, str) and isinstance(dtype, pl.Date):
        value = date.fromisoformat(value)
    if isinstance(value, datetime) and isinstance(dtype, pl.Datetime):
        instant = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        made = pl.Series([instant.replace(tzinfo=None)], dtype=pl.Datetime(dtype.time_unit))
        if dtype.time_zone is None:
            return made
        return made.dt.replace_time_zone("UTC").dt.convert_time_zone(dtype.time_zone)
    if isinstance(value, str):
        return pl.Series([value]).cast(dtype)
    return pl.Series([value], dtype=dtype)
