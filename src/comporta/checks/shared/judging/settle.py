"""How a figure with an interval is held against a limit: pass, fail, or not known yet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from comporta.checks.shared.judging import wording
from comporta.records import Evidence, Figure, Message, Outcome, Record, Text, Verdict

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


def result(one: Settled, limit: float, *, higher: bool, what: Text = "") -> Message:
    """What came of it, as a clause: `roc_auc 0.75 [0.74, 0.76] on 900 rows: at least 0.7`. what: of what the
    figure is."""
    figure = one.figure
    seen = wording.show(figure)
    seen = wording.FIGURE_OF(what=what, figure=seen) if what else seen
    if one.outcome == "pass":
        shown = wording.AT_LEAST if higher else wording.AT_MOST
        unshown = wording.NOT_BELOW if higher else wording.NOT_ABOVE
        return (shown if one.slack >= 0 else unshown)(seen=seen, limit=limit)
    if one.outcome == "fail":
        return (wording.TOO_LOW if higher else wording.TOO_HIGH)(seen=seen, limit=limit)
    if not math.isfinite(figure.value):
        return wording.NO_NUMBER(seen=seen)
    if figure.low is None or figure.high is None:
        return wording.NO_INTERVAL(seen=seen, limit=limit)
    return wording.CONTAINS_LIMIT(seen=seen, percent=wording.percent(figure.level), limit=limit)


def settles(one: Settled) -> Text:
    """How many rows would settle it, or nothing."""
    return wording.ROWS_TO_SETTLE(rows=one.needed) if one.needed else ""


def alike(one: Settled, every: Sequence[Settled]) -> Text:
    """`so in 2 of 5 slices`: how many came to the same."""
    same = sum(each.outcome == one.outcome for each in every)
    return wording.SLICES_ALIKE(alike=same, all=len(every))


def unseen(check: str, required: bool, limit: float | None, evidence: Sequence[Evidence]) -> Verdict:
    """The verdict where there is nothing to judge."""
    why = next((each.missing for each in evidence if each.missing), "") or wording.NO_EVIDENCE()
    return Verdict(
        check=check,
        outcome="inconclusive",
        required=required,
        reason=wording.NOT_MEASURED(why=why),
        limit=limit,
        evidence=next((each.artifact for each in evidence if each.artifact), None),
    )
