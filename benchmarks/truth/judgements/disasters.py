"""`no_worse` of a candidate that is worse by the margin because of few rows, which a sample may lack."""

from __future__ import annotations

import numpy as np
from _grid import Judgement, Setting, Verdicts, both, crossed, outcome_of
from _simulated import chances, numbers, versus

from comporta.checks import no_worse

CODE = ("checks/champion/measure.py", "checks/champion/check.py", "checks/shared/judging/bounds.py")
BESIDE = ("../_grid.py", "../_simulated.py")
RATE = {"one row of 1,000": 0.001, "one row of 100": 0.01}
SURE = 0.001
"""The chance that the candidate gives to what comes true where it is sure of the other class."""
WILD = 4.0
"""How far its wild predictions are off, in standard deviations of the target."""


def log_loss(draw: np.random.Generator, setting: Setting) -> Verdicts:
    """Both give the true chance, from 5 to 95 %, and a little noise; the margin is what the candidate's sure
    rows cost on average."""
    rate = RATE[setting.own]
    chance = draw.uniform(0.05, 0.95, setting.rows)
    truth = draw.random(setting.rows) < chance
    mine = np.where(draw.random(setting.rows) < rate, np.where(truth, SURE, 1 - SURE), chance)
    # The mean entropy of chances that are even from 0.05 to 0.95.
    even = np.linspace(0.05, 0.95, 100_001)
    entropy = float(-(even * np.log(even) + (1 - even) * np.log(1 - even)).mean())
    margin = rate * (-np.log(SURE) - entropy)
    return _judged("log_loss", margin, chances(truth, mine), chances(truth, chance), draw)


def brier(draw: np.random.Generator, setting: Setting) -> Verdicts:
    """The same in squared error."""
    rate = RATE[setting.own]
    chance = draw.uniform(0.05, 0.95, setting.rows)
    truth = draw.random(setting.rows) < chance
    mine = np.where(draw.random(setting.rows) < rate, np.where(truth, SURE, 1 - SURE), chance)
    even = np.linspace(0.05, 0.95, 100_001)
    margin = rate * ((1 - SURE) ** 2 - float((even * (1 - even)).mean()))
    return _judged("brier", margin, chances(truth, mine), chances(truth, chance), draw)


def mae(draw: np.random.Generator, setting: Setting) -> Verdicts:
    """Both are off by the same errors, but the candidate now and then by far."""
    rate = RATE[setting.own]
    truth, off = draw.normal(size=setting.rows), 0.5 * draw.normal(size=setting.rows)
    mine = np.where(draw.random(setting.rows) < rate, WILD, off)
    margin = rate * (WILD - 0.5 * float(np.sqrt(2 / np.pi)))
    return _judged("mae", margin, numbers(truth, truth + mine), numbers(truth, truth + off), draw)


def _judged(metric, margin, mine, theirs, draw) -> Verdicts:  # type: ignore[no-untyped-def]
    found = versus(mine, theirs, metric, seed=int(draw.integers(2**31)))
    return both(outcome_of(no_worse(metric, margin=float(margin)), found))


SETTINGS = crossed(rows=(300, 1_000, 3_000, 10_000), own=RATE)
JUDGEMENTS = tuple(
    Judgement(name=f'no_worse("{asked.__name__}")', settings=SETTINGS, asked=asked)
    for asked in (log_loss, brier, mae)
)
