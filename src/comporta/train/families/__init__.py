"""Model families: each a folder with how its models are kept, answer, are exported and can be read.

    codec         bytes that are the same for the same fit
    prediction    its own quick call
    export        as an ONNX graph
    structure     weights, trees, and what of the training rows its parts hold
    attribution   exact Shapley values

This file is the list: a family stands in each of the functions below that it has something for. They are
apart, so that a step's code is that of what it uses: whoever mends an attribution fits no model again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from comporta.records import Attribution, Linear, Signature, TreeEnsemble
    from comporta.records.codec import Codec
    from comporta.records.metric import ModelTask
    from comporta.train.compiled import CompiledModel

KNOWN = ("sklearn.", "lightgbm.", "xgboost.", "catboost.")
"""How the classes begin whose build is known: what they hold is read."""
QUICKEST = ("lightgbm", "onnx_estimator", "onnx", "xgboost", "catboost")
"""Forms of a model beside the estimator, the quickest at one row first: of those that agree it serves."""


def codecs() -> tuple[Codec, ...]:
    """The libraries' own texts, ONNX, and skops for the rest; the first that accepts a model writes it."""
    from comporta.train.families.catboost.codec import CatBoostBinary
    from comporta.train.families.lightgbm.codec import LightGBMText
    from comporta.train.families.onnx.codec import OnnxGraph
    from comporta.train.families.onnx.estimator import OnnxEstimatorCodec
    from comporta.train.families.scikit_learn.codec import SkopsArchive
    from comporta.train.families.xgboost.codec import XGBoostJson

    return LightGBMText(), XGBoostJson(), CatBoostBinary(), OnnxEstimatorCodec(), OnnxGraph(), SkopsArchive()


def reviewed_types() -> frozenset[str]:
    """The types that an archive may hold beyond those that skops trusts itself."""
    from comporta.train.families.catboost import codec as catboost
    from comporta.train.families.lightgbm import codec as lightgbm
    from comporta.train.families.scikit_learn import reviewed as scikit_learn
    from comporta.train.families.xgboost import codec as xgboost

    return lightgbm.REVIEWED | xgboost.REVIEWED | catboost.REVIEWED | scikit_learn.REVIEWED


def forget_origin(model: Any) -> None:
    """What stands in a model, or in one inside it, of when and where it was fitted is gone from it."""
    from comporta.train.families.catboost.codec import forget_origin
    from comporta.train.families.catboost.ensemble import is_catboost
    from comporta.train.families.inside import inside

    if "catboost" in sys.modules:
        for each in filter(is_catboost, inside(model)):
            forget_origin(each)


def prepare() -> None:
    """The libraries can read dressed frames from now on, in this process."""
    from comporta.train.families.catboost.words import teach_catboost
    from comporta.train.families.lightgbm.words import teach_lightgbm
    from comporta.train.families.xgboost.names import teach_xgboost

    teach_lightgbm()
    teach_xgboost()
    teach_catboost()


def as_estimator(returned: Any, y: pl.Series, task: ModelTask, name: str) -> Any:
    """What a training function returned, with `predict`: graphs get one. Raises BadProject."""
    from comporta.train.families.onnx.estimator import as_estimator

    return as_estimator(returned, y, task, name)


def compilers() -> dict[str, Callable[[Any, Signature], CompiledModel | None]]:
    """Quick calls of the families' own, by the name under which their agreement is kept. Each gives None of
    another family's model."""
    from comporta.train.families.catboost.prediction import compile_catboost
    from comporta.train.families.lightgbm.prediction import compile_lightgbm
    from comporta.train.families.onnx.prediction import compile_onnx_estimator
    from comporta.train.families.xgboost.prediction import compile_xgboost

    return {
        "lightgbm": compile_lightgbm,
        "xgboost": compile_xgboost,
        "catboost": compile_catboost,
        "onnx_estimator": compile_onnx_estimator,
    }


def kept_compilers() -> dict[str, tuple[str, Callable[[bytes, Signature], CompiledModel | None]]]:
    """By the names of `compilers`: the codec whose bytes such a call can be made of, and how. The library's
    package is not imported, and the estimator not built. Each gives None where that cannot be."""
    from comporta.train.families.lightgbm.prediction import compile_lightgbm_text

    return {"lightgbm": ("lightgbm", compile_lightgbm_text)}


def converters() -> tuple[Callable[[Any, list[Any], Signature], Any], ...]:
    """(model, inputs, signature) → an ONNX graph; None of another family's model. The first one counts."""
    from comporta.train.families.catboost import export as catboost
    from comporta.train.families.lightgbm import export as lightgbm
    from comporta.train.families.scikit_learn import export as scikit_learn
    from comporta.train.families.xgboost import export as xgboost

    return lightgbm.convert, xgboost.convert, catboost.convert, scikit_learn.convert


def compare_as_model(graph: Any, model: Any, signature: Signature) -> None:
    """Trees of an ONNX graph, asked with doubles, have the thresholds of the estimator's in 64 bits, where it
    compares doubles. Raises ValueError where they are not the estimator's."""
    from comporta.train.families.lightgbm import exact as lightgbm
    from comporta.train.families.onnx.doubles import compare_doubles, tree_nodes
    from comporta.train.families.scikit_learn import exact as scikit_learn

    alone = not hasattr(model, "steps")
    last = model if alone else model.steps[-1][1]
    nodes = list(tree_nodes(graph))
    if len(nodes) != 1:
        return
    values = lightgbm.branch_values(nodes[0], last, signature, alone)
    values = scikit_learn.branch_values(nodes[0], last) if values is None else values
    if values is not None:
        compare_doubles(graph, nodes[0], values)


def compares_alike(model: Any, graph: bytes) -> bool:
    """Whether the trees of an ONNX graph, where it has any, compare numbers as the estimator's do, whatever
    they are asked."""
    from comporta.train.families.catboost import export as catboost
    from comporta.train.families.onnx.codec import OnnxGraph
    from comporta.train.families.scikit_learn import exact
    from comporta.train.families.xgboost import export as xgboost

    decoded = OnnxGraph().decode(graph)
    every = (xgboost.compares_alike, catboost.compares_alike)
    known = next((found for each in every if (found := each(decoded, model)) is not None), None)
    return exact.compares_alike(decoded, model) if known is None else known


def thresholds(model: Any) -> tuple[NDArray[np.float64], ...] | None:
    """Of each feature the thresholds of the estimator's trees, where they can be read; else None."""
    from comporta.train.families.catboost import ensemble as catboost
    from comporta.train.families.lightgbm import exact as lightgbm
    from comporta.train.families.scikit_learn import exact as scikit_learn
    from comporta.train.families.xgboost import booster as xgboost

    every = (lightgbm.thresholds, xgboost.thresholds, catboost.thresholds, scikit_learn.thresholds)
    return next((found for each in every if (found := each(model)) is not None), None)


def linear(model: Any) -> Linear | None:
    """The weights of a linear model; None of any other."""
    from comporta.train.families.scikit_learn import structure as scikit_learn

    return scikit_learn.linear(model)


def trees(model: Any, output: int) -> TreeEnsemble | None:
    """The trees whose sum makes this output; None where there are none, or no sum."""
    from comporta.train.families.catboost import structure as catboost
    from comporta.train.families.lightgbm import structure as lightgbm
    from comporta.train.families.scikit_learn import structure as scikit_learn
    from comporta.train.families.xgboost import structure as xgboost

    every = (lightgbm.trees, xgboost.trees, catboost.trees, scikit_learn.trees)
    return next(filter(None, (each(model, output) for each in every)), None)


def attribution(
    model: Any, takes: Signature, X: NDArray[np.float64], background: NDArray[np.float64]
) -> Attribution | None:
    """Exact Shapley values; None where no family computes them."""
    from comporta.train.families.catboost import attribution as catboost
    from comporta.train.families.lightgbm import attribution as lightgbm
    from comporta.train.families.scikit_learn import attribution as scikit_learn
    from comporta.train.families.xgboost import attribution as xgboost

    every = (lightgbm.attribution, xgboost.attribution, catboost.attribution, scikit_learn.attribution)
    return next(filter(None, (each(model, takes, X, background) for each in every)), None)


def leaf_counts(part: Any) -> Iterator[NDArray[np.int64]]:
    """Of each tree in this part, how many training rows lie in each leaf."""
    from comporta.train.families.catboost import structure as catboost
    from comporta.train.families.lightgbm import structure as lightgbm
    from comporta.train.families.scikit_learn import structure as scikit_learn

    yield from scikit_learn.leaves(part)
    yield from lightgbm.leaves(part)
    yield from catboost.leaves(part)


def weight_counts(part: Any) -> int:
    """How many weights this part has of its own."""
    from comporta.train.families.scikit_learn import structure as scikit_learn

    return scikit_learn.weights(part)


def keeps() -> tuple[str, ...]:
    """Attributes that are known to hold training rows."""
    from comporta.train.families.scikit_learn import structure as scikit_learn

    return scikit_learn.KEEPS
