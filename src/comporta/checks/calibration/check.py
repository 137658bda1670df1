"""What the model says comes true as often, or as much, as it says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from msgspec.structs import replace

from comporta.checks.calibration.draw import DRAWINGS
from comporta.checks.calibration.figures import BIAS, ERROR, NAMED
from comporta.checks.shared.judging.arguments import names, number, usual
from comporta.checks.shared.judging.bounds import Bound, Judgement, On, result, within_bounds
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.wording import by_columns, sentence
from comporta.records import (
    NO_TEXT,
    NUMBER,
    Evidence,
    Figure,
    Level,
    Need,
    Record,
    Text,
    Verdict,
    code,
    columns_of,
    condition,
    need,
)
from comporta.records.measurement import MeasurementSpec

TITLE = code(
    "check.calibration", "calibration error at most {error:g}, bias{by} at most {bias:g}",
    error=NUMBER, by=Text, bias=NUMBER,
)  # fmt: skip
COMPARED = code("calibration.compared", "{count} compared", count=int)


class Calibrated(Record, frozen=True, kw_only=True):
    """Smooth calibration error at most `error`, and bias of all rows and of every slice at most `bias`."""

    kind: ClassVar[str] = "calibration"
    error: float
    bias: float
    by: tuple[str, ...] = ()
    on: On = "fault"
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`calibration?error=0.15&bias=0.1&by=sex`."""
        return identity(self.kind, error=self.error, bias=self.bias, by=self.by)

    @property
    def title(self) -> Text:
        """`calibration error at most 0.15, bias by sex at most 0.1`."""
        return TITLE(error=self.error, by=by_columns(*self.by), bias=self.bias)

    def needs(self) -> tuple[Need, ...]:
        """Errors of all claims, and biases."""
        return (need("calibration", columns=self.by) if self.by else need("calibration"),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict, with the error or the slice that is furthest off."""
        (found,) = evidence
        errors = tuple(each for each in found.figures if each.metric == ERROR.metric)
        biases = tuple(
            _size(each) for each in found.figures if each.metric == BIAS.metric and self._mine(each)
        )
        # Of many classes the bias is that of the class named: what a model is too sure by, as the error is.
        named = any(condition(each, NAMED) for each in errors)
        most = max(self.error, self.bias) if named else self.bias
        bounds = (
            Bound(metric=ERROR.metric, limit=self.error, on=self.on, figures=errors),
            Bound(metric=BIAS.metric, limit=most, on=self.on, figures=biases),
        )
        return within_bounds(self, found, bounds, _reason)

    def _mine(self, figure: Figure) -> bool:
        return not self.by or not figure.where or columns_of(figure)[0] in self.by


def _size(figure: Figure) -> Figure:
    """The bias without its sign."""
    low, high, value = figure.low, figure.high, abs(figure.value)
    if low is None or high is None:
        return replace(figure, value=value)
    near = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    return replace(figure, value=value, low=near, high=max(abs(low), abs(high)))


def _reason(decides: Judgement, every: Sequence[Judgement]) -> Text:
    count = sum(each.bound is decides.bound for each in every)
    return sentence(result(decides), COMPARED(count=count) if count > 1 else NO_TEXT)


def calibrated(
    error: float = 0.15,
    bias: float = 0.1,
    *,
    by: str | Sequence[str] | None = None,
    on: On = "fault",
    required: bool = True,
    level: Level = "release",
) -> Calibrated:
    """What is said comes true as often as it is said: `calibrated(error=0.05, bias=0.05, by="region")`.

    error: the largest smooth calibration error (Blasiok and Nakkiran 2023): the mean distance between what
    was said and what came of rows of which about the same was said, smoothed at the width of the error
    itself, so that no choice of bins moves it. Two classes: of the second's probability; more: of the named
    class's, and of each class's; numbers: along the ranks of the predictions, in standard deviations of the
    target. Models that give labels only have none: it does not apply.
    bias: the largest mean of what was said less what came, of either sign, over all rows and within each
    value of the project's declared slices, or of the columns in `by`; slices of fewer than 30 rows or ten
    subjects are named as missing. Same units as `error`; with more than two classes it is the named class's,
    by how much the model is too sure: the same quantity as its error, and held to the larger limit of both.

    The error's interval is as wide as the error that chance alone would show (signs of whole groups'
    residuals turned at random, 500 times); a model without fault has an error above 0 for that reason, and
    with `on="fault"` it is refused only where the error less that noise is beyond the limit. The default
    lets through what boosted trees of their usual settings say after few rows (about 0.15 with three classes
    and 1,600 rows) and stops a tree that remembers (0.3 to 0.5): tighten it where probabilities are used. The
    biases' intervals hold for the whole and all slices together (Bonferroni), and are no narrower than chance
    makes them where the model is right: by p(1 - p) of what was said, or by the errors of all rows of which
    about as much was said, so that 30 rows of which by chance none came are no proof. With `on="interval"` it
    must be shown. Of five slices of 30 rows at 12 % one in which 40 points too much is said is found two
    times in three, of fifty slices every second time. Of numbers all intervals are as much longer as the
    spread may be larger in which they are measured: of amounts that are mostly nothing it hangs on few rows.

    It does not see a model that is right on average at each probability and wrong in regions that no slice
    tells; for those see `weak_slices`. A model fitted with class weights says probabilities of another
    world, and is refused: recalibrate it, or declare output="label". Raises BadProject.
    """
    usual("calibrated", on, level)
    return Calibrated(
        error=number("calibrated", "error", error, low=0.0),
        bias=number("calibrated", "bias", bias, low=0.0),
        by=names("calibrated", "by", by),
        on=on,
        required=required,
        level=level,
    )


MEASUREMENT = MeasurementSpec(
    need="calibration",
    run="evidence.calibration",
    reads={"predictions": "predictions"},
    context=("group", "slices"),
    section="quality",
    drawings=DRAWINGS,
)
