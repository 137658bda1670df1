"""`no_worse` by metrics of labels where the challenger loses the margin: few disagreements, in groups too."""

from __future__ import annotations

from itertools import product

import numpy as np
from _covering import covering
from _grid import Judgement, Setting, Verdicts, both, crossed, outcome_of
from _simulated import labels, versus
from sklearn import metrics as theirs

from comporta.checks import no_worse

CODE = (
    "checks/champion/measure.py",
    "checks/shared/judging/champion_difference.py",
    "checks/champion/check.py",
)
BESIDE = ("../_covering.py", "../_grid.py", "../_simulated.py")
LOST = 0.01
RIGHT = {"near-perfect": (0.99, 0.999), "weak": (0.7, 0.9)}
"""The champion's recall and its share of right answers among the others."""
MEASURED = {
    "accuracy": theirs.accuracy_score,
    "balanced_accuracy": theirs.balanced_accuracy_score,
    "precision": theirs.precision_score,
    "f1": theirs.f1_score,
    "mcc": theirs.matthews_corrcoef,
}


def margin(metric: str, setting: Setting) -> float:
    """What the challenger loses in truth: the metric of the expected table of both."""
    tables = []
    for kept in (1.0, 1 - LOST):
        recall, other = (share * kept for share in RIGHT[setting.model])
        positive = setting.base
        tables.append(
            [(1 - positive) * other, (1 - positive) * (1 - other), positive * (1 - recall), positive * recall]
        )
    truth, said = [0, 0, 1, 1], [0, 1, 0, 1]
    champion, challenger = (MEASURED[metric](truth, said, sample_weight=each) for each in tables)
    return float(champion - challenger)


def labels_apart(metric: str, draw: np.random.Generator, setting: Setting) -> Verdicts:
    """The challenger is wrong in one of a hundred rows, or in all rows of one of a hundred groups, where the
    champion is right."""
    rows, recall_other = setting.rows, RIGHT[setting.model]
    group = np.arange(rows) % setting.units if setting.units else np.arange(rows)
    lost = (draw.random(setting.units or rows) < LOST)[group]
    truth = draw.random(rows) < setting.base
    right = draw.random(rows) < np.where(truth, *recall_other)
    mine, champion = (
        labels(truth, np.where(each, truth, ~truth), group=group) for each in (right & ~lost, right)
    )
    found = versus(
        mine, champion, metric, group="group" if setting.units else None, seed=int(draw.integers(2**31))
    )
    return both(outcome_of(no_worse(metric, margin=margin(metric, setting)), found))


ALONE = crossed(rows=(300, 1_000, 3_000), base=(0.03, 0.3), model=RIGHT)
GROUPED = crossed(rows=(1_000,), base=(0.3,), model=("weak",), units=(20, 100))
COVERED = covering(
    tuple(product(MEASURED, ALONE)), lambda each: (each[0], each[1].rows, each[1].base, each[1].model)
)


def _judgement(metric: str) -> Judgement:
    return Judgement(
        name=f'no_worse("{metric}")',
        settings=(*(setting for of, setting in COVERED if of == metric), *GROUPED),
        asked=lambda draw, setting: labels_apart(metric, draw, setting),
    )


JUDGEMENTS = tuple(map(_judgement, MEASURED))
