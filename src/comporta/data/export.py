"""Rows of a version as files that others open: one of Parquet or CSV, or a folder that is a Delta table."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

import polars as pl

from comporta.data.damage import reporting_damage
from comporta.data.dataset_log import read_log
from comporta.data.delta import delta_frame, delta_problem, write_delta_log
from comporta.data.encode import raising_storage_full
from comporta.data.forgotten import without_ids
from comporta.data.read import scan_slice
from comporta.errors import BadProject, NotFound
from comporta.records import Slice
from comporta.records.named_column import exact_column
from comporta.store import Keys, Store

ExportForm = Literal["parquet", "csv", "delta"]
RowProgress = Callable[[int, int], None]
"""Called with the rows written so far, and those there are to write."""

_FILE_ROWS = 5_000_000  # of a file in a Delta table: several readers can share a large one
_NO_CSV = (pl.List, pl.Array, pl.Struct, pl.Binary, pl.Duration)


def form_of(target: Path) -> ExportForm:
    """What is written under this name. Raises BadProject on an ending that promises something else."""
    ending = target.suffix.lower()
    if ending in (".parquet", ".csv"):
        return "parquet" if ending == ".parquet" else "csv"
    if ending and not target.is_dir():
        raise BadProject(
            f"{target}: found the ending {ending!r}, expected .parquet, .csv, or the name of a folder "
            "without an ending, which becomes a Delta table."
        )
    return "delta"


def require_exportable(dataset: str, schema: Mapping[str, pl.DataType], form: ExportForm) -> None:
    """Raises BadProject on a column that such a file cannot hold."""
    problem = delta_problem(dataset, schema) if form == "delta" else None
    if form == "csv":
        nested = next((name for name, dtype in schema.items() if isinstance(dtype, _NO_CSV)), None)
        if nested is not None:
            problem = f"{dataset}.{nested}: found the type {schema[nested]}, which CSV cannot hold."
    if problem:
        raise BadProject(f"{problem} Export it as .parquet.")


def count_rows(store: Store, keys: Keys, slice: Slice, gone: Collection[int] = ()) -> int:
    """How many rows there are to write. gone: as of `write_rows`."""
    if not gone:
        return slice.rows
    left = without_ids(scan_slice(store, keys, slice), set(gone), keys)
    with reporting_damage(store, keys, slice.dataset):
        return int(left.select(pl.len()).collect(engine="streaming").item())


def write_rows(
    store: Store,
    keys: Keys,
    slice: Slice,
    schema: Mapping[str, pl.DataType],
    target: Path,
    *,
    form: ExportForm,
    masked: Collection[str],
    gone: Collection[int] = (),
    now: datetime,
    progress: RowProgress | None = None,
) -> int:
    """Writes the slice's rows to a path where nothing is; how many. masked: columns that stay without values.

    gone: of a log, hashes of the ids of rows that are left out, for their subject is forgotten. The rows pass
    through: memory does not grow with them. Raises NotFound, Tampered, StorageFull.
    """
    history = read_log(store, keys, slice.dataset)
    hidden = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in schema.items() if name in masked]
    seen = next((name for name in schema if name not in masked), None)
    count = _RowCount(slice.rows, progress)
    try:
        with reporting_damage(store, keys, slice.dataset), raising_storage_full(target):
            frame = without_ids(scan_slice(store, keys, slice), set(gone), keys)
            if seen is not None:
                passes = exact_column(seen).map_batches(count, return_dtype=schema[seen], is_elementwise=True)
                frame = frame.with_columns(passes)
            _sink(frame.with_columns(hidden) if hidden else frame, schema, target, form)
            if form == "delta":
                write_delta_log(target, slice.dataset, schema, now=now)
    except (pl.exceptions.PolarsError, OSError, NotFound):
        # A redaction may have taken files away meanwhile: what it left is read from the beginning.
        if read_log(store, keys, slice.dataset).n == history.n:
            raise
        _remove(target)
        return write_rows(
            store,
            keys,
            slice,
            schema,
            target,
            form=form,
            masked=masked,
            gone=gone,
            now=now,
            progress=progress,
        )
    return slice.rows if seen is None else count.rows


def _sink(frame: pl.LazyFrame, schema: Mapping[str, pl.DataType], target: Path, form: ExportForm) -> None:
    if form == "csv":
        frame.sink_csv(target, sync_on_close="all")
    elif form == "parquet":
        frame.sink_parquet(target, sync_on_close="all")
    else:
        target.mkdir()
        files = pl.PartitionBy(target, max_rows_per_file=_FILE_ROWS)
        delta_frame(frame, schema).sink_parquet(files, sync_on_close="all")


def _remove(target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    else:
        target.unlink(missing_ok=True)


class _RowCount:
    """Counts the rows that pass, which they do in several threads."""

    def __init__(self, total: int, progress: RowProgress | None) -> None:
        self.rows, self.total, self.progress = 0, total, progress
        self.lock = threading.Lock()

    def __call__(self, values: pl.Series) -> pl.Series:
        with self.lock:
            self.rows += len(values)
            if self.progress is not None:
                self.progress(self.rows, self.total)
        return values
