"""Models that keep rows by their build, and models that do not."""

from __future__ import annotations

from typing import Any

import numpy as np
from _called import called
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

from comporta.checks.privacy_structure.check import privacy_structure
from comporta.checks.privacy_structure.measure import screen
from comporta.records import Evidence
from comporta.train.families.parts import parts

CODE = (
    "checks/privacy_structure/check.py",
    "checks/privacy_structure/codes.py",
    "checks/privacy_structure/measure.py",
    "train/families/parts.py",
    "train/families/lightgbm/structure.py",
    "train/families/scikit_learn/structure.py",
)
CHECK = privacy_structure()


def fails(model: Any, seed: int, rows: int) -> bool:
    draw = np.random.default_rng(seed)
    X = draw.normal(size=(rows, 6))
    y = X[:, 0] + X[:, 1] * X[:, 2] + draw.normal(size=rows) > 0
    with threadpool_limits(1):
        found = screen(parts(model.fit(X, y)), rows, {})
    (asked,) = CHECK.needs()
    return CHECK.judge((Evidence(need=asked, figures=found.figures),)).outcome == "fail"


def study(seeds: int = 100) -> list[dict[str, Any]]:
    """With the default limits; a tenth of the seeds with a fault."""
    sound = {
        "logistic regression": LogisticRegression(),
        "boosted trees of the usual settings": HistGradientBoostingClassifier(max_iter=30),
        "a forest with leaves of ten rows": RandomForestClassifier(10, min_samples_leaf=10),
    }
    faults = {
        "an unpruned tree": DecisionTreeClassifier(),
        "an unpruned forest": RandomForestClassifier(10),
        "nearest neighbours": KNeighborsClassifier(),
        "support vectors": SVC(),
    }
    return [_row("none", f"2,000 rows, {what}", model, seeds) for what, model in sound.items()] + [
        _row(what, "2,000 rows", model, max(1, seeds // 10)) for what, model in faults.items()
    ]


def _row(fault: str, size: str, model: Any, seeds: int) -> dict[str, Any]:
    found = float(np.mean([fails(model, seed, 2_000) for seed in range(seeds)]))
    return {"check": called(CHECK), "fault": fault, "size": size, "found": found, "seeds": seeds}
