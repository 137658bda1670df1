"""What can be read of a fitted model rather than asked of it: weights, trees, attributions, its parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Link = Literal["identity", "sigmoid", "exp"]
"""From the sum to the answer."""


class Linear(NamedTuple):
    """A linear model. weights: (outputs, features); constants: (outputs,). Of two classes one output, the
    margin of the second. logistic: whether the chance is the sigmoid of the margin."""

    weights: Floats
    constants: Floats
    logistic: bool


class Tree(NamedTuple):
    """Nodes by place, the root first. feature: -1 at a leaf. What is at most the threshold, or in `words`,
    goes left; missing values where `missing_left` says."""

    feature: NDArray[np.int64]
    threshold: Floats
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    missing_left: NDArray[np.bool_]
    value: Floats
    words: dict[int, frozenset[int]]


class TreeEnsemble(NamedTuple):
    """The answer is the link of `base` plus the trees' sum. single: numbers are rounded to 32 bits first."""

    trees: tuple[Tree, ...]
    base: float
    link: Link
    single: bool


class Structure(NamedTuple):
    """How one output of a model is made. inside: from (n, features), as `FittedModel.numbers` gives them, to
    what the model's last part reads, column for column. unchanged: whether that is the same. linear, trees:
    what the last part is; neither where it is of no known kind."""

    inside: Callable[[Floats], Floats]
    unchanged: bool
    linear: Linear | None = None
    trees: TreeEnsemble | None = None


class Attribution(NamedTuple):
    """Shapley values as a model family computes them. values: (rows, features, outputs). base: (rows,
    outputs), the answer without the features; answer: (rows, outputs), what values and base add up to.

    scores, decisions: what the parts that were read answer, to be compared with what the model answers; None
    where they give none. method: by the trees' own counts of rows, or by weights against a background. scale:
    what is added up. rows_computed: rows that were computed."""

    values: Floats
    base: Floats
    answer: Floats
    scores: Floats | None
    decisions: Floats | None
    method: Literal["tree_shap", "weights"]
    scale: Literal["log_odds", "number_before_link", "margin", "number"]
    rows_computed: int


class ModelPart(NamedTuple):
    """The estimator, or one inside it, and what it holds. kind: its class. known: whether it is of a library
    whose build is known. tables: attributes that are tables with rows, as (name, rows, whether it is known to
    keep training rows). leaves: of each tree, how many training rows lie in each leaf. weights: of a linear
    model or a network."""

    kind: str
    known: bool
    tables: tuple[tuple[str, int, bool], ...]
    leaves: tuple[NDArray[np.int64], ...]
    weights: int
