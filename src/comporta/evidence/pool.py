"""What a check can need, and how each is made: the table of the evidence pool.

Each expensive thing is made once per candidate and only if something needs it. Beside these the pool holds
what every candidate has: `train`, `test`, `model`, `signature`, `predictions` (of the test rows), `scores`,
`parity`, `trial`, `onnx`; of the champion, where there is one, `champion model`, `champion signature`,
`champion train`, `champion predictions`; `earlier`: the `reference` of each earlier version; and `logged`:
the requests of production whose labels have come, as `comporta.data.steps_logged` makes them. `bundle` and
`code` are there where a version makes its features by other code than the project's of today.
"""

from __future__ import annotations

from comporta.evidence.maker import Maker

_MODEL = {"model": "model", "signature": "signature"}
_ROOM = "comporta.evidence"

POOL: dict[str, Maker] = {
    # Shared by several needs.
    "train predictions": Maker(
        run="comporta.train.steps:predict",
        reads={**_MODEL, "table": "train"},
        output="predictions",
    ),
    "oof": Maker(
        run=f"{_ROOM}.folds:out_of_fold",
        reads={"train": "train", "signature": "signature"},
        tools=("fit", "refitted"),
        tells=("group", "params", "task", "output", "split"),
        output="predictions",
        cost=3,
    ),
    "reference": Maker(
        run=f"{_ROOM}.reference:measure",
        reads={"predictions": "predictions", "signature": "signature"},
        may={"importance": "importance"},
        tells=("group",),
        output="reference",
    ),
    # 1 to 4: figures, slices, and what has changed since earlier versions.
    "weak slices": Maker(
        run=f"{_ROOM}.weak_slices:measure",
        reads={"predictions": "predictions"},
        tells=("group",),
        cost=2,
    ),
    "prediction drift": Maker(
        run=f"{_ROOM}.prediction_drift:measure",
        reads={"predictions": "predictions"},
        may={"champion": "champion predictions", "champion_train": "champion train"},
        many=("earlier",),
        tells=("group",),
    ),
    "feature drift": Maker(
        run=f"{_ROOM}.feature_drift:measure",
        reads={"predictions": "predictions", "importance": "importance"},
        many=("earlier",),
        tells=("group",),
    ),
    "importance": Maker(
        run=f"{_ROOM}.importance:measure",
        reads={**_MODEL, "test": "test"},
        tools=("opened",),
        tells=("group",),
        cost=2,
    ),
    "importance change": Maker(
        run=f"{_ROOM}.importance_change:measure",
        reads={"importance": "importance"},
        many=("earlier",),
    ),
    # 5, 6, 12, 13, 18: how it behaves when pushed.
    "noise": Maker(
        run=f"{_ROOM}.noise:measure",
        reads={**_MODEL, "test": "test"},
        tools=("opened",),
        tells=("group",),
        cost=2,
    ),
    "scenario": Maker(
        run=f"{_ROOM}.scenario:measure",
        reads={**_MODEL, "test": "test"},
        tools=("opened",),
        tells=("group",),
    ),
    "stress": Maker(
        run=f"{_ROOM}.stress:measure",
        reads={**_MODEL, "test": "test", "parity": "parity", "trial": "trial"},
        may={"onnx": "onnx", "bundle": "bundle", "code": "code"},
        many=("tables",),
        tools=("opened", "served", "raw"),
        tells=("machine", "way"),
        cost=3,
    ),
    "parity": Maker(
        run=f"{_ROOM}.parity:measure",
        reads={**_MODEL, "predictions": "predictions", "parity": "parity", "trial": "trial"},
        may={"onnx": "onnx", "bundle": "bundle", "code": "code"},
        many=("tables",),
        tools=("opened", "served", "raw"),
        tells=("way",),
        cost=2,
    ),
    "evasion": Maker(
        run=f"{_ROOM}.evasion:measure",
        reads={**_MODEL, "test": "test"},
        tools=("opened",),
        tells=("group",),
        cost=3,
    ),
    "acceptance": Maker(
        run=f"{_ROOM}.acceptance:measure",
        reads={**_MODEL, "test": "test", "train": "train", "predictions": "predictions"},
        tools=("opened",),
    ),
    # 7, 14: fairness and privacy.
    "bias": Maker(
        run=f"{_ROOM}.bias:measure",
        reads={"predictions": "predictions"},
        tells=("group",),
    ),
    "conduct": Maker(
        run=f"{_ROOM}.conduct:measure",
        reads={**_MODEL, "predictions": "predictions"},
        tools=("opened",),
    ),
    "proxy": Maker(
        run=f"{_ROOM}.proxy:measure",
        reads={"predictions": "predictions", "signature": "signature"},
        tells=("group",),
        cost=2,
    ),
    "membership": Maker(
        run=f"{_ROOM}.membership:measure",
        reads={**_MODEL, "train": "train", "test": "test"},
        tools=("opened", "fit", "refitted"),
        tells=("params", "task", "output", "group"),
        cost=3,
    ),
    "attribute inference": Maker(
        run=f"{_ROOM}.attribute_inference:measure",
        reads={**_MODEL, "train": "train", "test": "test"},
        tools=("opened",),
        tells=("group",),
        cost=3,
    ),
    "privacy structure": Maker(
        run=f"{_ROOM}.privacy_structure:measure",
        reads={**_MODEL, "train": "train"},
        tools=("opened",),
    ),
    "personal data": Maker(
        run=f"{_ROOM}.personal_data:measure",
        reads={**_MODEL, "train": "train", "test": "test"},
        may={"onnx": "onnx", "trial": "trial"},
    ),
    # 8, 9: faults of the data.
    "label errors": Maker(
        run=f"{_ROOM}.label_errors:measure",
        reads={"oof": "oof"},
        tells=("group",),
        cost=3,
    ),
    "expectations": Maker(
        run=f"{_ROOM}.expectations:measure",
        many=("tables",),
        tools=("counted",),
        tells=("shapes",),
        fatal=True,
    ),
    "duplicates": Maker(run=f"{_ROOM}.duplicates:measure", reads={"train": "train"}),
    "feature quality": Maker(
        run=f"{_ROOM}.feature_quality:measure",
        reads={"train": "train", "test": "test"},
        fatal=True,
    ),
    "contamination": Maker(
        run=f"{_ROOM}.contamination:measure",
        reads={"train": "train", "test": "test"},
        tells=("split", "known"),
        fatal=True,
    ),
    "single feature": Maker(
        run=f"{_ROOM}.single_feature:measure",
        reads={"train": "train", "predictions": "predictions"},
        tells=("group",),
        fatal=True,
    ),
    "identifiers": Maker(run=f"{_ROOM}.identifiers:measure", reads={"train": "train"}, fatal=True),
    "time travel": Maker(
        run=f"{_ROOM}.time_travel:measure",
        reads={"train": "train", "test": "test"},
        tells=("known",),
        fatal=True,
    ),
    # 10, 11, 15: how well it has learned.
    "fit gap": Maker(
        run=f"{_ROOM}.fit_gap:measure",
        reads={"train": "train predictions", "test": "predictions"},
        tells=("group",),
    ),
    "baselines": Maker(
        run=f"{_ROOM}.baselines:measure",
        reads={"predictions": "predictions", "train": "train"},
        tells=("group",),
    ),
    "learning curve": Maker(
        run=f"{_ROOM}.learning_curve:measure",
        reads={"train": "train", "predictions": "predictions", "signature": "signature"},
        tools=("fit", "refitted"),
        tells=("group", "params", "task", "output"),
        cost=3,
    ),
    "backtest": Maker(
        run=f"{_ROOM}.backtest:measure",
        reads={"train": "train", "test": "test", "signature": "signature"},
        tools=("fit", "refitted"),
        tells=("split", "params", "task", "output", "group"),
        cost=3,
    ),
    "replay": Maker(
        run=f"{_ROOM}.replay:measure",
        reads={**_MODEL, "train": "train"},
        may={"logged": "logged"},
        tools=("opened",),
        tells=("group",),
    ),
    "calibration": Maker(
        run=f"{_ROOM}.calibration:measure",
        reads={"predictions": "predictions"},
        tells=("group", "slices"),
    ),
    # 16, 17
    "versus": Maker(
        run=f"{_ROOM}.versus:measure",
        reads={"predictions": "predictions", "train": "train"},
        may={"champion": "champion predictions", "champion_train": "champion train"},
        tells=("group",),
    ),
    "explanation": Maker(
        run=f"{_ROOM}.explanation:measure",
        reads={**_MODEL, "test": "test"},
        tools=("opened",),
        tells=("group",),
        cost=2,
    ),
    "shape": Maker(
        run=f"{_ROOM}.shape:measure",
        reads={**_MODEL, "test": "test"},
        tools=("opened",),
        cost=2,
    ),
}
