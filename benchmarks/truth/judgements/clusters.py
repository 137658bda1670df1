"""`at_least("accuracy")` and `at_most("mae")` where rows hang together: groups, days, both, and copies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import polars as pl
from _grid import UNITS, Judgement, Setting, Verdicts, both, crossed, outcome_of
from _simulated import labels, numbers
from scipy import stats

from comporta.checks import at_least, at_most
from comporta.records.columns import AT
from comporta.train.scores import measure_scores

CODE = ("train/scores.py", "checks/limit/check.py", "checks/shared/judging/bounds.py")
BESIDE = ("../_grid.py", "../_simulated.py")
START = datetime(2026, 1, 1, tzinfo=UTC)
SHOCK = 0.5
"""What a group or a day adds to all of its rows, in standard deviations of a row's own."""
DAYS = 60
World = tuple[np.ndarray, np.ndarray | None, np.ndarray | None, np.ndarray | None]
"""What each row deviates by, standard normal; its group, its day, and which row it is a copy of."""


def groups(draw: np.random.Generator, setting: Setting) -> World:
    """Each of the groups has a shock."""
    size = draw.lognormal(0, 1, setting.units) if setting.unequal else np.ones(setting.units)
    group = np.sort(draw.choice(setting.units, setting.rows, p=size / size.sum()))
    return _mixed(draw, draw.normal(size=setting.units)[group]), group, None, None


def days(draw: np.random.Generator, setting: Setting) -> World:
    """Each day has a shock, which lasts as the setting says."""
    count = setting.units or DAYS
    day = np.arange(setting.rows) * count // setting.rows
    return _mixed(draw, _lasting(draw, count, setting.ar)[day]), None, day, None


def groups_and_days(draw: np.random.Generator, setting: Setting) -> World:
    """A hundred groups are declared, and the days have the shocks."""
    group, day = draw.integers(0, 100, setting.rows), np.arange(setting.rows) * setting.units // setting.rows
    return _mixed(draw, draw.normal(size=setting.units)[day]), group, day, None


def copies(draw: np.random.Generator, setting: Setting) -> World:
    """Each row stands there several times, and nothing says so."""
    row = np.arange(setting.rows) // setting.repeats
    return draw.normal(size=setting.rows)[row], None, None, row


def accuracy(world: Callable[[np.random.Generator, Setting], World]) -> Callable[..., Verdicts]:
    """A row is wrong where it deviates far below; the limit is the share that does not."""

    def asked(draw: np.random.Generator, setting: Setting) -> Verdicts:
        deviates, group, day, row = world(draw, setting)
        truth = (draw.random(setting.rows) < 0.3)[np.arange(setting.rows) if row is None else row]
        frame = labels(truth, truth ^ (deviates < -1.0), **_beside(group))
        return _judged(frame, "accuracy", float(stats.norm.cdf(1.0)), draw, group, day, row)

    return asked


def mae(world: Callable[[np.random.Generator, Setting], World]) -> Callable[..., Verdicts]:
    """Errors are larger in some groups than in others; the limit is the mean of their size."""

    def asked(draw: np.random.Generator, setting: Setting) -> Verdicts:
        deviates, group, day, row = world(draw, setting)
        # A standard normal number as one that is even from 0 to 2.
        size = 2 * stats.norm.cdf(deviates)
        frame = numbers(np.zeros(setting.rows), size, **_beside(group))
        return _judged(frame, "mae", 1.0, draw, group, day, row)

    return asked


def skewed(draw: np.random.Generator, setting: Setting) -> Verdicts:
    """Few groups have errors far larger than the others: their means are as the square of a normal's."""
    deviates, group, day, row = groups(draw, setting)
    frame = numbers(np.zeros(setting.rows), deviates, **_beside(group))
    return _judged(frame, "mae", float(np.sqrt(2 / np.pi)), draw, group, day, row)


def _judged(frame, metric, limit, draw, group, day, row) -> Verdicts:  # type: ignore[no-untyped-def]
    if day is not None:
        frame = frame.with_columns((pl.lit(START) + pl.duration(days=pl.Series(day))).alias(AT))
    features = draw.normal(size=(2, frame.height))
    place = np.arange(frame.height) if row is None else row
    frame = frame.with_columns(a=features[0][place], b=features[1][place])
    check = (at_least if metric == "accuracy" else at_most)(metric, limit)
    named = None if group is None else "group"
    seed = int(draw.integers(2**31))
    return both(outcome_of(check, measure_scores(frame, (metric,), group=named, seed=seed)))


def _mixed(draw: np.random.Generator, shock: np.ndarray) -> np.ndarray:
    """Standard normal, of which the shock is a part."""
    return (SHOCK * shock + draw.normal(size=len(shock))) / np.sqrt(1 + SHOCK**2)


def _lasting(draw: np.random.Generator, count: int, stays: float) -> np.ndarray:
    shock = draw.normal(size=count + 100)
    for day in range(1, len(shock)):
        shock[day] = stays * shock[day - 1] + np.sqrt(1 - stays**2) * shock[day]
    return shock[100:]


def _beside(group: np.ndarray | None) -> dict[str, np.ndarray]:
    return {} if group is None else {"group": group}


SIZES = (1_000, 10_000)
GROUPS = crossed(rows=SIZES, units=UNITS, unequal=(False, True))
SKEWED = crossed(rows=SIZES, units=(3, 10, 30, 100), unequal=(False, True))
FEW = crossed(rows=SIZES, units=(3, 7, 30))
LASTING = crossed(rows=SIZES, ar=(0.0, 0.5, 0.8))
FEW_LASTING = crossed(rows=SIZES, units=(7, 14, 30), ar=(0.5, 0.8))
BOTH = crossed(rows=SIZES, units=(10, 30, 60))
COPIES = crossed(rows=SIZES, repeats=(2, 5))
WORLDS = (
    ("groups", groups, GROUPS),
    ("days", days, (*FEW, *FEW_LASTING)),
    (f"{DAYS} days", days, LASTING),
    ("a group beside the days", groups_and_days, BOTH),
    ("copies", copies, COPIES),
)
FAR_WORSE = Judgement(name='at_most("mae"), groups of which few are far worse', settings=SKEWED, asked=skewed)
JUDGEMENTS = (
    *(
        Judgement(name=f"{name}, {what}", settings=settings, asked=made(world))
        for what, world, settings in WORLDS
        for name, made in (('at_least("accuracy")', accuracy), ('at_most("mae")', mae))
    ),
    FAR_WORSE,
)
