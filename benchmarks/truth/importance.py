"""A model that leans on another feature than before is found; the same one on other rows is not, nor is one
fitted again on other rows of the same kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from lightgbm import LGBMClassifier

from comporta.evidence.importance import important
from comporta.evidence.importance_change import changed
from comporta.evidence.reference import importances
from comporta.gates.importance_change import importance_change
from comporta.records import Evidence, Findings
from comporta.train.asking import refitted

CODE = (
    "evidence/importance.py",
    "evidence/importance_change.py",
    "evidence/plain.py",
    "gates/importance_change.py",
    "gates/since.py",
)
NAMES = [f"f{n}" for n in range(10)]


def study(seeds: int = 8) -> list[dict[str, Any]]:
    """Gradient boosting of ten features, 50 trees; without a fault the same model on other rows, and one
    fitted again on other rows. `any shown` is the interval's own false-alarm rate: the share of seeds at
    which it shows that anything moved at all, of the same model."""
    rows = []
    for size in (2_000, 8_000):
        found: dict[tuple[str, str], list[bool]] = {}
        for seed in range(seeds):
            train, test, other, again = (_table(size, 10 * seed + n) for n in range(4))
            leaning, leant = (_table(size, 10 * seed + n, turned=True) for n in (4, 5))
            first, second, third = (_model(each) for each in (train, again, leaning))
            kept = importances(important(first, test, seed=seed))
            cases = (
                ("none", important(first, other, seed=seed)),
                ("none", important(second, other, seed=seed)),
                ("another feature matters most", important(third, leant, seed=seed)),
            )
            name = importance_change().name
            for place, (fault, now) in enumerate(cases):
                moved = changed(importances(now), {"earlier 1": kept})
                found.setdefault((name, fault), []).append(_fails(importance_change(), moved))
                low = next(each.low for each in moved.figures if each.metric == "importance moved") or 0.0
                if place == 0:
                    found.setdefault((f"{name}: any shown", fault), []).append(low > 0)
        rows += [
            {
                "check": check,
                "fault": fault,
                "size": f"{size:,} rows",
                "found": float(np.mean(each)),
                "seeds": len(each),
            }
            for (check, fault), each in found.items()
        ]
    return rows


def _fails(check: Any, found: Findings) -> bool:
    (need,) = check.needs()
    return bool(check.judge((Evidence(need=need, figures=found.figures),)).outcome == "fail")


def _table(size: int, seed: int, turned: bool = False) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    X = draw.normal(size=(size, len(NAMES)))
    X[:, 1] = 0.7 * X[:, 0] + 0.7 * X[:, 1]
    weights = np.array([1.0, 0.8, 0.5, 0.3, 0.1, 0, 0, 0, 0, 0])
    y = X @ (weights[::-1] if turned else weights) + draw.normal(size=size) > 0
    return pl.DataFrame({name: X[:, place] for place, name in enumerate(NAMES)} | {"__target": y})


def _model(rows: pl.DataFrame) -> Any:
    def fit(X: np.ndarray, y: Any) -> Any:
        return LGBMClassifier(n_estimators=50, verbose=-1, n_jobs=1).fit(X, y)

    return refitted(rows, fit=fit, params={}, task=None, output="both", seed=0)
