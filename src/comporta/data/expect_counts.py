"""What a dataset's declaration says of its rows, counted on a version that is there."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from comporta.data.column_types import EMPTY
from comporta.data.damage import reporting_damage
from comporta.data.expect import rules_of
from comporta.data.extent import latest
from comporta.data.manifests import read_manifest, schema_of
from comporta.data.missing import present
from comporta.data.read import scan_slice
from comporta.data.types import base_type, type_text
from comporta.errors import BadData
from comporta.records import Column, DatasetSchema, ExpectationCount, Manifest, Slice
from comporta.records.declared_value import value_faults
from comporta.records.named_column import exact_column
from comporta.store import StepContext


def count_breaches(context: StepContext, rows: Slice, shape: DatasetSchema) -> tuple[ExpectationCount, ...]:
    """Every expectation of the declaration, counted in one scan of these rows.

    Of a column of another type than declared only the type is told. `fresh`: the age of the newest row when
    the version was made. Raises BadData where a declared column is not there, or has no order to bound.
    """
    manifest = read_manifest(context.store, context.keys, rows.dataset, rows.version)
    declared = [each for each in shape.columns if _declares(each)]
    for column in declared:
        if column.name not in manifest.columns:
            raise BadData(
                f"{rows.dataset}: found no column {column.name!r} in version {rows.number}, expected one: it "
                "is declared. Run again for a new version, or correct the declaration."
            )
    schema = schema_of(manifest)
    questions = {
        (column.name, expects): breaks
        for column in declared
        if not _has_wrong_type(column, manifest)
        for expects, breaks in _questions(rows.dataset, column, schema[column.name])
    }
    asked = [breaks.alias(str(place)) for place, breaks in enumerate(questions.values())]
    if shape.fresh is not None and shape.time is not None:
        asked.append(exact_column(shape.time).max().alias("newest"))
    # All that are there: rows of the slice may have been forgotten since.
    read = _count_in_scan(context, rows, [pl.len().alias("rows"), *asked])
    found = read.drop("newest", strict=False).row(0, named=True)
    count = found["rows"]
    broken = {each: found[str(place)] for place, each in enumerate(questions)}
    broken |= {(each.name, "type"): count * _has_wrong_type(each, manifest) for each in declared if each.type}
    by_name = {column.name: column for column in declared}
    out = [
        ExpectationCount(
            column=name,
            expects=expects,
            rows=count,
            broken=times,
            allowed=by_name[name].nulls if expects == "nulls" else 0.0,
            breach=by_name[name].breach,
        )
        for (name, expects), times in broken.items()
    ]
    if shape.fresh is not None and shape.time is not None:
        newest = latest(read["newest"])
        old = newest is None or manifest.at - newest > shape.fresh
        out.append(ExpectationCount(column="", expects="fresh", rows=count, broken=count * old))
    return tuple(out)


def _declares(column: Column) -> bool:
    bounded = column.at_least is not None or column.at_most is not None
    return bool(column.type or column.unique or column.nulls < 1 or bounded or column.one_of)


def _questions(dataset: str, column: Column, dtype: pl.DataType) -> Iterator[tuple[str, pl.Expr]]:
    """Each expectation of its values by the declaration's word, and how many rows break it."""
    for field, said in value_faults(column, type_text(dtype)):
        raise BadData(
            f"{dataset}.{column.name}: {field} cannot be asked of its type {dtype}: {said}. "
            "Correct the declaration, or cast the column in the source."
        )
    for rule in rules_of(column, dtype):
        yield rule.field, rule.breaks.sum()
    if column.unique:
        there = present(column.name, dtype).drop_nulls()
        yield "unique", there.len() - there.n_unique()


def _has_wrong_type(column: Column, manifest: Manifest) -> bool:
    kind = manifest.columns[column.name]
    return bool(column.type) and kind != EMPTY and column.type not in (kind, base_type(kind))


def _count_in_scan(context: StepContext, rows: Slice, asked: list[pl.Expr]) -> pl.DataFrame:
    with reporting_damage(context.store, context.keys, rows.dataset):
        return scan_slice(context.store, context.keys, rows).select(asked).collect(engine="streaming")
