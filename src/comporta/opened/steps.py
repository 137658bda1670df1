"""Every step of Comporta, and every function handed to steps, by its id: where an id becomes a function.

A released id keeps its meaning for ever, and is never given to anything else. A function that moves or gets
another name is followed here, in `functions`; what recipes said before there were ids stands in `former`.
"""

from __future__ import annotations

from comporta.checks.pool import STEPS as MEASURED
from comporta.engine import Steps

_FORMER_EVIDENCE = (
    # Frozen: modules that steps were called after before they had ids.
    "acceptance", "attribute_inference", "backtest", "baselines", "bias", "calibration", "conduct",
    "contamination", "duplicates", "evasion", "expectations", "explanation", "feature_drift",
    "feature_quality", "fit_gap", "identifiers", "importance", "importance_change", "label_errors",
    "learning_curve", "membership", "noise", "parity", "personal_data", "prediction_drift",
    "privacy_structure", "proxy", "reference", "replay", "scenario", "shape", "single_feature", "stress",
    "time_travel", "versus", "weak_slices",
)  # fmt: skip

STEPS = Steps(
    functions={
        # What a version is made of.
        "data.snapshot": "comporta.data.steps:snapshot",
        "data.features": "comporta.data.steps_features:features",
        "data.logged": "comporta.data.steps_logged:logged_rows",
        "train.sample": "comporta.train.steps:sample",
        "train.split": "comporta.train.steps:parts",
        "train.fit": "comporta.train.steps:fit",
        "train.export": "comporta.train.steps:export",
        "train.predict": "comporta.train.steps:predict",
        "train.score": "comporta.train.steps:score",
        # What checks measure of it.
        **MEASURED,
        # What one room lends to the steps of another.
        "train.opened": "comporta.train.asking:open_estimator",
        "train.refitted": "comporta.train.asking:refit_estimator",
        "serve.candidate": "comporta.acts.judge.candidate:serve_candidate",
        "serve.raw": "comporta.acts.judge.request_path:raw",
        "data.counted": "comporta.data.expect_counts:count_breaches",
    },
    former={
        "comporta.data.steps:snapshot": "data.snapshot",
        "comporta.data.steps_features:features": "data.features",
        "comporta.data.steps_logged:logged": "data.logged",
        "comporta.train.steps:sample": "train.sample",
        "comporta.train.steps:parts": "train.split",
        "comporta.train.steps:fit": "train.fit",
        "comporta.train.steps:export": "train.export",
        "comporta.train.steps:predict": "train.predict",
        "comporta.train.steps:score": "train.score",
        "comporta.evidence.folds:out_of_fold": "evidence.out_of_fold",
        **{f"comporta.evidence.{name}:measure": f"evidence.{name}" for name in _FORMER_EVIDENCE},
        "comporta.train.asking:opened": "train.opened",
        "comporta.train.asking:refitted": "train.refitted",
        "comporta.loop.candidate:served": "serve.candidate",
        "comporta.loop.way:raw": "serve.raw",
        "comporta.data.expect_counts:counted": "data.counted",
    },
)
