"""How many people or things rows are about: a figure about few of them tells of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from comporta.records import FEWEST_SUBJECTS, Message
from comporta.records.columns import SUBJECT
from comporta.stats.codes import TOO_FEW_SUBJECTS

if TYPE_CHECKING:
    from numpy.typing import NDArray


def subjects_of(rows: pl.DataFrame) -> NDArray[np.int64] | None:
    """(n,) a place for each subject, a row without one being about somebody else; None where rows have none
    at all: then each counts."""
    if SUBJECT not in rows.columns or rows[SUBJECT].null_count() == rows.height:
        return None
    named = rows[SUBJECT].cast(pl.String)
    alone = pl.Series(range(rows.height), dtype=pl.Int64).cast(pl.String)
    either = pl.select(pl.coalesce("s" + named, "r" + alone)).to_series()
    return either.rank("dense").cast(pl.Int64).to_numpy() - 1


def count_of(subjects: NDArray[np.int64] | None, inside: NDArray[np.bool_] | None = None) -> int:
    """How many different ones; inside: (n,) among these rows only."""
    if subjects is None:
        raise ValueError("rows without subjects are counted by themselves.")
    return len(np.unique(subjects if inside is None else subjects[inside]))


def few(subjects: NDArray[np.int64] | None, inside: NDArray[np.bool_]) -> bool:
    """Whether these rows are about fewer subjects than may be told of."""
    return subjects is not None and count_of(subjects, inside) < FEWEST_SUBJECTS


def too_few(part: pl.DataFrame) -> Message | None:
    """Why nothing is measured on these rows: they are about fewer than ten subjects."""
    subjects = subjects_of(part)
    if subjects is None or (count := count_of(subjects)) >= FEWEST_SUBJECTS:
        return None
    return TOO_FEW_SUBJECTS(rows=part.height, subjects=count, least=FEWEST_SUBJECTS)


def values_of_few(rows: pl.DataFrame, values: pl.Series) -> frozenset[str]:
    """The values (n,) whose rows are about fewer than ten subjects."""
    subjects = subjects_of(rows)
    if subjects is None:
        return frozenset()
    counts = (
        pl.DataFrame({"value": values, "subject": subjects})
        .group_by("value")
        .agg(pl.col("subject").n_unique())
    )
    return frozenset(counts.filter(pl.col("subject") < FEWEST_SUBJECTS)["value"].to_list())
