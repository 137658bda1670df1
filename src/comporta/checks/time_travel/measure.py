"""Whether any row was joined to what was not yet known at its time."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from comporta.checks.shared.measuring.these import these
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
from comporta.records.columns import AT, JoinColumns, join_columns
from comporta.records.features import Bundle
from comporta.stats.table import feature_names
from comporta.store.context import StepContext
from comporta.store.frames import read


def measure(
    context: StepContext,
    *,
    train: Artifact,
    test: Artifact,
    known: Sequence[str] = (),
    timeless: Sequence[str] = (),
    joins: Sequence[str] = (),
    bundle: Artifact | None = None,
) -> dict[str, Artifact]:
    """`findings`: see `measure_joins`. known: columns that are declared known when the model is asked.
    timeless: datasets whose rows never change, so that no time is asked of them. joins: the dataset of each
    join, in the order declared. bundle: of a version that was made by others than those of today. All rows of
    both parts are read."""
    if bundle is not None:
        joins = [join.dataset for join in context.get_json(bundle, Bundle).joins]
    parts = [read(context, part) for part in (train, test)]
    features = feature_names(parts[0])
    columns = join_columns(joins)
    rows = pl.concat([_apart(each, columns) for each in parts], how="diagonal_relaxed")
    found = measure_joins(
        rows, columns, known=[name for name in features if name in known], timeless=timeless
    )
    print(f"the times of {len(columns)} joins held against those of {rows.height:,} rows, all of them")
    return {"findings": context.put_json(found)}


def measure_joins(
    rows: pl.DataFrame,
    joins: Sequence[JoinColumns] = (),
    *,
    known: Sequence[str] = (),
    timeless: Sequence[str] = (),
) -> Findings:
    """For each join: rows whose joined row arrived after `__at` (`rows joined before it was known`) or
    happened after it (`rows joined to the future`); how many joins have rows whose times are not told
    (`joins without times`), those of `timeless` datasets left out; and how many features are `known` by
    declaration alone (`known features without times`)."""
    named = [join for join in joins if join.arrived in rows.columns]
    declared = Figure(metric=DECLARED.metric, value=float(len(known)), rows=rows.height)
    if not named:
        return Findings(figures=(declared,), without=NOTHING_JOINED(), rows=rows.height, of=rows.height)
    if AT not in rows.columns or rows[AT].null_count() == rows.height:
        return Findings(unmeasured=(UnmeasuredFigure(metric=LATE.metric, why=ROWS_WITHOUT_TIME()),))
    figures, undated = [], []
    table: list[TableRow] = []
    for join in named:
        held = rows.filter(pl.col(join.key).is_not_null())
        dated = held.filter(pl.col(AT).is_not_null() & pl.col(join.arrived).is_not_null())
        late = int((dated[join.arrived] > dated[AT]).sum())
        early = int((dated[join.event] > dated[AT]).fill_null(False).sum())
        told: TableRow = {
            JOIN: join.name,
            ROWS: held.height,
            DATED: dated.height,
            LATE_ROWS: late,
            EARLY_ROWS: early,
        }
        table.append(told)
        if dated.height < held.height and join.dataset not in timeless:
            undated.append(join.name)
        for of, count in ((LATE, late), (EARLY, early)):
            figures.append(
                Figure(
                    metric=of.metric,
                    value=float(count),
                    rows=dated.height,
                    under=conditions(dataset=join.name),
                )
            )
    named_undated = tuple(JOINED_WITHOUT_TIME(join=name) for name in undated)
    figures += [
        Figure(
            metric=UNDATED.metric, value=float(len(undated)), rows=rows.height, notes=these(named_undated)
        ),
        declared,
    ]
    return Findings(
        figures=tuple(figures),
        rows=rows.height,
        of=rows.height,
        notes=named_undated,
        tables=(JOINS.of(table), KNOWN.of({FEATURE: name} for name in known[:200])),
    )


def _apart(rows: pl.DataFrame, joins: Sequence[JoinColumns]) -> pl.DataFrame:
    """The columns that say when."""
    wanted = [AT, *(name for join in joins for name in (join.key, join.event, join.arrived))]
    return rows[[name for name in wanted if name in rows.columns]]
