"""`no_worse("roc_auc")` where the challenger loses the margin: by noise, or by some rows alone."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from _covering import covering
from _grid import Judgement, Setting, Verdicts, both, crossed, outcome_of
from _simulated import chances, versus
from scipy import special, stats

from comporta.checks import no_worse

CODE = (
    "checks/champion/measure.py",
    "checks/shared/judging/champion_difference.py",
    "checks/champion/check.py",
)
BESIDE = ("../_covering.py", "../_grid.py", "../_simulated.py")
TRUE = {"near-perfect": 0.99, "weak": 0.8}
NOISE, BY_LOT, BELOW = "more noise", "2 % of positives by lot", "2 % of positives below all"
MANY = 200_000


def two(draw: np.random.Generator, setting: Setting, positive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The scores of challenger and champion."""
    rows = len(positive)
    champion = draw.normal(size=rows) + positive * math.sqrt(2) * float(special.ndtri(TRUE[setting.model]))
    if setting.own == NOISE:
        return champion + 0.4 * draw.normal(size=rows), champion + 0.3 * draw.normal(size=rows)
    lost = positive & (draw.random(rows) < 0.02)
    return np.where(lost, draw.normal(size=rows) if setting.own == BY_LOT else -6.0, champion), champion


@cache
def lost(setting: Setting) -> float:
    """How much of the area the challenger loses in truth, by two hundred thousand rows of each class."""
    positive = np.arange(2 * MANY) < MANY
    areas = []
    for score in two(np.random.default_rng(0), setting, positive):
        ranks = stats.rankdata(score)[positive]
        areas.append((ranks.mean() - (MANY + 1) / 2) / MANY)
    return areas[1] - areas[0]


def areas_apart(draw: np.random.Generator, setting: Setting) -> Verdicts:
    """The margin is what the challenger loses."""
    positive = draw.random(setting.rows) < setting.base
    mine, theirs = (chances(positive, special.expit(each)) for each in two(draw, setting, positive))
    return both(outcome_of(no_worse("roc_auc", margin=lost(setting)), versus(mine, theirs, "roc_auc")))


SETTINGS = crossed(rows=(300, 1_000, 10_000), base=(0.005, 0.03, 0.3), model=TRUE, own=(NOISE, BY_LOT, BELOW))
JUDGEMENTS = (
    Judgement(
        name='no_worse("roc_auc")',
        settings=tuple(covering(SETTINGS, lambda each: (each.rows, each.base, each.model, each.own))),
        asked=areas_apart,
    ),
)
