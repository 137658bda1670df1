"""What LightGBM's models are made of: trees, and how many training rows lie in their leaves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from comporta.records import Link, Tree, TreeEnsemble
from comporta.train.families.lightgbm.booster import booster_of, last_iteration

if TYPE_CHECKING:
    from numpy.typing import NDArray


def leaves(part: Any) -> Iterator[NDArray[np.int64]]:
    """Of each tree of a booster, the training rows in each leaf."""
    if type(part).__name__ == "Booster" and hasattr(part, "model_to_string"):
        for line in part.model_to_string().splitlines():
            if line.startswith("leaf_count="):
                yield np.array(line.partition("=")[2].split(), np.int64)


def trees(model: Any, output: int) -> TreeEnsemble | None:
    """Of two classes the log-odds of the second, or the numbers of a regression; None of any other model, or
    where the answer is no sum."""
    booster = booster_of(model)
    if booster is None:
        return None
    told = booster.dump_model(num_iteration=last_iteration(model))
    objective = str(told.get("objective", "")).split()
    kind = objective[0] if objective else ""
    per = int(told.get("num_tree_per_iteration", 1))
    if per != 1 or "sqrt" in objective:
        return None
    if kind == "binary":
        link: Link = "sigmoid"
        slope = next(
            (float(each.partition(":")[2]) for each in objective if each.startswith("sigmoid:")), 1.0
        )
        if output != 1:
            return None
    elif kind in ("regression", "regression_l1", "huber", "fair", "quantile", "mape"):
        link, slope = "identity", 1.0
    elif kind in ("poisson", "gamma", "tweedie"):
        link, slope = "exp", 1.0
    else:
        return None
    infos = told["tree_info"]
    if told.get("average_output"):
        slope /= max(1, len(infos))
    trees = []
    for info in infos:
        tree = _tree(info["tree_structure"], slope)
        if tree is None:
            return None
        trees.append(tree)
    return TreeEnsemble(tuple(trees), 0.0, link, False)


def _tree(root: dict[str, Any], slope: float) -> Tree | None:
    nodes: list[dict[str, Any]] = []
    links: list[tuple[int, int]] = []

    def add(node: dict[str, Any]) -> int:
        nodes.append(node)
        links.append((-1, -1))
        return len(nodes) - 1

    todo = [add(root)]
    while todo:
        place = todo.pop()
        node = nodes[place]
        if "split_feature" in node:
            links[place] = add(node["left_child"]), add(node["right_child"])
            todo += links[place]
        if "leaf_coeff" in node or node.get("missing_type") == "Zero":
            return None
    words = {
        place: frozenset(int(each) for each in str(node["threshold"]).split("||"))
        for place, node in enumerate(nodes)
        if node.get("decision_type") == "=="
    }
    splits = ["split_feature" in node for node in nodes]
    threshold = np.array(
        [
            float(n["threshold"]) if s and at not in words else 0.0
            for at, (n, s) in enumerate(zip(nodes, splits, strict=True))
        ]
    )
    missing_left = np.array(
        [
            # Without a way of its own a missing number is 0, and a missing word goes right.
            False
            if not s or at in words
            else (threshold[at] >= 0.0 if n["missing_type"] == "None" else bool(n["default_left"]))
            for at, (n, s) in enumerate(zip(nodes, splits, strict=True))
        ]
    )
    return Tree(
        feature=np.array([n["split_feature"] if s else -1 for n, s in zip(nodes, splits, strict=True)]),
        threshold=threshold,
        left=np.array([one for one, _ in links]),
        right=np.array([other for _, other in links]),
        missing_left=missing_left,
        value=np.array([slope * float(n.get("leaf_value", 0.0)) for n in nodes]),
        words=words,
    )
