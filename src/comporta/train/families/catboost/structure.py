"""What CatBoost's models are made of: trees, and how many training rows lie in their leaves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from comporta.records import TreeEnsemble
from comporta.train.families.catboost.ensemble import is_catboost, read

if TYPE_CHECKING:
    from numpy.typing import NDArray


def trees(model: Any, output: int) -> TreeEnsemble | None:
    """Of two classes the log-odds of the second, or the numbers of a regression; None of any other model, or
    where the answer is no sum."""
    sums = read(model)
    if sums is None or len(sums.trees) > 1 or sums.link == "softmax":
        return None
    if sums.link == "sigmoid" and output != 1:
        return None
    return TreeEnsemble(sums.trees[0], float(sums.bases[0]), sums.link, single=True)


def leaves(part: Any) -> Iterator[NDArray[np.int64]]:
    """Of each tree, the training rows in each leaf that has some, where rows had no weights."""
    if not is_catboost(part):
        return
    weights = np.asarray(part.get_leaf_weights(), np.float64)
    if not len(weights) or (weights != np.floor(weights)).any():
        return
    ends = np.cumsum(part.get_tree_leaf_counts())[:-1]
    for each in np.split(weights.astype(np.int64), ends):
        yield each[each > 0]
