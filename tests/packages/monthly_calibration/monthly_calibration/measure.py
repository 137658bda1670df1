"""What is measured: a step, run in a worker process and remembered like any other."""

from __future__ import annotations

import polars as pl

from comporta.records import Artifact, Condition, Figure, Findings, column, table
from comporta.store import StepContext
from comporta.store.frames import read

GAP = "calibration_gap"
MONTHS = table("months", "months")
COLUMNS = tuple(column(each, each) for each in ("month", "rows", "predicted", "happened", "off", "error"))
FEWEST = 30


def measure(context: StepContext, *, predictions: Artifact) -> dict[str, Artifact]:
    """`findings`: of each month with at least 30 test rows, how far the mean predicted chance of the second
    class is from the share of rows that had it."""
    found = gaps(read(context, predictions))
    return {"findings": context.put_json(found)}


def gaps(predictions: pl.DataFrame) -> Findings:
    """Figures with a normal 95 % interval. predictions: `__at`, the time of the row; `__target`, what
    happened; `__probability_1`, the predicted chance of the second class."""
    classes = predictions["__label"].dtype.categories
    happened = pl.col("__target").cast(pl.String).eq(classes[1]).cast(pl.Float64)
    months = (
        predictions.with_columns(month=pl.col("__at").dt.strftime("%Y-%m"), happened=happened)
        .with_columns(off=pl.col("__probability_1") - pl.col("happened"))
        .group_by("month")
        .agg(
            rows=pl.len(),
            predicted=pl.col("__probability_1").mean(),
            happened=pl.col("happened").mean(),
            off=pl.col("off").mean(),
            error=pl.col("off").std() / pl.len().sqrt(),
        )
        .filter(pl.col("rows") >= FEWEST)
        .sort("month")
    )
    figures = tuple(
        Figure(
            metric=GAP,
            where=(Condition("month", row["month"]),),
            value=abs(row["off"]),
            low=max(0.0, abs(row["off"]) - 1.96 * row["error"]),
            high=abs(row["off"]) + 1.96 * row["error"],
            rows=row["rows"],
        )
        for row in months.iter_rows(named=True)
    )
    return Findings(
        figures=figures,
        rows=predictions.height,
        of=predictions.height,
        tables=(MONTHS.of(dict(zip(COLUMNS, row, strict=True)) for row in months.iter_rows()),),
    )
