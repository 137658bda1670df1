"""Evidence in, verdicts out: what stands between a candidate and production. It fails closed."""

from comporta.gates.acceptance import Accepted, accept
from comporta.gates.attribute_inference import AttributeInference, attribute_inference
from comporta.gates.baselines import BeatsBaselines, beats_baselines
from comporta.gates.bias import (
    Fair,
    calibration_parity,
    demographic_parity,
    disparate_impact,
    equal_opportunity,
    equalised_odds,
    error_parity,
)
from comporta.gates.calibration import Calibrated, calibrated
from comporta.gates.champion import NoWorse, no_worse
from comporta.gates.conduct import Never, never
from comporta.gates.contamination import Contamination, contamination
from comporta.gates.duplicates import Duplicates, duplicates
from comporta.gates.evasion import Evasion, evasion
from comporta.gates.expectations import Expectations, expectations
from comporta.gates.explanation import Explained, explained
from comporta.gates.feature_drift import FeatureDrift, feature_drift
from comporta.gates.feature_quality import FeatureQuality, feature_quality
from comporta.gates.fit_gap import FitGap, fit_gap
from comporta.gates.identifiers import Identifiers, identifiers
from comporta.gates.importance_change import ImportanceChange, importance_change
from comporta.gates.judge import asked_at, form, judge, level_of, needs, policy
from comporta.gates.label_errors import LabelErrors, label_errors
from comporta.gates.learning_curve import LearningCurve, learning_curve
from comporta.gates.limit import Limit, at_least, at_most
from comporta.gates.membership import Membership, membership
from comporta.gates.noise import Noise, noise
from comporta.gates.parity import Parity, parity
from comporta.gates.past import Backtest, Replayed, backtest, replayed
from comporta.gates.personal_data import NoPersonalData, no_personal_data
from comporta.gates.prediction_drift import PredictionDrift, prediction_drift
from comporta.gates.privacy_structure import PrivacyStructure, privacy_structure
from comporta.gates.proxy import NoProxy, no_proxy
from comporta.gates.scenario import Scenario, scenario
from comporta.gates.shape import Monotone, Within, monotone, within
from comporta.gates.single_feature import SingleFeature, single_feature
from comporta.gates.standard import Risk, standard
from comporta.gates.stress import Stress, stress
from comporta.gates.time_travel import NoTimeTravel, no_time_travel
from comporta.gates.versus import BetterThanChampion, better_than_champion
from comporta.gates.weak_slices import WeakSlices, weak_slices
from comporta.gates.written import reached

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
    "identifiers",
    "importance_change",
    "judge",
    "label_errors",
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
    "reached",
    "replayed",
    "scenario",
    "single_feature",
    "standard",
    "stress",
    "weak_slices",
    "within",
]
