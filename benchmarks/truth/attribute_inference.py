"""Answers that give an attribute away: read by the model, or told by a stand-in; and answers that do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from _called import called
from sklearn.linear_model import LogisticRegression

from comporta.checks.attribute_inference.check import attribute_inference
from comporta.checks.attribute_inference.measure import infer
from comporta.records import Evidence
from comporta.train.asking import refit_estimator

CHECK = attribute_inference(of="sex")


def logistic(X: Any, y: Any) -> Any:
    return LogisticRegression().fit(X, y)


def people(seed: int, rows: int, reads: bool, proxy: float) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    sex = draw.integers(0, 2, rows)
    X = draw.normal(size=(rows, 5))
    X[:, 1] += proxy * sex
    y = X[:, 0] + X[:, 1] + draw.normal(0, 1, rows) + (0.5 * sex if reads else 0) > 0.3
    frame = pl.DataFrame(X, schema=[f"x{place}" for place in range(5)])
    return frame.with_columns(pl.Series("sex" if reads else "__keep_sex", sex), pl.Series("__target", y))


def fails(seed: int, rows: int, reads: bool, proxy: float) -> bool:
    train, test = (people(2 * seed + each, rows, reads, proxy) for each in (0, 1))
    asked = refit_estimator(train, fit=logistic, params={}, task=None, output="both", seed=seed)
    found, _ = infer(lambda rows: asked(rows).scores, train, test, "sex", (), seed=seed)
    (need,) = CHECK.needs()
    return CHECK.judge((Evidence(need=need, figures=found.figures),)).outcome == "fail"


def study(seeds: int = 100) -> list[dict[str, Any]]:
    """With the default: an advantage of 0.1; an eighth of the seeds with a fault, and of 20,000 rows few."""
    cases = (
        ("none", False, 0.0),
        ("the model reads it, and the attacker knows the rest", True, 0.0),
        ("a stand-in moved by 2.5 standard deviations is learned", False, 2.5),
    )
    return [
        {
            "check": called(CHECK),
            "fault": fault,
            "size": f"{rows:,} rows",
            "found": float(np.mean([fails(seed, rows, reads, proxy) for seed in range(times)])),
            "seeds": times,
        }
        for rows, most in ((2_000, seeds), (20_000, max(seeds // 16, 1)))
        for fault, reads, proxy in cases
        for times in (most if fault == "none" or rows > 2_000 else max(1, most // 8),)
    ]
