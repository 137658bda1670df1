"""`at_least` of metrics that are shares of rows: few positives, near-perfect models."""

from __future__ import annotations

import numpy as np
from _grid import BASES, ROWS, Judgement, Setting, Verdicts, both, crossed, outcome_of
from _simulated import labels

from comporta.checks import at_least
from comporta.train.scores import measure_scores

CODE = ("train/scores.py", "checks/limit/check.py", "checks/shared/judging/bounds.py")
BESIDE = ("../_grid.py", "../_simulated.py")
TRUE = {"near-perfect": 0.99, "good": 0.95, "weak": 0.6}


def recall(draw: np.random.Generator, setting: Setting) -> Verdicts:
    """Each positive is found with a chance that is the limit."""
    limit = TRUE[setting.model]
    truth = draw.random(setting.rows) < setting.base
    label = np.where(truth, draw.random(setting.rows) < limit, draw.random(setting.rows) < 0.02)
    return _judged("recall", limit, truth, label, draw)


def precision(draw: np.random.Generator, setting: Setting) -> Verdicts:
    """So many rows are called positive as the base says, each right with a chance that is the limit."""
    limit = TRUE[setting.model]
    label = draw.random(setting.rows) < setting.base
    truth = np.where(label, draw.random(setting.rows) < limit, draw.random(setting.rows) < 0.02)
    return _judged("precision", limit, truth, label, draw)


def accuracy(draw: np.random.Generator, setting: Setting) -> Verdicts:
    """Each row is right with a chance that is the limit."""
    limit = TRUE[setting.model]
    truth = draw.random(setting.rows) < 0.3
    return _judged("accuracy", limit, truth, truth ^ (draw.random(setting.rows) >= limit), draw)


def recall_by(draw: np.random.Generator, setting: Setting) -> Verdicts:
    """The same in every slice; a model that finds all is asked for a half."""
    slice_ = np.arange(setting.rows) % setting.slices
    truth = draw.random(setting.rows) < setting.base
    label = np.where(truth, draw.random(setting.rows) < 0.8, draw.random(setting.rows) < 0.02)
    check = at_least("recall", 0.8, by="slice")
    seed = int(draw.integers(2**31))
    found = measure_scores(labels(truth, label, slice=slice_), ("recall",), ("slice",), seed=seed)
    return both(outcome_of(check, found))


def _judged(
    metric: str, limit: float, truth: np.ndarray, label: np.ndarray, draw: np.random.Generator
) -> Verdicts:
    found = measure_scores(labels(truth, label), (metric,), seed=int(draw.integers(2**31)))
    return both(outcome_of(at_least(metric, limit), found))


RARE = crossed(rows=(300, 1_000, 3_000, 10_000), base=BASES, model=("near-perfect", "weak"))
JUDGEMENTS = (
    Judgement(name='at_least("recall")', settings=RARE, asked=recall),
    Judgement(name='at_least("precision")', settings=RARE, asked=precision),
    Judgement(name='at_least("accuracy")', settings=crossed(rows=ROWS, model=TRUE), asked=accuracy),
    Judgement(
        name='at_least("recall", by="slice")',
        settings=crossed(rows=(1_000, 3_000, 10_000), base=(0.01, 0.05, 0.3), slices=(4, 20)),
        asked=recall_by,
    ),
)
