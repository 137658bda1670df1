"""An estimator's answers as its signature has them: the positive class second, called from a threshold on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import UNSET
from msgspec.structs import replace

from comporta.errors import BadProject, wording
from comporta.records import Attribution, Signature, TreeEnsemble
from comporta.stats.classes import class_text, labels_from

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Columns = tuple[NDArray[Any] | None, NDArray[Any] | None]


def with_decision(signature: Signature, name: str, positive: str, threshold: float | None) -> Signature:
    """The signature with this class second, and this threshold. name: of the training function. Raises
    BadProject where the classes are others, or more."""
    if not positive and threshold is None:
        return signature
    what = "positive" if positive else "threshold"
    if signature.task != "binary" or len(signature.classes) != 2:
        found = f"{len(signature.classes)} classes" if signature.classes else wording("a number to predict")
        raise BadProject(f"{name}: {what}: found {found}, expected two classes. Leave `{what}` out.")
    if positive and positive not in signature.classes:
        expected = " or ".join(signature.classes)
        raise BadProject(f"{name}: positive: found the class {positive!r}, expected {expected}.")
    classes = signature.classes
    if positive == classes[0]:
        classes = classes[::-1]
    return replace(signature, classes=classes, threshold=UNSET if threshold is None else threshold)


def classes_of(model: Any, label: str) -> Any:
    """The estimator's classes in the target's type: XGBoost calls false and true 0 and 1. None where it names
    none. label: polars' name of the target's type."""
    known = getattr(model, "classes_", None)
    if known is None or label != "Boolean":
        return known
    numbers = np.asarray(known)
    return numbers.astype(bool) if numbers.dtype.kind in "iu" and {*numbers.tolist()} <= {0, 1} else known


def is_swapped(model: Any, signature: Signature) -> bool:
    """Whether the second of the estimator's two classes is the first of the signature's."""
    if signature.task != "binary" or len(signature.classes) != 2:
        return False
    known = classes_of(model, signature.label)
    if known is None:
        return sorted_otherwise(signature)
    return class_text(known[0]) == signature.classes[1]


def sorted_otherwise(signature: Signature) -> bool:
    """Whether the two classes are not in the order in which libraries sort them."""
    if signature.task != "binary" or len(signature.classes) != 2:
        return False
    classes = labels_from(signature.classes, signature.label)
    return bool(classes[0] > classes[1])


def in_order(probability: NDArray[Any] | None, swap: bool) -> NDArray[Any] | None:
    """The columns in the signature's order."""
    return probability[:, ::-1] if swap and probability is not None else probability


def decide(label: NDArray[Any] | None, probability: NDArray[Any] | None, signature: Signature) -> Columns:
    """Places of labels by the threshold, where one is declared. label: places in the signature's order."""
    if signature.threshold is UNSET or probability is None:
        return label, probability
    return (probability[:, 1] >= signature.threshold).astype(np.int64), probability


def decide_row(chances: Sequence[float], signature: Signature) -> int:
    """The same of one row: the place of its label. chances: of each class, in the signature's order."""
    if signature.threshold is UNSET:
        return chances.index(max(chances))
    return int(chances[1] >= signature.threshold)


def turn(read: Attribution, signature: Signature, swap: bool) -> Attribution:
    """Of the positive class, as the signature has it. A decision by a threshold is none of the margin's."""
    decisions = read.decisions if signature.threshold is UNSET else None
    if not swap:
        return read._replace(decisions=decisions)
    if read.values.shape[2] == 1:
        values, base, answer = -read.values, -read.base, -read.answer
    else:
        values, base, answer = read.values[:, :, ::-1], read.base[:, ::-1], read.answer[:, ::-1]
    scores = read.scores
    if scores is not None:
        scores = 1 - scores if scores.shape[1] == 1 else scores[:, ::-1]
    return read._replace(
        values=values,
        base=base,
        answer=answer,
        scores=scores,
        decisions=None if decisions is None else 1 - decisions,
    )


def negate(ensemble: TreeEnsemble) -> TreeEnsemble:
    """The log-odds of the other of two classes."""
    members = tuple(each._replace(value=-each.value) for each in ensemble.trees)
    return ensemble._replace(trees=members, base=-ensemble.base)
