"""What several checks read, each measured once: predictions of the training rows, predictions out of fold,
the reference that later versions are compared with, and the importance of features."""

from __future__ import annotations

from comporta.records import MeasurementSpec

TRAIN_PREDICTIONS = MeasurementSpec(
    need="train predictions",
    run="train.predict",
    reads={"model": "model", "signature": "signature", "table": "train"},
    output="predictions",
)

OUT_OF_FOLD = MeasurementSpec(
    need="oof",
    run="evidence.out_of_fold",
    reads={"train": "train", "signature": "signature"},
    functions=("fit", "refitted"),
    context=("group", "params", "task", "output", "split"),
    output="predictions",
    cost=3,
)

REFERENCE = MeasurementSpec(
    need="reference",
    run="evidence.reference",
    reads={"predictions": "predictions", "signature": "signature"},
    optional={"importance": "importance"},
    context=("group",),
    output="reference",
)

IMPORTANCE = MeasurementSpec(
    need="importance",
    section="behaviour",
    run="evidence.importance",
    reads={"model": "model", "signature": "signature", "test": "test"},
    functions=("opened",),
    context=("group",),
    cost=2,
)

SHARED: dict[MeasurementSpec, str] = {
    TRAIN_PREDICTIONS: "comporta.train.steps:predict",
    OUT_OF_FOLD: "comporta.checks.shared.measuring.out_of_fold:out_of_fold",
    REFERENCE: "comporta.checks.shared.measuring.reference:measure",
    IMPORTANCE: "comporta.checks.shared.measuring.importance:measure",
}
"""Each with the function of its step."""
