"""The gates that every model should pass: what a newcomer gets, and a team adds its own to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from comporta.checks.baselines.check import beats_baselines
from comporta.checks.calibration.check import calibrated
from comporta.checks.champion.check import no_worse
from comporta.checks.contamination.check import contamination
from comporta.checks.duplicates.check import duplicates
from comporta.checks.expectations.check import expectations
from comporta.checks.explanation.check import explained
from comporta.checks.feature_drift.check import feature_drift
from comporta.checks.feature_quality.check import feature_quality
from comporta.checks.fit_gap.check import fit_gap
from comporta.checks.identifiers.check import identifiers
from comporta.checks.importance_change.check import importance_change
from comporta.checks.label_errors.check import label_errors
from comporta.checks.leakage.check import leakage
from comporta.checks.learning_curve.check import learning_curve
from comporta.checks.membership.check import membership
from comporta.checks.noise.check import noise
from comporta.checks.parity.check import parity
from comporta.checks.personal_data.check import no_personal_data
from comporta.checks.prediction_drift.check import prediction_drift
from comporta.checks.privacy_structure.check import privacy_structure
from comporta.checks.single_feature.check import single_feature
from comporta.checks.stress.check import stress
from comporta.checks.time_travel.check import no_time_travel
from comporta.checks.weak_slices.check import weak_slices
from comporta.errors import BadProject
from comporta.records import Check

Risk = Literal["low", "medium", "high"]


def standard(
    risk: Risk = "medium", *, timeless: str | Sequence[str] = (), strong: str | Sequence[str] = ()
) -> tuple[Check, ...]:
    """The gates that every model should pass: `gates=(*standard("high"), at_least("recall", 0.5))`.

    What is `required` at every risk is what makes a model worthless or its figures false: data that is not
    what was declared, rows of the test seen in training, features from the future, a feature that is the
    label, alone or as a few together, features that are broken, no more skill than the target's shares, other
    answers in production than in research, personal data in what it reads or says, and being shown to be
    worse than the champion. At `medium` it must be calibrated too; at `high` also explained, steady under
    noise, without a weak slice, and of a build that keeps no rows. The others report.

    The class of risk also sets how deeply a version is judged before it may go live. `low` and `medium` ask
    for the level `release`; the slow checks, at the level `audit`, report. At `high` it must be audited:
    hold up under load and rubbish, and not get worse with more rows. Until
    `comporta gate VERSION --level audit` has asked that, it is not released. Of the slow checks only those
    are required that sound models pass: honest labels are contradicted where classes overlap, and boosted
    trees of their usual settings tell some of their rows, so `label_errors` and `membership` report.

    What it misses: whatever its limits allow, and what few rows do not show, as it refuses only what is shown
    to be a fault. A bias of 12 points passes in 85 % of cases with 500 rows and in 57 % with 2,000, one of 15
    points in 42 % and never; scores that moved by up to half a standard deviation always pass; of 1,000 rows,
    one in twenty of which the champion answers otherwise, a candidate is found worse four times in five from
    3 points of accuracy on. It asks nothing of fairness. Each verdict that passes says what it could have
    seen: docs/reference/gates.md.

    timeless: joined datasets whose rows hold at all times: see `no_time_travel`. strong: see `leakage`.
    As a whole it refuses a sound candidate in at most 5 of 100 cases: docs/reference/checks.md.
    Raises BadProject on another risk.
    """
    careful, severe = _careful(risk), risk == "high"
    return (
        expectations(level="commit"),
        contamination(level="commit"),
        no_time_travel(timeless=timeless, level="commit"),
        single_feature(level="commit"),
        leakage(strong=strong),
        feature_quality(level="commit"),
        identifiers(required=False, level="commit"),
        duplicates(required=False, level="commit"),
        beats_baselines(),
        parity(),
        no_worse(margin=0.01, on="fault"),
        calibrated(required=careful),
        fit_gap(required=False),
        weak_slices(required=severe),
        noise(required=severe),
        no_personal_data(),
        privacy_structure(required=severe),
        membership(required=False),
        prediction_drift(required=False),
        feature_drift(required=False),
        importance_change(required=False),
        explained(required=severe),
        stress(required=severe, level="audit"),
        label_errors(required=False),
        learning_curve(required=severe),
    )


def _careful(risk: Risk) -> bool:
    """Whether more is required than of any model. Raises BadProject on another risk."""
    if risk not in get_args(Risk):
        raise BadProject(f"standard: found the risk {risk!r}, expected one of {', '.join(get_args(Risk))}.")
    return risk != "low"
