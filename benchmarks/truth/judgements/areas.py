"""`at_least("roc_auc")` where the truth is the limit: few positives, near-perfect models, unlike spreads."""

from __future__ import annotations

import math

import numpy as np
from _grid import Judgement, Setting, Verdicts, both, crossed, outcome_of
from _simulated import chances
from scipy import special

from comporta.checks import at_least
from comporta.train.scores import measure_scores

CODE = ("train/scores.py", "checks/limit/check.py", "checks/shared/judging/bounds.py")
BESIDE = ("../_grid.py", "../_simulated.py")
TRUE = {"near-perfect": 0.99, "good": 0.9, "weak": 0.7}
WIDE, BY_LOT = "positives spread 2.5 times as far", "some positives scored by lot, the others on top"


def scores(draw: np.random.Generator, setting: Setting, area: float) -> tuple[np.ndarray, np.ndarray]:
    """Truth and score of rows whose true area under the ROC curve is this."""
    positive = draw.random(setting.rows) < setting.base
    score = draw.normal(size=setting.rows)
    if setting.own == BY_LOT:
        return positive, np.where(positive & (draw.random(setting.rows) >= 2 * (1 - area)), 6.0, score)
    spread = 2.5 if setting.own == WIDE else 1.0
    apart = math.sqrt(1 + spread**2) * float(special.ndtri(area))
    return positive, np.where(positive, spread * score + apart, score)


def area_alone(draw: np.random.Generator, setting: Setting) -> Verdicts:
    """The area of the model is the limit."""
    limit = TRUE[setting.model]
    positive, score = scores(draw, setting, limit)
    rows = chances(positive, special.expit(score))
    found = measure_scores(rows, ("roc_auc",), seed=int(draw.integers(2**31)))
    return both(outcome_of(at_least("roc_auc", limit), found))


JUDGEMENTS = (
    Judgement(
        name='at_least("roc_auc")',
        settings=crossed(
            rows=(300, 1_000, 3_000, 10_000),
            base=(0.003, 0.01, 0.03, 0.3),
            model=TRUE,
            own=("", WIDE, BY_LOT),
        ),
        asked=area_alone,
    ),
)
