"""Whether the datasets that the features read are what their declarations say: counted on those versions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from comporta.checks.expectations.codes import NO_EXPECTATION, NO_VERSION_TO_READ
from comporta.checks.expectations.figures import BREACH
from comporta.checks.expectations.tables import ALLOWED, BREACH_COUNT, DATASET, EXPECTED, EXPECTS, VERSION
from comporta.checks.shared.tables import BROKEN, COLUMN, ROWS
from comporta.records import (
    NO_TEXT,
    Artifact,
    Conditions,
    DatasetSchema,
    ExpectationCount,
    Figure,
    Findings,
    Slice,
    TableRow,
    UnmeasuredFigure,
    Words,
    conditions,
)
from comporta.records.variadic_input import table_inputs
from comporta.store.context import StepContext

Counts = Callable[[StepContext, Slice, DatasetSchema], Sequence[ExpectationCount]]


def measure(
    context: StepContext, *, shapes: dict[str, Any], counted: Counts, **tables: Slice
) -> dict[str, Artifact]:
    """`findings`: see `findings_of`. shapes: of each dataset, as JSON. counted: counts the expectations of
    one. tables: the versions that the features read, as `table <dataset>`. All rows are read."""
    declared = {name: msgspec.convert(each, DatasetSchema) for name, each in shapes.items()}
    asking = [name for name, shape in declared.items() if _asks(shape)]
    versions = table_inputs(tables)
    if absent := [name for name in asking if name not in versions]:
        lost = UnmeasuredFigure(metric=BREACH.metric, why=NO_VERSION_TO_READ(datasets=tuple(absent)))
        found = Findings(unmeasured=(lost,))
    else:
        read = {name: versions[name] for name in asking}
        found = findings_of({each: counted(context, each, declared[name]) for name, each in read.items()})
    print(f"{len(found.figures)} expectations of {len(asking)} datasets counted on {found.rows:,} rows")
    return {"findings": context.put_json(found)}


def findings_of(counts: dict[Slice, Sequence[ExpectationCount]]) -> Findings:
    """For each expectation, as `dataset.column nulls`, the share of rows that break it beyond the share that
    its declaration allows. The table tells the counts."""
    table: list[TableRow] = [
        {
            DATASET: rows.dataset,
            VERSION: rows.number,
            COLUMN: each.column,
            EXPECTS: each.expects,
            ROWS: each.rows,
            BROKEN: each.broken,
            ALLOWED: each.allowed,
            BREACH_COUNT: each.breach,
        }
        for rows, some in counts.items()
        for each in some
    ]
    figures = tuple(
        Figure(
            metric=BREACH.metric,
            value=max(0.0, each.broken / max(1, each.rows) - each.allowed),
            rows=each.rows,
            under=_under(rows.dataset, each),
        )
        for rows, some in counts.items()
        for each in some
    )
    read = sum(rows.rows for rows in counts)
    return Findings(
        figures=figures,
        without=NO_TEXT if figures else NO_EXPECTATION(),
        rows=read,
        of=read,
        tables=(EXPECTED.of(table),),
    )


def _under(dataset: str, counted: ExpectationCount) -> Conditions:
    """Which expectation it is. What is expected may name values of the data."""
    expects = Words(counted.expects)
    if not counted.column:
        return conditions(dataset=dataset, expectation=expects)
    return conditions(dataset=dataset, column=counted.column, expectation=expects)


def _asks(shape: DatasetSchema) -> bool:
    """Whether anything can be broken."""
    return shape.fresh is not None or any(
        each.type
        or each.nulls < 1
        or each.at_least is not None
        or each.at_most is not None
        or each.one_of
        or each.unique
        for each in shape.columns
    )
