"""Scenarios that are not one rate in two arms: several metrics, pairs, and versions tried again."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
from _release_earnings import EARNINGS
from _release_scenarios import Scenario
from _release_trials import (
    BASE,
    DAYS,
    MARGIN,
    UNITS,
    Arm,
    Counts,
    Design,
    NaiveArm,
    Trials,
    Truth,
    drawn,
    trials_of,
)

from comporta.stats.betting import BettingScheme
from comporta.stats.paired_betting import PairedValues, paired_betting_evidence
from comporta.stats.paired_evidence import paired_evidence
from comporta.stats.wealth import log_mixture

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

METRICS, CORRELATED = 5, 0.7
TRIED = 12
PAIRS = 60
ERRORS = np.array([[10.0, 10.0], [30.0, 30.0], [16.0, 10.0], [10.0, 16.0], [4.0, 4.0]])
"""Of the canary and the control: 11.4 on average where a tenth are 16 and 10, and a tenth 10 and 16."""


def _correlated(worst: float, random: np.random.Generator, plans: int) -> Trials:
    """Five metrics whose daily counts are correlated; the last one is `worst` times the control's."""
    design = Design(metrics=METRICS)
    shape = (METRICS, plans, DAYS)
    n = np.broadcast_to((np.arange(1, DAYS + 1) * UNITS).astype(float), shape[1:])
    arms = []
    for ratios in ([1.0] * (METRICS - 1) + [worst], [1.0] * METRICS):
        rate = BASE * np.array(ratios)[:, None, None]
        shared, own = random.standard_normal(shape[1:]), random.standard_normal(shape)
        normal = np.sqrt(CORRELATED) * shared + np.sqrt(1 - CORRELATED) * own
        bad = np.round(UNITS * rate + np.sqrt(UNITS * rate * (1 - rate)) * normal).cumsum(axis=-1)
        arms.append([Counts(n, each, np.zeros_like(n)) for each in bad])
    last = [NaiveArm(n, arm[-1].bad, arm[-1].bad) for arm in arms]
    return trials_of(design, [*zip(*arms, strict=True)], (last[0], last[1]))


def _again(ratio: float, carried: bool, random: np.random.Generator, plans: int) -> Trials:
    """A version that is tried twelve times, four weeks each: its evidence goes on, or begins anew."""
    arms = Arm(rate=ratio * BASE), Arm(rate=BASE)
    if carried:
        return drawn(random, Design(days=28 * TRIED), *arms, plans)
    parts = [drawn(random, Design(days=28), *arms, plans) for _ in range(TRIED)]
    days = np.arange(1, 28 * TRIED + 1.0)
    joined = {
        name: np.concatenate([getattr(each, name) for each in parts], axis=-1)
        for name in ("harm", "passed", "uneven")
    }
    naive = tuple(
        NaiveArm(*(np.concatenate(each, axis=1) for each in zip(*(p.naive[arm] for p in parts), strict=True)))
        for arm in (0, 1)
    )
    # An attempt that rolled back ends that attempt only: it is tried again, so promotion alone ends it.
    if not carried:
        joined["harm"][..., :-1] = -np.inf
    return Trials(days=days, ends=days % 7 == 0, naive=(naive[0], naive[1]), **joined)


def _pairs(
    chances: tuple[float, float, float], missing: float, random: np.random.Generator, plans: int
) -> Trials:
    """Both versions score 60 requests a day. chances: bad for the canary alone, the control alone, both.
    missing: the share of labels that never come; answers that differ are those of discordant pairs."""
    kinds = np.array([*chances, 1 - sum(chances)])
    drawn_kinds = random.multinomial(PAIRS, [*kinds * (1 - missing), *kinds * missing], (plans, DAYS))
    each = drawn_kinds.cumsum(axis=1).astype(float)
    days = np.arange(1, DAYS + 1.0)
    n = np.broadcast_to(PAIRS * days, each.shape[:2])
    unknown, alike = each[..., 4:].sum(axis=-1), each[..., 6:].sum(axis=-1)
    pairs = SimpleNamespace(
        n=n, canary=each[..., 0], control=each[..., 1], both=each[..., 2], unlabelled=unknown
    )
    arms = [NaiveArm(n - unknown, *(2 * (each[..., 2] + each[..., arm],))) for arm in (0, 1)]
    harm = paired_evidence("harm", pairs, alike=alike)[None]
    return Trials(
        days=days,
        ends=days % 7 == 0,
        harm=harm,
        passed=paired_evidence("non_inferior", pairs, MARGIN, alike=alike)[None],
        uneven=np.zeros_like(harm),
        naive=(arms[0], arms[1]),
        base=chances[1] + chances[2],
    )


def _paired_errors(moved: float, random: np.random.Generator, plans: int) -> Trials:
    """Both versions predict 60 numbers a day, whose absolute errors are bet on. moved: the share of units for
    which the canary is off by 16 rather than by 10."""
    scheme = BettingScheme(0.0, 100.0, 0.0, (1.0, 1 + MARGIN))
    chances = np.array([0.5 - moved, 0.1, 0.1 + moved, 0.1, 0.2])
    each = random.multinomial(PAIRS, chances, (plans, DAYS)).cumsum(axis=1).astype(float)
    found = [paired_betting_evidence(scheme, PairedValues([mine], [theirs])) for mine, theirs in ERRORS]
    harm = log_mixture(each @ np.array([one.above[0] for one in found]))[None]
    passed = log_mixture(each @ np.array([one.below[1] for one in found]))[None]
    days = np.arange(1, DAYS + 1.0)
    n = np.broadcast_to(PAIRS * days, each.shape[:2])
    arms = [NaiveArm(n, each @ ERRORS[:, arm], each @ ERRORS[:, arm] ** 2) for arm in (0, 1)]
    return Trials(
        days=days,
        ends=days % 7 == 0,
        harm=harm,
        passed=passed,
        uneven=np.zeros_like(harm),
        naive=(arms[0], arms[1]),
        base=11.4,
    )


def _scenario(name: str, truth: Truth, draw: object, higher: bool = False, beyond: str = "") -> Scenario:
    return Scenario(name=name, truth=truth, drawn=draw, higher=higher, beyond=beyond)  # type: ignore[arg-type]


SPECIAL: tuple[Scenario, ...] = (
    _scenario("five correlated metrics, all equal", "good", partial(_correlated, 1.0)),
    _scenario("five correlated metrics, one of them +10 %", "bad", partial(_correlated, 1.1)),
    *EARNINGS,
    _scenario("tried twelve times, +10 %, its evidence carried on", "bad", partial(_again, 1.1, True)),
    _scenario(
        "tried twelve times, +10 %, each time anew",
        "bad",
        partial(_again, 1.1, False),
        beyond="what carrying evidence on is for",
    ),
    *(
        _scenario(f"60 pairs a day, 20 % bad, {name}", truth, partial(_pairs, chances, missing))  # type: ignore[arg-type]
        for name, truth, chances, missing in (
            ("1 % of answers differ, equal", "good", (0.005, 0.005, 0.195), 0.0),
            ("1 % of answers differ, 5 % of labels never come, equal", "good", (0.005, 0.005, 0.195), 0.05),
            ("+10 %", "bad", (0.03, 0.01, 0.19), 0.0),
            ("+10 %, 5 % of labels never come", "bad", (0.03, 0.01, 0.19), 0.05),
            ("5 % of answers flipped", "bad", (0.04, 0.01, 0.19), 0.0),
        )
    ),
    _scenario("60 pairs of absolute errors a day, equal", "good", partial(_paired_errors, 0.0)),
    _scenario("60 pairs of absolute errors a day, +10 %", "bad", partial(_paired_errors, 0.19)),
)
