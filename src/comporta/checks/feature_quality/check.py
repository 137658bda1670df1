"""Whether features say something, and still do on the test rows."""

from __future__ import annotations

from typing import ClassVar

from comporta.checks.feature_quality import figures
from comporta.checks.shared.judging.arguments import check_choice, number, whole
from comporta.checks.shared.judging.bounds import Bound, within_bounds
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.wording import percent
from comporta.records import LEVELS, NUMBER, Evidence, Level, Need, Record, Text, Verdict, code, need
from comporta.records.measurement import MeasurementSpec

MOST = 1_000_000

TITLE = code("check.feature_quality", "feature quality: at most {limits}", limits=tuple)
BROKEN = code("check.feature_quality.broken", "{count} broken", count=int)
IDLE = code("check.feature_quality.idle", "{count} idle", count=int)
OUTLIERS = code("check.feature_quality.outliers", "{share:g} % of values far outside", share=NUMBER)
FOUND = code("feature_quality.broken", "broken features:")


class FeatureQuality(Record, frozen=True, kw_only=True):
    """How many features may be broken or idle, and how many values far outside; None: only told."""

    kind: ClassVar[str] = "feature_quality"
    broken: int
    idle: int | None
    outliers: float | None
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`feature_quality?broken=0`."""
        return identity(self.kind, broken=self.broken, idle=self.idle, outliers=self.outliers)

    @property
    def title(self) -> Text:
        """`feature quality: at most 0 broken`."""
        limits: list[Text] = [BROKEN(count=self.broken)]
        limits += [IDLE(count=self.idle)] if self.idle is not None else []
        limits += [OUTLIERS(share=percent(self.outliers))] if self.outliers is not None else []
        return TITLE(limits=tuple(limits))

    def needs(self) -> tuple[Need, ...]:
        """Every feature, looked at on all rows."""
        return (need("feature quality"),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict on what is limited; the worst decides."""
        (found,) = evidence
        bounds = [Bound(metric=figures.BROKEN.metric, limit=self.broken, what=FOUND())]
        if self.idle is not None:
            bounds.append(Bound(metric=figures.IDLE.metric, limit=self.idle))
        far = figures.FAR_OUTSIDE.metric
        if self.outliers is not None and any(each.metric == far for each in found.figures):
            bounds.append(Bound(metric=far, limit=self.outliers))
        return within_bounds(self, found, bounds)


def feature_quality(
    *,
    broken: int = 0,
    idle: int | None = None,
    outliers: float | None = None,
    required: bool = True,
    level: Level = "release",
) -> FeatureQuality:
    """Features are sound: `feature_quality(idle=0, outliers=0.01)`.

    Broken: it has infinite values, or is empty or constant on the test rows where in training it was not,
    with a chance below one in a million had nothing changed. Chance counts what was tried: rows in a split at
    random, whole groups in a split by group; in a split by time what stays for long, such as the month, a
    day's price or a holiday, counts as often as it changes, and a value that training held once for as many
    rows, or as long, is no fault. What may be chance is told in the evidence. Idle: empty or constant in
    training. Outliers: the share of a feature's training values further from its quartiles than ten times
    their distance (Tukey's far out values lie beyond three); the worst feature is judged. All rows are read.
    Idle features and outliers are only told by default, as they harm no prediction by themselves; so are
    features that have one value in 99.9 % of the rows. The evidence names the features and why.

    What it does not see: a feature whose values changed but vary (see feature drift); one that sticks for
    fewer than about 15 of its usual changes, or in fewer test groups than about five; rows that are odd only
    in the combination of their values; outliers of a feature whose quartiles are one value.
    Raises BadProject on a negative number, or outliers outside of 0 to 1.
    """
    check_choice("feature_quality", "level", level, LEVELS)
    return FeatureQuality(
        broken=whole("feature_quality", "broken", broken, low=0, high=MOST),
        idle=None if idle is None else whole("feature_quality", "idle", idle, low=0, high=MOST),
        outliers=None if outliers is None else number("feature_quality", "outliers", outliers, low=0, high=1),
        required=required,
        level=level,
    )


MEASUREMENT = MeasurementSpec(
    need="feature quality",
    run="evidence.feature_quality",
    reads={"train": "train", "test": "test"},
    context=("split", "group"),
    fatal=True,
    section="data",
)
