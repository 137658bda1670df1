"""What stands beside each answer of a batch: which version gave it, to which rows, under which id, and when.

Until a batch is done its parts hold the hash of each row's key in place of the id: the text of ids and the
columns that say one thing of all rows cost more to write and to read again than the answers themselves.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from comporta.acts.predict.ids import prediction_ids
from comporta.acts.predict.parts import BatchPlan
from comporta.errors import BadProject
from comporta.opened.batches import INPUT, PREDICTED_AT, PREDICTION_ID, VERSION
from comporta.records.named_column import by_names

HASH = "__row_hash"
"""Of each row's key, in a part."""


def part_of(
    beside: pl.DataFrame, answers: pl.DataFrame, hashes: pl.Series | None, at: datetime | None
) -> pl.DataFrame:
    """What is written down of these rows until all are answered. beside: columns of the rows. at: when, where
    that is to be said of each. Raises BadProject where a column of the rows has the name of another."""
    marks: list[pl.Expr | pl.Series] = [] if hashes is None else [hashes.alias(HASH)]
    if at is not None:
        marks.append(pl.lit(at, dtype=pl.Datetime("us", "UTC")).alias(PREDICTED_AT))
    marked = answers.with_columns(marks)
    others = {*marked.columns, VERSION}
    others |= {PREDICTION_ID} if hashes is not None else set()
    others |= {INPUT} if at is not None else set()
    if taken := [each for each in beside.columns if each in others]:
        raise BadProject(
            f"{', '.join(taken)}: found a column of the rows, which the answers have too, expected other "
            "names beside the answers. Rename it in the rows, or leave it out of --keep."
        )
    return pl.concat([beside, marked], how="horizontal")


def marked_answers(part: pl.DataFrame, plan: BatchPlan, source: str = "") -> pl.DataFrame:
    """A part as its readers see it. source: what is answered, where that is to be said of each row."""
    marks: list[pl.Expr | pl.Series] = [pl.lit(plan.version).alias(VERSION)]
    if source:
        marks.append(pl.lit(source).alias(INPUT))
    if HASH in part.columns:
        marks.append(prediction_ids(plan.batch, part[HASH]).alias(PREDICTION_ID))
    last = (PREDICTED_AT,) if source else ()
    first = [each for each in part.columns if each not in (HASH, *last)]
    return part.select(*by_names(first), *marks, *by_names(last))
