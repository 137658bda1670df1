"""How many training labels are likely wrong."""

from __future__ import annotations

from typing import ClassVar

from comporta.checks.label_errors.figures import CONTRADICTED
from comporta.checks.shared.judging.arguments import number, usual
from comporta.checks.shared.judging.bounds import Bound, On, within_bounds
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.wording import percent
from comporta.records import NUMBER, Evidence, Level, Need, Record, Text, Verdict, code, need
from comporta.records.measurement import MeasurementSpec

TITLE = code("check.label_errors", "label errors: at most {share:g} % of labels contradicted", share=NUMBER)
FOUND = code("label_errors.found", "share of training labels that models which never saw them contradict:")


class LabelErrors(Record, frozen=True, kw_only=True):
    """At most the share `at_most` of the training labels is contradicted."""

    kind: ClassVar[str] = "label_errors"
    at_most: float
    on: On = "fault"
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`label_errors?at_most=0.05`."""
        return identity(self.kind, at_most=self.at_most)

    @property
    def title(self) -> Text:
        """`label errors: at most 5 % of labels contradicted`."""
        return TITLE(share=percent(self.at_most))

    def needs(self) -> tuple[Need, ...]:
        """Labels held against predictions out of fold."""
        return (need("label errors"),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict on the share."""
        (found,) = evidence
        bound = Bound(metric=CONTRADICTED.metric, limit=self.at_most, on=self.on, what=FOUND())
        return within_bounds(self, found, (bound,))


def label_errors(
    *, at_most: float = 0.05, on: On = "fault", required: bool = False, level: Level = "audit"
) -> LabelErrors:
    """Few training labels are wrong: `label_errors(at_most=0.02)`.

    Classes: confident learning (Northcutt, Jiang and Chuang 2021) on predictions out of fold. A class's
    threshold is the mean chance of it among rows so labelled; rows that reach another class's threshold are
    counted into the joint of given and true labels, and for each pair of classes as many labels are
    contradicted as the joint says, less those whose label is the likeliest class anyway, which keeps rare
    classes from being overcounted. Numbers: residuals more than eight robust standard deviations from the
    median of rows of which the like was said. The evidence lists the rows to look at first. The interval
    resamples groups, days or rows with the predictions as they are, so it does not tell how other models
    would have judged.

    What it does not see: whether the label or the world is at fault. Where classes overlap, honest labels
    are contradicted too: at an area under the ROC curve of 0.75 about one in four. So the share is an
    upper bound of the errors, only reported by default, and the limit is worth setting where the classes
    can be told apart. Nor does it see errors that a model can learn, such as a whole class mislabelled alike.
    Raises BadProject on a share outside of 0 to 1.
    """
    usual("label_errors", on, level)
    return LabelErrors(
        at_most=number("label_errors", "at_most", at_most, low=0, high=1),
        on=on,
        required=required,
        level=level,
    )


MEASUREMENT = MeasurementSpec(
    need="label errors",
    run="evidence.label_errors",
    reads={"oof": "oof"},
    context=("group",),
    cost=3,
    section="data",
)
