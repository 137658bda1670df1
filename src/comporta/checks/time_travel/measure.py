"""Whether any row was joined to what was not yet known at its time."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from comporta.checks.shared.tables import FEATURE, ROWS
from comporta.checks.time_travel.codes import JOINED_WITHOUT_TIME, NOTHING_JOINED, ROWS_WITHOUT_TIME
from comporta.checks.time_travel.figures import DECLARED, EARLY, LATE, UNDATED
from comporta.checks.time_travel.tables import DATED, EARLY_ROWS, JOIN, JOINS, KNOWN, LATE_ROWS
from comporta.records import (
    Artifact,
    Figure,
    Findings,
    TableRow,
    UnmeasuredFigure,
    conditions,
)
from comporta.records.columns import AT, HIDDEN, KEPT, KEY
from comporta.stats.table import feature_names
from comporta.store.context import StepContext
from comporta.store.frames import read

_KEY, _EVENT, _ARRIVED = "_key", "_event", "_arrived"
_AGAIN = re.compile(r"\.\d+$")  # a second join of one dataset is `weather.2`


def measure(
    context: StepContext,
    *,
    train: Artifact,
    test: Artifact,
    known: Sequence[str] = (),
    timeless: Sequence[str] = (),
) -> dict[str, Artifact]:
    """`findings`: see `measure_joins`. known: columns that are declared known when the model is asked.
    timeless: datasets whose rows never change, so that no time is asked of them. All rows of both parts
    are read."""
    parts = [read(context, part) for part in (train, test)]
    features = feature_names(parts[0])
    rows = pl.concat([_apart(each) for each in parts], how="diagonal_relaxed")
    found = measure_joins(rows, known=[name for name in features if name in known], timeless=timeless)
    print(f"the times of {len(joins(rows))} joins held against those of {rows.height:,} rows, all of them")
    return {"findings": context.put_json(found)}


def measure_joins(rows: pl.DataFrame, *, known: Sequence[str] = (), timeless: Sequence[str] = ()) -> Findings:
    """For each join: rows whose joined row arrived after `__at` (`rows joined before it was known`) or
    happened after it (`rows joined to the future`); how many joins have rows whose times are not told
    (`joins without times`), those of `timeless` datasets left out; and how many features are `known` by
    declaration alone (`known features without times`)."""
    named = joins(rows)
    declared = Figure(metric=DECLARED.metric, value=float(len(known)), rows=rows.height)
    if not named:
        return Findings(figures=(declared,), without=NOTHING_JOINED(), rows=rows.height, of=rows.height)
    if AT not in rows.columns or rows[AT].null_count() == rows.height:
        return Findings(unmeasured=(UnmeasuredFigure(metric=LATE.metric, why=ROWS_WITHOUT_TIME()),))
    figures, undated = [], []
    table: list[TableRow] = []
    for join in named:
        held = rows.filter(pl.col(f"{join}{_KEY}").is_not_null())
        dated = held.filter(pl.col(AT).is_not_null() & pl.col(f"{join}{_ARRIVED}").is_not_null())
        late = int((dated[f"{join}{_ARRIVED}"] > dated[AT]).sum())
        early = int((dated[f"{join}{_EVENT}"] > dated[AT]).fill_null(False).sum())
        dataset = join.removeprefix(HIDDEN)
        told: TableRow = {
            JOIN: dataset,
            ROWS: held.height,
            DATED: dated.height,
            LATE_ROWS: late,
            EARLY_ROWS: early,
        }
        table.append(told)
        if dated.height < held.height and _AGAIN.sub("", dataset) not in timeless:
            undated.append(dataset)
        for of, count in ((LATE, late), (EARLY, early)):
            figures.append(
                Figure(
                    metric=of.metric, value=float(count), rows=dated.height, under=conditions(dataset=dataset)
                )
            )
    figures += [Figure(metric=UNDATED.metric, value=float(len(undated)), rows=rows.height), declared]
    return Findings(
        figures=tuple(figures),
        rows=rows.height,
        of=rows.height,
        notes=tuple(JOINED_WITHOUT_TIME(join=name) for name in undated),
        tables=(JOINS.of(table), KNOWN.of({FEATURE: name} for name in known[:200])),
    )


def joins(rows: pl.DataFrame) -> list[str]:
    """How the hidden columns of each join begin: `__weather`."""
    return [
        name.removesuffix(_KEY)
        for name in rows.columns
        if name.startswith(HIDDEN)
        and not name.startswith(KEPT)
        and name != KEY
        and name.endswith(_KEY)
        and f"{name.removesuffix(_KEY)}{_ARRIVED}" in rows.columns
    ]


def _apart(rows: pl.DataFrame) -> pl.DataFrame:
    """The columns that say when."""
    return rows.select(
        AT if AT in rows.columns else [],
        *(f"{j}{end}" for j in joins(rows) for end in (_KEY, _EVENT, _ARRIVED)),
    )
