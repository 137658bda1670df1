"""The scenarios in which plans are tried: what is true, what each arm shows, and which answer is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from _release_trials import BASE, DAYS, UNITS, Arm, Design, Trials, Truth, drawn

Draw = Callable[[np.random.Generator, int], Trials]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """name: as the page has it. truth: which answer would be wrong. drawn: of a generator and a number of
    plans. higher: whether a higher outcome is better. beyond: why its rate is not promised, or empty."""

    name: str
    truth: Truth
    drawn: Draw
    higher: bool = False
    beyond: str = ""


def _of(name: str, truth: Truth, canary: Arm, control: Arm, **design: float | str) -> Scenario:
    draw = partial(_draw, Design(**design), canary, control)  # type: ignore[arg-type]
    return Scenario(name=name, truth=truth, drawn=draw, higher=design.get("better") == "higher")


def _draw(design: Design, canary: Arm, control: Arm, random: np.random.Generator, plans: int) -> Trials:
    return drawn(random, design, canary, control, plans)


def _day(name: str, truth: Truth, canary: Arm, control: Arm, beyond: str = "", **design: float) -> Scenario:
    """Something that happens on one day, by lot another one in each plan."""

    def draw(random: np.random.Generator, plans: int) -> Trials:
        on = random.integers(0, DAYS, plans)[:, None] == np.arange(DAYS)
        arms = [Arm(rate=each.rate, extra=on * each.extra) for each in (canary, control)]
        return drawn(random, Design(**design), *arms, plans)  # type: ignore[arg-type]

    return Scenario(name=name, truth=truth, drawn=draw, beyond=beyond)


PLAIN = Arm(rate=BASE)
WORSE = Arm(rate=1.1 * BASE)
DRIFT = np.linspace(0.02, 0.10, DAYS)
WEEK = np.tile([0.8, 0.8, 0.8, 0.8, 0.8, 1.85, 1.85], DAYS // 7)
WEEKENDS = np.tile([0.03, 0.03, 0.03, 0.03, 0.03, 0.09, 0.09], DAYS // 7)
MILD = np.tile([0.95, 0.95, 0.95, 0.95, 0.95, 1.125, 1.125], DAYS // 7)
LATER = np.where(np.arange(DAYS) < 14, 0.9, 1.2)
TEN_MINUTES = round(UNITS * 10 / 1440)


def _rated(ratio: float) -> Arm:
    return Arm(rate=ratio * BASE)


PLAINLY: tuple[Scenario, ...] = (
    _of("equal", "good", PLAIN, PLAIN),
    _of("equal, looked at every hour", "good", PLAIN, PLAIN, ticks=24),
    _of("+1 %", "either", _rated(1.01), PLAIN),
    _of("+1 %, a margin of 5 % for harm", "good", _rated(1.01), PLAIN, harm=0.05),
    _of("+10 %, the margin", "bad", WORSE, PLAIN),
    _of("+10 %, looked at every hour", "bad", WORSE, PLAIN, ticks=24),
    _of("+25 %", "bad", _rated(1.25), PLAIN),
    _of("twice as many", "bad", _rated(2), PLAIN),
    _of("10 % fewer", "good", _rated(0.9), PLAIN),
    _of("higher is better, equal", "good", Arm(rate=0.95), Arm(rate=0.95), better="higher"),
    _of("higher is better, -10 %, the margin", "bad", Arm(rate=0.955), Arm(rate=0.95), better="higher"),
    _of("100 units a day, equal", "good", PLAIN, PLAIN, units=100),
    _of("100 units a day, +10 %", "bad", WORSE, PLAIN, units=100),
    _of("100 units a day, twice as many", "bad", _rated(2), PLAIN, units=100),
    _of("base rate from 2 to 10 %, equal", "good", Arm(rate=DRIFT), Arm(rate=DRIFT)),
    _of("base rate from 2 to 10 %, +10 %", "bad", Arm(rate=1.1 * DRIFT), Arm(rate=DRIFT)),
    _of("0.8 times on weekdays, 1.85 at weekends: +10 %", "bad", Arm(rate=WEEK * BASE), PLAIN),
    _of("three times as many bad units at weekends, in both arms", "good", *(2 * [Arm(rate=WEEKENDS)])),
    Scenario(
        name="0.95 times on weekdays, 1.125 at weekends: equal over a week",
        truth="good",
        drawn=partial(_draw, Design(), Arm(rate=MILD * BASE), PLAIN),
        beyond="it is worse at weekends, and harm is looked at every day",
    ),
    Scenario(
        name="10 % fewer for two weeks, then +20 %",
        truth="bad",
        drawn=partial(_draw, Design(), Arm(rate=LATER * BASE), PLAIN),
        beyond="nobody sees what comes after the decision",
    ),
)
_SOON, _LATE = Arm(rate=BASE, delay=2), Arm(rate=BASE, delay=6)
LABELS: tuple[Scenario, ...] = (
    _of("bad labels after 2 days, in the control after 6, equal", "good", _SOON, _LATE),
    _of(
        "bad labels after 6 days, in the control after 2, +10 %", "bad", Arm(rate=1.1 * BASE, delay=6), _SOON
    ),
    _of(
        "bad labels after 2 days on average, in the control after 6, some later than the horizon, equal",
        "good",
        Arm(rate=BASE, delay=2, untold_bad=float(np.exp(-10 / 2))),
        Arm(rate=BASE, delay=6, untold_bad=float(np.exp(-10 / 6))),
    ),
    _of("10 % of the control's bad labels never come, equal", "good", PLAIN, Arm(rate=BASE, untold_bad=0.1)),
    _of(
        "10 % of the canary's bad labels never come, +10 %",
        "bad",
        Arm(rate=1.1 * BASE, untold_bad=0.1),
        PLAIN,
    ),
    _of(
        "as many labels never come in both arms, the canary's bad, the control's good, +10 %",
        "bad",
        Arm(rate=1.1 * BASE, untold_bad=0.1),
        Arm(rate=BASE, untold_good=0.1 * 0.055 / 0.95),
    ),
    _of(
        "0.1 % of labels never come, equal",
        "good",
        *(2 * [Arm(rate=BASE, untold_bad=1e-3, untold_good=1e-3)]),
    ),
    _of(
        "10 % of the canary's bad units and 2 % of the control's are erased before they mature, +10 %",
        "bad",
        Arm(rate=1.1 * BASE, untold_bad=0.1),
        Arm(rate=BASE, untold_bad=0.02),
    ),
    _of("a counted loss of 2 % of the canary's log, +10 %", "bad", Arm(rate=1.1 * BASE, lost=0.02), PLAIN),
    _of("a counted loss of 5 % of the control's log, equal", "good", PLAIN, Arm(rate=BASE, lost=0.05)),
    *(
        Scenario(
            name=f"a loss of {share:.0%} of the canary's log that nobody counted, +10 %".replace(
                "%", " %", 1
            ),
            truth="bad",
            drawn=partial(_draw, Design(), Arm(rate=1.1 * BASE, lost=share, silent=True), PLAIN),
            beyond="only the sample ratio can see it",
        )
        for share in (0.02, 0.05)
    ),
    _of("each unit has five outcomes alike, equal", "good", PLAIN, PLAIN, alike=5),
    _of("each unit has five outcomes alike, +10 %", "bad", WORSE, PLAIN, alike=5),
    _day("the canary is out for ten minutes, equal", "good", Arm(rate=BASE, extra=TEN_MINUTES), PLAIN),
    _day("the control is out for ten minutes, +10 %", "bad", WORSE, Arm(rate=BASE, extra=TEN_MINUTES)),
)
