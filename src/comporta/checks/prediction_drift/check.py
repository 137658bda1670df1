"""Whether the answers moved further than a new version's should."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import replace

from comporta.checks.prediction_drift.draw import DRAWINGS
from comporta.checks.prediction_drift.figures import DECISION_DRIFT, RATE_RATIO, SCORE_DRIFT
from comporta.checks.shared.judging.arguments import number, usual, whole
from comporta.checks.shared.judging.bounds import Bound, On
from comporta.checks.shared.judging.earlier_versions import since_earlier
from comporta.checks.shared.judging.identity import identity
from comporta.records import NUMBER, Evidence, Figure, Level, Need, Record, Text, Verdict, code, need
from comporta.records.measurement import MeasurementSpec

TITLE = code(
    "check.prediction_drift", "prediction drift at most {most:g}, class rates at most {rates:g} times",
    most=NUMBER, rates=NUMBER,
)  # fmt: skip
SCORES = code("prediction_drift.scores", "drift of scores")
DECISIONS = code("prediction_drift.decisions", "drift of decisions")
RATES = code("prediction_drift.rates", "ratio of the rates of a class")

_STILL = {SCORE_DRIFT.metric: 0.0, DECISION_DRIFT.metric: 0.0, RATE_RATIO.metric: 1.0}
"""Figure → its value where nothing moved."""


class PredictionDrift(Record, frozen=True, kw_only=True):
    """Scores and decisions moved by at most `most`, and no class is decided `rates` times as often or as
    seldom. versions: how many earlier ones are judged, newest first; the champion always is."""

    kind: ClassVar[str] = "prediction_drift"
    most: float
    rates: float
    versions: int = 1
    on: On = "fault"
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`prediction_drift?most=0.25&rates=1.25`."""
        return identity(self.kind, most=self.most, rates=self.rates)

    @property
    def title(self) -> Text:
        """`prediction drift at most 0.25, class rates at most 1.25 times`."""
        return TITLE(most=self.most, rates=self.rates)

    def needs(self) -> tuple[Need, ...]:
        """How far the answers moved."""
        return (need("prediction drift"),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict on scores, decisions and the rate of each class."""
        (found,) = evidence
        bounds = (
            Bound(metric=SCORE_DRIFT.metric, limit=self.most, on=self.on, what=SCORES()),
            Bound(metric=DECISION_DRIFT.metric, limit=self.most, on=self.on, what=DECISIONS()),
            Bound(metric=RATE_RATIO.metric, limit=self.rates, on=self.on, what=RATES()),
        )
        figures = tuple(map(_beyond_chance, found.figures)) if self.on == "value" else found.figures
        return since_earlier(self, replace(found, figures=figures), bounds, versions=self.versions)


def _beyond_chance(figure: Figure) -> Figure:
    """As if nothing had moved, where the interval says that chance alone may have made it so: between two
    samples of one population a class of ten rows is decided 1.5 times as often in half of the cases."""
    still = _STILL.get(figure.metric)
    if still is None or figure.low is None or figure.low > still:
        return figure
    return replace(figure, value=still)


def prediction_drift(
    most: float = 0.25,
    *,
    rates: float = 1.25,
    versions: int = 1,
    on: On = "fault",
    required: bool = True,
    level: Level = "release",
) -> PredictionDrift:
    """The answers are about what they were: `prediction_drift(0.1, rates=1.5)`.

    Against the champion on the same rows, less those it was trained on, and against the stored reference of
    the `versions` newest earlier versions, each on its own test rows. Scores are counted in the twentieths
    of the older version, decisions by class. The drift is the sum over cells of (p - q)^2 over the mean of
    p and q, less what chance alone gives, with an interval from the noncentral chi-square: on the same rows
    by Wald's test of marginal homogeneity (Bhapkar 1966), else by Pearson's of two samples, whose statistic
    is (1/n + 1/m) times a chi-square where nothing moved. Groups or days count as whole (Rao and Scott
    1984). For small changes it is the population stability index, but never held against 0.1 without its
    interval. most: the limit of that.

    rates: how many times as often or as seldom a class may be decided; of two classes the rarer one. On the
    same rows exact as McNemar's test is, else exact by Przyborowski and Wilenski 1940 up to a rate of 5 %,
    so that 0.2 % that became 0.4 % is seen where no histogram moves: nearly always on 50,000 rows and more,
    in two of three cases on 20,000. All intervals of rates, and all others, hold together at 95 %
    (Bonferroni).

    The verdict tells beside each ratio what chance alone gives. With `on="fault"` it fails where all of an
    interval is above its limit, with `on="value"` where the value is and chance alone would not make it.
    First versions: does not apply.
    A better model may rightly answer otherwise, and one fitted on 2,000 rows with a rare class does each
    time (half of such refits fail the defaults, none on 20,000): require it where answers must be steady,
    else report it.
    What it does not see: answers that changed places between rows while their shares stayed.
    Raises BadProject on a limit below 0, or rates below 1.
    """
    usual("prediction_drift", on, level)
    return PredictionDrift(
        most=number("prediction_drift", "most", most, low=0),
        rates=number("prediction_drift", "rates", rates, low=1),
        versions=whole("prediction_drift", "versions", versions, low=0, high=100),
        on=on,
        required=required,
        level=level,
    )


MEASUREMENT = MeasurementSpec(
    need="prediction drift",
    run="evidence.prediction_drift",
    reads={"predictions": "predictions"},
    optional={"champion": "champion predictions", "champion_train": "champion train"},
    variadic=("earlier",),
    context=("group",),
    section="champion",
    drawings=DRAWINGS,
)
