"""Rows by key and by subject: in dataset versions, in what models learned from, in predictions."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from comporta.errors import BadProject
from comporta.opened.project import OpenProject
from comporta.records import Artifact, DatasetSchema, Version, decode
from comporta.records.columns import AT
from comporta.records.features import Bundle

if TYPE_CHECKING:
    import polars as pl

    from comporta.acts.trace.windows import WindowedRow


def key_of(shape: DatasetSchema, text: str) -> dict[str, Any]:
    """A row's key from what a person types: a JSON array, or its values with commas between.

    Raises BadProject when there are more or fewer values than key columns.
    """
    values = decode(text, list[Any]) if text.startswith("[") else text.split(",")
    if len(values) != len(shape.key):
        example = ",".join(name.upper() for name in shape.key)
        raise BadProject(
            f"{shape.name}: found a key of {len(values)} values, expected {len(shape.key)}: "
            f"{', '.join(shape.key)}. For instance {shape.name}:{example}"
        )
    return dict(zip(shape.key, values, strict=True))


def table(opened: OpenProject, artifact: Artifact, columns: list[str] | None = None) -> pl.DataFrame:
    """A frame artifact, or those of these columns that it has."""
    import polars as pl

    data = io.BytesIO(opened.context.get(artifact))
    if columns is not None:
        there = pl.read_parquet_schema(data)
        columns = [name for name in columns if name in there]
        data.seek(0)
    return pl.read_parquet(data, columns=columns)


def bundle_of(opened: OpenProject, version: Version) -> Bundle:
    """How the version turns a request into features."""
    return opened.context.get_json(version.parts["bundle"], Bundle)


def learned_rows(
    opened: OpenProject,
    version: Version,
    columns: list[str],
    *values: Any,
    windows: Sequence[WindowedRow] = (),
) -> dict[str, int]:
    """`train` and `test` → how many of the version's rows have one of these values in one of these hidden
    columns, or read the row in one of these windows."""
    counts: dict[str, int] = {}
    beside = [AT, *(name for each in windows for name in each.columns[2:])] if windows else []
    for part in ("train", "test"):
        if part in version.parts:
            frame = table(opened, version.parts[part], list(dict.fromkeys([*columns, *beside])))
            there = [frame[name] for name in columns if name in frame.columns]
            holds = [(held == each).fill_null(False) for held in there for each in values]
            holds += [window.training_rows(frame) for window in windows]
            counts[part] = int(reduce(or_, holds).sum()) if holds else 0
    return counts
