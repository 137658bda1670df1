"""Models that reveal whom they learned from, and models that do not, with and without a change over time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from _called import called
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

from comporta.checks.membership.check import membership
from comporta.checks.membership.measure import attack, belief, reference, told_apart
from comporta.checks.shared.measuring.answers_told import as_told
from comporta.records import Evidence
from comporta.train.asking import refit_estimator

CHECK = membership()


def logistic(X: Any, y: Any) -> Any:
    return LogisticRegression().fit(X, y)


def boosted(X: Any, y: Any, *, seed: int = 0) -> Any:
    return HistGradientBoostingClassifier(max_iter=30, min_samples_leaf=100, random_state=seed).fit(X, y)


def usual(X: Any, y: Any, *, seed: int = 0) -> Any:
    return HistGradientBoostingClassifier(random_state=seed).fit(X, y)


def tree(X: Any, y: Any, *, seed: int = 0) -> Any:
    return DecisionTreeClassifier(random_state=seed).fit(X, y)


def forest(X: Any, y: Any, *, seed: int = 0) -> Any:
    return RandomForestClassifier(20, random_state=seed, n_jobs=1).fit(X, y)


def nearest(X: Any, y: Any) -> Any:
    return KNeighborsClassifier(1).fit(X, y)


def people(seed: int, rows: int, later: float, narrow: float = 1.0) -> pl.DataFrame:
    """narrow: how far features reach."""
    draw = np.random.default_rng(seed)
    X = draw.normal(later / 2, narrow, (rows, 6))
    line = X[:, 0] + X[:, 1] * X[:, 2] + later * X[:, 3] + draw.normal(0, 1, rows)
    names = [f"x{place}" for place in range(6)]
    return pl.DataFrame(X, schema=names).with_columns(__target=pl.Series(line > 0))


def fails(fit: Callable[..., Any], seed: int, rows: int, later: float, narrow: float = 1.0) -> bool:
    train, test = people(2 * seed, rows, 0.0), people(2 * seed + 1, rows, later, narrow)
    with threadpool_limits(1):
        asked = refit_estimator(train, fit=fit, params={}, task=None, output="both", seed=seed)
        takes = asked.signature
        found = attack(
            lambda frame: belief(asked, frame, takes, as_told(takes, None)),
            lambda some, each: reference(some.head(10_000), takes, each),
            train,
            test,
            fits=1,
            half=np.random.default_rng(seed).permutation(rows) % 2 == 0,
            group=None,
            seed=seed,
            apart=lambda some, tests: told_apart(some, tests, takes, seed),
        )
    (need,) = CHECK.needs()
    return CHECK.judge((Evidence(need=need, figures=found.figures),)).outcome == "fail"


def signals(seed: int, rows: int, later: float) -> bool:
    """Whether the check fails where the model knows the true shares and the reference them nearly: belief in
    the truth drawn, no model fitted. later: by how much the rows of the test are harder to tell."""
    draw = np.random.default_rng(seed)
    learned, others = (
        pl.DataFrame({"score": draw.normal(0, 2 / (1 + more), rows)}).with_columns(
            true=pl.Series(draw.random(rows)) < 1 / (1 + (-pl.col("score")).exp())
        )
        for more in (0.0, later)
    )
    sure = pl.when("true").then("score").otherwise(-pl.col("score"))

    def nearly(part: pl.DataFrame, each: int) -> Callable[[pl.DataFrame], Any]:
        del part
        lot = np.random.default_rng(each + 1)
        return lambda frame: frame.select(sure).to_series().to_numpy() + 0.3 * lot.normal(size=frame.height)

    found = attack(
        lambda frame: frame.select(sure).to_series().to_numpy(),
        nearly,
        learned,
        others,
        fits=1,
        half=draw.permutation(rows) % 2 == 0,
        group=None,
        seed=seed,
    )
    (need,) = CHECK.needs()
    return CHECK.judge((Evidence(need=need, figures=found.figures),)).outcome == "fail"


def study(seeds: int = 100) -> list[dict[str, Any]]:
    """With the defaults: 5 % at 1 % false positives, an area of 0.65, one boosted reference of ours. A tenth
    of the seeds for what is a fault, and two for 20,000 rows."""
    sound: tuple[tuple[str, Callable[..., Any], float], ...] = (
        ("logistic regression", logistic, 0.0),
        ("logistic regression, and the data changes after training", logistic, 1.0),
        ("boosted trees with leaves of 100 rows", boosted, 0.0),
    )
    faults: tuple[tuple[str, Callable[..., Any]], ...] = (
        ("boosted trees of the usual settings", usual),
        ("an unpruned tree", tree),
        ("an unpruned forest", forest),
        ("the nearest neighbour", nearest),
    )
    few = max(1, seeds // 10)
    out = [
        _row(
            "none",
            f"10,000 rows, beliefs drawn{what}",
            [signals(seed, 10_000, later) for seed in range(seeds)],
        )
        for what, later in (("", 0.0), (", the test harder", 0.3))
    ]
    for rows, often, seldom in ((1_000, seeds, few), (20_000, min(2, few), min(2, few))):
        out += [
            _row("none", f"{rows:,} rows, {what}", [fails(fit, seed, rows, later) for seed in range(often)])
            for what, fit, later in sound
        ]
        out += [
            _row(what, f"{rows:,} rows", [fails(fit, seed, rows, 0.0) for seed in range(seldom)])
            for what, fit in faults
        ]
    out += [
        _row(
            "none",
            f"1,000 rows, logistic regression, the test {narrow:g} times as wide",
            [fails(logistic, seed, 1_000, 0.0, narrow) for seed in range(seeds)],
        )
        for narrow in (0.5, 0.3)
    ]
    elsewhere = [fails(logistic, seed, 1_000, 3.0, 0.5) for seed in range(seeds)]
    out.append(_row("none", "1,000 rows, logistic regression, the test half as wide and 1.5 off", elsewhere))
    return out


def _row(fault: str, size: str, found: list[bool]) -> dict[str, Any]:
    share = float(np.mean(found))
    return {"check": called(CHECK), "fault": fault, "size": size, "found": share, "seeds": len(found)}
