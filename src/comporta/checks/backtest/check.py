"""How the model would have done: refitted before each of several windows of the past, and measured in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from comporta.checks.shared.judging.arguments import usual, whole
from comporta.checks.shared.judging.bounds import (
    Bound,
    Judgement,
    On,
    alike,
    result,
    rows_needed,
    within_bounds,
)
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.metric_limit import limit_title, limit_values, one_limit
from comporta.checks.shared.judging.wording import sentence, sentences
from comporta.records import Evidence, Level, Message, Need, Record, Text, Verdict, code, need
from comporta.records.measurement import MeasurementSpec
from comporta.records.metric import METRICS

BACKTEST = code(
    "check.backtest", "backtest: {metric} {limit} in each of {windows} windows",
    metric=str, limit=Message, windows=int,
)  # fmt: skip
WINDOWS = code("backtest.windows", "so in {alike} of {all} windows", alike=int, all=int)
ONLY = code(
    "backtest.only", "Only {measured} of {windows} windows could be measured.", measured=int, windows=int
)


class Backtest(Record, frozen=True, kw_only=True):
    """In each of `windows` past windows, refitted before it, the metric is on the limit's good side."""

    kind: ClassVar[str] = "backtest"
    metric: str
    limit: float
    least: bool
    windows: int
    on: On = "interval"
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`backtest?metric=roc_auc&at_least=0.7&windows=6`."""
        return identity(
            self.kind, metric=self.metric, **limit_values(self.limit, self.least), windows=self.windows
        )

    @property
    def title(self) -> Text:
        """`backtest: roc_auc at least 0.7 in each of 6 windows`."""
        return BACKTEST(metric=self.metric, limit=limit_title(self.limit, self.least), windows=self.windows)

    def needs(self) -> tuple[Need, ...]:
        """The metrics of each window. A metric that is not among the usual ones is a measuring of its own."""
        rare: dict[str, Any] = {} if METRICS[self.metric].usual else {"also": self.metric}
        return (need("backtest", windows=self.windows, **rare),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict, with the worst window. A window that could not be measured is no pass."""
        (found,) = evidence
        bound = Bound(metric=self.metric, limit=self.limit, higher=self.least, on=self.on)
        measured = len(bound.among(found.figures))

        def reason(decides: Judgement, every: Sequence[Judgement]) -> Text:
            windows = WINDOWS(alike=alike(decides, every), all=len(every))
            return sentence(result(decides), windows, rows_needed(decides))

        verdict = within_bounds(self, found, (bound,), reason)
        if verdict.outcome != "pass" or measured == self.windows:
            return verdict
        return Verdict(
            check=self.name,
            outcome="inconclusive",
            required=self.required,
            reason=sentences(ONLY(measured=measured, windows=self.windows), verdict.reason),
            figure=verdict.figure,
            limit=self.limit,
            evidence=found.artifact,
        )


def backtest(
    metric: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    windows: int = 6,
    on: On = "interval",
    required: bool = True,
    level: Level = "release",
) -> Backtest:
    """The training function would have done well in the past too: `backtest("roc_auc", at_least=0.7)`.

    All rows of the project, in the order of their time, are walked through: before each window the model is
    fitted on the rows whose labels were known by then (those of the split's `gap` before the window, the
    label's delay, are left out), and measured in it. Windows are as long as the split's test span, one after
    the other up to the newest row; shorter where less than a third of the time would be left to train for the
    first. The worst window decides; a window that could not be measured (fewer than 30 rows in it or before
    it, a fit that raised) leaves it inconclusive. One fit a window.

    Intervals are those of `at_least`: whole groups or days resampled (BCa bootstrap). on: `interval` asks
    that all of it clears the limit in each window, `value` the value alone, `fault` refuses only what is
    shown. A project that is not split by time has no past to walk: it does not apply. Rows that the split
    dropped between training and test rows are in no window: windows lie before them and behind.
    Raises BadProject.
    """
    limit, least = one_limit("backtest", metric, at_least, at_most)
    usual("backtest", on, level)
    return Backtest(
        metric=metric,
        limit=limit,
        least=least,
        windows=whole("backtest", "windows", windows, low=1, high=60),
        on=on,
        required=required,
        level=level,
    )


MEASUREMENT = MeasurementSpec(
    need="backtest",
    run="evidence.backtest",
    reads={"train": "train", "test": "test", "signature": "signature"},
    functions=("fit", "refitted"),
    context=("split", "params", "task", "output", "group"),
    cost=3,
    section="time",
)
