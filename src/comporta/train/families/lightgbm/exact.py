"""What LightGBM's trees compare, for a graph in ONNX that compares the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from comporta.records import Signature
from comporta.train.families.lightgbm.booster import booster_of, last_iteration

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Branch = dict[str, Any]
NEAR_ZERO = float(np.float32(1e-35))
"""Numbers up to this far from 0 are 0 (`kZeroThreshold` in LightGBM's `meta.h`)."""


def thresholds(model: Any) -> tuple[Floats, ...] | None:
    """Of each column that the model reads, the thresholds of its trees, rising; None of any other model.

    One that is near 0 is 0: between the two LightGBM answers otherwise from an array than from Arrow."""
    if booster_of(model) is None:
        return None
    columns: list[list[float]] = [[] for _ in range(booster_of(model).num_feature())]
    for tree in _trees(model):
        for each in _branches(tree):
            if each["decision_type"] == "<=":
                threshold = float(each["threshold"])
                columns[each["split_feature"]].append(0.0 if abs(threshold) <= NEAR_ZERO else threshold)
    return tuple(np.unique(np.asarray(each, np.float64)) for each in columns)


def branch_values(node: Any, model: Any, signature: Signature, alone: bool) -> list[float] | None:
    """What each node of a graph's trees compares with, in doubles, and which way a missing value goes there;
    None of any other model. alone: nothing stands before the trees.

    Raises ValueError where the trees are not the model's, or compare in a way that the graph has no word for.
    """
    if booster_of(model) is None:
        return None
    held = {each.name: each for each in node.attribute}
    graph = _GraphTrees(held)
    for number, tree in enumerate(_trees(model)):
        for each in _branches(tree):
            _require_known(each, signature, alone)
        graph.follow(number, tree)
    missing = held["nodes_missing_value_tracks_true"].ints
    del missing[:]
    missing.extend(map(int, graph.missing_left))
    return graph.values


def _trees(model: Any) -> list[Branch]:
    told = booster_of(model).dump_model(num_iteration=last_iteration(model))
    return [each["tree_structure"] for each in told["tree_info"]]


def _branches(tree: Branch) -> Iterator[Branch]:
    todo = [tree]
    while todo:
        each = todo.pop()
        if "split_feature" in each:
            yield each
            todo += [each["left_child"], each["right_child"]]


def _require_known(branch: Branch, signature: Signature, alone: bool) -> None:
    if branch["missing_type"] == "Zero":
        raise ValueError("zero as a missing value")
    if branch["decision_type"] != "==":
        return
    # LightGBM cuts the fraction off; the graph would find none of its categories.
    if not alone or signature.features[branch["split_feature"]].type.startswith("Float"):
        raise ValueError("categories that may have a fraction")


def _exact_threshold(threshold: float) -> float:
    """The threshold that goes the same ways without LightGBM's rounding: it takes what is near 0 for 0."""
    if not -NEAR_ZERO <= threshold <= NEAR_ZERO:
        return threshold
    return NEAR_ZERO if threshold >= 0.0 else float(np.nextafter(-NEAR_ZERO, -np.inf))


class _GraphTrees:
    """The trees of a graph, gone through beside the model's own: what each node compares with."""

    def __init__(self, held: dict[str, Any]) -> None:
        ids = zip(held["nodes_treeids"].ints, held["nodes_nodeids"].ints, strict=True)
        self._place = {id: place for place, id in enumerate(ids)}
        self._modes = [bytes(each) for each in held["nodes_modes"].strings]
        self._features = list(held["nodes_featureids"].ints)
        self._true, self._false = list(held["nodes_truenodeids"].ints), list(held["nodes_falsenodeids"].ints)
        self._rounded = list(held["nodes_values"].floats)
        self.values, self.missing_left = [0.0] * len(self._modes), [False] * len(self._modes)

    def follow(self, tree: int, root: Branch) -> None:
        """Takes over what this tree compares with. Raises ValueError where it is another."""
        todo = [(0, root)]
        while todo:
            node, branch = todo.pop()
            at = self._place[tree, node]
            if "split_feature" not in branch:
                self._require(self._modes[at] == b"LEAF" and "leaf_coeff" not in branch)
                continue
            self._require(self._features[at] == branch["split_feature"])
            if branch["decision_type"] == "==":
                todo += self._follow_words(tree, node, branch)
                continue
            self._require(self._modes[at] == b"BRANCH_LEQ" and branch["decision_type"] == "<=")
            threshold = float(branch["threshold"])
            self.values[at] = _exact_threshold(threshold)
            # Without a way of its own a missing number is 0.
            left = threshold >= 0.0 if branch["missing_type"] == "None" else branch["default_left"]
            self.missing_left[at] = bool(left)
            todo += [(self._true[at], branch["left_child"]), (self._false[at], branch["right_child"])]

    def _follow_words(self, tree: int, node: int, branch: Branch) -> list[tuple[int, Branch]]:
        """A node for each category of a set, all of them with the same way to go where it is met."""
        left = {int(each) for each in str(branch["threshold"]).split("||")}
        found = []
        while left:
            at = self._place[tree, node]
            word = int(self._rounded[at])
            self._require(self._modes[at] == b"BRANCH_EQ" and word in left)
            self._require(self._features[at] == branch["split_feature"])
            left.remove(word)
            self.values[at] = float(word)
            found.append((self._true[at], branch["left_child"]))
            node = self._false[at]
        return [*dict(found).items(), (node, branch["right_child"])]

    @staticmethod
    def _require(same: bool) -> None:
        if not same:
            raise ValueError("trees that are not the model's")
