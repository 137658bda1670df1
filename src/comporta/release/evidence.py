"""What the counts of a plan show: of each metric the evidence for each question, and its ratio."""

from __future__ import annotations

from comporta.records import Record

SAMPLE_RATIO_ALPHA = 0.001
"""Of the check that arms get as many units as they are meant to."""


class RatioInterval(Record, frozen=True, kw_only=True):
    """The canary's figure over the control's, with bounds that hold at every look; NaN where not defined."""

    estimate: float
    low: float
    high: float


class MetricEvidence(Record, frozen=True, kw_only=True):
    """harm, non_inferior, superior: logarithms of e-values, each against its opposite. canary, control: the
    figure of each arm among labelled units. units: in the smaller arm; unlabelled: their share in both."""

    harm: float
    non_inferior: float
    superior: float
    ratio: RatioInterval
    canary: float
    control: float
    units: int
    unlabelled: float
