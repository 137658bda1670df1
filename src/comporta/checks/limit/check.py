"""A figure against a fixed limit, overall or in every slice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from comporta.checks.shared.judging.arguments import chosen, name
from comporta.checks.shared.judging.bounds import (
    Bound,
    Judgement,
    On,
    result,
    rows_needed,
    slices_alike,
    within_bounds,
)
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.wording import by_columns, sentence
from comporta.errors import BadProject
from comporta.records import (
    LEVELS,
    NO_TEXT,
    NUMBER,
    Evidence,
    Level,
    Need,
    Record,
    Text,
    Verdict,
    code,
    metric_text,
)
from comporta.records.metric import metric as named

AT_LEAST = code("check.limit.at_least", "{metric}{by} at least {limit:g}", metric=str, by=Text, limit=NUMBER)
AT_MOST = code("check.limit.at_most", "{metric}{by} at most {limit:g}", metric=str, by=Text, limit=NUMBER)


class Limit(Record, frozen=True, kw_only=True):
    """One figure of the candidate on its test rows must be at least, or at most, `limit`.

    least: whether the limit is the smallest allowed. by: a column whose every value is held to it.
    on: `interval`: all of the interval must clear the limit; `value`: the value alone.
    """

    kind: ClassVar[str] = "limit"
    metric: str
    limit: float
    least: bool
    by: str = ""
    on: On = "interval"
    required: bool = True
    level: Level = "commit"

    @property
    def name(self) -> str:
        """`limit?metric=roc_auc&at_least=0.7&by=carrier`."""
        way = {"at_least" if self.least else "at_most": self.limit}
        return identity(self.kind, metric=self.metric, **way, by=self.by)

    @property
    def title(self) -> Text:
        """`roc_auc by carrier at least 0.7`."""
        said = AT_LEAST if self.least else AT_MOST
        return said(metric=self.metric, by=by_columns(self.by), limit=self.limit)

    def needs(self) -> tuple[Need, ...]:
        """The figures of this metric on the test rows."""
        return (Need(what="scores", metric=self.metric, by=self.by),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict, with the figure that decides it: the worst slice."""
        (found,) = evidence
        bound = Bound(
            limit=self.limit,
            higher=self.least,
            on=self.on,
            figures=found.figures,
            what=metric_text(self.metric),
        )

        def reason(decides: Judgement, every: Sequence[Judgement]) -> Text:
            alike = slices_alike(decides, every) if self.by else NO_TEXT
            return sentence(result(decides), alike, rows_needed(decides))

        return within_bounds(self, found, (bound,), reason)


def at_least(
    metric: str,
    limit: float,
    by: str | None = None,
    *,
    required: bool = True,
    on: On = "interval",
    level: Level = "commit",
) -> Limit:
    """The candidate's figure must be at least `limit`: `at_least("roc_auc", 0.7, by="carrier")`.

    It passes when the whole 95 % interval is at or above the limit, fails when all of it is below, and is
    inconclusive in between, which blocks a candidate as a failure does where `required`. Shares of rows have
    exact limits (Clopper and Pearson 1934, in units at their effective size), so that few positives that are
    all found are no certainty; so has the area under the ROC curve (DeLong 1988, wider by what rows that none
    was may cost). Other metrics are resampled by whole units, and have no interval where nothing varies.
    Each slice is held to it by its own interval: of forty that are just at the limit one fails by chance.
    A slice of 30 rows or more in which the metric is not defined (one class only) leaves it inconclusive,
    unless another fails; slices of fewer rows are named as too small and are not judged.
    Raises BadProject on an unknown metric or level, or a limit that is no number.
    """
    return _limit(metric, limit, True, by, required, on, level)


def at_most(
    metric: str,
    limit: float,
    by: str | None = None,
    *,
    required: bool = True,
    on: On = "interval",
    level: Level = "commit",
) -> Limit:
    """The candidate's figure must be at most `limit`: `at_most("log_loss", 0.5)`. Slices as in `at_least`."""
    return _limit(metric, limit, False, by, required, on, level)


def _limit(
    metric: str, limit: float, least: bool, by: str | None, required: bool, on: On, level: Level
) -> Limit:
    named(metric)
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not math.isfinite(limit):
        raise BadProject(f"{metric}: found the limit {limit!r}, expected a finite number.")
    if on not in ("interval", "value"):
        raise BadProject(f"{metric}: found on={on!r}, expected 'interval' or 'value'.")
    chosen(metric, "level", level, LEVELS)
    return Limit(
        metric=metric,
        limit=float(limit),
        least=least,
        by=name(metric, "by", by),
        on=on,
        required=required,
        level=level,
    )
