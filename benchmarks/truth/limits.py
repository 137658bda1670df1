"""How often `at_least` and `at_most` refuse a model that is better than the limit, and find one that is not.

The true figures are known: a calibrated model whose probabilities are spread evenly from 0 to 1 has an
accuracy of 3/4, an area of 5/6 and a log loss of 1/2. Where half of the outcomes are drawn by lot they are
5/8, 2/3 and 3/4.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from _tables import row

from comporta.checks import Limit, at_least, at_most, judge
from comporta.records import Evidence, Scores
from comporta.train.scores import measure_scores

CODE = ("train/scores.py", "checks/limit/check.py", "checks/shared/judging/settle.py")
ROWS = 2_000
TRUE = {"accuracy": 3 / 4, "roc_auc": 5 / 6, "log_loss": 1 / 2}
BY_LOT = {"accuracy": 5 / 8, "roc_auc": 2 / 3, "log_loss": 3 / 4}
BETTER = (
    at_least("accuracy", 0.7),
    at_least("roc_auc", 0.8),
    at_most("log_loss", 0.55),
    at_least("roc_auc", 0.75, by="town"),
    at_most("log_loss", 0.6, by="town"),
)
JUST = (
    at_least("accuracy", 3 / 4),
    at_least("roc_auc", 5 / 6),
    at_most("log_loss", 1 / 2),
    at_least("roc_auc", 5 / 6, by="town"),
    at_most("log_loss", 1 / 2, by="town"),
)
WORSE = (at_least("accuracy", 0.8), at_least("roc_auc", 0.87), at_most("log_loss", 0.45))
SLICED = (at_least("roc_auc", 0.75, by="town"), at_most("log_loss", 0.6, by="town"))


def study(seeds: int = 200) -> list[dict[str, object]]:
    """2,000 rows in four towns of 500. found: the share that failed; in doubt it is inconclusive."""
    cases = (
        ("none", False, BETTER, TRUE),
        ("none", False, JUST, TRUE),
        ("worse than the limit", False, WORSE, TRUE),
        ("worse than the limit in one town of four", True, SLICED, BY_LOT),
    )
    said: dict[tuple[str, str, str], list[str]] = {}
    for seed in range(seeds):
        scores = {broken: _scores(seed, "d" if broken else "") for broken in (False, True)}
        for fault, broken, checks, true in cases:
            for check in checks:
                size = f"truth {true[check.metric]:.3g}, limit {check.limit:.3g}"
                name = _kind(check)
                said.setdefault((name, fault, size), []).append(_outcome(check, scores[broken]))
    return [row(check, fault, size, outcomes) for (check, fault, size), outcomes in said.items()]


def _scores(seed: int, lot: str) -> Scores:
    """lot: the town in which half of the outcomes are drawn by lot."""
    draw = np.random.default_rng(seed)
    chance = draw.random(ROWS)
    town = np.repeat(list("abcd"), ROWS // 4)
    true = np.where((town == lot) & (draw.random(ROWS) < 0.5), 0.5, chance)
    kinds = pl.Enum(["false", "true"])
    rows = pl.DataFrame(
        {
            "__target": draw.random(ROWS) < true,
            "__label": pl.Series(np.where(chance > 0.5, "true", "false"), dtype=kinds),
            "__probability_0": 1 - chance,
            "__probability_1": chance,
            "__keep_town": town,
        }
    )
    return measure_scores(rows, ("accuracy", "roc_auc", "log_loss"), ("town",), seed=seed)


def _outcome(check: Limit, scores: Scores) -> str:
    (asked,) = check.needs()
    figures = tuple(
        each for each in scores.figures if each.metric == asked.metric and bool(each.slice) is bool(asked.by)
    )
    return judge((check,), {asked: Evidence(need=asked, figures=figures)})[0].outcome


def _kind(check: Limit) -> str:
    by = f', by="{check.by}"' if check.by else ""
    return f'at_{"least" if check.least else "most"}("{check.metric}"{by})'
