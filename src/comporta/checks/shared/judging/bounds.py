"""Figures against limits: the one way from what was measured to a verdict.

figures ─▶ one Judgement each ─▶ the worst decides ─▶ Verdict
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from comporta.checks.shared.judging import wording
from comporta.checks.shared.judging.wording import sentence
from comporta.records import (
    NO_TEXT,
    Conditions,
    Evidence,
    Figure,
    Message,
    Outcome,
    Record,
    Text,
    Verdict,
    code,
    encode,
    metric_text,
)
from comporta.stats.power import detectable as difference_found
from comporta.stats.power import detectable_share

On = Literal["interval", "value", "fault"]
"""What must clear the limit: all of the `interval` (in doubt it is inconclusive), the `value` alone, or
nothing unless a `fault` is shown: it fails only where all of the interval is on the bad side."""

SHARES = ("accuracy", "balanced_accuracy", "precision", "recall", "f1", "roc_auc", "average_precision")
"""Metrics from 0 to 1, whose error is that of a share."""
NOTHING = code("gate.nothing_measured_for", "nothing was measured for {what}", what=Text)
_SEVEREST: tuple[Outcome, ...] = ("fail", "inconclusive", "pass")


class CheckIdentity(Protocol):
    """What of a check stands in its verdict."""

    @property
    def name(self) -> str: ...

    @property
    def required(self) -> bool: ...


class Bound(Record, frozen=True, kw_only=True):
    """A limit and the figures that are held to it: those of `metric`, or the given `figures`.

    higher: whether they must be at least `limit`, else at most. on: see `On`. under: where given, those that
    were measured under exactly these conditions. what: what is counted, as people read it; empty for the
    metric's own words.
    """

    metric: str = ""
    limit: float
    higher: bool = False
    on: On = "value"
    under: Conditions | None = None
    figures: tuple[Figure, ...] | None = None
    what: Text = NO_TEXT

    def among(self, figures: Sequence[Figure]) -> Sequence[Figure]:
        """The figures that it is for."""
        if self.figures is not None:
            return self.figures
        return [
            each
            for each in figures
            if each.metric == self.metric and (self.under is None or each.under == self.under)
        ]

    @property
    def words(self) -> Text:
        """What is counted."""
        return self.what or metric_text(self.metric)


class Judgement(Record, frozen=True, kw_only=True):
    """One figure against one bound. slack: how far its value is on the good side. needed: rows at which its
    interval would clear the limit, or None."""

    figure: Figure
    bound: Bound
    outcome: Outcome
    slack: float
    needed: int | None = None


Reason = Callable[[Judgement, Sequence[Judgement]], Text]
"""The reason of a verdict, from the judgement that decides and all of them."""


def within_bounds(
    check: CheckIdentity, evidence: Evidence, bounds: Sequence[Bound], reason: Reason | None = None
) -> Verdict:
    """The verdict on all bounds: a failure before a doubt before a pass. Of the bounds that came out worst
    the one that is named first decides, and of its figures the worst. A bound without any figure is a doubt.
    Where the evidence says that the question has no meaning, it does not apply.

    reason: None tells each bound that came out as the verdict.
    """
    if evidence.without:
        return not_applicable(check, evidence)
    limit = bounds[0].limit if len(bounds) == 1 else None
    if evidence.missing or not evidence.figures:
        return not_measured(check, limit, evidence)
    every: list[Judgement] = []
    lacking: list[Bound] = []
    for bound in bounds:
        some = [judgement(each, bound) for each in bound.among(evidence.figures)]
        every += some
        lacking += [] if some else [bound]
    failed = any(each.outcome == "fail" for each in every)
    if lacking and not failed:
        first = lacking[0]
        why = NOTHING(what=first.words) if first.words else wording.NO_EVIDENCE()
        return not_measured(check, first.limit, evidence, why)
    decides = deciding(every)
    detectable, powerless = smallest_found(decides, every)
    return Verdict(
        check=check.name,
        outcome=decides.outcome,
        required=check.required,
        reason=(reason or _each_bound)(decides, every),
        figure=decides.figure,
        limit=decides.bound.limit,
        needed=decides.needed,
        detectable=detectable,
        powerless=powerless,
        evidence=evidence.artifact,
    )


def judgement(figure: Figure, bound: Bound) -> Judgement:
    """pass: all of the interval is on the good side of the limit; fail: all of it on the bad side;
    inconclusive: the limit lies inside, or there is no interval, or none that a pass can rely on.
    `on="value"` asks the value alone; with `on="fault"` what is not shown to be bad passes.

    needed: rows at which the interval would clear the limit if the value stayed: its width shrinks with
    the square root of the rows.
    """
    sign, limit = (1.0 if bound.higher else -1.0), bound.limit
    slack = sign * (figure.value - limit)

    def make(outcome: Outcome, slack: float = slack, needed: int | None = None) -> Judgement:
        return Judgement(figure=figure, bound=bound, outcome=outcome, slack=slack, needed=needed)

    if not math.isfinite(figure.value):
        return make("inconclusive", -math.inf)
    if bound.on == "value":
        return make("pass" if slack >= 0 else "fail")
    if figure.low is None or figure.high is None or not math.isfinite(figure.low + figure.high):
        return make("inconclusive")
    worse, better = sorted((sign * (figure.low - limit), sign * (figure.high - limit)))
    if bound.on == "fault":
        return make("fail" if max(better, slack) < 0 else "pass")
    if min(worse, slack) >= 0:
        return make("inconclusive" if figure.doubt else "pass")
    if max(better, slack) < 0:
        return make("fail")
    half = slack - worse if slack > 0 else better - slack
    settled = slack != 0 and half > 0 and figure.rows > 0 and not figure.doubt
    return make("inconclusive", needed=math.ceil(figure.rows * (half / slack) ** 2) if settled else None)


def deciding(every: Sequence[Judgement]) -> Judgement:
    """A failure before a doubt before a pass; of equals the bound named first, and the least slack."""
    worst = min(_SEVEREST.index(each.outcome) for each in every)
    some = [each for each in every if _SEVEREST.index(each.outcome) == worst]
    same = [each for each in some if each.bound is some[0].bound]
    return min(same, key=lambda each: (each.slack, encode((each.figure.where, each.figure.under))))


def smallest_found(decides: Judgement, every: Sequence[Judgement]) -> tuple[float | None, bool]:
    """How far beyond the limit that decides a truth must lie to be found four times in five, in whichever of
    the figures it is hardest to see, or None; and whether there is one of these in which no truth would be
    found. Neither of a verdict that is no pass, or of figures without intervals."""
    if decides.outcome != "pass":
        return None, False
    mine = [each.figure for each in every if each.bound is decides.bound]
    if any(each.low is None or each.high is None or not math.isfinite(each.high - each.low) for each in mine):
        return None, False
    found = [_smallest_found(each, decides.bound) for each in mine]
    known = [each for each in found if each is not None]
    return (max(known), False) if len(known) == len(found) else (None, True)


def _smallest_found(figure: Figure, bound: Bound) -> float | None:
    low, high = figure.low, figure.high
    assert low is not None and high is not None, "asked of figures with intervals"
    if bound.on == "interval":
        # What lies at the limit is let through one time in forty.
        return 0.0
    shown = bound.on == "fault"
    if (
        figure.metric in SHARES
        and not figure.compared_with
        and 0 <= low <= high <= 1
        and 0 <= bound.limit <= 1
    ):
        return detectable_share(low, high, bound.limit, higher=bound.higher, level=figure.level, shown=shown)
    return difference_found(figure.value, low, high, level=figure.level, shown=shown)


def not_measured(
    check: CheckIdentity, limit: float | None, evidence: Evidence, why: Text = NO_TEXT
) -> Verdict:
    """The verdict where there is nothing to judge."""
    return Verdict(
        check=check.name,
        outcome="inconclusive",
        required=check.required,
        reason=wording.NOT_MEASURED(why=why or evidence.missing or wording.NO_EVIDENCE()),
        limit=limit,
        evidence=evidence.artifact,
    )


def not_applicable(check: CheckIdentity, evidence: Evidence) -> Verdict:
    """The verdict where the question has no meaning for this model."""
    return Verdict(
        check=check.name,
        outcome="does not apply",
        required=check.required,
        reason=wording.DOES_NOT_APPLY(why=evidence.without),
        evidence=evidence.artifact,
    )


def result(one: Judgement, what: Text = NO_TEXT) -> Message:
    """What came of it, as a clause: `roc_auc 0.75 [0.74, 0.76] on 900 rows: at least 0.7`. what: of what the
    figure is; empty for the bound's own words."""
    figure, limit, higher = one.figure, one.bound.limit, one.bound.higher
    what = what or one.bound.words or metric_text(figure.metric)
    seen = wording.FIGURE_OF(what=what, figure=wording.show(figure))
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
    if figure.doubt:
        return wording.NOT_RELIABLE(seen=seen, why=figure.doubt)
    return wording.CONTAINS_LIMIT(seen=seen, percent=wording.percent(figure.level), limit=limit)


def rows_needed(one: Judgement) -> Text:
    """How many rows would settle it, or nothing."""
    return wording.ROWS_TO_SETTLE(rows=one.needed) if one.needed else NO_TEXT


def alike(one: Judgement, every: Sequence[Judgement]) -> int:
    """How many came to the same."""
    return sum(each.outcome == one.outcome for each in every)


def slices_alike(one: Judgement, every: Sequence[Judgement]) -> Text:
    """`so in 2 of 5 slices`."""
    return wording.SLICES_ALIKE(alike=alike(one, every), all=len(every))


def _each_bound(decides: Judgement, every: Sequence[Judgement]) -> Text:
    """Each bound that came out as the verdict, by the worst of its figures."""
    same = [each for each in every if each.outcome == decides.outcome]
    bounds = {id(each.bound): each.bound for each in same}
    return sentence(*(result(deciding([e for e in same if e.bound is each])) for each in bounds.values()))
