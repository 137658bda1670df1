"""The frame of the grid: the settings in which a judgement is asked, and what it is counted by.

A judgement is one function of a generator and a setting. It makes one world whose truth lies on the limit,
hands it to what measures and judges in production, and answers with the verdict where the truth is still good
(`at`) and where it is bad already (`beyond`). A truth on the limit is both: the limit is good, and a hair
away it is bad; so most judgements make one world and give its verdict twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from comporta.acts.judge.evidence import evidence_of, evidence_of_scores
from comporta.checks import judge
from comporta.records import Check, Findings, Outcome, Scores

ROWS = (30, 100, 300, 1_000, 3_000, 10_000)
BASES = (0.003, 0.01, 0.03, 0.1, 0.3, 0.5)
TAILS = ("normal", "t3", "lognormal")
UNITS = (2, 3, 5, 10, 30, 100)
NOMINAL = 0.025
"""How often a verdict may be wrong: a limit is one end of a 95 % interval."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a world is like; what stands at its default is not spoken of.

    base: the share of the rarer class. model: how good it is in truth. tail: of the errors. units: how many,
    0 for rows that are independent. repeats: how often each row stands there. ar: of daily shocks. slices:
    how many a check looks at. own: what one judgement alone has to say.
    """

    rows: int
    base: float = 0.0
    model: str = ""
    tail: str = ""
    units: int = 0
    unequal: bool = False
    ties: bool = False
    repeats: int = 1
    ar: float = 0.0
    slices: int = 0
    own: str = ""

    @property
    def name(self) -> str:
        """`1,000 rows, base 3 %, 10 unequal units`."""
        unequal = " unequal" if self.unequal else ""
        parts = (
            f"{self.rows:,} rows",
            f"base {100 * self.base:g} %" if self.base else "",
            f"{self.model} model" if self.model else "",
            f"{self.tail} errors" if self.tail else "",
            f"{self.units}{unequal} units" if self.units else "",
            "ties" if self.ties else "",
            f"each row {self.repeats} times" if self.repeats > 1 else "",
            f"days with AR {self.ar:g}" if self.ar else "",
            f"{self.slices} slices" if self.slices else "",
            self.own,
        )
        return ", ".join(part for part in parts if part)


def crossed(**axes: Iterable[Any]) -> tuple[Setting, ...]:
    """Every setting of these axes: `crossed(rows=ROWS, base=BASES)`."""
    known = {each.name for each in fields(Setting)}
    if unknown := set(axes) - known:
        raise ValueError(f"found the axis {sorted(unknown)[0]!r}, expected one of {sorted(known)}.")
    return tuple(Setting(**dict(zip(axes, values, strict=True))) for values in product(*axes.values()))


class Verdicts(NamedTuple):
    """at: where the truth is on the good side of the limit, so that a failure is wrong. beyond: where it is
    on the bad side, so that a pass is wrong; None where the check lets pass what is not shown to be bad."""

    at: Outcome
    beyond: Outcome | None


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """One kind of judgement. name: as a project writes it. nominal: how often a verdict on one figure may be
    wrong."""

    name: str
    settings: tuple[Setting, ...]
    asked: Callable[[np.random.Generator, Setting], Verdicts]
    nominal: float = NOMINAL

    def nominal_fails(self, setting: Setting) -> float:
        """Each slice is held by its own interval, and one that fails fails the check."""
        return 1 - (1 - self.nominal) ** max(setting.slices, 1)


def both(outcome: Outcome) -> Verdicts:
    """The verdict where the truth is the limit itself."""
    return Verdicts(outcome, outcome)


def outcome_of(check: Check, found: Findings | Scores) -> Outcome:
    """What the check says of what was measured, as the gate hands it on."""
    (need,) = check.needs()
    scored = isinstance(found, Scores)
    evidence = evidence_of_scores(need, found) if scored else evidence_of(need, found)
    (verdict,) = judge((check,), {need: evidence})
    return verdict.outcome


def counted(judgement: Judgement, setting: Setting, seeds: range) -> dict[str, Any]:
    """One line of the grid. passes, fails: the shares of wrong ones. inconclusive: of all verdicts."""
    verdicts = [judgement.asked(np.random.default_rng([seed, setting.rows]), setting) for seed in seeds]
    every = [each for pair in verdicts for each in pair if each is not None]
    beyond = [each.beyond for each in verdicts if each.beyond is not None]
    return {
        "judgement": judgement.name,
        "setting": setting.name,
        "nominal_passes": judgement.nominal if beyond else None,
        "nominal_fails": round(judgement.nominal_fails(setting), 4),
        "passes": beyond.count("pass") / len(beyond) if beyond else None,
        "fails": [each.at for each in verdicts].count("fail") / len(verdicts),
        "inconclusive": every.count("inconclusive") / len(every),
        "seeds": len(seeds),
    }


def excess(rate: float | None, nominal: float | None, seeds: int) -> bool:
    """Whether a rate is above its nominal one by more than two standard errors of so many seeds."""
    if rate is None or nominal is None:
        return False
    return rate > nominal + 2 * math.sqrt(nominal * (1 - nominal) / seeds)


def mark(row: dict[str, Any]) -> str:
    """`holds`, or what is wrong too often; `cannot tell` where every verdict is inconclusive."""
    wrong = [what for what in ("passes", "fails") if excess(row[what], row[f"nominal_{what}"], row["seeds"])]
    if wrong:
        return "**" + " and ".join(f"wrong {what}" for what in wrong) + "**"
    return "cannot tell" if row["inconclusive"] == 1 else "holds"
