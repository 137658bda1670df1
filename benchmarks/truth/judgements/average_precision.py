"""`at_least` and `no_worse` of the average precision, the truth at the limit: few positives."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from _grid import Judgement, Setting, Verdicts, both, crossed, outcome_of
from _simulated import chances, versus
from scipy import special
from sklearn.metrics import average_precision_score

from comporta.checks import at_least, no_worse
from comporta.train.scores import measure_scores

CODE = (
    "train/scores.py",
    "checks/limit/check.py",
    "checks/champion/measure.py",
    "checks/shared/judging/champion_difference.py",
    "checks/champion/check.py",
    "checks/shared/judging/bounds.py",
)
BESIDE = ("../_grid.py", "../_simulated.py")
AREA = {"near-perfect": 0.99, "weak": 0.8}
MANY = 200_000


def scores(
    draw: np.random.Generator, setting: Setting, positive: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The scores of challenger and champion: the champion's, and more noise."""
    apart = math.sqrt(2) * float(special.ndtri(AREA[setting.model]))
    champion = draw.normal(size=len(positive)) + positive * apart
    return champion + 0.4 * draw.normal(size=len(positive)), champion


@cache
def true_values(setting: Setting) -> tuple[float, float]:
    """Their average precisions at this base, by two hundred thousand rows of each class."""
    positive = np.arange(2 * MANY) < MANY
    weight = np.where(positive, setting.base, 1 - setting.base)
    drawn = scores(np.random.default_rng(0), setting, positive)
    mine, theirs = (average_precision_score(positive, each, sample_weight=weight) for each in drawn)
    return float(mine), float(theirs)


def alone(draw: np.random.Generator, setting: Setting) -> Verdicts:
    """The average precision of the model is the limit."""
    positive = draw.random(setting.rows) < setting.base
    _, score = scores(draw, setting, positive)
    rows = chances(positive, special.expit(score))
    found = measure_scores(rows, ("average_precision",), seed=int(draw.integers(2**31)))
    return both(outcome_of(at_least("average_precision", true_values(setting)[1]), found))


def apart(draw: np.random.Generator, setting: Setting) -> Verdicts:
    """The margin is what the challenger loses."""
    positive = draw.random(setting.rows) < setting.base
    mine, theirs = (chances(positive, special.expit(each)) for each in scores(draw, setting, positive))
    challenger, champion = true_values(setting)
    found = versus(mine, theirs, "average_precision", seed=int(draw.integers(2**31)))
    return both(outcome_of(no_worse("average_precision", margin=champion - challenger), found))


SETTINGS = (
    *crossed(rows=(300,), base=(0.03, 0.1, 0.3), model=AREA),
    *crossed(rows=(6_000,), base=(0.003, 0.01, 0.1), model=AREA),
)
JUDGEMENTS = (
    Judgement(name='at_least("average_precision")', settings=SETTINGS, asked=alone),
    Judgement(name='no_worse("average_precision")', settings=SETTINGS, asked=apart),
)
