"""Scenarios that are not one rate in two arms: several metrics, pairs, and versions tried again."""

from __future__ import annotations

from functools import partial
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

from comporta.stats.paired_evidence import paired_evidence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

METRICS, CORRELATED = 5, 0.7
TRIED = 12


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


def _pairs(chances: tuple[float, float, float], random: np.random.Generator, plans: int) -> Trials:
    """Both versions score 60 requests a day. chances: bad for the canary alone, the control alone, both."""
    each = random.multinomial(60, [*chances, 1 - sum(chances)], (plans, DAYS)).cumsum(axis=1).astype(float)
    days = np.arange(1, DAYS + 1.0)
    n = np.broadcast_to(60 * days, each.shape[:2])

    class Pairs:
        canary, control, both = each[..., 0], each[..., 1], each[..., 2]
        unlabelled = 0.0

    Pairs.n = n  # type: ignore[attr-defined]
    pairs = Pairs()
    harm = paired_evidence("harm", pairs)[None]  # type: ignore[arg-type]
    passed = paired_evidence("non_inferior", pairs, MARGIN)[None]  # type: ignore[arg-type]
    arms = [NaiveArm(n, each[..., 2] + each[..., arm], each[..., 2] + each[..., arm]) for arm in (0, 1)]
    return Trials(
        days=days,
        ends=days % 7 == 0,
        harm=harm,
        passed=passed,
        uneven=np.zeros_like(harm),
        naive=(arms[0], arms[1]),
        base=chances[1] + chances[2],
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
    _scenario(
        "60 pairs a day, 20 % bad, 1 % of answers differ, equal",
        "good",
        partial(_pairs, (0.005, 0.005, 0.195)),
    ),
    _scenario("60 pairs a day, 20 % bad, +10 %", "bad", partial(_pairs, (0.03, 0.01, 0.19))),
    _scenario("60 pairs a day, 5 % of answers flipped", "bad", partial(_pairs, (0.04, 0.01, 0.19))),
)
