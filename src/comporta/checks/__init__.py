"""Evidence in, verdicts out: what stands between a candidate and production. It fails closed."""

from comporta.checks.acceptance.check import Accepted, accept
from comporta.checks.attribute_inference.check import AttributeInference, attribute_inference
from comporta.checks.backtest.check import Backtest, backtest
from comporta.checks.baselines.check import BeatsBaselines, beats_baselines
from comporta.checks.better_than_champion.check import BetterThanChampion, better_than_champion
from comporta.checks.calibration.check import Calibrated, calibrated
from comporta.checks.champion.check import NoWorse, no_worse
from comporta.checks.conduct.check import Never, never
from comporta.checks.contamination.check import Contamination, contamination
from comporta.checks.duplicates.check import Duplicates, duplicates
from comporta.checks.evasion.check import Evasion, evasion
from comporta.checks.expectations.check import Expectations, expectations
from comporta.checks.explanation.check import Explained, explained
from comporta.checks.fairness.check import (
    Fair,
    calibration_parity,
    demographic_parity,
    disparate_impact,
    equal_opportunity,
    equalised_odds,
    error_parity,
)
from comporta.checks.feature_drift.check import FeatureDrift, feature_drift
from comporta.checks.feature_quality.check import FeatureQuality, feature_quality
from comporta.checks.fit_gap.check import FitGap, fit_gap
from comporta.checks.identifiers.check import Identifiers, identifiers
from comporta.checks.importance_change.check import ImportanceChange, importance_change
from comporta.checks.judge import asked_at, form, judge, level_of, needs, policy
from comporta.checks.label_errors.check import LabelErrors, label_errors
from comporta.checks.leakage.check import Leakage, leakage
from comporta.checks.learning_curve.check import LearningCurve, learning_curve
from comporta.checks.limit.check import Limit, at_least, at_most
from comporta.checks.membership.check import Membership, membership
from comporta.checks.noise.check import Noise, noise
from comporta.checks.parity.check import Parity, parity
from comporta.checks.personal_data.check import NoPersonalData, no_personal_data
from comporta.checks.prediction_drift.check import PredictionDrift, prediction_drift
from comporta.checks.privacy_structure.check import PrivacyStructure, privacy_structure
from comporta.checks.proxy.check import NoProxy, no_proxy
from comporta.checks.replay.check import Replayed, replayed
from comporta.checks.scenario.check import Scenario, scenario
from comporta.checks.shape.check import Monotone, Within, monotone, within
from comporta.checks.single_feature.check import SingleFeature, single_feature
from comporta.checks.standard import Risk, standard
from comporta.checks.stress.check import Stress, stress
from comporta.checks.time_travel.check import NoTimeTravel, no_time_travel
from comporta.checks.weak_slices.check import WeakSlices, weak_slices
from comporta.checks.written import functions_in

__all__ = [
    "Accepted",
    "AttributeInference",
    "Backtest",
    "BeatsBaselines",
    "BetterThanChampion",
    "Calibrated",
    "Contamination",
    "Duplicates",
    "Evasion",
    "Expectations",
    "Explained",
    "Fair",
    "FeatureDrift",
    "FeatureQuality",
    "FitGap",
    "Identifiers",
    "ImportanceChange",
    "LabelErrors",
    "Leakage",
    "LearningCurve",
    "Limit",
    "Membership",
    "Monotone",
    "Never",
    "NoPersonalData",
    "NoProxy",
    "NoTimeTravel",
    "NoWorse",
    "Noise",
    "Parity",
    "PredictionDrift",
    "PrivacyStructure",
    "Replayed",
    "Risk",
    "Scenario",
    "SingleFeature",
    "Stress",
    "WeakSlices",
    "Within",
    "accept",
    "asked_at",
    "at_least",
    "at_most",
    "attribute_inference",
    "backtest",
    "beats_baselines",
    "better_than_champion",
    "calibrated",
    "calibration_parity",
    "contamination",
    "demographic_parity",
    "disparate_impact",
    "duplicates",
    "equal_opportunity",
    "equalised_odds",
    "error_parity",
    "evasion",
    "expectations",
    "explained",
    "feature_drift",
    "feature_quality",
    "fit_gap",
    "form",
    "functions_in",
    "identifiers",
    "importance_change",
    "judge",
    "label_errors",
    "leakage",
    "learning_curve",
    "level_of",
    "membership",
    "monotone",
    "needs",
    "never",
    "no_personal_data",
    "no_proxy",
    "no_time_travel",
    "no_worse",
    "noise",
    "parity",
    "policy",
    "prediction_drift",
    "privacy_structure",
    "replayed",
    "scenario",
    "single_feature",
    "standard",
    "stress",
    "weak_slices",
    "within",
]
