"""What is wrong with a dataset's declaration against rows that it has: their columns, types and keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import polars as pl

from comporta.data.column_types import time_fault, type_fault, types_of
from comporta.data.keys import require_kind, row_key
from comporta.errors import BadProject
from comporta.project import Dataset
from comporta.project.locate import ProjectFault, SourceLocations
from comporta.records import DatasetSchema
from comporta.records.declared_value import value_faults
from comporta.records.named_column import by_names

KEY_ROWS = 100_000
"""Rows whose keys are looked at; those of the others are read by a run."""


def dataset_faults(dataset: Dataset, frame: pl.LazyFrame, places: SourceLocations) -> Iterator[ProjectFault]:
    """Columns that are declared and not there, columns of types that cannot be what is declared, and keys
    among the first 100,000 rows that are missing or name two of them. No value is told."""
    columns = types_of(frame)
    shape = msgspec.structs.replace(dataset, delay=None, fresh=None).shape()  # a bad span hides nothing
    wanted = {
        "key": shape.key,
        "subject": (shape.subject,),
        "time": (shape.time,),
        "arrived": (shape.arrived,),
        "columns": tuple(column.name for column in shape.columns),
    }
    for field, names in wanted.items():
        for name in names:
            if name is not None and name not in columns:
                yield places.fault(
                    "Dataset", dataset.name, field, absent_column(dataset.name, name, list(columns))
                )
    for role in ("time", "arrived"):
        if message := time_fault(shape, role, columns):
            yield places.fault("Dataset", dataset.name, role, message)
    yield from _of_columns(shape, columns, places)
    yield from _of_subject(dataset, frame.collect_schema(), places)
    if all(name in columns for name in shape.key):
        yield from (places.fault("Dataset", dataset.name, "key", said) for said in _of_keys(shape, frame))


def absent_column(dataset: str, name: str, columns: Sequence[str]) -> str:
    """What is said of a column that is declared and not there."""
    return (
        f"{dataset}: found no column {name!r}, expected one of: {', '.join(columns)}. "
        "Correct the name, or add the column in the source."
    )


def _of_columns(
    shape: DatasetSchema, columns: dict[str, str], places: SourceLocations
) -> Iterator[ProjectFault]:
    for column in shape.columns:
        if column.name not in columns:
            continue
        if message := type_fault(shape, column, columns[column.name]):
            yield places.fault("Column", column.name, "type", message)
        elif not column.type:
            for field, said in value_faults(column, columns[column.name]):
                yield places.fault("Column", column.name, field, f"Column {column.name!r}: {field}: {said}.")


def _of_subject(dataset: Dataset, schema: pl.Schema, places: SourceLocations) -> Iterator[ProjectFault]:
    """A subject whose type has no unique text for each value."""
    subject = dataset.about
    if subject is None or subject.column not in schema:
        return
    try:
        require_kind(f"{dataset.name}.{subject.column}", schema[subject.column])
    except BadProject as error:
        yield places.fault("Dataset", dataset.name, "subject", str(error))


def _of_keys(shape: DatasetSchema, frame: pl.LazyFrame) -> Iterator[str]:
    try:
        row_key(frame, shape.key)
    except BadProject as error:
        yield f"{shape.name}: {error}"
        return
    keys = frame.select(by_names(shape.key)).head(KEY_ROWS).collect()
    for name in shape.key:
        if missing := keys[name].null_count():
            yield (
                f"{shape.name}.{name}: found {missing:,} of the first {len(keys):,} rows without a value, "
                "expected one in every row: it is part of the key. Fix the source, or choose another key."
            )
    again = len(keys) - keys.n_unique()
    if again:
        yield (
            f"{shape.name}: found {again:,} of the first {len(keys):,} rows with a key "
            f"({', '.join(shape.key)}) that a row before has, expected each key once. Fix the source, or "
            "name more columns in the key."
        )
