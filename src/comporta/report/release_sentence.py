"""The one sentence of a release, for people who decide: what came of it, or how it stands. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from comporta.records import Message, Text
from comporta.records.message import MessageValue
from comporta.records.plan import PlanEnd
from comporta.report import release_codes as codes
from comporta.report.release_contents import ReleaseReport, ReportedOutcome

ABOUT_OUTCOMES = ("plan.passed", "plan.harm", "plan.deadline", "plan.undecided_yet", "plan.paused")
"""Codes of reasons that are about outcomes, or about nothing else: these are told of one by one."""
BY_HAND: dict[str, Message | None] = {
    "plan.aborted": None,
    "plan.promoted_by_hand": codes.BY_HAND(),
    "plan.rolled_back_by_hand": codes.ROLLED_BACK_BY_HAND(),
}
"""Codes of what a person did → what is said of it behind how it ended."""
LARGEST = 1000.0
"""Percent; what is more is no news."""

ENDS: dict[PlanEnd, Message] = {
    "promoted": codes.PROMOTED(),
    "rolled_back": codes.ROLLED_BACK(),
    "inconclusive": codes.INCONCLUSIVE(),
    "aborted": codes.ENDED_BY_HAND(),
    "compared": codes.COMPARED(),
}


def sentence_of(report: ReleaseReport) -> Text:
    """`promoted: non-inferior on both metrics, better on revenue by 2.1 % [0.4, 3.9]`."""
    found, state = _findings(report), state_of(report)
    return codes.HEADLINE(state=state, findings=found) if found else state


def state_of(report: ReleaseReport) -> Message:
    """How it stands, or ended, in a few words."""
    if report.end is not None:
        return ENDS[report.end]
    paused = report.state == "paused"
    if not report.steps or report.paired:
        return codes.PAUSED() if paused else codes.UNDER_WAY()
    step = report.step
    where = codes.PAUSED_STEP if paused else codes.UNDER_WAY_STEP
    return where(step=step, steps=len(report.steps), share=100 * report.steps[step - 1].share)


def _findings(report: ReleaseReport) -> tuple[Text, ...]:
    why = report.why
    code = why.code if isinstance(why, Message) else ""
    if code in BY_HAND:
        told = BY_HAND[code]
        return () if told is None else (told,)
    if isinstance(why, Message) and code == "plan.dwells":
        return (codes.LASTS(until=str(why.values["until"])),)
    if code in ABOUT_OUTCOMES and report.outcomes:
        return _of_outcomes(report)
    return (why,) if why else ()


def _of_outcomes(report: ReleaseReport) -> tuple[Message, ...]:
    if report.end == "promoted":
        return _of_promotion(report.outcomes)
    if report.end == "rolled_back":
        harmed = [each for each in report.outcomes if is_settled(each, "harm")]
        return tuple(codes.WORSE_ON(outcome=each.outcome, by=difference(each)) for each in harmed)
    return tuple(_open(each, over=report.end is not None) for each in report.outcomes)


def _of_promotion(outcomes: Sequence[ReportedOutcome]) -> tuple[Message, ...]:
    """Non-inferior first, all together; then what is shown to be better, each with its figures."""
    better = tuple(
        codes.BETTER_ON(outcome=each.outcome, by=difference(each))
        for each in outcomes
        if is_settled(each, "superior")
    )
    held = [each for each in outcomes if is_settled(each, "non_inferior")]
    if len(held) == len(outcomes) > 2:
        first = codes.NON_INFERIOR_ALL(count=len(held))
    elif len(held) == len(outcomes) == 2:
        first = codes.NON_INFERIOR_BOTH()
    elif len(held) == 1:
        # Told with its figures by what follows, where it is better as well.
        first = codes.NON_INFERIOR_ONE(outcome=held[0].outcome)
    else:
        first = codes.NON_INFERIOR_SOME(outcomes=tuple(each.outcome for each in held))
    return (first, *better)


def _open(outcome: ReportedOutcome, *, over: bool) -> Message:
    if is_settled(outcome, "superior"):
        return codes.BETTER_ON(outcome=outcome.outcome, by=difference(outcome))
    wanted = {each.question for each in outcome.questions} - {"harm"}
    if wanted and all(is_settled(outcome, each) for each in wanted):
        return codes.NON_INFERIOR_ONE(outcome=outcome.outcome)
    change = improvement(outcome, outcome.ratio)
    if change is None:
        return codes.OPEN_ON(outcome=outcome.outcome)
    better, worse = (
        (codes.UNSHOWN_BETTER, codes.UNSHOWN_WORSE) if over else (codes.OPEN_BETTER, codes.OPEN_WORSE)
    )
    return (better if change >= 0 else worse)(outcome=outcome.outcome, by=difference(outcome))


def is_settled(outcome: ReportedOutcome, question: str) -> bool:
    """Whether a question is answered with yes."""
    return any(each.question == question and each.settled for each in outcome.questions)


def improvement(outcome: ReportedOutcome, ratio: float | None) -> float | None:
    """How much better a ratio is, in percent of the control's; below 0 it is worse."""
    if ratio is None or not math.isfinite(ratio):
        return None
    change = 100 * (ratio - 1)
    return -change if outcome.better == "lower" else change


def difference(outcome: ReportedOutcome) -> Message | str:
    """` by 2.1 % [0.4, 3.9]`: of what it is, better or worse; the interval in the same direction."""
    change = improvement(outcome, outcome.ratio)
    if change is None:
        return codes.NO_UNITS()
    sign = 1.0 if change >= 0 else -1.0
    ends = [improvement(outcome, each) for each in (outcome.low, outcome.high)]
    if ends[0] is None and ends[1] is None:
        return codes.BY_ALONE(value=percent(abs(change)))
    # An end that is not there lies at 0 or at infinity times the control's rate.
    low, high = (_end_text(each, sign) for each in ends)
    if outcome.better == "lower":
        low, high = high, low
    if sign < 0:
        low, high = high, low
    return codes.BY(value=percent(abs(change)), low=low, high=high)


def _end_text(change: float | None, sign: float) -> MessageValue:
    return codes.NO_END() if change is None else percent(sign * change)


def percent(value: float) -> str:
    """Two digits, no more than a tenth: `2.1`, `49`, `0.4`."""
    if abs(value) >= LARGEST:
        return ">1000" if value > 0 else "<-1000"
    shown = round(value, 0 if abs(value) >= 9.95 else 1)
    return f"{shown or 0.0:g}"
