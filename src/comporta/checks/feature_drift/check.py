"""Whether the features that matter moved since earlier versions."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import replace

from comporta.checks.feature_drift.figures import FEATURE_DRIFT, IMPORTANCE_BEFORE, WEIGHTED_DRIFT
from comporta.checks.shared.figures import IMPORTANCE
from comporta.checks.shared.judging.arguments import number, usual, whole
from comporta.checks.shared.judging.bounds import Bound, On
from comporta.checks.shared.judging.earlier_versions import is_recent, since_earlier
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.wording import first_names, percent, sentences
from comporta.records import (
    NO_TEXT,
    NUMBER,
    Evidence,
    Figure,
    Level,
    Need,
    Record,
    SliceValue,
    Text,
    Verdict,
    code,
    condition,
    need,
)
from comporta.records.measurement import MeasurementSpec

TITLE = code(
    "check.feature_drift",
    "feature drift: at most {most:g} for important features, {weighted:g} weighted over all",
    most=NUMBER, weighted=NUMBER,
)  # fmt: skip
ONE = code("feature_drift.one", "drift of the feature")
ALL = code("feature_drift.all", "drift of all features, weighted")
EXEMPT = code(
    "feature_drift.exempt",
    "Moved by more than {most:g}, and not judged alone, with under {share:g} % of the importance before and "
    "now: {features}.",
    most=NUMBER, share=NUMBER, features=Text,
)  # fmt: skip


class FeatureDrift(Record, frozen=True, kw_only=True):
    """No feature with at least `share` of the importance, before or now, moved by more than `most`, and all
    together, weighted by importance, by no more than `weighted`. versions: judged, newest first."""

    kind: ClassVar[str] = "feature_drift"
    most: float
    weighted: float
    share: float = 0.02
    versions: int = 1
    on: On = "fault"
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`feature_drift?most=0.25&weighted=0.1`."""
        return identity(self.kind, most=self.most, weighted=self.weighted)

    @property
    def title(self) -> Text:
        """`feature drift: at most 0.25 for important features, 0.1 weighted over all`."""
        return TITLE(most=self.most, weighted=self.weighted)

    def needs(self) -> tuple[Need, ...]:
        """How far each feature moved, and how much of the importance it holds."""
        return (need("feature drift"),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict on each important feature, and on all weighted."""
        (found,) = evidence
        shares = _largest_shares(found.figures)
        drifts = [each for each in found.figures if each.metric == FEATURE_DRIFT.metric]
        exempt = [each for each in drifts if shares.get(_pair(each), 1.0) < self.share]
        bounds = (
            Bound(metric=FEATURE_DRIFT.metric, limit=self.most, on=self.on, what=ONE()),
            Bound(metric=WEIGHTED_DRIFT.metric, limit=self.weighted, on=self.on, what=ALL()),
        )
        judged = tuple(each for each in found.figures if each not in exempt)
        verdict = since_earlier(self, replace(found, figures=judged), bounds, versions=self.versions)
        return replace(verdict, reason=sentences(verdict.reason, self._exempt(exempt)))

    def _exempt(self, exempt: list[Figure]) -> Text:
        """Which features moved that are not judged by themselves, those that moved most first."""
        recent = (each for each in exempt if is_recent(each, self.versions) and each.value > self.most)
        moved = sorted(recent, key=lambda each: -each.value)
        if not moved:
            return NO_TEXT
        names = dict.fromkeys(str(condition(each, "feature")) for each in moved)
        return EXEMPT(most=self.most, share=percent(self.share), features=first_names(tuple(names)))


def _pair(figure: Figure) -> tuple[SliceValue, SliceValue]:
    return condition(figure, "earlier"), condition(figure, "feature")


def _largest_shares(figures: tuple[Figure, ...]) -> dict[tuple[SliceValue, SliceValue], float]:
    """Earlier version and feature → its share of importance then or now, whichever is larger; of none known
    nothing. Evidence of an older Comporta holds that of now alone."""
    now = {condition(each, "feature"): each.value for each in figures if each.metric == IMPORTANCE.metric}
    before = {_pair(each): each.value for each in figures if each.metric == IMPORTANCE_BEFORE.metric}
    pairs = {_pair(each) for each in figures if each.metric == FEATURE_DRIFT.metric}
    found = {
        pair: [each for each in (now.get(pair[1]), before.get(pair)) if each is not None] for pair in pairs
    }
    return {pair: max(known) for pair, known in found.items() if known}


def feature_drift(
    most: float = 0.25,
    *,
    weighted: float = 0.1,
    share: float = 0.02,
    versions: int = 1,
    on: On = "fault",
    required: bool = True,
    level: Level = "release",
) -> FeatureDrift:
    """The features are distributed about as they were: `feature_drift(0.1, weighted=0.05)`.

    Against the stored reference of the `versions` newest earlier versions: each feature over the cells of
    the older one, its twentieths (or its values where it has at most 32, or its words), missing values a
    cell of their own. The drift is as in `prediction_drift`: Pearson's two-sample statistic less what chance
    gives, in the unit of the population stability index. Groups or days count as whole (Rao and Scott 1984).
    Over features and versions it is corrected by Benjamini and Hochberg 1995, and intervals by Benjamini
    and Yekutieli 2005, so that forty steady features do not make two alarms.

    most: the limit of each feature that holds at least `share` of the importance in this version or in the
    older one: a feature that has stuck at a constant, or gone missing, matters to no model fitted since.
    The verdict names those that moved beyond the limit and are not judged alone. weighted: the limit of the
    mean over all, weighted by the mean of the importance then and now, its interval as wide as if all
    features moved together. With `on="fault"`
    it fails where all of an interval is above its limit. First versions: does not apply.
    Where new data is meant to be other data, report it. What it does not see: features that moved only
    together (their correlation), and days without an order: a slow change within a version.
    Raises BadProject on limits below 0 or a share outside 0 to 1.
    """
    usual("feature_drift", on, level)
    return FeatureDrift(
        most=number("feature_drift", "most", most, low=0),
        weighted=number("feature_drift", "weighted", weighted, low=0),
        share=number("feature_drift", "share", share, low=0, high=1),
        versions=whole("feature_drift", "versions", versions, low=1, high=100),
        on=on,
        required=required,
        level=level,
    )


MEASUREMENT = MeasurementSpec(
    need="feature drift",
    run="evidence.feature_drift",
    reads={"predictions": "predictions", "importance": "importance"},
    variadic=("earlier",),
    context=("group",),
    section="champion",
)
