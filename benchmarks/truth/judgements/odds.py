"""`equalised_odds` where two groups' true positive rates differ by the limit: few positives in each group."""

from __future__ import annotations

import numpy as np
from _grid import Judgement, Setting, Verdicts, both, crossed, outcome_of
from _simulated import labels

from comporta.checks import equalised_odds
from comporta.checks.fairness.measure import compare

CODE = ("checks/fairness/measure.py", "checks/fairness/check.py", "checks/shared/judging/slices.py")
BESIDE = ("../_grid.py", "../_simulated.py")
LIMIT = 0.1
HIGH = {"near-perfect": 0.99, "weak": 0.7}


def odds(draw: np.random.Generator, setting: Setting) -> Verdicts:
    """Two groups of equal size; both have a false positive rate of 2 %."""
    sex = np.arange(setting.rows) % 2
    truth = draw.random(setting.rows) < setting.base
    found = HIGH[setting.model] - LIMIT * sex
    label = np.where(truth, draw.random(setting.rows) < found, draw.random(setting.rows) < 0.02)
    check = equalised_odds(by="sex", at_most=LIMIT, on="interval")
    return both(outcome_of(check, compare(labels(truth, label, sex=sex), ("sex",), "odds")))


JUDGEMENTS = (
    Judgement(
        name='equalised_odds(on="interval")',
        settings=crossed(rows=(300, 1_000, 3_000, 10_000), base=(0.03, 0.1, 0.5), model=HIGH),
        asked=odds,
    ),
)
