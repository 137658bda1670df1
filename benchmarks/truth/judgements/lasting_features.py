"""`feature_quality()` of features that stay: for a month, a day, a campaign; in a split by time."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl
from _grid import Judgement, Setting, Verdicts, crossed, outcome_of

from comporta.checks import feature_quality
from comporta.checks.feature_quality.measure import quality

CODE = ("checks/feature_quality", "checks/shared/judging/bounds.py")
BESIDE = ("../_grid.py",)
START = datetime(2025, 1, 1, tzinfo=UTC)
TEST = {"a month": 30, "a day": 1, "about 20 days": 14, "ten holidays": 30}


def sound(draw: np.random.Generator, setting: Setting) -> Verdicts:
    """Rows of 240 days, the newest of which test, as many as `TEST` says."""
    at = np.sort(draw.random(setting.rows) * 240)
    day = at.astype(int)
    feature = {
        "a month": lambda: day // 30,
        "a day": lambda: draw.normal(size=240)[day],
        "about 20 days": lambda: np.cumsum(draw.random(240) < 0.05)[day],
        "ten holidays": lambda: np.isin(day, draw.choice(210, 10, replace=False)),
    }[setting.own]()
    rows = pl.DataFrame({"f": feature, "__target": draw.random(setting.rows) < 0.3})
    rows = rows.with_columns(__at=pl.lit(START) + pl.duration(seconds=pl.Series(at * 86_400)))
    tests = pl.Series(day >= 240 - TEST[setting.own])
    found = quality(rows.filter(~tests), rows.filter(tests), split={"type": "time"})
    return Verdicts(outcome_of(feature_quality(), found), None)


JUDGEMENTS = (
    Judgement(
        name="feature_quality(), split by time",
        settings=crossed(rows=(1_000, 3_000, 10_000), own=TEST),
        asked=sound,
    ),
)
