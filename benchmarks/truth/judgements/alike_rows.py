"""`contamination()` of rows that are alike by nature: mostly nothing, common words, shops, calm sensors."""

from __future__ import annotations

import numpy as np
import polars as pl
from _grid import Judgement, Setting, Verdicts, crossed, outcome_of

from comporta.checks import contamination
from comporta.checks.contamination.measure import find_contamination

CODE = ("checks/contamination", "checks/shared/judging/bounds.py")
BESIDE = ("../_grid.py",)
CHECK = contamination()


def flags(draw: np.random.Generator, setting: Setting, rows: int, test: bool) -> np.ndarray:
    return (draw.random((rows, 10)) < setting.base * np.linspace(0.5, 2, 10)).astype(int)


def word(draw: np.random.Generator, setting: Setting, rows: int, test: bool) -> np.ndarray:
    """One that one row in two has in training, and `base` more of them in the test."""
    others = draw.choice(list("abcd"), (rows, 6), p=[0.5, 0.3, 0.15, 0.05])
    common = draw.random(rows) < 0.5 + setting.base * test
    return np.column_stack([others, np.where(common, "the", draw.choice(list("pqrstuvw"), rows))])


def shops(draw: np.random.Generator, setting: Setting, rows: int, test: bool) -> np.ndarray:
    return draw.integers(0, setting.units, rows)[:, None] * np.arange(1, 6)


def sensors(draw: np.random.Generator, setting: Setting, rows: int, test: bool) -> np.ndarray:
    """Two hidden quantities, which moved less in the test."""
    hidden = draw.normal(size=(rows, 2)) * (0.4 if test else 1.0)
    return hidden @ np.arange(16).reshape(2, 8) / 8 + 0.05 * draw.normal(size=(rows, 8))


MADE = {"flags": flags, "a word that grew": word, "traits of shops": shops, "calmer sensors": sensors}


def sound(draw: np.random.Generator, setting: Setting) -> Verdicts:
    """Every row is drawn by itself."""
    train, test = (
        pl.DataFrame(MADE[setting.own](draw, setting, rows, tested)).with_columns(
            __key=pl.lit(f"{tested} ") + pl.int_range(rows).cast(pl.String),
            __target=pl.Series(draw.random(rows) < 0.3),
        )
        for rows, tested in ((4 * setting.rows // 5, False), (setting.rows // 5, True))
    )
    return Verdicts(outcome_of(CHECK, find_contamination(train, test)), None)


ROWS = (300, 3_000, 10_000)
JUDGEMENTS = (
    Judgement(
        name="contamination()",
        settings=(
            *crossed(rows=ROWS, base=(0.01, 0.1), own=("flags",)),
            *crossed(rows=ROWS, base=(0.1, 0.4), own=("a word that grew",)),
            *crossed(rows=ROWS, units=(3, 10, 100), own=("traits of shops",)),
            *crossed(rows=ROWS, own=("calmer sensors",)),
        ),
        asked=sound,
    ),
)
