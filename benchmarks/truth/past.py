"""Does `backtest` find a window in which the world was another, `learning_curve` a model that unlearns?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from _models import fails
from sklearn.linear_model import LogisticRegression

from comporta.evidence.answered import answered
from comporta.evidence.backtest import backtest
from comporta.evidence.learning_curve import learning_curve
from comporta.evidence.replay import replay
from comporta.gates.learning_curve import learning_curve as curve_gate
from comporta.gates.past import backtest as backtest_gate
from comporta.gates.past import replayed
from comporta.records import Field, Said, Signature

CODE = (
    "evidence/backtest.py",
    "evidence/learning_curve.py",
    "evidence/replay.py",
    "gates/past.py",
    "gates/learning_curve.py",
)
TAKES = Signature(
    raw=(), features=(Field(name="x0", type="Float64"),), output="both", task="binary",
    classes=("false", "true"), label="Boolean",
)  # fmt: skip
NAMES = [f"x{at}" for at in range(4)]


class Line:
    """A logistic regression that can be asked. firm: how strongly it is held to what it saw."""

    signature = TAKES

    def __init__(self, rows: pl.DataFrame, firm: float = 1.0) -> None:
        self.estimator = LogisticRegression(C=firm).fit(rows.select(NAMES).to_numpy(), rows["__target"])

    def __call__(self, rows: pl.DataFrame) -> Said:
        scores = self.estimator.predict_proba(rows.select(NAMES).to_numpy())
        return Said(scores, scores.argmax(axis=1))


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


def study(seeds: int = 10) -> list[dict[str, Any]]:
    rows = []

    def add(check: str, fault: str, size: str, found: list[bool]) -> None:
        share = float(np.mean(found))
        rows.append({"check": check, "fault": fault, "size": size, "found": share, "seeds": seeds})

    gate = backtest_gate("roc_auc", at_least=0.6)
    for turned in (False, True):
        fault = "for 25 of 180 days the world is turned around" if turned else "none"
        found = [
            fails(
                gate,
                backtest(
                    history(seed, 1800, turned=turned), Line, TAKES, span=timedelta(days=20),
                    gap=timedelta(days=5), seed=seed,
                ),
            )
            for seed in range(seeds)
        ]  # fmt: skip
        add('backtest("roc_auc", at_least=0.6)', fault, "1,800 rows, 6 windows", found)
    for wrong in (False, True):
        fault = "labels have come to mean the opposite" if wrong else "none"
        found = []
        for seed in range(seeds):
            whole = history(seed, 1800)
            model, log = Line(whole[:1200]), whole[1200:]
            log = log.with_columns(__target=~pl.col("__target")) if wrong else log
            log = log.with_columns(pl.col("__target").cast(pl.String))
            found.append(
                fails(
                    replayed("roc_auc", at_least=0.6),
                    replay(log, model, keys=whole["__key"][:1200], seed=seed),
                )
            )
        add('replayed("roc_auc", at_least=0.6)', fault, "600 logged rows", found)
    for unlearns in (False, True):
        fault = "the newer half of the rows has other labels" if unlearns else "none"
        found = []
        for seed in range(seeds):
            whole = history(seed, 1800).drop("__at")
            train, test = whole[:1200], whole[1200:]
            # What a half of the rows teaches is right; the candidate was taught the opposite by the rest.
            taught = train.with_columns(__target=~pl.col("__target")) if unlearns else train
            said = answered(test, Line(taught)(test), TAKES)
            found.append(fails(curve_gate(), learning_curve(train, said, Line, TAKES, seed=seed)))
        add("learning_curve()", fault, "1,200 training rows", found)
    return rows
