"""The step that asks a source for its rows and makes a version of them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from comporta.data.change import add
from comporta.data.sources import file_fault, from_files, from_function
from comporta.errors import BadProject
from comporta.records import Change, DatasetSchema, Slice
from comporta.records.csv_files import CsvFiles
from comporta.store import StepContext


def snapshot(
    context: StepContext,
    *,
    shape: dict[str, Any],
    change: Change = "replace",
    source: Callable[[], Any] | None = None,
    glob: str | None = None,
    csv: dict[str, Any] | None = None,
    root: str = ".",
    now: str | None = None,
) -> dict[str, Slice]:
    """`version`: the dataset's newest version, with what the source has now; equal rows make no new one.

    shape: of the dataset, as JSON. source: a project function without arguments, or
    glob: of Parquet or CSV files below `root`, or csv: of CSV files, with how they are written, as JSON.
    now: ISO 8601; the clock on the wall unless told.
    Raises BadData (SchemaChanged, ExpectationBroken), BadProject, Busy, StorageFull.
    """
    import polars as pl

    declared = msgspec.convert(shape, DatasetSchema)
    when = datetime.now(UTC) if now is None else datetime.fromisoformat(now)
    files = glob if csv is None else msgspec.convert(csv, CsvFiles)
    if source is not None:
        frames = from_function(source, declared.name)
    elif files is not None:
        frames = from_files(files, Path(root), declared.name)
    else:
        raise BadProject(f"{declared.name}: found no source, expected a function or a glob. Declare one.")
    with tempfile.TemporaryDirectory(dir=context.scratch, prefix="add-") as scratch:
        try:
            version, made = add(
                context.store,
                context.keys,
                declared,
                frames,
                change=change,
                now=when,
                scratch=Path(scratch),
                nan_is_missing=True,
            )
        except pl.exceptions.PolarsError as error:
            if files is None:
                raise  # the source's own fault, with its own traceback
            raise file_fault(files, Path(root), declared.name, error) from error
    said = "new" if made else "unchanged"
    print(f"{declared.name}: version {version.number}, {version.rows:,} rows, {said}")
    return {"version": version}
