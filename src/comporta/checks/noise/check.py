"""Whether the answers are steady when the features are not quite."""

from __future__ import annotations

from typing import ClassVar

from comporta.checks.noise.draw import DRAWINGS
from comporta.checks.noise.figures import CHANGED_BY_EXTREME, METRIC_LOST, NOT_ANSWERED
from comporta.checks.shared.figures import DECISIONS_CHANGED
from comporta.checks.shared.judging.arguments import name, number, usual, whole
from comporta.checks.shared.judging.bounds import Bound, On, within_bounds
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.wording import percent
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
    condition,
    conditions,
    need,
)
from comporta.records.measurement import MeasurementSpec
from comporta.records.metric import metric as named

LEVELS_OF_NOISE = (0.01, 0.05, 0.1)

TITLE = code(
    "check.noise",
    "noise sensitivity: at most {share:.4g} % of predictions change under noise of {at:g} spreads"
    "{lost}{extreme}",
    at=NUMBER, share=NUMBER, lost=Text, extreme=Text,
)  # fmt: skip
LOST = code("check.noise.lost", ", at most {lost:g} of the metric lost", lost=NUMBER)
LOST_OF = code("check.noise.lost_of", ", at most {lost:g} {metric} lost", lost=NUMBER, metric=str)
EXTREME = code("check.noise.extreme", ", at most {share:.4g} % at an extreme", share=NUMBER)


class Noise(Record, frozen=True, kw_only=True):
    """With noise of `at` spreads in every feature at most `flips` of the decisions are others.

    metric_lost: how much of the metric may be lost by it; None: any. extreme: the share that one feature at
    its extremes may change; None: any.
    """

    kind: ClassVar[str] = "noise"
    flips: float
    metric_lost: float | None = None
    extreme: float | None = None
    at: float = 0.05
    repeats: int = 3
    metric: str = ""
    on: On = "fault"
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`noise?at=0.05&flips=0.1`."""
        return identity(
            self.kind,
            at=self.at,
            flips=self.flips,
            metric_lost=self.metric_lost,
            metric=None if self.metric_lost is None else self.metric,
            extreme=self.extreme,
        )

    @property
    def title(self) -> Text:
        """`noise sensitivity: at most 10 % of predictions change under noise of 0.05 spreads`."""
        lost: Text = NO_TEXT
        if self.metric_lost is not None:
            lost = LOST(lost=self.metric_lost)
            lost = LOST_OF(lost=self.metric_lost, metric=self.metric) if self.metric else lost
        extreme: Text = NO_TEXT if self.extreme is None else EXTREME(share=percent(self.extreme))
        return TITLE(at=self.at, share=percent(self.flips), lost=lost, extreme=extreme)

    def needs(self) -> tuple[Need, ...]:
        """Decisions at several levels of noise; limits change nothing of it."""
        levels = sorted({*LEVELS_OF_NOISE, self.at})
        return (need("noise", metric=self.metric, levels=levels, repeats=self.repeats),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict on noise in all features together, and that every row was answered."""
        (found,) = evidence
        under = conditions(noise=self.at)
        bounds = [
            Bound(metric=NOT_ANSWERED.metric, limit=0),
            Bound(metric=DECISIONS_CHANGED.metric, limit=self.flips, on=self.on, under=under),
        ]
        if self.metric_lost is not None:
            lost = tuple(
                each
                for each in found.figures
                if each.metric == METRIC_LOST.metric and condition(each, "noise") == self.at
            )
            bounds.append(Bound(metric=METRIC_LOST.metric, limit=self.metric_lost, on=self.on, figures=lost))
        if self.extreme is not None:
            bounds.append(Bound(metric=CHANGED_BY_EXTREME.metric, limit=self.extreme, on=self.on))
        return within_bounds(self, found, bounds)


def noise(
    flips: float = 0.2,
    *,
    metric_lost: float | None = 0.05,
    extreme: float | None = None,
    at: float = 0.05,
    metric: str | None = None,
    repeats: int = 3,
    on: On = "fault",
    required: bool = True,
    level: Level = "release",
) -> Noise:
    """The answers are steady: `noise(flips=0.05, metric_lost=0.01)`.

    Normal noise of `at` times its own spread is added to every feature at once, `repeats` times on up to
    10,000 test rows; the spread is the distance of the quartiles over that of a normal, so that a few huge
    values do not tell it. Whole numbers stay whole; a category or a boolean becomes another seen one with
    the chance `at`; what is missing stays so. flips: the share of decisions that are others then; for
    regression the mean change over the standard deviation of the predictions. metric_lost: by how much the
    metric (`roc_auc`, `accuracy` of labels alone, `r2`; or `metric`) may be worse, paired on the same rows.

    Each feature is also pushed alone, on 1,000 rows, at three levels and to its extremes: the 1st and 99th
    percentile, its range below the least and above the greatest, missing, another category. extreme: the
    share of decisions that any of these may change. Every row must be answered with finite numbers.
    Intervals are of whole units (the group, days, or rows).

    With `on="fault"` it fails where all of the interval is above the limit. The defaults find a model that
    hangs on digits. A sound one changes 2 to 4 % of its decisions where there is a strong signal, up to 13 %
    where there is next to none and most rows lie near the threshold: set `flips` from what yours show.

    What it does not see: noise that features share, and errors larger than the levels.
    Raises BadProject on shares outside 0 to 1, an unknown metric or a level of noise not above 0.
    """
    usual("noise", on, level)
    if metric is not None:
        named(metric)
    return Noise(
        flips=number("noise", "flips", flips, low=0, high=1),
        metric_lost=None if metric_lost is None else number("noise", "metric_lost", metric_lost, low=0),
        extreme=None if extreme is None else number("noise", "extreme", extreme, low=0, high=1),
        at=number("noise", "at", at, low=1e-6, high=10),
        repeats=whole("noise", "repeats", repeats, low=1, high=100),
        metric=name("noise", "metric", metric),
        on=on,
        required=required,
        level=level,
    )


MEASUREMENT = MeasurementSpec(
    need="noise",
    run="evidence.noise",
    reads={"model": "model", "signature": "signature", "test": "test"},
    functions=("opened",),
    context=("group",),
    cost=2,
    section="robustness",
    drawings=DRAWINGS,
)
