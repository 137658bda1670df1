"""What of the training rows a model holds by its build alone: rows kept, leaves of a few, weights to spare.

The questions are those of statistical disclosure control (Smith et al. 2022, "Machine learning models in
trusted research environments: understanding operational risks"; the structural screen of SACRO-ML): asked
of the fitted estimator and of everything inside it, without one prediction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from comporta.checks.privacy_structure.codes import UNKNOWN_BUILD
from comporta.checks.privacy_structure.figures import (
    RARE_WORDS,
    ROWS_IN_SMALL_LEAVES,
    ROWS_KEPT,
    WEIGHTS_PER_ROW,
)
from comporta.records import Artifact, Figure, Findings, FittedModel, Signature, Unmeasured
from comporta.store.context import StepContext
from comporta.store.frames import read

FEW = 5
DEEPEST = 12
KNOWN = ("sklearn.", "lightgbm.")
KEEPS = ("_fit_X", "support_vectors_", "X_fit_", "X_train_")


class Leaves(NamedTuple):
    """One tree: training rows in it, leaves, rows in leaves of fewer than five, rows of the smallest."""

    rows: int
    leaves: int
    few: int
    least: int


def measure(
    context: StepContext,
    *,
    model: Artifact,
    signature: Artifact,
    train: Artifact,
    opened: Callable[[StepContext, Artifact, Artifact], FittedModel],
) -> dict[str, Artifact]:
    """`findings`: shares of the training rows that are kept, and in leaves of fewer than five; weights for
    each row; words that few rows have."""
    asked = opened(context, model, signature)
    rows = read(context, train)
    found = screen(asked.estimator, rows.height, rare_words(rows, asked.signature))
    print(f"privacy structure: {len(found.figures)} figures of {type(asked.estimator).__name__}")
    return {"findings": context.put_json(found)}


def screen(estimator: Any, rows: int, rare: Mapping[str, int]) -> Findings:
    """rows: it was trained on. rare: feature → words of fewer than five rows."""
    inside = list(parts_of(estimator))
    if not any(type(each).__module__.startswith(KNOWN) for each in inside):
        why = UNKNOWN_BUILD(estimator=type(estimator).__name__)
        lost = Unmeasured(metric=ROWS_KEPT.metric, why=why)
        return Findings(unmeasured=(lost,), rows=rows, of=rows)
    kept = {f"{type(each).__name__}.{name}": many for each in inside for name, many in rows_kept(each, rows)}
    trees = [leaves for each in inside for leaves in leaves_of(each)]
    weights = sum(weights_of(each) for each in inside)
    figures = [Figure(metric=ROWS_KEPT.metric, value=max(kept.values(), default=0) / rows, rows=rows)]
    if trees:
        few = float(np.mean([each.few / max(each.rows, 1) for each in trees]))
        figures.append(Figure(metric=ROWS_IN_SMALL_LEAVES.metric, value=few, rows=rows))
    if weights:
        figures.append(Figure(metric=WEIGHTS_PER_ROW.metric, value=weights / rows, rows=rows))
    figures.append(Figure(metric=RARE_WORDS.metric, value=float(sum(rare.values())), rows=rows))
    return Findings(
        figures=tuple(figures),
        rows=rows,
        of=rows,
        tables={
            "kept": tuple({"where": name, "rows": many} for name, many in kept.items()),
            "trees": (_told(trees),) if trees else (),
            "words": tuple({"feature": name, "words": many} for name, many in rare.items())[:200],
        },
    )


def rare_words(rows: pl.DataFrame, signature: Signature) -> dict[str, int]:
    """Features whose list of words, which the model keeps, names some that fewer than five rows have."""
    found = {}
    for field in signature.features:
        if field.values and field.name in rows.columns:
            counts = rows[field.name].drop_nulls().alias("value").value_counts()["count"]
            if few := int((counts < FEW).sum()):
                found[field.name] = few
    return found


def parts_of(thing: Any, deep: int = 0, seen: set[int] | None = None) -> Iterator[Any]:
    """The estimator and every one inside it: steps, transformers, members, of any class."""
    seen = set() if seen is None else seen
    if deep > DEEPEST or id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, np.ndarray) and thing.dtype == object and thing.size < 1_000_000:
        thing = thing.ravel().tolist()
    if isinstance(thing, Mapping):
        thing = list(thing.values())
    if isinstance(thing, list | tuple):
        # A list of numbers is no list of estimators: its first members say so.
        if any(_holds(each) for each in thing[:8]):
            for each in thing:
                yield from parts_of(each, deep + 1, seen)
    elif _holds(thing):
        yield thing
        for each in vars(thing).values():
            yield from parts_of(each, deep + 1, seen)


def rows_kept(part: Any, rows: int) -> Iterator[tuple[str, int]]:
    """Attributes that hold training rows: those known to, and any table as long as the training part."""
    for name, value in vars(part).items():
        shape = getattr(value, "shape", None)
        if isinstance(shape, tuple) and len(shape) == 2 and shape[0] and (name in KEEPS or shape[0] == rows):
            yield name, int(shape[0])


def leaves_of(part: Any) -> Iterator[Leaves]:
    """The trees of scikit-learn, of its histogram boosting, and of LightGBM."""
    own = vars(part)
    if hasattr(own.get("tree_"), "n_node_samples"):
        tree = own["tree_"]
        yield _leaves(tree.n_node_samples[tree.children_left < 0])
    for stage in own.get("_predictors") or ():
        for each in stage if isinstance(stage, list) else ():
            nodes = each.nodes
            yield _leaves(nodes["count"][nodes["is_leaf"].astype(bool)])
    if type(part).__name__ == "Booster" and hasattr(part, "model_to_string"):
        for line in part.model_to_string().splitlines():
            if line.startswith("leaf_count="):
                yield _leaves(np.array(line.partition("=")[2].split(), np.int64))


def weights_of(part: Any) -> int:
    """Of a linear model or a network: one for each column and output."""
    own = vars(part)
    if "coefs_" in own:
        return sum(int(np.size(each)) for each in own["coefs_"])
    if "coef_" in own and "support_vectors_" not in own:
        return int(np.size(own["coef_"]))
    return 0


def _leaves(counts: Any) -> Leaves:
    counts = np.asarray(counts)
    return Leaves(int(counts.sum()), len(counts), int(counts[counts < FEW].sum()), int(counts.min(initial=0)))


def _told(trees: list[Leaves]) -> dict[str, Any]:
    return {
        "trees": len(trees),
        "leaves": sum(each.leaves for each in trees),
        "rows in small leaves": sum(each.few for each in trees),
        "smallest leaf": min(each.least for each in trees),
    }


def _holds(thing: Any) -> bool:
    """Whether it may hold estimators: an object with attributes that is no plain value, array or function."""
    if isinstance(thing, str | bytes | int | float | type | np.generic | pl.DataFrame | pl.Series):
        return False
    if isinstance(thing, list | tuple | Mapping):
        return True
    return hasattr(thing, "__dict__") and not isinstance(thing, np.ndarray) and not callable(thing)
