"""The model learns from more rows, and does not unlearn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from comporta.checks.learning_curve.draw import DRAWINGS
from comporta.checks.learning_curve.figures import GAIN
from comporta.checks.shared.judging.arguments import number, usual
from comporta.checks.shared.judging.bounds import Bound, Judgement, result, within_bounds
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.wording import sentence
from comporta.records import NO_TEXT, NUMBER, Evidence, Level, Need, Record, Text, Verdict, code, need
from comporta.records.measurement import MeasurementSpec

TITLE = code(
    "check.learning_curve", "learning curve: the last doubling of rows gains at least {gain:g}", gain=NUMBER
)
WORSE = code("learning_curve.worse", "the model does worse with more rows")
MORE = code("learning_curve.more", "more rows are likely to help")


class LearningCurve(Record, frozen=True, kw_only=True):
    """The last doubling of the training rows took away at least `gain` of the loss."""

    kind: ClassVar[str] = "learning_curve"
    gain: float
    required: bool = True
    level: Level = "audit"

    @property
    def name(self) -> str:
        """`learning_curve?gain=-0.05`."""
        return identity(self.kind, gain=self.gain)

    @property
    def title(self) -> Text:
        """`learning curve: the last doubling of rows gains at least -0.05`."""
        return TITLE(gain=self.gain)

    def needs(self) -> tuple[Need, ...]:
        """The curve."""
        return (need("learning curve"),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict on its last step."""
        (found,) = evidence
        bound = Bound(metric=GAIN.metric, limit=self.gain, higher=True, on="fault")
        return within_bounds(self, found, (bound,), self._reason)

    def _reason(self, decides: Judgement, every: Sequence[Judgement]) -> Text:
        figure = decides.figure
        said = result(decides)
        if decides.outcome == "fail":
            return sentence(said, WORSE())
        return sentence(said, MORE() if figure.low is not None and figure.low > 0 else NO_TEXT)


def learning_curve(gain: float = -0.05, *, required: bool = True, level: Level = "audit") -> LearningCurve:
    """The model does not get worse with more rows: `learning_curve()`.

    The training function is fitted on an eighth, a quarter and a half of the training rows (whole groups or
    days, each part within the next), and what each answers of the test rows is compared with what the
    candidate answers. gain: the share of the loss (Brier score, error or squared error) that the last
    doubling must take away; it fails where all of the interval, of a ratio of paired sums, is below. The
    curve and the gain tell whether more rows would help, which no limit can.

    It fails where newer or more rows contradict the older, or where training is not stable. Three fits more,
    so it is asked at the level `audit`. Raises BadProject.
    """
    usual("learning_curve", "fault", level)
    return LearningCurve(
        gain=number("learning_curve", "gain", gain, low=-10.0, high=1.0), required=required, level=level
    )


MEASUREMENT = MeasurementSpec(
    need="learning curve",
    run="evidence.learning_curve",
    reads={"train": "train", "predictions": "predictions", "signature": "signature"},
    functions=("fit", "refitted"),
    context=("group", "params", "task", "output"),
    cost=3,
    section="quality",
    drawings=DRAWINGS,
)
