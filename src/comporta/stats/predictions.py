"""A frame of predictions, read: which task, which classes, what was said and what came true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from comporta.errors import BadData, BadProject
from comporta.records.columns import CHANCE, LABEL, NUMBER, TARGET, WEIGHT
from comporta.records.metric import MAIN, MAINS, METRICS, ModelTask, metric
from comporta.stats.bootstrap import Statistic
from comporta.stats.classes import places
from comporta.stats.metrics import ScoredRows, statistic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def task_of(predictions: pl.DataFrame) -> ModelTask:
    """Told by the columns that `predict` wrote."""
    if NUMBER in predictions.columns:
        return "regression"
    return "binary" if len(classes_of(predictions)) == 2 else "multiclass"


def classes_of(predictions: pl.DataFrame) -> tuple[str, ...]:
    """The model's classes, in its order; none for regression."""
    kind = predictions[LABEL].dtype if LABEL in predictions.columns else None
    return tuple(kind.categories) if isinstance(kind, pl.Enum) else ()


def metrics_for(predictions: pl.DataFrame, asked: Sequence[str]) -> tuple[str, ...]:
    """Those asked (`main`: the task's main one), or the usual ones of the task. Raises BadProject on one that
    these cannot have."""
    task = task_of(predictions)
    has = output_kinds(predictions)
    if MAIN in asked:
        main = main_of(predictions)
        asked = tuple(dict.fromkeys(main if name == MAIN else name for name in asked))
    usual = tuple(n for n, each in METRICS.items() if each.usual and task in each.tasks and each.needs in has)
    for name in asked:
        found = metric(name)
        if task not in found.tasks:
            raise BadProject(f"metric {name!r}: cannot be measured for {task}; {', '.join(usual)} can.")
        if found.needs not in has:
            raise BadProject(f"metric {name!r}: needs a {found.needs}; the model's output gives none.")
    return tuple(asked) or usual


def main_of(*predictions: pl.DataFrame) -> str:
    """The main metric of the task that all of these can have. Raises ValueError where their tasks differ."""
    (task,) = {task_of(each) for each in predictions}
    has = set.intersection(*(output_kinds(each) for each in predictions))
    return next(n for n in MAINS if task in METRICS[n].tasks and METRICS[n].needs in has)


def output_kinds(predictions: pl.DataFrame) -> set[str]:
    """What these predictions hold: `label` and `probability`, `label`, or `number`."""
    if NUMBER in predictions.columns:
        return {"number"}
    return {"label", "probability"} if f"{CHANCE}0" in predictions.columns else {"label"}


def with_classes(predictions: pl.DataFrame, classes: tuple[str, ...]) -> pl.DataFrame:
    """The same predictions with their classes in this order, where they are these: two versions may have
    declared another positive class."""
    mine = classes_of(predictions)
    if mine == classes or sorted(mine) != sorted(classes):
        return predictions
    label = predictions[LABEL].cast(pl.String).cast(pl.Enum(list(classes))).alias(LABEL)
    there = [mine.index(each) for each in classes] if f"{CHANCE}0" in predictions.columns else []
    chances = [predictions[f"{CHANCE}{old}"].alias(f"{CHANCE}{new}") for new, old in enumerate(there)]
    return predictions.with_columns(label, *chances)


def spreadless(predictions: pl.DataFrame) -> bool:
    """Whether these are numbers whose truth is all alike: nothing can be told in its standard deviations."""
    truth = predictions[TARGET].drop_nulls()
    return NUMBER in predictions.columns and truth.n_unique() < 2


def with_truth(predictions: pl.DataFrame) -> pl.DataFrame:
    """The rows whose truth is known. Raises BadData where there is none."""
    rows = predictions.filter(pl.col(TARGET).is_not_null())
    if rows.is_empty():
        raise BadData(
            "scores: found no row with a target, expected some. Wait for labels, or widen the test part."
        )
    return rows


def statistics(rows: pl.DataFrame, names: Sequence[str]) -> list[Statistic]:
    """Each metric of these rows as a function of their weights."""
    was = scored_rows(rows)
    return [statistic(name, was) for name in names]


def scored_rows(rows: pl.DataFrame) -> ScoredRows:
    """What happened and what was said, as numbers."""
    weight = weights_of(rows)
    if NUMBER in rows.columns:
        truth = rows[TARGET].cast(pl.Float64).to_numpy()
        return ScoredRows(classes=0, truth=truth, number=rows[NUMBER].to_numpy(), weight=weight)
    classes = classes_of(rows)
    chances = [f"{CHANCE}{place}" for place in range(len(classes))]
    return ScoredRows(
        classes=len(classes),
        truth=places(rows[TARGET], classes),
        label=rows[LABEL].to_physical().cast(pl.Int64).to_numpy(),
        probability=rows.select(chances).to_numpy() if chances[0] in rows.columns else None,
        weight=weight,
    )


def shares_of_mean(rows: pl.DataFrame) -> NDArray[np.float64] | float:
    """How much each row counts over what the mean row does, (n,): the mean of values times this is their
    weighted mean. 1 where the model declares no weight."""
    weight = weights_of(rows)
    return 1.0 if weight is None else weight / weight.mean()


def weights_of(rows: pl.DataFrame) -> NDArray[np.float64] | None:
    """How much each row counts, (n,); None where the model declares no weight."""
    return rows[WEIGHT].to_numpy() if WEIGHT in rows.columns else None
