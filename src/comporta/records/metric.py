"""What a model can be measured by: scikit-learn's names, and which way is better."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Literal

from comporta.errors import BadProject, wording
from comporta.records.record import Record

ModelTask = Literal["binary", "multiclass", "regression"]
"""What a model predicts: one of two classes, one of several, or a number."""


class Metric(Record, frozen=True):
    """needs: what of a prediction it reads. usual: measured where nothing else is asked for. positive: of two
    classes it is another where the other is the positive one.

    higher: whether more is better. tasks: where it can be measured; with more than two classes,
    precision, recall, f1 and average_precision are the plain mean over classes, roc_auc the plain mean
    of one class against the rest.
    """

    name: str
    higher: bool
    tasks: tuple[ModelTask, ...]
    needs: Literal["label", "probability", "number"]
    usual: bool = False
    positive: bool = False


_CLASSES: tuple[ModelTask, ...] = ("binary", "multiclass")

METRICS: dict[str, Metric] = {
    each.name: each
    for each in (
        Metric("roc_auc", True, _CLASSES, "probability", True),
        Metric("average_precision", True, _CLASSES, "probability", True, True),
        Metric("log_loss", False, _CLASSES, "probability", True),
        Metric("brier", False, _CLASSES, "probability", True),
        Metric("accuracy", True, _CLASSES, "label", True),
        Metric("balanced_accuracy", True, _CLASSES, "label", True),
        Metric("precision", True, _CLASSES, "label", positive=True),
        Metric("recall", True, _CLASSES, "label", positive=True),
        Metric("f1", True, _CLASSES, "label", True, True),
        Metric("mcc", True, _CLASSES, "label"),
        Metric("mae", False, ("regression",), "number", True),
        Metric("rmse", False, ("regression",), "number", True),
        Metric("r2", True, ("regression",), "number", True),
        Metric("median_ae", False, ("regression",), "number"),
        Metric("mape", False, ("regression",), "number"),
    )
}


MAIN = "main"
"""Asked for where no metric is named: the first of these that the predictions can have."""

MAINS = ("roc_auc", "accuracy", "r2")


def metric(name: str) -> Metric:
    """The metric of this name. Raises BadProject, with the names that are near."""
    found = METRICS.get(name) if isinstance(name, str) else None
    if found is None:
        raise BadProject(f"metric: {unknown_metric(name)}")
    return found


def unknown_metric(name: str) -> str:
    """What was found instead of a metric, and the names that are near."""
    near = (isinstance(name, str) and get_close_matches(name, METRICS, n=3)) or sorted(METRICS)
    return wording(f"found {name!r}, expected one of {', '.join(near)}.")
