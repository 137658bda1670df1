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
from comporta.records import Message, Need, Scores, UnmeasuredFigure, columns_of, metric_text, place

MOST_NAMED = 5
"""Of what could not be measured, how many one sentence names."""


def lacking(lost: Sequence[UnmeasuredFigure]) -> Message:
    """Why a measuring has no figure at all: the first five that it could not measure, and how many more."""
    if not lost:
        return NOTHING_FOUND()
    *before, last = (_lacks(each) for each in lost[:MOST_NAMED])
    said = AND_MORE(first=last, more=len(lost) - MOST_NAMED) if len(lost) > MOST_NAMED else last
    for each in reversed(before):
        said = AND(first=each, rest=said)
    return said


def _lacks(lost: UnmeasuredFigure) -> Message:
    where, metric = place(lost), metric_text(lost.metric)
    if where is None:
        return METRIC_LACKS(metric=metric, why=lost.why)
    if not metric:
        return SLICE_LACKS(slice=where, why=lost.why)
    return METRIC_LACKS_IN(metric=metric, slice=where, why=lost.why)


def why_none(need: Need, scores: Scores) -> Message:
    """Why scoring has no figure of this need: as it says itself, or that it was not measured."""
    by = (need.by,) if need.by else ()
    mine = (each for each in scores.unmeasured if each.metric == need.metric)
    why = next((each.why for each in mine if columns_of(each) == by), None)
    metric = metric_text(need.metric)
    if need.by:
        return (
            NO_METRIC_BY(metric=metric, column=need.by)
            if why is None
            else METRIC_LACKS_BY(metric=metric, column=need.by, why=why)
        )
    return NO_METRIC(metric=metric) if why is None else METRIC_LACKS(metric=metric, why=why)
