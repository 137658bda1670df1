"""A model that leans on another feature than before is found; the same one on other rows is not, nor is one
fitted again on other rows of the same kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from _called import called
from lightgbm import LGBMClassifier

from comporta.checks.importance_change.check import importance_change
from comporta.checks.importance_change.measure import measure_change
from comporta.checks.shared.measuring.importance import important
from comporta.checks.shared.measuring.reference import importances
from comporta.records import Evidence, Findings
from comporta.train.asking import refit_estimator

CODE = (
    "checks/shared/measuring/importance.py",
    "checks/importance_change/measure.py",
    "checks/importance_change/check.py",
    "checks/shared/judging/earlier_versions.py",
)
NAMES = [f"f{n}" for n in range(10)]


def study(seeds: int = 100) -> list[dict[str, Any]]:
    """Gradient boosting of ten features, 50 trees; without a fault the same model on other rows, and one
    fitted again on other rows. `any shown` is the interval's own false-alarm rate: the share of seeds at
    which it shows that anything moved at all, of the same model. A quarter of the seeds with a fault; of
    8,000 rows one in twenty."""
    rows = []
    name = called(importance_change())
    for size, times in ((1_000, seeds), (8_000, max(1, seeds // 20))):
        found: dict[tuple[str, str, str], list[bool]] = {}
        for seed in range(times):
            train, test, other, again = (_table(size, 10 * seed + n) for n in range(4))
            first, second = _model(train), _model(again)
            kept = importances(important(first, test, seed=seed))
            same = measure_change(importances(important(first, other, seed=seed)), {"earlier 1": kept})
            anew = measure_change(importances(important(second, other, seed=seed)), {"earlier 1": kept})
            low = next(each.low for each in same.figures if each.metric == "importance_moved") or 0.0
            found.setdefault((name, "none", "other rows"), []).append(_fails(same))
            found.setdefault((name, "none", "fitted again"), []).append(_fails(anew))
            found.setdefault((f"{name}: any shown", "none", "other rows"), []).append(low > 0)
            if seed < max(1, times // 4):
                leaning, leant = (_table(size, 10 * seed + n, turned=True) for n in (4, 5))
                now = importances(important(_model(leaning), leant, seed=seed))
                moved = _fails(measure_change(now, {"earlier 1": kept}))
                found.setdefault((name, "another feature matters most", ""), []).append(moved)
        rows += [
            {
                "check": check,
                "fault": fault,
                "size": f"{size:,} rows" + (f", {what}" if what else ""),
                "found": float(np.mean(each)),
                "seeds": len(each),
            }
            for (check, fault, what), each in found.items()
        ]
    return rows


def _fails(found: Findings) -> bool:
    check = importance_change()
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

    return refit_estimator(rows, fit=fit, params={}, task=None, output="both", seed=0)
