"""Whether the model beats what needs no model, and what needs hardly one, on the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from msgspec.structs import replace

from comporta.checks.baselines.codes import LOSSES_ARE
from comporta.checks.baselines.figures import (
    BALANCED_ACCURACY_ABOVE_CHANCE,
    ROC_AUC_ABOVE_CHANCE,
    SKILL_LESS_LINE,
    SKILL_LESS_TREE,
    SKILL_OVER_CLASS_SHARES,
    SKILL_OVER_MEAN,
    SKILL_OVER_MEDIAN,
    SKILL_OVER_MOST_FREQUENT,
)
from comporta.checks.shared.measuring.codes import NOT_DEFINED
from comporta.records import Artifact, Figure, Findings, Quantity, Unmeasured
from comporta.records.columns import TARGET
from comporta.stats.bootstrap import Interval
from comporta.stats.classes import places
from comporta.stats.losses import losses, one_hot
from comporta.stats.means import ratio_of
from comporta.stats.metrics import Seen
from comporta.stats.predictions import classes_of, labelled, seen, weights_of
from comporta.stats.shares import metric_intervals
from comporta.stats.simple import numbers_of, said_by_line, said_by_tree
from comporta.stats.table import feature_names
from comporta.stats.units import units_of
from comporta.store import StepContext
from comporta.store.frames import read

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEARNED = 20_000
NAIVE = {
    "brier": SKILL_OVER_CLASS_SHARES,
    "error": SKILL_OVER_MOST_FREQUENT,
    "squared error": SKILL_OVER_MEAN,
}


def measure(
    context: StepContext, *, predictions: Artifact, train: Artifact, group: str | None = None
) -> dict[str, Artifact]:
    """`findings`. predictions: of the test rows. train: the rows the baselines learn from."""
    found = baselines(
        labelled(read(context, predictions)),
        read(context, train).filter(pl.col(TARGET).is_not_null()),
        group=group,
        seed=context.seed,
    )
    print(f"baselines: {', '.join(f'{each.metric} {each.value:.4g}' for each in found.figures)}")
    return {"findings": context.put_json(found)}


def baselines(
    rows: pl.DataFrame, train: pl.DataFrame, *, group: str | None = None, seed: int = 0
) -> Findings:
    """Figures: `skill over …`, one less the model's loss over the naive one's, paired row for row: 1 is
    perfect, 0 no better, below 0 worse. `skill less that of …`: of the model, less that of a tree or a line.
    And `… above chance`: roc_auc or balanced accuracy, 0 where nothing is known and 1 where all is. The tree
    and the line learn from at most 20,000 of the training rows.

    Against a simple model the losses are not divided: where both know nearly all, one may lose twice as much
    as the other and be as good for any use."""
    was = seen(rows)
    units = units_of(rows, group)
    lost = losses(was)
    learned = _outcome(train, rows, was.classes)
    figures = []
    if was.classes:
        figures.append(_above_chance(rows, was, units, seed))
    count = np.ones(rows.height) if was.weight is None else was.weight
    naive = lost.constant(learned, weights_of(train)) * count
    mine = lost.row * count
    figures.append(_skill(NAIVE[lost.name], mine, naive, units, rows.height))
    if not was.classes:
        truth = lost.outcome[:, 0]
        assert was.number is not None
        middle = np.abs(truth - np.median(learned[:, 0])) * count
        off = np.abs(truth - was.number) * count
        figures.append(_skill(SKILL_OVER_MEDIAN, off, middle, units, rows.height))
    some = np.sort(np.random.default_rng(seed).permutation(train.height)[:LEARNED])
    names = feature_names(rows)
    X, asked = numbers_of(train[some][list(names)], rows[list(names)])
    answers = {
        SKILL_LESS_TREE: said_by_tree(X, learned[some], asked, classes=was.classes, seed=seed),
        SKILL_LESS_LINE: said_by_line(X, learned[some], asked, classes=was.classes),
    }
    for skill, said in answers.items():
        less = ratio_of(losses(_answer(was, said)).row * count - mine, naive, units)
        figures.append(less.figure(skill.metric, rows.height))
    held = tuple(each for each in figures if np.isfinite(each.value))
    return Findings(
        figures=held,
        unmeasured=tuple(
            Unmeasured(metric=each.metric, why=NOT_DEFINED()) for each in figures if each not in held
        ),
        rows=rows.height + len(some),
        of=rows.height + train.height,
        notes=(LOSSES_ARE(loss=lost.name, rows=len(some)),),
    )


def _outcome(train: pl.DataFrame, rows: pl.DataFrame, classes: int) -> Floats:
    """What came true in the training rows, as `Losses.outcome`."""
    if not classes:
        return train[TARGET].cast(pl.Float64).to_numpy().reshape(-1, 1)
    return one_hot(places(train[TARGET], classes_of(rows)), classes)


def _answer(was: Seen, said: Floats) -> Seen:
    """The baseline's answers, in the form of the model's."""
    if was.number is not None:
        return replace(was, number=said[:, 0])
    if was.probability is not None:
        return replace(was, probability=said)
    return replace(was, label=said.argmax(axis=1).astype(np.int64))


def _above_chance(rows: pl.DataFrame, was: Seen, units: NDArray[np.int64] | None, seed: int) -> Figure:
    is_ranked = was.probability is not None
    name = "roc_auc" if is_ranked else "balanced_accuracy"
    above_chance = ROC_AUC_ABOVE_CHANCE if is_ranked else BALANCED_ACCURACY_ABOVE_CHANCE
    (found,) = metric_intervals(was, [name], units=units, seed=seed)
    chance = 0.5 if name == "roc_auc" else 1 / was.classes

    def above(value: float | None) -> float | None:
        return None if value is None else (value - chance) / (1 - chance)

    return Figure(
        metric=above_chance.metric, value=(found.value - chance) / (1 - chance), low=above(found.low),
        high=above(found.high), rows=rows.height, groups=found.units,
    )  # fmt: skip


def _skill(
    over: Quantity, mine: Floats, theirs: Floats, units: NDArray[np.int64] | None, rows: int
) -> Figure:
    found: Interval = ratio_of(mine, theirs, units)
    turned = replace(
        found,
        value=1 - found.value,
        low=None if found.high is None else 1 - found.high,
        high=None if found.low is None else 1 - found.low,
    )
    return turned.figure(over.metric, rows)
