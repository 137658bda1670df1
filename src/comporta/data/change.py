"""A new version from new rows: matched with what stands, so that only what changed is written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from comporta.data.damage import reporting_damage
from comporta.data.dataset_log import DatasetLog, OffsetMove, VersionEntry, append_entry, read_log
from comporta.data.expect import Intake
from comporta.data.manifests import (
    newest_manifest,
    slice_of_manifest,
    write_manifest,
)
from comporta.data.runs import FRAGMENT, RUN, SortedRuns, gather
from comporta.data.version_draft import VersionDraft
from comporta.errors import Busy, NotFound, SchemaChanged, Tampered
from comporta.records import Change, DatasetSchema, Manifest, Slice
from comporta.store import Keys, Store

_ATTEMPTS = 20


def add(
    store: Store,
    keys: Keys,
    shape: DatasetSchema,
    frames: pl.LazyFrame | pl.DataFrame | Iterable[pl.DataFrame],
    *,
    change: Change,
    now: datetime,
    scratch: Path,
    within: tuple[datetime, datetime] | None = None,
    period: str = "",
    gains: bool = False,
    nan_is_missing: bool = False,
    offset: OffsetMove | None = None,
    fragment: int = FRAGMENT,
    run: int = RUN,
) -> tuple[Slice, bool]:
    """The newest version with these rows in it, and whether it had to be made: equal rows make none.

    change: `replace`: these are all rows there are. `append`: rows with new keys; a row that is already
    there, equal, is not added again. `update`: rows by key, new or changed.
    within: rows with these keys can only stand between these times (an append that knows its own).
    period: of a log, the period of all these rows; small segments of one period are put together.
    gains: columns that the dataset lacks are added to it, and those that these rows lack are null in them.
    nan_is_missing: a NaN that an earlier Comporta took in is equal to the null that a source hands on now.
    offset: how far in another dataset these rows bring their reader, committed with them.
    scratch: a folder for what does not fit in memory; in the store's file system, files are moved from it.
    fragment, run: bytes in memory of a fragment and of what is sorted at once.
    Raises BadData (SchemaChanged, ExpectationBroken), BadProject, Busy, StorageFull. Then nothing changed.
    """
    history = read_log(store, keys, shape.name)
    base = newest_manifest(store, keys, history, shape.name)
    expected = None if gains else history.columns or (None if base is None else base.columns)
    intake = Intake(shape, expected, change)
    runs = gather(frames, SortedRuns(shape, keys, scratch, fragment), intake.see, run)
    _require_declared(shape, intake, runs, now)
    mended = False
    for _ in range(_ATTEMPTS):
        history = read_log(store, keys, shape.name)
        base = newest_manifest(store, keys, history, shape.name)
        _require_offset(shape.name, history, offset)
        columns = (_add_columns if gains else _require_same)(shape.name, intake, history, base)
        new = VersionDraft(
            store, keys, shape, runs, history, base, change, columns, scratch, within, period, nan_is_missing
        )
        try:
            with reporting_damage(store, keys, shape.name):
                manifest = new.manifest(now)
        except (Tampered, NotFound):
            if mended:
                raise
            new.write_all()
            mended = True
            continue
        if manifest is None:
            assert base is not None
            return slice_of_manifest(store, keys, history, base), False
        if (made := _commit(store, keys, history, manifest, now, offset)) is not None:
            return made, True
    raise Busy(f"{shape.name}: other writers were first {_ATTEMPTS} times. Run again once they are done.")


def _require_declared(shape: DatasetSchema, intake: Intake, runs: SortedRuns, now: datetime) -> None:
    """Raises BadData, ExpectationBroken where the rows that were taken in break the declaration."""
    intake.require_held(now)
    runs.require_unique()
    for column in shape.columns:
        if column.unique and column.breach == "stop":
            runs.require_unique_column(column.name)


def _add_columns(name: str, intake: Intake, history: DatasetLog, base: Manifest | None) -> dict[str, str]:
    """The dataset's columns and after them those that it lacks. Raises SchemaChanged on another type."""
    columns = intake.columns
    if base is None:
        return columns
    for each, kind in columns.items():
        if base.columns.get(each, kind) != kind:
            raise SchemaChanged(
                f"{name}.{each}: found {kind}, expected {base.columns[each]}, of which its rows are. Give "
                "the column another name."
            )
    return base.columns | columns


def _require_same(name: str, intake: Intake, history: DatasetLog, base: Manifest | None) -> dict[str, str]:
    """The columns of the rows that were read. Raises Busy when another writer changed since what columns
    there are."""
    current = history.columns or (None if base is None else base.columns)
    if intake.expected is not None and current != intake.expected:
        raise Busy(f"{name}: its columns changed while the rows were read. Run again.")
    return intake.columns


def _require_offset(name: str, history: DatasetLog, offset: OffsetMove | None) -> None:
    """Raises Busy where the reader has gone on since, in another process: its rows are there already."""
    if offset is None:
        return
    reader = offset.after.reader
    there = history.offsets.get((reader, offset.after.dataset))
    if (None if there is None else there.offset) != offset.before:
        raise Busy(f"{name}: another process adds the answers of {reader} too, and was first. Let one do it.")


def _commit(
    store: Store,
    keys: Keys,
    history: DatasetLog,
    manifest: Manifest,
    now: datetime,
    offset: OffsetMove | None,
) -> Slice | None:
    """The version, made; None where another writer was first."""
    manifest = write_manifest(store, keys, manifest)
    name = manifest.dataset
    entry: dict[str, Any] = {"version": manifest.id, "number": manifest.number}
    if offset is not None:
        entry["offset"] = offset.after
    if not append_entry(store, keys, name, history, now, VersionEntry, **entry):
        return None
    return slice_of_manifest(store, keys, read_log(store, keys, name), manifest)
