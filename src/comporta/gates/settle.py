"""How a figure with an interval is held against a limit: pass, fail, or not known yet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from comporta.records import Evidence, Figure, Outcome, Record, Verdict

On = Literal["interval", "value", "fault"]
"""What must clear the limit: all of the `interval` (in doubt it is inconclusive), the `value` alone, or
nothing unless a `fault` is shown: it fails only where all of the interval is on the bad side."""

_WORST: tuple[Outcome, ...] = ("fail", "inconclusive", "pass")


class Settled(Record, frozen=True, kw_only=True):
    """One figure held against the limit. slack: how far its value is on the good side."""

    figure: Figure
    outcome: Outcome
    slack: float
    needed: int | None


def settle(figure: Figure, limit: float, *, higher: bool, on: On) -> Settled:
    """pass: all of the interval is on the good side of the limit; fail: all of it on the bad side;
    inconclusive: the limit lies inside, or there is no interval. `on="value"` asks the value alone;
    with `on="fault"` what is not shown to be bad passes.

    needed: rows at which the interval would clear the limit if the value stayed: its width shrinks with
    the square root of the rows.
    """
    sign = 1.0 if higher else -1.0
    slack = sign * (figure.value - limit)
    if not math.isfinite(figure.value):
        return Settled(figure=figure, outcome="inconclusive", slack=-math.inf, needed=None)
    if on == "value":
        return Settled(figure=figure, outcome="pass" if slack >= 0 else "fail", slack=slack, needed=None)
    if figure.low is None or figure.high is None or not math.isfinite(figure.low + figure.high):
        return Settled(figure=figure, outcome="inconclusive", slack=slack, needed=None)
    if on == "fault":
        shown = max(sign * (figure.low - limit), sign * (figure.high - limit), slack) < 0
        return Settled(figure=figure, outcome="fail" if shown else "pass", slack=slack, needed=None)
    worst, best = sorted((sign * (figure.low - limit), sign * (figure.high - limit)))
    if min(worst, slack) >= 0:
        outcome: Outcome = "pass"
    elif max(best, slack) < 0:
        outcome = "fail"
    else:
        outcome = "inconclusive"
    half = slack - worst if slack > 0 else best - slack
    open_ = outcome == "inconclusive" and slack != 0 and half > 0 and figure.rows > 0
    needed = math.ceil(figure.rows * (half / slack) ** 2) if open_ else None
    return Settled(figure=figure, outcome=outcome, slack=slack, needed=needed)


def worst(settled: Sequence[Settled]) -> Settled:
    """The one that decides: a failure before a doubt before a pass, and the least slack among equals."""
    return min(settled, key=lambda each: (_WORST.index(each.outcome), each.slack, each.figure.slice))


def show(figure: Figure) -> str:
    """`0.712 [0.701, 0.723] on 1,200 rows`."""
    where = f"{figure.slice}: " if figure.slice else ""
    between = "" if figure.low is None or figure.high is None else f" [{figure.low:.4g}, {figure.high:.4g}]"
    rows = f" on {figure.rows:,} rows" if figure.rows else ""
    return f"{where}{figure.value:.4g}{between}{rows}"


def unseen(check: str, required: bool, limit: float | None, evidence: Sequence[Evidence]) -> Verdict:
    """The verdict where there is nothing to judge."""
    why = next((each.missing for each in evidence if each.missing), "") or "no evidence was made"
    return Verdict(
        check=check,
        outcome="inconclusive",
        required=required,
        reason=f"Not measured: {why}.",
        limit=limit,
        evidence=next((each.artifact for each in evidence if each.artifact), None),
    )
