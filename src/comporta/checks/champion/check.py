"""The candidate is no worse than the model that serves now, on rows that neither was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from msgspec.structs import replace

from comporta.checks.shared.judging.arguments import name, number, usual
from comporta.checks.shared.judging.bounds import Bound, Judgement, On, slices_alike, within_bounds
from comporta.checks.shared.judging.champion_difference import (
    difference,
    difference_text,
    figures_to_judge,
    rows_for,
)
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.wording import NOT_RELIABLE, by_columns, sentence
from comporta.records import (
    NO_TEXT,
    NUMBER,
    Evidence,
    Level,
    Message,
    Need,
    Record,
    Text,
    Verdict,
    code,
    metric_text,
)
from comporta.records.measurement import MeasurementSpec
from comporta.records.metric import MAIN
from comporta.records.metric import metric as named

TITLE = code(
    "check.no_worse", "{metric}{by} at most {margin:g} worse than the champion",
    metric=Text, by=Text, margin=NUMBER,
)  # fmt: skip
MAIN_METRIC = code("check.main_metric", "main metric")
WITHIN = code("no_worse.within", "{seen}: within {margin:g}", seen=Message, margin=NUMBER)
NOT_SHOWN = code(
    "no_worse.not_shown", "{seen}: not shown to be worse by more than {margin:g}", seen=Message, margin=NUMBER
)
WORSE = code("no_worse.worse", "{seen}: worse by more than {margin:g}", seen=Message, margin=NUMBER)
OPEN = code(
    "no_worse.open", "{seen}: inconclusive: it may be worse by more than {margin:g}",
    seen=Message, margin=NUMBER,
)  # fmt: skip
NO_INTERVAL = code(
    "no_worse.no_interval",
    "{seen}: inconclusive: no interval, too few independent rows to tell whether it is worse by more than "
    "{margin:g}",
    seen=Message, margin=NUMBER,
)  # fmt: skip
# In verdicts of before: what a pass could have seen stands in `Verdict.detectable` now.
WOULD_FIND = code(
    "no_worse.would_find", "one worse by {difference:.2g} would be detected with 80 % power",
    difference=NUMBER,
)  # fmt: skip
ROWS_IF_TRUE = code(
    "no_worse.rows_if_true", "if that is the true difference, {rows:,} rows settle it with 80 % power",
    rows=int,
)  # fmt: skip
ROWS_IF_EQUAL = code(
    "no_worse.rows_if_equal", "two equal models take {rows:,} rows to show it with 80 % power", rows=int
)


class NoWorse(Record, frozen=True, kw_only=True):
    """The candidate may be worse than the champion by no more than `margin`, in the metric's own unit.

    A test of non-inferiority: it passes when the worse end of the paired 95 % interval is within the
    margin, so that a candidate that truly is worse by the margin passes about one time in forty.
    """

    kind: ClassVar[str] = "no_worse"
    metric: str
    margin: float
    by: str = ""
    on: On = "interval"
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`no_worse?metric=roc_auc&margin=0.01&by=carrier`."""
        return identity(self.kind, metric=self.metric, margin=self.margin, by=self.by)

    @property
    def title(self) -> Text:
        """`roc_auc by carrier at most 0.01 worse than the champion`."""
        metric: Text = MAIN_METRIC() if self.metric == MAIN else metric_text(self.metric)
        return TITLE(metric=metric, by=by_columns(self.by), margin=self.margin)

    def needs(self) -> tuple[Need, ...]:
        """Candidate minus champion, paired."""
        return difference(self.metric, self.by)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict, with the difference that decides it: the worst slice."""
        (found,) = evidence
        higher = self.metric == MAIN or named(self.metric).higher
        limit = -self.margin if higher else self.margin

        def reason(decides: Judgement, every: Sequence[Judgement]) -> Text:
            clauses = self._clauses(decides, difference_text(decides.figure, found))
            return sentence(*clauses, slices_alike(decides, every) if self.by else NO_TEXT)

        figures = figures_to_judge(found)
        bound = Bound(limit=limit, higher=higher, on=self.on, figures=figures)
        verdict = within_bounds(self, found, (bound,), reason)
        if verdict.outcome != "inconclusive" or verdict.figure is None or verdict.figure.doubt:
            return verdict
        return replace(verdict, needed=rows_for(verdict.figure, abs(verdict.figure.value - limit)))

    def _clauses(self, decides: Judgement, seen: Message) -> tuple[Text, ...]:
        figure, margin = decides.figure, self.margin
        limit, higher = decides.bound.limit, decides.bound.higher
        if decides.outcome == "fail":
            return (WORSE(seen=seen, margin=margin),)
        if decides.outcome == "pass":
            worse = figure.low if higher else figure.high
            within = worse is None or (worse >= limit if higher else worse <= limit)
            if within or self.on == "value":
                return (WITHIN(seen=seen, margin=margin),)
            return (NOT_SHOWN(seen=seen, margin=margin),)
        if figure.low is None or figure.high is None:
            return (NO_INTERVAL(seen=seen, margin=margin),)
        if figure.doubt:
            return (NOT_RELIABLE(seen=seen, why=figure.doubt),)
        return OPEN(seen=seen, margin=margin), *self._power(decides)

    def _power(self, decides: Judgement) -> tuple[Text, ...]:
        """How many rows would settle it, and how many it takes were the two models equal."""
        true = rows_for(decides.figure, abs(decides.slack))
        equal = rows_for(decides.figure, self.margin)
        return (
            ROWS_IF_TRUE(rows=true) if true else NO_TEXT,
            ROWS_IF_EQUAL(rows=equal) if equal else NO_TEXT,
        )


def no_worse(
    metric: str | None = None,
    *,
    margin: float,
    by: str | None = None,
    on: On = "interval",
    required: bool = True,
    level: Level = "release",
) -> NoWorse:
    """No worse than the champion by more than `margin`: `no_worse("roc_auc", margin=0.01)`.

    A paired test of non-inferiority on the test rows that both predict and neither was trained on, by the
    same figures as `better_than_champion`: where rows are units Tango's score interval (1998) for accuracy
    and for recall of two classes, DeLong's (1988) for the area under the ROC curve of two classes, Student's
    paired t for mae, mape, log_loss and brier, and up to 5,000 rows the paired bootstrap told beside them;
    elsewhere the paired bootstrap (BCa; of more than 5,000 rows the jackknife of blocks). Those tests take
    rows for independent: where they come in a declared group, in three days or more, or are alike, it is the
    jackknife or the bootstrap of whole units.

    What the rows lack can cost too: the interval of log_loss, brier and mae reaches as far as a kind of rows
    that none of n is of could move it (the rule of three: at 95 %, up to three in n), each wrong by the
    target's reach between its 1 % and 99 % quantiles, or of whose outcome the chance was put at 0.001. The
    verdict tells that cost; of rmse and r2, which no bound keeps, it is told only, and they do not pass where
    few rows make the difference.

    metric: None for the task's main one, of `roc_auc`, `accuracy` and `r2` the first that both models'
    answers allow. margin: in the metric's own unit, 0 or more; which way is worse is known from it. by: every
    value of a column must be no worse. on: `interval`: it must be shown to be within the margin, by all of
    the 95 % interval, so that a candidate that is worse by the margin passes one time in forty; `fault`: it
    must not be shown to be beyond.

    Inconclusive, the verdict tells how many rows would settle it with 80 % power, and how many two equal
    models would take. Take a margin that you could
    live with: small ones take many labels (see `better_than_champion`).

    It does not apply to the first version. A champion whose features are not in the candidate's table cannot
    be compared: inconclusive. Raises BadProject on an unknown metric or a negative margin.
    """
    if metric is not None:
        named(metric)
    usual("no_worse", on, level)
    return NoWorse(
        metric=MAIN if metric is None else metric,
        margin=number("no_worse", "margin", margin, low=0),
        by=name("no_worse", "by", by),
        on=on,
        required=required,
        level=level,
    )


MEASUREMENT = MeasurementSpec(
    need="versus",
    run="evidence.versus",
    reads={"predictions": "predictions", "train": "train"},
    optional={"champion": "champion predictions", "champion_train": "champion train"},
    context=("group",),
    section="champion",
)
