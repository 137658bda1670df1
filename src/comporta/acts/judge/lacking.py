"""Why there is no figure, as a check and its reader are told it."""

from __future__ import annotations

from collections.abc import Sequence

from comporta.opened.codes import (
    AND,
    AND_MORE,
    METRIC_LACKS,
    METRIC_LACKS_BY,
    METRIC_LACKS_IN,
    NO_METRIC,
    NO_METRIC_BY,
    NOTHING_FOUND,
    SLICE_LACKS,
)
from comporta.records import Message, Need, Scores, Unmeasured, Words, unmeasured_in

TOLD = 5
"""Of what could not be measured, how many one sentence tells."""


def lacking(lost: Sequence[Unmeasured]) -> Message:
    """Why a measuring has no figure at all: what it could not measure, as many as a sentence holds."""
    if not lost:
        return NOTHING_FOUND()
    *before, last = (_lacks(each) for each in lost[:TOLD])
    said = AND_MORE(first=last, more=len(lost) - TOLD) if len(lost) > TOLD else last
    for each in reversed(before):
        said = AND(first=each, rest=said)
    return said


def _lacks(lost: Unmeasured) -> Message:
    if not lost.slice:
        return METRIC_LACKS(metric=lost.metric, why=lost.why)
    where = Words(lost.slice)
    if not lost.metric:
        return SLICE_LACKS(slice=where, why=lost.why)
    return METRIC_LACKS_IN(metric=lost.metric, slice=where, why=lost.why)


def why_none(need: Need, scores: Scores) -> Message:
    """What the measuring said of it, or that it was not measured."""
    mine = (each for each in unmeasured_in(scores) if each.metric == need.metric)
    why = next((each.why for each in mine if column_of(each.slice) == need.by), None)
    if need.by:
        return (
            NO_METRIC_BY(metric=need.metric, column=need.by)
            if why is None
            else METRIC_LACKS_BY(metric=need.metric, column=need.by, why=why)
        )
    return NO_METRIC(metric=need.metric) if why is None else METRIC_LACKS(metric=need.metric, why=why)


def column_of(slice: str) -> str:
    """The column whose value a slice is; empty for all rows."""
    return slice.partition("=")[0]
