"""A candidate's way from a raw request to its features, by the code that serves.

The tables are those that research read, and what is joined is as it stood at the row's own time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from comporta.data import feature_function, parse_type, scan_slice
from comporta.data.asof import needed_columns
from comporta.data.features import plan_of_bundle
from comporta.data.features_time import as_times, ticks, unit_of
from comporta.data.keys import row_key, subject_texts
from comporta.data.online import Answerer, LatestTables, online_tables
from comporta.opened.isolated import IsolatedSource
from comporta.opened.source import lay_out
from comporta.project.reference import resolve
from comporta.records import Artifact, Record, Signature, Slice
from comporta.records.columns import ABOUT_ROW, ROW, TIME
from comporta.records.features import Bundle
from comporta.records.named_column import by_names, exact_column
from comporta.store import StepContext
from comporta.store.frames import read, write


class RequestPath(Record, frozen=True, kw_only=True):
    """What a fresh process needs of it. root: where its functions are; code: another source of theirs, to be
    laid out. tables: what it joins, as frames."""

    bundle: Bundle
    root: str
    code: Artifact | None
    tables: dict[str, Artifact]


def copy_path(
    context: StepContext,
    to: StepContext,
    bundle: Bundle,
    tables: Mapping[str, Slice],
    code: Artifact | None = None,
) -> RequestPath:
    """The bundle, and the columns that it joins copied to another context. tables: by dataset. code: the
    source of its functions; None: the project's as it stands."""
    wanted: dict[str, dict[str, None]] = {}
    for join in bundle.joins:
        there = scan_slice(context.store, context.keys, tables[join.dataset])
        names = needed_columns(there, join, bundle.shapes[join.dataset]).collect_schema().names()
        wanted.setdefault(join.dataset, {}).update(dict.fromkeys(names))
    frames = {
        name: write(
            to, scan_slice(context.store, context.keys, tables[name]).select(by_names(columns)).collect()
        )
        for name, columns in wanted.items()
    }
    source = None if code is None else to.put(context.get(code), code.kind)
    return RequestPath(bundle=bundle, root=str(Path.cwd()), code=source, tables=frames)


def answering(context: StepContext, path: RequestPath, signature: Signature, below: Path) -> Answerer:
    """(raw columns, one UTC time a row) → features, by the code that serves. below: where a source may be
    laid out. Raises BadProject."""
    bundle = path.bundle
    if path.code is None:
        compute = tuple(resolve(ref, Path(path.root)) for ref in bundle.compute)
    else:
        compute = IsolatedSource(lay_out(context, path.code, below)).functions(bundle.compute)
    carried = pl.Schema({field.name: parse_type(field.type) for field in signature.raw})
    frames = {name: read(context, each).lazy() for name, each in path.tables.items()}
    latest = LatestTables(online_tables(frames, bundle.joins, bundle.shapes, carried))
    return feature_function(plan_of_bundle(bundle, compute), latest)


Watched = Callable[[pl.DataFrame], None]


def show_first(answer: Answerer, seen: Watched) -> Answerer:
    """The same; what it makes is shown first."""

    def show(raw: pl.DataFrame, at: pl.Series) -> Any:
        made = answer(raw, at)
        seen(made[0])
        return made

    return show


def raw(
    context: StepContext, bundle: Bundle, tables: Mapping[str, Slice], keys: Sequence[str]
) -> pl.DataFrame:
    """The rows of these keys as requests carry them: the known columns, `__row` (the key's text), and what
    else a request says of each: `__time` where it is not among the columns, `__key`, `__subject`, `__unit`
    where the model requires it. A row without a time is left out: a request is always of some time."""
    shape = bundle.shape
    rows = scan_slice(context.store, context.keys, tables[bundle.of])
    wanted = dict.fromkeys([*bundle.known, *shape.key, *filter(None, (shape.subject, shape.time))])
    found = (
        rows.select(by_names(wanted))
        .with_columns(row_key(rows, shape.key).alias(ROW))
        .filter(pl.col(ROW).is_in(pl.Series(keys, dtype=pl.String).implode()))
        .collect()
    )
    if shape.time is not None:
        found = found.filter(exact_column(shape.time).is_not_null())
    made = found.select(*by_names(bundle.known), ROW)
    if shape.time is not None and shape.time not in bundle.known:
        time = found[shape.time]
        unit = unit_of(time.dtype, f"{bundle.of}.{shape.time}")
        made = made.with_columns(as_times(ticks(time, unit), unit).alias(TIME))
    said = {"key": pl.col(ROW), "unit": pl.col(ROW), "subject": pl.lit("nobody")}
    if shape.subject is not None:
        said["subject"] = pl.lit(subject_texts(found[shape.subject], shape.form).fill_null("nobody"))
    return made.with_columns(said[name].alias(ABOUT_ROW[name]) for name in bundle.requires)
