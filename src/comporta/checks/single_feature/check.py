"""Whether one feature tells the label by itself, or in training only: the mark of a leak."""

from __future__ import annotations

from typing import ClassVar

from comporta.checks.shared.judging.arguments import check_choice, number
from comporta.checks.shared.judging.bounds import Bound, within_bounds
from comporta.checks.shared.judging.identity import identity
from comporta.checks.single_feature import figures
from comporta.checks.single_feature.draw import DRAWINGS
from comporta.records import LEVELS, NUMBER, Evidence, Level, Need, Record, Text, Verdict, code, need
from comporta.records.measurement import MeasurementSpec

TITLE = code(
    "check.single_feature",
    "target leakage: no feature alone predicts more than {at_most:g}, or loses more than {gap:g} from "
    "training to test",
    at_most=NUMBER, gap=NUMBER,
)  # fmt: skip
ON_TEST = code("single_feature.on_test", "what one feature alone predicts of the target, on test rows:")
IN_TRAINING = code(
    "single_feature.in_training", "what one feature alone predicts in training and no more in the test:"
)
WHERE_SET = code(
    "single_feature.where_set",
    "what one feature predicts of the test rows in which it is not its most common value:",
)


class SingleFeature(Record, frozen=True, kw_only=True):
    """No feature alone tells more than `at_most`; none tells more by `gap` in training than in the test."""

    kind: ClassVar[str] = "single_feature"
    at_most: float
    gap: float
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`single_feature?at_most=0.99&gap=0.2`."""
        return identity(self.kind, at_most=self.at_most, gap=self.gap)

    @property
    def title(self) -> Text:
        """`target leakage: no feature alone predicts more than 0.99, or loses more than 0.2 …`."""
        return TITLE(at_most=self.at_most, gap=self.gap)

    def needs(self) -> tuple[Need, ...]:
        """Each feature alone, on all rows."""
        return (need("single feature"),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict on the feature that tells most, and on the one that loses most."""
        (found,) = evidence
        bounds = [
            Bound(metric=figures.ON_TEST.metric, limit=self.at_most, on="fault", what=ON_TEST()),
            Bound(metric=figures.IN_TRAINING.metric, limit=self.gap, on="fault", what=IN_TRAINING()),
        ]
        where_set = figures.WHERE_SET.metric
        if any(each.metric == where_set for each in found.figures):
            bounds.append(Bound(metric=where_set, limit=self.at_most, on="fault", what=WHERE_SET()))
        return within_bounds(self, found, bounds)


def single_feature(
    *, at_most: float = 0.99, gap: float = 0.2, required: bool = True, level: Level = "release"
) -> SingleFeature:
    """No feature is the label in disguise: `single_feature(at_most=0.95)`.

    Each feature alone tells the target by a table made from training rows: numbers in 32 parts of equal
    count, other values each for itself, the target's mean or the classes' shares drawn towards the whole by
    ten rows. It is judged by the area under the ROC curve (with more classes, the mean of one against the
    rest) or R², which takes the place of the predictive power score, on all test rows; and out of sample in
    training, on the half of the rows that the table was not made from. It fails where the whole interval is
    above the limit; intervals are of the influence (DeLong 1988), by the declared group or by day where
    there are three or more, and hold for all features together (Bonferroni).

    A column that is filled in later for some rows is the label there, and tells little of all. So where a
    value, or none, stands in a tenth to four fifths of the training rows, `at_most` is asked of the others
    alone too, if at least 50 of them, in training and in the test, are not of their most common class.

    What is lost is looked for among the values that the test rows have too, as a month tells much of a year
    and nothing of the one that the test is; it is at most what training tells above nothing, or R² twice.

    A feature that tells all is the label, or was written after it. One that tells much in training and
    little in the test (`gap`) was made with the labels of its own rows, or has ceased to mean what it meant.

    With fewer than ten rows of another class than the most common one, in the test or in a half of the
    training rows, it is inconclusive.

    What it does not see: a leak spread over several features; a feature that leaks the label of
    less than a fifth of the rows, or of rows that nothing in it sets apart. Nor does it know
    whether a perfect feature is honest: where it is, raise the limit to 1, with the reason beside it.
    Raises BadProject on limits outside of 0 to 1.
    """
    check_choice("single_feature", "level", level, LEVELS)
    return SingleFeature(
        at_most=number("single_feature", "at_most", at_most, low=0, high=1),
        gap=number("single_feature", "gap", gap, low=0, high=1),
        required=required,
        level=level,
    )


MEASUREMENT = MeasurementSpec(
    need="single feature",
    run="evidence.single_feature",
    reads={"train": "train", "predictions": "predictions"},
    context=("group",),
    fatal=True,
    section="data",
    drawings=DRAWINGS,
)
