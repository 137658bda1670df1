"""A leap past the champion: how many times as many errors it makes on the same rows as the candidate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from comporta.checks.leakage.labelled import label_rows
from comporta.checks.leakage.removal import errors_of, ratio_interval, told_interval
from comporta.records.columns import CHANCE, KEY, NUMBER
from comporta.stats.predictions import classes_of, task_of, with_classes
from comporta.stats.units import units_of

if TYPE_CHECKING:
    from comporta.stats.bootstrap import Interval

_THEIRS = "their "


def leap_past(
    rows: pl.DataFrame,
    champion: pl.DataFrame,
    trained: Sequence[pl.Series],
    *,
    above: float,
    fewest: int,
    group: str | None,
    level: float,
) -> Interval | None:
    """The champion's errors over the candidate's, on rows that both answered and neither learned from; None
    where they cannot be compared, or the candidate is not shown to tell more than `above`. rows: the
    candidate's answers and what came true. fewest: rows of another class than the most common."""
    classes, task = classes_of(rows), task_of(rows)
    theirs = with_classes(champion, classes)
    answers = [name for name in rows.columns if name == NUMBER or name.startswith(CHANCE)]
    if theirs.is_empty() or (classes_of(theirs), task_of(theirs)) != (classes, task):
        return None
    if not answers or any(name not in theirs.columns for name in answers):
        return None
    if rows[KEY].is_duplicated().any() or theirs[KEY].is_duplicated().any():
        return None
    learned = pl.concat([keys.cast(pl.String) for keys in trained]).unique()
    other = theirs.select(KEY, *(pl.col(name).alias(f"{_THEIRS}{name}") for name in answers))
    both = rows.filter(~pl.col(KEY).is_in(learned.implode()))
    test = label_rows(both.join(other, on=KEY, how="inner", maintain_order="left"), classes, task)
    if test.told_apart < fewest:
        return None
    mine, champions = (
        errors_of(test.rows.select(f"{whose}{name}" for name in answers).to_numpy(), test.truth, test.classes)
        for whose in ("", _THEIRS)
    )
    if mine is None or champions is None:
        return None
    units = units_of(test.rows, group)
    told = told_interval(mine, test.truth, test.classes, units, level).low
    if told is None or not told > above:
        return None
    return ratio_interval(champions, mine, test.truth, test.classes, units, level)
