"""What a dataset's declaration says of its rows, counted on a version that is there."""

from __future__ import annotations

from typing import Any

import polars as pl

from comporta.data.damage import told
from comporta.data.expect import rules_of, utc
from comporta.data.log import read_log
from comporta.data.manifests import read_manifest
from comporta.data.read import scan
from comporta.data.types import base
from comporta.errors import BadData
from comporta.records import Column, Counted, Manifest, Shape, Slice
from comporta.store import Desk

_WORDS = {"null": "nulls", "below": "at_least", "above": "at_most", "others": "one_of"}


def counted(desk: Desk, rows: Slice, shape: Shape) -> tuple[Counted, ...]:
    """Every expectation of the declaration, counted in one scan of these rows.

    Of a column of another type than declared only the type is told. `fresh`: the age of the newest row when
    the version was made. Raises BadData where a declared column is not there, or has no order to bound.
    """
    read_log(desk.store, desk.keys, rows.dataset)
    manifest = read_manifest(desk.store, desk.keys, rows.dataset, rows.version)
    for column in shape.columns:
        if column.name not in manifest.columns:
            raise BadData(
                f"{rows.dataset}: found no column {column.name!r} in version {rows.number}, expected one: it "
                "is declared. Run again for a new version, or correct the declaration."
            )
    typed = [each for each in shape.columns if not _mistyped(each, manifest)]
    rules = {(each.name, label.rpartition(": ")[2]): rule for each in typed for label, rule in rules_of(each)}
    asked = [rule.sum().alias(str(place)) for place, rule in enumerate(rules.values())]
    unique = [each.name for each in typed if each.unique]
    for name in unique:
        there = pl.col(name).drop_nulls()
        asked.append((there.len() - there.n_unique()).alias(f"{name}: twice"))
    if shape.fresh is not None and shape.time is not None:
        asked.append(pl.col(shape.time).max().alias("newest"))
    found = _read(desk, rows, asked)
    broken = {rule: found[str(place)] for place, rule in enumerate(rules)}

    def one(column: Column, expects: str, count: int, allowed: float = 0.0) -> Counted:
        return Counted(
            column=column.name,
            expects=expects,
            rows=rows.rows,
            broken=count,
            allowed=allowed,
            breach=column.breach,
        )

    out: list[Counted] = []
    for column in shape.columns:
        if column.type:
            out.append(one(column, "type", rows.rows if _mistyped(column, manifest) else 0))
        for (name, kind), count in broken.items():
            if name == column.name:
                out.append(one(column, _WORDS[kind], count, column.nulls if kind == "null" else 0.0))
        if column.name in unique:
            out.append(one(column, "unique", found[f"{column.name}: twice"]))
    if "newest" in found and shape.fresh is not None:
        newest = found["newest"]
        old = newest is None or manifest.at - utc(newest) > shape.fresh
        out.append(Counted(column="", expects="fresh", rows=rows.rows, broken=rows.rows if old else 0))
    return tuple(out)


def _mistyped(column: Column, manifest: Manifest) -> bool:
    kind = manifest.columns[column.name]
    return bool(column.type) and column.type not in (kind, base(kind))


def _read(desk: Desk, rows: Slice, asked: list[pl.Expr]) -> dict[str, Any]:
    if not asked:
        return {}
    with told(desk.store, desk.keys, rows.dataset):
        try:
            return (
                scan(desk.store, desk.keys, rows).select(asked).collect(engine="streaming").row(0, named=True)
            )
        except (pl.exceptions.ComputeError, pl.exceptions.InvalidOperationError) as error:
            raise BadData(
                f"{rows.dataset}: what is expected of a column cannot be asked of its type ({error}). "
                "Correct the declaration, or cast it in the source."
            ) from error
