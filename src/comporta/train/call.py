"""The user's training function, called as it was written: `def fit(X, y, *, depth=6): ...`."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
import polars as pl

from comporta.errors import BadProject, ComportaError
from comporta.records import Field, Signature
from comporta.records.kind import kind_of
from comporta.records.metric import ModelTask
from comporta.stats.classes import class_text
from comporta.train.decisions import classes_of
from comporta.train.families import as_estimator, prepare
from comporta.train.frames import Reads, hand
from comporta.train.target import label_of, values_of

OutputKind = Literal["label", "probability", "both"]
SEEDS = ("seed", "random_state")
WEIGHTED = "sample_weight"


def reads_of(fit: Callable[..., Any]) -> Reads:
    """What X is to be, told by its annotation: pandas, numpy, or else polars."""
    return _kind(fit, 0) or "polars"


def call_fit(
    fit: Callable[..., Any],
    X: pl.DataFrame,
    y: pl.Series,
    task: ModelTask,
    params: Mapping[str, Any],
    seed: int,
    weight: pl.Series | None = None,
) -> Any:
    """What the function returns. X: dressed features. y: numpy, or a polars or pandas series where its
    argument is annotated so. A `seed` or `random_state` argument not in `params` is given the seed, and
    `sample_weight` the weights, (n,) of numpy.
    Raises BadProject on arguments that do not fit; what the function raises is its own."""
    name = getattr(fit, "__name__", type(fit).__name__)
    asked = _parameters(fit)
    takes_any = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in asked.values())
    given = dict(params)
    named = [each.name for each in list(asked.values())[2:] if each.kind is not inspect.Parameter.VAR_KEYWORD]
    unknown = [] if takes_any else sorted(set(given) - set(named))
    if unknown:
        raise BadProject(
            f"{name}: found the parameter{'s' if len(unknown) > 1 else ''} {', '.join(unknown)}, expected "
            f"{'some of ' + ', '.join(named) if named else 'none'}. Correct `params` or the function."
        )
    given.update({each: seed for each in SEEDS if each in named and each not in given})
    if weight is not None:
        if not takes_any and WEIGHTED not in named:
            raise BadProject(
                f"{name}: found no argument `{WEIGHTED}`, which the declared weight needs. Write "
                f"`def {name}(X, y, *, {WEIGHTED})` and hand it on to the estimator."
            )
        given[WEIGHTED] = weight.to_numpy()
    try:
        inspect.signature(fit).bind(None, None, **given)
    except TypeError as fault:
        raise BadProject(
            f"{name}: {fault}. Expected `def {name}(X, y, *, …)`, the rest in `params`."
        ) from fault
    prepare()
    returned = fit(hand(X, reads_of(fit)), _target(fit, y, task), **given)
    return as_estimator(returned, y, task, name)


def describe_model(
    model: Any,
    name: str,
    fields: tuple[Field, ...],
    raw: tuple[Field, ...],
    y: pl.Series,
    task: ModelTask,
    output: OutputKind,
) -> Signature:
    """What the estimator takes and gives. Raises BadProject where it cannot give what was asked."""
    if not callable(getattr(model, "predict", None)):
        raise BadProject(
            f"{name}: returned {kind_of(model)}, expected a fitted estimator with `predict`. "
            f"{'End it with `return` and the estimator.' if model is None else 'Return the estimator.'}"
        )
    if task == "regression":
        return Signature(raw=raw, features=fields, output=output, task=task, label=label_of(y))
    if output != "label" and not callable(getattr(model, "predict_proba", None)):
        raise BadProject(
            f"{name}: returned {kind_of(model)}, which has no `predict_proba`, expected one for "
            f"output={output!r}. Wrap it in CalibratedClassifierCV, or declare output='label'."
        )
    classes = classes_of(model, label_of(y))
    if classes is None:
        classes = np.unique(values_of(y.drop_nulls(), task))
    elif not {class_text(each) for each in classes} & (kinds := _kinds(y)):
        raise BadProject(
            f"{name}: returned an estimator of the classes {', '.join(map(class_text, classes))}, expected "
            f"those of the target ({', '.join(sorted(kinds)[:5])}). Fit it on y as it is given; where the "
            "library takes numbers alone, keep the target as whole numbers from 0."
        )
    return Signature(
        raw=raw,
        features=fields,
        output=output,
        task=task,
        classes=tuple(class_text(each) for each in classes),
        label=label_of(y),
    )


def _kinds(y: pl.Series) -> set[str]:
    return {class_text(each) for each in y.drop_nulls().unique().to_list()}


def require_answer(model: Any, name: str, X: pl.DataFrame, answer: Callable[[pl.DataFrame], object]) -> None:
    """Raises BadProject where the estimator cannot answer a row it was trained on: most often, for it was
    never fitted. Told here, and not by the first of the steps that ask it."""
    try:
        answer(X.head(1))
    except ComportaError:
        raise
    except Exception as fault:  # an estimator's own errors
        raised = f"{type(fault).__name__}: {' '.join(str(fault).split())[:300]}".rstrip(": ")
        error = BadProject(
            f"{name}: returned {kind_of(model)} that is not fitted, expected a fitted one. Fit it and return "
            "it: `return model.fit(X, y)`."
            if type(fault).__name__.endswith("NotFittedError")
            else f"{name}: returned {kind_of(model)} that cannot answer a row it was trained on ({raised}). "
            "Return an estimator that takes X as `fit` was given it."
        )
        error.reason = f"{name}: returned an estimator that raised {type(fault).__name__} on a training row"
        raise error from fault


def _target(fit: Callable[..., Any], y: pl.Series, task: ModelTask) -> Any:
    kind = _kind(fit, 1)
    if kind == "polars":
        return y.cast(pl.Float64) if task == "regression" else y
    values = values_of(y, task)
    if kind == "pandas":
        from comporta.train.frames import pandas

        return pandas().Series(values, name="target")
    return values


def _kind(fit: Callable[..., Any], place: int) -> Reads | None:
    """The library that the annotation of this argument belongs to; text such as `"pd.DataFrame"` counts."""
    asked = list(_parameters(fit).values())
    if len(asked) <= place:
        return None
    try:
        said: Any = typing.get_type_hints(fit).get(asked[place].name)
    except (NameError, TypeError, AttributeError):
        said = None
    if said is None:
        said = asked[place].annotation
    text = said if isinstance(said, str) else f"{getattr(said, '__module__', '')}.{said}"
    for library, names in (
        ("pandas", ("pd.", "pandas.")),
        ("polars", ("pl.", "polars.")),
        ("numpy", ("np.", "numpy.")),
    ):
        if text.lstrip("'\"").startswith(names):
            return typing.cast(Reads, library)
    return None


def _parameters(fit: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(fit).parameters
    except (TypeError, ValueError) as fault:
        raise BadProject(f"fit: found {fit!r}, expected a function `def fit(X, y, *, …)`.") from fault
