"""95 % intervals hold the truth in 93.5 % of worlds or more where they are given, in nasty ones too.

Beside each stands what an interval of scipy or statsmodels holds in the same worlds: the exact binomial one,
Student's of the groups' means, Newey and West's of the days', that of clusters in two ways, and BCa of the
area.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import statsmodels.api as sm  # type: ignore[import-untyped]
from scipy import stats
from sklearn.metrics import roc_auc_score

from comporta.stats.clusters import INDEPENDENT, Clusters
from comporta.stats.metrics import ScoredRows
from comporta.stats.shares import metric_intervals

SEEDS, LEAST = 400, 0.935
Ends = tuple[float, float] | None


class World(NamedTuple):
    """seen: what is measured. truth: of the metric. peer: makes a library's interval."""

    seen: ScoredRows
    clusters: Clusters
    metric: str
    truth: float
    peer: Callable[[], Ends]


def recall_of_few(draw: np.random.Generator) -> World:
    """About 25 positives, of which 95 % are found."""
    truth = (draw.random(2_500) < 0.01).astype(np.int64)
    found = np.where(truth == 1, draw.random(2_500) < 0.95, False).astype(np.int64)
    seen = ScoredRows(classes=2, truth=truth, label=found)
    return World(seen, INDEPENDENT, "recall", 0.95, lambda: _exact(int(found.sum()), int(truth.sum())))


def groups(count: int, unequal: bool) -> Callable[[np.random.Generator], World]:
    """So many groups, whose errors differ."""

    def made(draw: np.random.Generator) -> World:
        size = draw.lognormal(0, 1, count) if unequal else np.ones(count)
        _, group = np.unique(draw.choice(count, 1_000, p=size / size.sum()), return_inverse=True)
        error = 6 + 0.5 * draw.normal(size=count)[group] + draw.normal(size=1_000)
        means = [error[group == each].mean() for each in range(group.max() + 1)]
        return _of_errors(error, 6.0, Clusters(unit=group), lambda: _student(means))

    return made


def days(count: int) -> Callable[[np.random.Generator], World]:
    """So many days, whose shocks stay to 0.8."""

    def made(draw: np.random.Generator) -> World:
        shock = draw.normal(size=count + 100)
        for at in range(1, len(shock)):
            shock[at] = 0.8 * shock[at - 1] + 0.6 * shock[at]
        day = np.arange(1_200) * count // 1_200
        error = 6 + 0.5 * shock[100:][day] + draw.normal(size=1_200)
        means = np.array([error[day == each].mean() for each in range(count)])
        return _of_errors(error, 6.0, Clusters(day=day), lambda: _newey_west(means))

    return made


def both_ways(draw: np.random.Generator) -> World:
    """Forty groups and forty days, each with shocks of its own."""
    group, day = draw.integers(0, 40, 1_000), draw.integers(0, 40, 1_000)
    error = 6 + 0.5 * draw.normal(size=40)[group] + 0.5 * draw.normal(size=40)[day] + draw.normal(size=1_000)
    return _of_errors(error, 6.0, Clusters(unit=group, day=day), lambda: _two_ways(error, group, day))


def area_of_few(draw: np.random.Generator) -> World:
    """Ten positives, the area 0.9."""
    positive = np.arange(400) < 10
    score = draw.normal(size=400) + np.sqrt(2) * stats.norm.ppf(0.9) * positive
    chance = stats.norm.cdf(score)
    seen = ScoredRows(
        classes=2, truth=positive.astype(np.int64), probability=np.column_stack([1 - chance, chance])
    )
    return World(seen, INDEPENDENT, "roc_auc", 0.9, lambda: _bca(positive, score))


WORLDS: dict[str, tuple[Callable[[np.random.Generator], World], str]] = {
    "recall of 25 positives": (recall_of_few, "scipy, exact binomial"),
    **{f"{count} groups": (groups(count, False), "scipy, Student's of means") for count in (2, 3, 5, 30)},
    **{f"{count} unequal groups": (groups(count, True), "scipy, Student's of means") for count in (10, 30)},
    **{f"{count} days that last": (days(count), "statsmodels, Newey and West") for count in (14, 30, 60)},
    "40 groups and 40 days": (both_ways, "statsmodels, two ways"),
    "area of 10 positives": (area_of_few, "scipy, BCa of 200 resamples"),
}


def main() -> None:
    detail = {name: counted(*asked) for name, asked in WORLDS.items()}
    least = min(each["held"] for each in detail.values())
    line = {"promise": "coverage of 95 % intervals where they are given, the least", "measured": least}
    print(json.dumps({**line, "limit": LEAST, "unit": "share", "holds": least >= LEAST, "detail": detail}))


def counted(make: Callable[[np.random.Generator], World], peer: str) -> dict[str, Any]:
    """held, given: of ours. peer held: of the library's, of one world in four."""
    ours, theirs = [], []
    for seed in range(SEEDS):
        world = make(np.random.default_rng(seed))
        (found,) = metric_intervals(world.seen, [world.metric], clusters=world.clusters, seed=seed)
        if found.low is not None and found.high is not None:
            ours.append(found.low <= world.truth <= found.high)
        if seed % 4 == 0 and (ends := world.peer()) is not None:
            theirs.append(ends[0] <= world.truth <= ends[1])
    return {
        "held": round(float(np.mean(ours)), 4), "given": len(ours) / SEEDS,
        "peer": peer, "peer held": round(float(np.mean(theirs)), 3),
    }  # fmt: skip


def _of_errors(error: np.ndarray, mean: float, clusters: Clusters, peer: Callable[[], Ends]) -> World:
    """Errors that are above 0, all but one in a million: their mean is `mae`."""
    seen = ScoredRows(classes=0, truth=error, number=np.zeros(len(error)))
    return World(seen, clusters, "mae", mean, peer)


def _exact(hits: int, rows: int) -> Ends:
    if not rows:
        return None
    found = stats.binomtest(hits, rows).proportion_ci()
    return float(found.low), float(found.high)


def _student(means: list[float]) -> Ends:
    found = stats.ttest_1samp(means, 0).confidence_interval(0.95)
    return float(found.low), float(found.high)


def _newey_west(means: np.ndarray) -> Ends:
    lags = int(4 * (len(means) / 100) ** (2 / 9))
    fit = sm.OLS(means, np.ones(len(means))).fit(cov_type="HAC", cov_kwds={"maxlags": lags}, use_t=True)
    return tuple(fit.conf_int()[0])


def _two_ways(error: np.ndarray, group: np.ndarray, day: np.ndarray) -> Ends:
    named = {"groups": np.column_stack([group, day])}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuple(sm.OLS(error, np.ones(len(error))).fit(cov_type="cluster", cov_kwds=named).conf_int()[0])


def _bca(positive: np.ndarray, score: np.ndarray) -> Ends:
    plus, minus = score[positive], score[~positive]

    def area(one: np.ndarray, other: np.ndarray) -> float:
        truth = np.repeat([1, 0], [len(one), len(other)])
        return float(roc_auc_score(truth, np.concatenate([one, other])))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = stats.bootstrap((plus, minus), area, n_resamples=200, vectorized=False, rng=0)
    return found.confidence_interval.low, found.confidence_interval.high


if __name__ == "__main__":
    main()
