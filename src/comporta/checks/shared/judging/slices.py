"""What a verdict by slice says of the slices that have no figure: none of them passes unseen."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from comporta.checks.shared.judging.wording import sentences
from comporta.records import (
    FEWEST_ROWS,
    NO_TEXT,
    Evidence,
    Message,
    Text,
    Unmeasured,
    Verdict,
    Words,
    code,
    encode,
    metric_text,
    place,
)

NAMED = 3
UNMEASURED = code(
    "gate.slice_not_measured", "Not measured in 1 slice, {metric} {slice}: {why}.",
    metric=Text, slice=(Words, Message), why=Text,
)  # fmt: skip
UNMEASURED_MANY = code(
    "gate.slices_not_measured", "Not measured in {count} slices, first {metric} {slice}: {why}.",
    count=int, metric=Text, slice=(Words, Message), why=Text,
)  # fmt: skip
SMALL = code(
    "gate.slice_small",
    "1 slice under {least} rows or ten subjects is not judged: {slice}.",
    least=int,
    slice=(Words, Message),
)
SMALL_MANY = code(
    "gate.slices_small", "{count} slices under {least} rows or ten subjects are not judged: {slices}{more}.",
    count=int, least=int, slices=tuple, more=Text,
)  # fmt: skip
AND_MORE = code("gate.and_more", " and {count} more", count=int)
PART = code(
    "gate.part_not_measured", "Not measured: {metric} ({why}){more}.", metric=Text, why=Text, more=Text
)
PART_IN = code(
    "gate.part_not_measured_in", "Not measured: {metric} {where} ({why}){more}.",
    metric=Text, where=(Words, Message), why=Text, more=Text,
)  # fmt: skip


def with_unmeasured_slices(verdict: Verdict, evidence: Sequence[Evidence]) -> Verdict:
    """The verdict with its slices without a figure told in its reason. A pass is inconclusive where one of
    30 rows or more could not be measured; those that are smaller change nothing."""
    if verdict.outcome == "does not apply":
        return verdict
    lost = [each for found in evidence if found.need.by for each in found.unmeasured]
    small = list({encode(each): each for each in map(_place, (e for e in lost if e.small))}.values())
    large = [each for each in lost if not each.small]
    # Evidence without any figure says so itself.
    lacks = bool(large) and not any(found.missing for found in evidence)
    outcome = "inconclusive" if large and verdict.outcome == "pass" else verdict.outcome
    if not lacks and not small:
        return verdict if outcome == verdict.outcome else replace(verdict, outcome=outcome)
    before = _unseen(large) if lacks else NO_TEXT
    after = _small(small) if small else NO_TEXT
    return replace(verdict, outcome=outcome, reason=sentences(before, verdict.reason, after))


def with_unmeasured_parts(verdict: Verdict, evidence: Evidence) -> Verdict:
    """A verdict on several quantities: inconclusive where one of them has no figure, as those of the others
    say nothing of it."""
    if not evidence.unmeasured:
        return verdict
    first, *others = evidence.unmeasured
    metric, where = metric_text(first.metric), place(first)
    more: Text = AND_MORE(count=len(others)) if others else NO_TEXT
    if where is None:
        lacks = PART(metric=metric, why=first.why, more=more)
    else:
        lacks = PART_IN(metric=metric, where=where, why=first.why, more=more)
    return replace(verdict, outcome="inconclusive", reason=sentences(lacks, verdict.reason))


def _unseen(large: Sequence[Unmeasured]) -> Text:
    """`Not measured in 2 slices, first roc_auc carrier=AA: one class only.`"""
    first = large[0]
    where, metric = _place(first), metric_text(first.metric)
    if len(large) == 1:
        return UNMEASURED(metric=metric, slice=where, why=first.why)
    return UNMEASURED_MANY(count=len(large), metric=metric, slice=where, why=first.why)


def _place(lost: Unmeasured) -> Words | Message:
    # The sentence is about rows: what they were compared with stands in the title.
    return place(replace(lost, compared_with="")) or Words()


def _small(small: Sequence[Words | Message]) -> Text:
    """`2 slices under 30 rows or ten subjects are not judged: carrier=ZZ, carrier=QQ.`"""
    if len(small) == 1:
        return SMALL(least=FEWEST_ROWS, slice=small[0])
    more: Text = AND_MORE(count=len(small) - NAMED) if len(small) > NAMED else NO_TEXT
    return SMALL_MANY(count=len(small), least=FEWEST_ROWS, slices=tuple(small[:NAMED]), more=more)
