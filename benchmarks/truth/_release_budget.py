"""Fifty releases one after the other, of candidates a little worse on average: what a budget is for."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from _release_product import comporta
from _release_trials import BASE, Arm, Design, drawn

from comporta.stats.margin_budget import PromotedRatio, log_error, within_budget

RELEASES, CHAINS, SPREAD, BUDGET = 50, 200, 0.03, 0.1
WORSE = (0.0, 0.02, 0.04)
"""By how much a candidate is worse than its champion, on average."""


def _no_budget(_: Sequence[PromotedRatio]) -> bool:
    return True


def _points(promoted: Sequence[PromotedRatio]) -> bool:
    return math.prod(each.ratio for each in promoted) <= 1 + BUDGET


def _spent(promoted: Sequence[PromotedRatio]) -> bool:
    return within_budget(promoted, BUDGET)


RULES: dict[str, Callable[[Sequence[PromotedRatio]], bool]] = {
    "none": _no_budget,
    "product of the point ratios at most 1.1": _points,
    "a budget of 10 %": _spent,
}


def chains(worse: float, rule: str, times: int = CHAINS) -> dict[str, Any]:
    """The bad rate after fifty canaries over that before the first: its median and what 95 % of so many
    chains are below; promoted: how many releases went on, on average."""
    random = np.random.default_rng([round(1000 * worse), times])
    true, promoted = np.ones(times), [[] for _ in range(times)]  # type: ignore[var-annotated]
    for _ in range(RELEASES):
        ratios = np.exp(random.normal(np.log1p(worse), SPREAD, times))
        rates = (np.minimum(BASE * true * each, 0.9)[:, None] for each in (ratios, np.ones(times)))
        trials = drawn(random, Design(), *(Arm(rate=each) for each in rates), times)
        ends = comporta(trials)
        at = (np.arange(times), ends.day.astype(int) - 1)
        mine, theirs = ((arm.total[at], arm.n[at]) for arm in trials.naive)
        for chain in np.flatnonzero(ends.promoted):
            one, other = ((int(each[0][chain]), int(each[1][chain])) for each in (mine, theirs))
            ratio = one[0] / one[1] / (other[0] / other[1])
            now = [*promoted[chain], PromotedRatio(ratio, log_error(one, other))]
            if RULES[rule](now):
                promoted[chain] = now
                true[chain] *= ratios[chain]
    return {
        "worse": worse,
        "rule": rule,
        "rate": float(np.median(true)),
        "most": float(np.quantile(true, 0.95)),
        "promoted": float(np.mean([len(each) for each in promoted])),
    }
