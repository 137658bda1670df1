"""What a check can need, and how each is made: the table of the evidence pool.

Each expensive thing is made once per candidate and only if something needs it. Beside these the pool holds
what every candidate has: `train`, `test`, `model`, `signature`, `predictions` (of the test rows), `scores`,
`parity`, `trial`, `onnx`; of the champion, where there is one, `champion model`, `champion signature`,
`champion train`, `champion predictions`; `earlier`: the `reference` of each earlier version; and `logged`:
the requests of production whose labels have come, as `comporta.data.steps_logged` makes them. `bundle` and
`code` are there where a version makes its features by other code than the project's of today.
"""

from __future__ import annotations

from comporta.checks.measurement import MeasurementSpec

_MODEL = {"model": "model", "signature": "signature"}

POOL: dict[str, MeasurementSpec] = {
    # Shared by several needs.
    "train predictions": MeasurementSpec(
        run="train.predict",
        reads={**_MODEL, "table": "train"},
        output="predictions",
    ),
    "oof": MeasurementSpec(
        run="evidence.out_of_fold",
        reads={"train": "train", "signature": "signature"},
        tools=("fit", "refitted"),
        tells=("group", "params", "task", "output", "split"),
        output="predictions",
        cost=3,
    ),
    "reference": MeasurementSpec(
        run="evidence.reference",
        reads={"predictions": "predictions", "signature": "signature"},
        may={"importance": "importance"},
        tells=("group",),
        output="reference",
    ),
    # 1 to 4: figures, slices, and what has changed since earlier versions.
    "weak slices": MeasurementSpec(
        run="evidence.weak_slices",
        reads={"predictions": "predictions"},
        tells=("group",),
        cost=2,
    ),
    "prediction drift": MeasurementSpec(
        run="evidence.prediction_drift",
        reads={"predictions": "predictions"},
        may={"champion": "champion predictions", "champion_train": "champion train"},
        many=("earlier",),
        tells=("group",),
    ),
    "feature drift": MeasurementSpec(
        run="evidence.feature_drift",
        reads={"predictions": "predictions", "importance": "importance"},
        many=("earlier",),
        tells=("group",),
    ),
    "importance": MeasurementSpec(
        run="evidence.importance",
        reads={**_MODEL, "test": "test"},
        tools=("opened",),
        tells=("group",),
        cost=2,
    ),
    "importance change": MeasurementSpec(
        run="evidence.importance_change",
        reads={"importance": "importance"},
        many=("earlier",),
    ),
    # 5, 6, 12, 13, 18: how it behaves when pushed.
    "noise": MeasurementSpec(
        run="evidence.noise",
        reads={**_MODEL, "test": "test"},
        tools=("opened",),
        tells=("group",),
        cost=2,
    ),
    "scenario": MeasurementSpec(
        run="evidence.scenario",
        reads={**_MODEL, "test": "test"},
        tools=("opened",),
        tells=("group",),
    ),
    "stress": MeasurementSpec(
        run="evidence.stress",
        reads={**_MODEL, "test": "test", "parity": "parity", "trial": "trial"},
        may={"onnx": "onnx", "bundle": "bundle", "code": "code"},
        many=("tables",),
        tools=("opened", "served", "raw"),
        tells=("machine", "way"),
        cost=3,
    ),
    "parity": MeasurementSpec(
        run="evidence.parity",
        reads={**_MODEL, "predictions": "predictions", "parity": "parity", "trial": "trial"},
        may={"onnx": "onnx", "bundle": "bundle", "code": "code"},
        many=("tables",),
        tools=("opened", "served", "raw"),
        tells=("way",),
        cost=2,
    ),
    "evasion": MeasurementSpec(
        run="evidence.evasion",
        reads={**_MODEL, "test": "test"},
        tools=("opened",),
        tells=("group",),
        cost=3,
    ),
    "acceptance": MeasurementSpec(
        run="evidence.acceptance",
        reads={**_MODEL, "test": "test", "train": "train", "predictions": "predictions"},
        tools=("opened",),
    ),
    # 7, 14: fairness and privacy.
    "bias": MeasurementSpec(
        run="evidence.bias",
        reads={"predictions": "predictions"},
        tells=("group",),
    ),
    "conduct": MeasurementSpec(
        run="evidence.conduct",
        reads={**_MODEL, "predictions": "predictions"},
        tools=("opened",),
    ),
    "proxy": MeasurementSpec(
        run="evidence.proxy",
        reads={"predictions": "predictions", "signature": "signature"},
        tells=("group",),
        cost=2,
    ),
    "membership": MeasurementSpec(
        run="evidence.membership",
        reads={**_MODEL, "train": "train", "test": "test"},
        tools=("opened", "fit", "refitted"),
        tells=("params", "task", "output", "group"),
        cost=3,
    ),
    "attribute inference": MeasurementSpec(
        run="evidence.attribute_inference",
        reads={**_MODEL, "train": "train", "test": "test"},
        tools=("opened",),
        tells=("group",),
        cost=3,
    ),
    "privacy structure": MeasurementSpec(
        run="evidence.privacy_structure",
        reads={**_MODEL, "train": "train"},
        tools=("opened",),
    ),
    "personal data": MeasurementSpec(
        run="evidence.personal_data",
        reads={**_MODEL, "train": "train", "test": "test"},
        may={"onnx": "onnx", "trial": "trial"},
    ),
    # 8, 9: faults of the data.
    "label errors": MeasurementSpec(
        run="evidence.label_errors",
        reads={"oof": "oof"},
        tells=("group",),
        cost=3,
    ),
    "expectations": MeasurementSpec(
        run="evidence.expectations",
        many=("tables",),
        tools=("counted",),
        tells=("shapes",),
        fatal=True,
    ),
    "duplicates": MeasurementSpec(run="evidence.duplicates", reads={"train": "train"}),
    "feature quality": MeasurementSpec(
        run="evidence.feature_quality",
        reads={"train": "train", "test": "test"},
        fatal=True,
    ),
    "contamination": MeasurementSpec(
        run="evidence.contamination",
        reads={"train": "train", "test": "test"},
        tells=("split", "known"),
        fatal=True,
    ),
    "single feature": MeasurementSpec(
        run="evidence.single_feature",
        reads={"train": "train", "predictions": "predictions"},
        tells=("group",),
        fatal=True,
    ),
    "identifiers": MeasurementSpec(run="evidence.identifiers", reads={"train": "train"}, fatal=True),
    "time travel": MeasurementSpec(
        run="evidence.time_travel",
        reads={"train": "train", "test": "test"},
        tells=("known",),
        fatal=True,
    ),
    # 10, 11, 15: how well it has learned.
    "fit gap": MeasurementSpec(
        run="evidence.fit_gap",
        reads={"train": "train predictions", "test": "predictions"},
        tells=("group",),
    ),
    "baselines": MeasurementSpec(
        run="evidence.baselines",
        reads={"predictions": "predictions", "train": "train"},
        tells=("group",),
    ),
    "learning curve": MeasurementSpec(
        run="evidence.learning_curve",
        reads={"train": "train", "predictions": "predictions", "signature": "signature"},
        tools=("fit", "refitted"),
        tells=("group", "params", "task", "output"),
        cost=3,
    ),
    "backtest": MeasurementSpec(
        run="evidence.backtest",
        reads={"train": "train", "test": "test", "signature": "signature"},
        tools=("fit", "refitted"),
        tells=("split", "params", "task", "output", "group"),
        cost=3,
    ),
    "replay": MeasurementSpec(
        run="evidence.replay",
        reads={**_MODEL, "train": "train"},
        may={"logged": "logged"},
        tools=("opened",),
        tells=("group",),
    ),
    "calibration": MeasurementSpec(
        run="evidence.calibration",
        reads={"predictions": "predictions"},
        tells=("group", "slices"),
    ),
    # 16, 17
    "versus": MeasurementSpec(
        run="evidence.versus",
        reads={"predictions": "predictions", "train": "train"},
        may={"champion": "champion predictions", "champion_train": "champion train"},
        tells=("group",),
    ),
    "explanation": MeasurementSpec(
        run="evidence.explanation",
        reads={**_MODEL, "test": "test"},
        tools=("opened",),
        tells=("group",),
        cost=2,
    ),
    "shape": MeasurementSpec(
        run="evidence.shape",
        reads={**_MODEL, "test": "test"},
        tools=("opened",),
        cost=2,
    ),
}
