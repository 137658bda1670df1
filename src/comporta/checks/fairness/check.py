"""No group of people is treated worse than another, as the project means it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, Literal

from comporta.checks.fairness.draw import DRAWINGS
from comporta.checks.fairness.figures import GROUPS_TOO_SMALL
from comporta.checks.shared.judging.arguments import chosen, label
from comporta.checks.shared.judging.bounds import Bound, Judgement, On, result, rows_needed, within_bounds
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.slices import with_unmeasured_parts
from comporta.checks.shared.judging.wording import by_columns, sentence
from comporta.errors import BadProject
from comporta.records import (
    LEVELS,
    NO_TEXT,
    NUMBER,
    Code,
    Evidence,
    Level,
    Need,
    Record,
    Text,
    Verdict,
    code,
    need,
)
from comporta.records.class_name import ClassLabel
from comporta.records.measurement import MeasurementSpec

Criterion = Literal["parity", "impact", "odds", "opportunity", "error", "calibration"]
_CALLED: dict[Criterion, str] = {
    "parity": "demographic parity",
    "impact": "disparate impact",
    "odds": "equalised odds",
    "opportunity": "equal opportunity",
    "error": "error parity",
    "calibration": "calibration parity",
}

_OF_BY = {"of": Text, "by": Text, "limit": NUMBER}
PARITY = code("check.fairness.parity", "demographic parity{of}{by} within {limit:g}", **_OF_BY)
IMPACT = code("check.fairness.impact", "disparate impact{of}{by} at least {limit:g}", **_OF_BY)
ODDS = code("check.fairness.odds", "equalised odds{of}{by} within {limit:g}", **_OF_BY)
OPPORTUNITY = code("check.fairness.opportunity", "equal opportunity{of}{by} within {limit:g}", **_OF_BY)
ERROR = code("check.fairness.error", "error parity{of}{by} within {limit:g}", **_OF_BY)
CALIBRATION = code("check.fairness.calibration", "calibration parity{of}{by} within {limit:g}", **_OF_BY)
OF = code("check.fairness.of", " of {favourable}", favourable=str)
UNSURE = code(
    "fairness.pairs_unsure", "{count} of {all} pairs have too few rows to tell within the limit",
    count=int, all=int,
)  # fmt: skip
TOO_SMALL = code("fairness.groups_small", "{count} groups are too small to be judged", count=int)

_TITLES: dict[Criterion, Code] = {
    "parity": PARITY,
    "impact": IMPACT,
    "odds": ODDS,
    "opportunity": OPPORTUNITY,
    "error": ERROR,
    "calibration": CALIBRATION,
}


class Fair(Record, frozen=True, kw_only=True):
    """No two groups may be further apart than `limit` in what the criterion compares."""

    kind: ClassVar[str] = "fairness"
    criterion: Criterion
    by: tuple[str, ...]
    limit: float
    favourable: str = ""
    on: On = "fault"
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`fairness?criterion=parity&by=sex&by=age&limit=0.1`."""
        return identity(
            self.kind, criterion=self.criterion, favourable=self.favourable, by=self.by, limit=self.limit
        )

    @property
    def title(self) -> Text:
        """`demographic parity by sex and age within 0.1`."""
        of: Text = OF(favourable=self.favourable) if self.favourable else NO_TEXT
        return _TITLES[self.criterion](of=of, by=by_columns(*self.by), limit=self.limit)

    def needs(self) -> tuple[Need, ...]:
        """The disparity of every two groups."""
        return (need("bias", columns=self.by, criterion=self.criterion, favourable=self.favourable),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict, with the two groups that are furthest apart."""
        (found,) = evidence
        few = GROUPS_TOO_SMALL.metric
        small = sum(int(each.value) for each in found.figures if each.metric == few)
        bound = Bound(
            limit=self.limit,
            higher=self.criterion == "impact",
            on=self.on,
            figures=tuple(each for each in found.figures if each.metric != few),
        )

        def reason(decides: Judgement, every: Sequence[Judgement]) -> Text:
            return self._reason(decides, every, small)

        verdict = within_bounds(self, found, (bound,), reason)
        return verdict if verdict.outcome != "pass" else with_unmeasured_parts(verdict, found)

    def _reason(self, decides: Judgement, every: Sequence[Judgement], small: int) -> Text:
        unsure = sum(_wide(each, self.limit) for each in every)
        return sentence(
            result(decides),
            rows_needed(decides),
            UNSURE(count=unsure, all=len(every)) if unsure else NO_TEXT,
            TOO_SMALL(count=small) if small else NO_TEXT,
        )


def _wide(one: Judgement, limit: float) -> bool:
    """Whether the interval holds the limit: neither side is shown."""
    figure = one.figure
    return figure.low is not None and figure.high is not None and figure.low < limit < figure.high


def demographic_parity(
    *,
    by: str | Sequence[str],
    at_most: float = 0.1,
    favourable: ClassLabel | None = None,
    on: On = "fault",
    required: bool = True,
    level: Level = "release",
) -> Fair:
    """Groups are selected about as often: `demographic_parity(by=("sex", "age"), at_most=0.1)`.

    The share of rows given the favourable class (the second of two; with more classes, each of them and the
    worst decides) may differ by at most `at_most` between any two groups; for a regression the mean
    prediction, in standard deviations of the truth. by: columns; groups are the values of each (numbers of
    more than twelve values by quarters) and of every two of them together. They need not be features.

    Intervals hold for all pairs at once (Clopper-Pearson at the effective sample size of Korn and Graubard
    1998, differences by Zou and Donner's MOVER 2008, Bonferroni over pairs). on: `fault` refuses only what is
    shown to be beyond the limit, at most one fair model in forty; `interval` asks that no two groups may be.
    Groups of fewer than 30 rows or ten subjects are named as too small and are not judged; where a column is
    left with fewer than two groups for any of the rates that are compared, it does not pass.

    It does not see why groups differ, nor groups that no column tells. Raises BadProject.
    """
    return _fair("parity", by, at_most, favourable, on, required, level)


def disparate_impact(
    *,
    by: str | Sequence[str],
    at_least: float = 0.8,
    favourable: ClassLabel | None = None,
    on: On = "fault",
    required: bool = True,
    level: Level = "release",
) -> Fair:
    """The group selected least is selected at least `at_least` times as often as the one selected most.

    0.8 is the four-fifths rule (29 CFR 1607.4 D). Groups, intervals (of the logarithm of the ratio) and `on`
    as in `demographic_parity`. It does not apply to a regression. Raises BadProject.
    """
    return _fair("impact", by, at_least, favourable, on, required, level)


def equalised_odds(
    *,
    by: str | Sequence[str],
    at_most: float = 0.1,
    favourable: ClassLabel | None = None,
    on: On = "fault",
    required: bool = True,
    level: Level = "release",
) -> Fair:
    """Groups have about the same true and false positive rates (Hardt, Price and Srebro 2016).

    The larger of the two differences may be at most `at_most` between any two groups. Groups, intervals and
    `on` as in `demographic_parity`; a group is judged on a rate where 30 of its rows count for it: with few
    positives no true positive rate may be left, and it is inconclusive. It trusts the labels: where these are
    biased, so is it. It does not apply to a regression. Raises BadProject.
    """
    return _fair("odds", by, at_most, favourable, on, required, level)


def equal_opportunity(
    *,
    by: str | Sequence[str],
    at_most: float = 0.1,
    favourable: ClassLabel | None = None,
    on: On = "fault",
    required: bool = True,
    level: Level = "release",
) -> Fair:
    """Of those who deserve the favourable class, each group gets it about as often: the difference of true
    positive rates is at most `at_most`. The rest as in `equalised_odds`. Raises BadProject."""
    return _fair("opportunity", by, at_most, favourable, on, required, level)


def error_parity(
    *,
    by: str | Sequence[str],
    at_most: float = 0.1,
    on: On = "fault",
    required: bool = True,
    level: Level = "release",
) -> Fair:
    """The model is wrong about as often for each group: error rates differ by at most `at_most`.

    For a regression the mean error and the mean absolute error, both in standard deviations of the truth.
    Groups, intervals and `on` as in `demographic_parity`. Raises BadProject.
    """
    return _fair("error", by, at_most, None, on, required, level)


def calibration_parity(
    *,
    by: str | Sequence[str],
    at_most: float = 0.05,
    favourable: ClassLabel | None = None,
    on: On = "fault",
    required: bool = True,
    level: Level = "release",
) -> Fair:
    """A probability means the same for each group: the mean of probability minus outcome differs by at most
    `at_most` between any two. For a regression the mean error, in standard deviations of the truth.

    Groups and `on` as in `demographic_parity`; Student's intervals. It sees calibration in the large, not
    its curve within a group. It does not apply to a model that gives labels only. Raises BadProject.
    """
    return _fair("calibration", by, at_most, favourable, on, required, level)


def _fair(
    criterion: Criterion,
    by: str | Sequence[str],
    limit: float,
    favourable: ClassLabel | None,
    on: On,
    required: bool,
    level: Level,
) -> Fair:
    columns = (by,) if isinstance(by, str) else tuple(by)
    called = _CALLED[criterion]
    if not columns or not all(isinstance(each, str) and each for each in columns):
        raise BadProject(f"{called}: found by={by!r}, expected the name of a column, or several.")
    if len(set(columns)) != len(columns):
        raise BadProject(f"{called}: found a column twice in by={by!r}, expected each once.")
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not math.isfinite(limit):
        raise BadProject(f"{called}: found the limit {limit!r}, expected a finite number.")
    if not (0 < limit <= 1 if criterion == "impact" else limit >= 0):
        expected = "above 0 and at most 1" if criterion == "impact" else "0 or more"
        raise BadProject(f"{called}: found the limit {limit!r}, expected one of {expected}.")
    if on not in ("interval", "value", "fault"):
        raise BadProject(f"{called}: found on={on!r}, expected 'fault', 'interval' or 'value'.")
    chosen(called, "level", level, LEVELS)
    return Fair(
        criterion=criterion,
        by=columns,
        limit=float(limit),
        favourable=label(called, "favourable", favourable),
        on=on,
        required=required,
        level=level,
    )


MEASUREMENT = MeasurementSpec(
    need="bias",
    run="evidence.bias",
    reads={"predictions": "predictions"},
    context=("group",),
    classes=("favourable",),
    section="fairness",
    drawings=DRAWINGS,
)
