"""The model does not know its own training rows much better than others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from comporta.checks.fit_gap.figures import FIT_GAP
from comporta.checks.shared.judging.arguments import name, number, usual
from comporta.checks.shared.judging.bounds import Bound, Judgement, On, result, within_bounds
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.wording import sentence
from comporta.records import (
    NO_TEXT,
    NUMBER,
    Evidence,
    Level,
    Need,
    Record,
    Text,
    Verdict,
    code,
    condition_id,
    need,
)
from comporta.records.measurement import MeasurementSpec
from comporta.records.metric import metric as named

TITLE = code("check.fit_gap", "train/test gap{of} at most {limit:g}", of=Text, limit=NUMBER)
OF = code("check.fit_gap.of", " of {metric}", metric=str)
SIDE = code("fit_gap.side", "{part} {value:.4g}", part=str, value=NUMBER)
SIDES = code("fit_gap.sides", "{sides}", sides=tuple)


class FitGap(Record, frozen=True, kw_only=True):
    """On its test rows the model is worse than on its training rows by at most `at_most`."""

    kind: ClassVar[str] = "fit_gap"
    metric: str
    at_most: float
    on: On = "fault"
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`fit_gap?metric=roc_auc&at_most=0.1`."""
        return identity(self.kind, metric=self.metric, at_most=self.at_most)

    @property
    def title(self) -> Text:
        """`train/test gap of roc_auc at most 0.1`."""
        return TITLE(of=OF(metric=self.metric) if self.metric else "", limit=self.at_most)

    def needs(self) -> tuple[Need, ...]:
        """The metric on both parts."""
        return (need("fit gap", metric=self.metric),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict on the gap, with both sides told."""
        (found,) = evidence
        sides = tuple(
            SIDE(part=part, value=each.value)
            for each in found.figures
            if (part := condition_id(each, "part"))
        )
        bound = Bound(metric=FIT_GAP.metric, limit=self.at_most, on=self.on)

        def reason(decides: Judgement, every: Sequence[Judgement]) -> Text:
            return sentence(result(decides), SIDES(sides=sides) if sides else NO_TEXT)

        return within_bounds(self, found, (bound,), reason)


def fit_gap(
    metric: str | None = None,
    *,
    at_most: float = 0.3,
    on: On = "fault",
    required: bool = True,
    level: Level = "release",
) -> FitGap:
    """The model is not much worse on rows it never saw: `fit_gap("roc_auc", at_most=0.1)`.

    metric: None for roc_auc of probabilities, balanced_accuracy of labels, r2 of numbers. at_most: how much
    worse the test rows may go, in the metric's own unit. Both parts are measured with intervals (bootstrap of
    whole groups, days or rows), and the gap's is put together from the two (Zou and Donner's MOVER 2008).
    on: `fault` refuses only a gap that is shown to be beyond the limit.

    A gap tells that a model remembers; whether that costs anything the test rows tell. Boosted trees of their
    usual settings have gaps of 0.2 after few rows, a forest of full trees has a larger one the noisier the
    target, and each may be the best model there is: set the limit for the kind of model, or report it
    (`required=False`). A gap may also come from rows that have changed since. Raises BadProject.
    """
    usual("fit_gap", on, level)
    if metric is not None:
        named(metric)
    return FitGap(
        metric=name("fit_gap", "metric", metric),
        at_most=number("fit_gap", "at_most", at_most, low=0.0),
        on=on,
        required=required,
        level=level,
    )


MEASUREMENT = MeasurementSpec(
    need="fit gap",
    run="evidence.fit_gap",
    reads={"train": "train predictions", "test": "predictions"},
    context=("group",),
    section="quality",
)
