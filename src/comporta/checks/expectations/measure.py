"""Whether the datasets that the features read are what their declarations say: counted on those versions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from comporta.checks.expectations.codes import NO_EXPECTATION, NO_VERSION_TO_READ
from comporta.records import Artifact, DatasetSchema, ExpectationCount, Figure, Findings, Slice, Unmeasured
from comporta.store.context import StepContext

BROKEN = "rows that break an expectation"
Counts = Callable[[StepContext, Slice, DatasetSchema], Sequence[ExpectationCount]]


def measure(
    context: StepContext, *, shapes: dict[str, Any], counted: Counts, **tables: Slice
) -> dict[str, Artifact]:
    """`findings`: see `kept`. shapes: of each dataset, as JSON. counted: counts the expectations of one.
    tables: the versions that the features read, as `table <dataset>`. All rows are read."""
    declared = {name: msgspec.convert(each, DatasetSchema) for name, each in shapes.items()}
    asking = [name for name, shape in declared.items() if _asks(shape)]
    if absent := [name for name in asking if f"table {name}" not in tables]:
        lost = Unmeasured(metric=BROKEN, why=NO_VERSION_TO_READ(datasets=tuple(absent)))
        found = Findings(unmeasured=(lost,))
    else:
        read = {name: tables[f"table {name}"] for name in asking}
        found = kept({each: counted(context, each, declared[name]) for name, each in read.items()})
    print(f"{len(found.figures)} expectations of {len(asking)} datasets counted on {found.rows:,} rows")
    return {"findings": context.put_json(found)}


def kept(counts: dict[Slice, Sequence[ExpectationCount]]) -> Findings:
    """For each expectation, as `dataset.column nulls`, the share of rows that break it beyond the share that
    its declaration allows. The table tells the counts."""
    table = [
        {
            "dataset": rows.dataset,
            "version": rows.number,
            "column": each.column,
            "expects": each.expects,
            "rows": each.rows,
            "broken": each.broken,
            "allowed": each.allowed,
            "breach": each.breach,
        }
        for rows, some in counts.items()
        for each in some
    ]
    figures = tuple(
        Figure(
            metric=BROKEN,
            value=max(0.0, each.broken / max(1, each.rows) - each.allowed),
            rows=each.rows,
            slice=f"{rows.dataset}.{each.column} {each.expects}"
            if each.column
            else f"{rows.dataset} {each.expects}",
        )
        for rows, some in counts.items()
        for each in some
    )
    read = sum(rows.rows for rows in counts)
    return Findings(
        figures=figures,
        without="" if figures else NO_EXPECTATION(),
        rows=read,
        of=read,
        tables={"expectations": tuple(table)},
    )


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
