"""A folder of Parquet files as a Delta table: which columns it can hold, and the log that names its files.

Written by Delta's protocol (https://github.com/delta-io/delta/blob/master/PROTOCOL.md): version 1 for readers
and 2 for writers, which all of them know; 3 and 7 where a column holds times without a zone.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from comporta.records.named_column import exact_column

LOG = "_delta_log"

_PLAIN: dict[type[pl.DataType], tuple[pl.DataType, str]] = {
    pl.Boolean: (pl.Boolean(), "boolean"),
    pl.Int8: (pl.Int8(), "byte"),
    pl.Int16: (pl.Int16(), "short"),
    pl.Int32: (pl.Int32(), "integer"),
    pl.Int64: (pl.Int64(), "long"),
    pl.UInt8: (pl.Int16(), "short"),
    pl.UInt16: (pl.Int32(), "integer"),
    pl.UInt32: (pl.Int64(), "long"),
    pl.UInt64: (pl.Decimal(20, 0), "decimal(20,0)"),
    pl.Float32: (pl.Float32(), "float"),
    pl.Float64: (pl.Float64(), "double"),
    pl.Date: (pl.Date(), "date"),
    pl.Binary: (pl.Binary(), "binary"),
    pl.String: (pl.String(), "string"),
    pl.Categorical: (pl.String(), "string"),
    pl.Enum: (pl.String(), "string"),
    pl.Null: (pl.String(), "string"),
}
"""polars type → the one that holds all of its values and Delta has too, and what Delta calls that."""

_NO_NAME = " ,;{}()\n\t="  # what Parquet files of a Delta table may not have in a column's name
_ZONELESS = "timestamp_ntz"


def delta_problem(dataset: str, schema: Mapping[str, pl.DataType]) -> str | None:
    """Why a Delta table cannot hold these columns; None where it can."""
    seen: dict[str, str] = {}
    for name, dtype in schema.items():
        if not name or set(name) & set(_NO_NAME):
            return f"{dataset}: found the column {name!r}, which a Delta table cannot name."
        if (other := seen.setdefault(name.lower(), name)) != name:
            return f"{dataset}: found the columns {other!r} and {name!r}, which are one in a Delta table."
        if _delta_type(dtype) is None:
            return f"{dataset}.{name}: found the type {dtype}, which a Delta table cannot hold."
    return None


def delta_frame(frame: pl.LazyFrame, schema: Mapping[str, pl.DataType]) -> pl.LazyFrame:
    """The rows in types that Delta has. Times are of microseconds, those with a zone in UTC."""
    wanted = {name: _delta_type(dtype) for name, dtype in schema.items()}
    casts = [
        exact_column(name).cast(found[0])
        for name, found in wanted.items()
        if found is not None and found[0] != schema[name]
    ]
    return frame.with_columns(casts) if casts else frame


def write_delta_log(folder: Path, dataset: str, schema: Mapping[str, pl.DataType], *, now: datetime) -> None:
    """Makes the Parquet files in this folder, in order of name, the first version of a table."""
    at = int(now.timestamp() * 1000)
    fields = _fields(schema)
    actions: list[dict[str, Any]] = [
        {"commitInfo": {"timestamp": at, "operation": "WRITE", "engineInfo": "Comporta"}},
        {"protocol": _protocol(fields)},
        {
            "metaData": {
                "id": str(uuid.uuid4()),
                "name": dataset,
                "format": {"provider": "parquet", "options": {}},
                "schemaString": json.dumps({"type": "struct", "fields": fields}),
                "partitionColumns": [],
                "configuration": {},
                "createdTime": at,
            }
        },
    ]
    for file in sorted(folder.glob("*.parquet")):
        rows = pl.scan_parquet(file, glob=False).select(pl.len()).collect().item()
        actions.append(
            {
                "add": {
                    "path": file.name,
                    "partitionValues": {},
                    "size": file.stat().st_size,
                    "modificationTime": at,
                    "dataChange": True,
                    "stats": json.dumps({"numRecords": rows}),
                }
            }
        )
    (folder / LOG).mkdir()
    lines = "".join(f"{json.dumps(action)}\n" for action in actions)
    (folder / LOG / f"{0:020d}.json").write_text(lines, encoding="utf-8", newline="\n")


def _protocol(fields: list[dict[str, Any]]) -> dict[str, Any]:
    if not _names_type(fields, _ZONELESS):
        return {"minReaderVersion": 1, "minWriterVersion": 2}
    feature = ["timestampNtz"]
    return {
        "minReaderVersion": 3,
        "minWriterVersion": 7,
        "readerFeatures": feature,
        "writerFeatures": feature,
    }


def _names_type(declared: Any, name: str) -> bool:
    """Whether a type stands somewhere in this declaration."""
    if isinstance(declared, dict):
        return any(_names_type(each, name) for key, each in declared.items() if key != "name")
    if isinstance(declared, list):
        return any(_names_type(each, name) for each in declared)
    return bool(declared == name)


def _fields(schema: Mapping[str, pl.DataType]) -> list[dict[str, Any]]:
    return [
        {"name": name, "type": found[1], "nullable": True, "metadata": {}}
        for name, found in ((name, _delta_type(dtype)) for name, dtype in schema.items())
        if found is not None
    ]


def _delta_type(dtype: pl.DataType | type[pl.DataType]) -> tuple[pl.DataType, Any] | None:
    """The polars type to write, and its declaration as Delta has it; None where Delta has none."""
    dtype = dtype() if isinstance(dtype, type) else dtype  # polars takes both for a type inside another
    if (plain := _PLAIN.get(type(dtype))) is not None:
        return plain
    if isinstance(dtype, pl.Decimal):
        precision = dtype.precision or 38
        return dtype, f"decimal({precision},{dtype.scale})"
    if isinstance(dtype, pl.Datetime):
        if dtype.time_zone is None:
            return pl.Datetime("us"), _ZONELESS
        return pl.Datetime("us", "UTC"), "timestamp"
    if isinstance(dtype, pl.List | pl.Array):
        inner = _delta_type(dtype.inner)  # type: ignore[arg-type]
        if inner is None:
            return None
        return pl.List(inner[0]), {"type": "array", "elementType": inner[1], "containsNull": True}
    if isinstance(dtype, pl.Struct):
        schema: dict[str, Any] = {field.name: field.dtype for field in dtype.fields}
        found = {name: _delta_type(each) for name, each in schema.items()}
        if not found or any(each is None for each in found.values()):
            return None
        held = pl.Struct({name: each[0] for name, each in found.items() if each is not None})
        return held, {"type": "struct", "fields": _fields(schema)}
    return None
