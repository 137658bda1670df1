"""Does `backtest` find a window in which the world was another, `replayed` labels that mean another thing?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from _models import fails
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from comporta.checks.backtest.check import backtest as backtest_gate
from comporta.checks.backtest.measure import backtest
from comporta.checks.replay.check import replayed
from comporta.checks.replay.measure import replay
from comporta.records import Field, ModelOutput, Signature

CODE = (
    "checks/backtest/measure.py",
    "checks/replay/measure.py",
    "checks/backtest/check.py",
    "checks/replay/check.py",
)
TAKES = Signature(
    raw=(), features=(Field(name="x0", type="Float64"),), output="both", task="binary",
    classes=("false", "true"), label="Boolean",
)  # fmt: skip
NAMES = [f"x{at}" for at in range(4)]


class Line:
    """A linear discriminant that can be asked: of normal features it learns what a regression would."""

    signature = TAKES

    def __init__(self, rows: pl.DataFrame) -> None:
        self.estimator = LinearDiscriminantAnalysis().fit(_numbers(rows), rows["__target"])

    def __call__(self, rows: pl.DataFrame) -> ModelOutput:
        scores = self.estimator.predict_proba(_numbers(rows))
        return ModelOutput(scores, scores.argmax(axis=1))


def _numbers(rows: pl.DataFrame) -> np.ndarray:
    return rows.select("^x.*$").to_numpy()


def history(seed: int, rows: int, *, turned: bool = False) -> pl.DataFrame:
    """180 days; turned: on the days 100 to 125 the strongest feature says the opposite."""
    draw = np.random.default_rng(seed)
    day = np.arange(rows) * 180 // rows
    x = draw.normal(size=(rows, 4))
    way = np.where((day >= 100) & (day < 125) & turned, -1.0, 1.0)
    came = draw.random(rows) < 1 / (1 + np.exp(-1.5 * way * x[:, 0] + 0.5 * x[:, 1]))
    start = datetime(2024, 1, 1)
    return pl.DataFrame(
        {
            **{name: x[:, at] for at, name in enumerate(NAMES)},
            "__key": [f"[{row}]" for row in range(rows)],
            "__at": [start + timedelta(days=180) * row / rows for row in range(rows)],
            "__target": came,
        }
    )


def study(seeds: int = 100) -> list[dict[str, Any]]:
    """Linear models of 1,800 rows; a quarter of the seeds where a fault is planted."""
    few = range(max(1, seeds // 4))
    return [
        _row("backtest", "none", "1,800 rows, 6 windows", [_window(seed, False) for seed in range(seeds)]),
        _row(
            "backtest",
            "for 25 of 180 days the world is turned around",
            "1,800 rows, 6 windows",
            [_window(seed, True) for seed in few],
        ),
        _row("replayed", "none", "600 logged rows", [_logged(seed, False) for seed in range(seeds)]),
        _row(
            "replayed",
            "labels have come to mean the opposite",
            "600 logged rows",
            [_logged(seed, True) for seed in few],
        ),
    ]


def _row(check: str, fault: str, size: str, found: list[bool]) -> dict[str, Any]:
    share = float(np.mean(found))
    name = f'{check}("roc_auc", at_least=0.6)'
    return {"check": name, "fault": fault, "size": size, "found": share, "seeds": len(found)}


def _window(seed: int, turned: bool) -> bool:
    span, gap = timedelta(days=20), timedelta(days=5)
    found = backtest(history(seed, 1800, turned=turned), Line, TAKES, span=span, gap=gap, seed=seed)
    return fails(backtest_gate("roc_auc", at_least=0.6), found)


def _logged(seed: int, wrong: bool) -> bool:
    whole = history(seed, 1800)
    model, log = Line(whole[:1200]), whole[1200:]
    log = log.with_columns(__target=~pl.col("__target")) if wrong else log
    log = log.with_columns(pl.col("__target").cast(pl.String))
    return fails(replayed("roc_auc", at_least=0.6), replay(log, model, keys=whole["__key"][:1200], seed=seed))
