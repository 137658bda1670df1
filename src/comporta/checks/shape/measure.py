"""What is promised of the answer for all inputs: that it never falls as a feature rises, or leaves a range.

Shown false by search: an input at which it fails. Shown true by proof, where the model can be read: of an
ensemble of trees the worst that neighbouring leaves of each tree can do, of a linear model its weights. A
proof that does not come off is no fault: trees may make up for each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from comporta.checks.shape.codes import (
    ANSWER_NOT_FINITE,
    BY_SEARCH,
    CLASS_NOT_SAID,
    FEATURE_OF_WORDS,
    LABELS_HAVE_NO_RANGE,
    NO_SUCH_FEATURE_OF,
    NO_VALUE_OF_FEATURE,
    NOT_STRAIGHT,
    PROVED_AT_MOST,
    PROVED_BY_LEAVES,
    PROVED_BY_WEIGHT,
    RANGE_BY_LEAVES,
    RANGE_BY_WEIGHTS,
    READ_DIFFERS,
    REFUTED_BY_WEIGHT,
    REGRESSION_HAS_NO_CLASSES,
    SEARCHED,
    SEARCHED_FEATURE,
    TOO_MANY_NODES,
    TREES_DIFFER,
    TREES_MAY_MAKE_UP,
    UNKNOWN_KIND,
    WRONG_SOMEWHERE,
)
from comporta.checks.shape.figures import HIGHEST, LOWEST, OUTSIDE, PROVED, WRONG_STEP
from comporta.checks.shape.trees import (
    agrees,
    nodes_of,
    range_of,
    thresholds_of,
    wrong_way,
)
from comporta.checks.shared.measuring.changes import asked_of
from comporta.checks.shared.measuring.codes import NO_SUCH_CLASS, NO_TEST_ROWS
from comporta.records import (
    Artifact,
    Field,
    Figure,
    Findings,
    FittedModel,
    Message,
    Structure,
    TreeEnsemble,
    UnmeasuredFigure,
    Words,
)
from comporta.records.named_column import exact_column
from comporta.stats.rounding import rounding
from comporta.store.context import StepContext
from comporta.store.frames import read

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ROWS, STEPS, RANGE_ROWS, READ = 300, 60, 20_000, 200
NODES = 100_000


class Shape(NamedTuple):
    """What a model is, as far as it can be read. why: why it cannot, or None."""

    structure: Structure | None
    ensemble: TreeEnsemble | None
    linear: Floats | None
    constant: float
    sigmoid: bool
    why: Message | None = None


class Proof(NamedTuple):
    """highest: no step the wrong way is larger, or None. how: that is known, or why not. refuted: there is
    one."""

    highest: float | None
    how: Message
    refuted: bool = False


def measure(
    context: StepContext,
    *,
    model: Artifact,
    signature: Artifact,
    test: Artifact,
    opened: Callable[[StepContext, Artifact, Artifact], FittedModel],
    feature: str = "",
    increasing: bool = True,
    answer: str = "",
    low: float | None = None,
    high: float | None = None,
) -> dict[str, Artifact]:
    """`findings`: of a `feature` the largest step the wrong way that was found, at most what was proved; or
    without one the lowest and highest answers, and for how many rows the answer is below `low` or above
    `high`. answer: the class whose chance it is; of two the second."""
    asked = opened(context, model, signature)
    rows = read(context, test)
    if feature:
        found = monotone(asked, rows, feature, increasing, of=answer, seed=context.seed)
    else:
        found = measure_bounds(asked, rows, of=answer, low=low, high=high, seed=context.seed)
    print(", ".join(f"{each.metric} {each.value:.4g}" for each in found.figures) or "not measured")
    return {"findings": context.put_json(found)}


def monotone(
    asked: FittedModel, test: pl.DataFrame, feature: str, increasing: bool, *, of: str = "", seed: int = 0
) -> Findings:
    """The same from an opened model and a frame. Raises what the model raises."""
    takes = asked.signature
    names = [field.name for field in takes.features]
    output, why = _output(asked, of)
    if feature not in names:
        why = NO_SUCH_FEATURE_OF(feature=feature, features=tuple(names))
    elif takes.features[names.index(feature)].kind == "text":
        why = FEATURE_OF_WORDS(feature=feature)
    rows = test[names].filter(exact_column(feature).is_not_null()) if why is None else test.clear()
    if why is None and rows.is_empty():
        why = NO_VALUE_OF_FEATURE()
    if why is not None:
        return Findings(unmeasured=(UnmeasuredFigure(metric=WRONG_STEP.metric, why=why),), of=test.height)
    place = names.index(feature)
    some = rows.sample(min(ROWS, rows.height), seed=seed, shuffle=True)
    shape = shape_of(asked, some.head(READ), output)
    grid = _grid(rows[feature], takes.features[place], shape, place)
    # Every row at every step of the feature: the answer may turn back only by rounding.
    said = np.stack(
        [each.scores[:, output] for each in asked_of(asked, [_with_value(some, step) for step in grid])]
    )
    way = said if increasing else -said
    fall = np.maximum.accumulate(way, axis=0) - way
    found = float(fall.max())
    proof = _prove(shape, place, increasing)
    if proof.refuted and found <= 0:
        found = float(np.finfo(np.float64).tiny)
    asks = some.height * len(grid)
    return Findings(
        figures=(
            Figure(
                metric=WRONG_STEP.metric,
                value=found,
                low=found,
                high=None if proof.highest is None else max(found, proof.highest),
                rows=some.height,
            ),
            Figure(metric=PROVED.metric, value=float(proof.highest is not None)),
        ),
        rows=some.height,
        of=test.height,
        notes=(
            proof.how,
            SEARCHED_FEATURE(rows=some.height, values=len(grid), feature=feature, asked=asks),
            WRONG_SOMEWHERE(share=float((fall.max(axis=0) > 0).mean())),
        ),
    )


def _outside(said: Floats, low: float | None, high: float | None) -> NDArray[np.bool_]:
    """(n,) the answers beyond either end by more than rounding."""
    outside = np.zeros(len(said), dtype=bool)
    if low is not None:
        outside |= said < low - rounding(low)
    if high is not None:
        outside |= said > high + rounding(high)
    return outside


def _known_range(
    asked: FittedModel, rows: pl.DataFrame, shape: Shape
) -> tuple[tuple[float, float] | None, Message]:
    """What no input can pass, or None; and how that is known, or why not."""
    if shape.ensemble is not None:
        return range_of(shape.ensemble), RANGE_BY_LEAVES()
    if shape.linear is not None and shape.structure is not None:
        return _linear_range(asked, rows, shape), RANGE_BY_WEIGHTS()
    return None, BY_SEARCH(why=shape.why or UNKNOWN_KIND())


def measure_bounds(
    asked: FittedModel,
    test: pl.DataFrame,
    *,
    of: str = "",
    low: float | None = None,
    high: float | None = None,
    seed: int = 0,
) -> Findings:
    """The lowest and the highest answer: seen, and what no input can pass; and how many are outside."""
    names = [field.name for field in asked.signature.features]
    output, why = _output(asked, of)
    if why is None and asked.signature.output == "label" and asked.signature.classes:
        return Findings(without=LABELS_HAVE_NO_RANGE(), of=test.height)
    if why is None and test.is_empty():
        why = NO_TEST_ROWS()
    if why is not None:
        return Findings(unmeasured=(UnmeasuredFigure(metric=LOWEST.metric, why=why),), of=test.height)
    rows = test[list(names)].sample(min(RANGE_ROWS, test.height), seed=seed, shuffle=True)
    said = asked(rows).scores[:, output]
    if not np.isfinite(said).all():
        lost = UnmeasuredFigure(metric=LOWEST.metric, why=ANSWER_NOT_FINITE())
        return Findings(unmeasured=(lost,), of=test.height)
    shape = shape_of(asked, rows.head(READ), output)
    outside = _outside(said, low, high)
    least, most = float(said.min()), float(said.max())
    ends, how = _known_range(asked, test[list(names)], shape)
    asks = rows.height + min(READ, rows.height)
    return Findings(
        figures=(
            Figure(
                metric=LOWEST.metric,
                value=least,
                low=None if ends is None else min(least, ends[0]),
                high=least,
                rows=rows.height,
            ),
            Figure(
                metric=HIGHEST.metric,
                value=most,
                low=most,
                high=None if ends is None else max(most, ends[1]),
                rows=rows.height,
            ),
            Figure(metric=OUTSIDE.metric, value=int(outside.sum()), rows=rows.height),
            Figure(metric=PROVED.metric, value=float(ends is not None)),
        ),
        rows=rows.height,
        of=test.height,
        notes=(how, SEARCHED(rows=rows.height, asked=asks)),
    )


def shape_of(asked: FittedModel, rows: pl.DataFrame, output: int) -> Shape:
    """What can be read of it, and only if it then answers these rows as the model does."""
    takes = asked.signature
    nothing = Shape(None, None, None, 0.0, False, UNKNOWN_KIND())
    read = asked.structure(output)
    if read is None or any(field.kind == "text" and not field.values for field in takes.features):
        return nothing
    answers = asked(rows).scores[:, output]
    linear = read.linear
    if linear is not None and len(linear.weights) == 1:
        sigmoid = linear.logistic
        margin = read.inside(asked.numbers(rows)) @ linear.weights[0] + linear.constants[0]
        if takes.classes and not sigmoid:
            return nothing._replace(why=NOT_STRAIGHT())
        sign = 1.0 if output or not takes.classes else -1.0
        mine = 1 / (1 + np.exp(-sign * margin)) if sigmoid else margin
        if np.allclose(mine, answers, rtol=1e-6, atol=1e-6):
            return Shape(read, None, sign * linear.weights[0], sign * float(linear.constants[0]), sigmoid)
        return nothing._replace(why=READ_DIFFERS())
    ensemble = read.trees
    if ensemble is None:
        return nothing
    if not agrees(ensemble, read.inside(asked.numbers(rows)), answers):
        return nothing._replace(why=TREES_DIFFER())
    return Shape(read, ensemble, None, 0.0, False)


def _prove(shape: Shape, place: int, increasing: bool) -> Proof:
    if shape.linear is not None:
        weight = float(shape.linear[place]) * (1 if increasing else -1)
        return Proof(0.0, PROVED_BY_WEIGHT()) if weight >= 0 else Proof(None, REFUTED_BY_WEIGHT(), True)
    if shape.ensemble is None:
        return Proof(None, BY_SEARCH(why=shape.why or UNKNOWN_KIND()))
    nodes = nodes_of(shape.ensemble)
    if nodes > NODES:
        return Proof(None, BY_SEARCH(why=TOO_MANY_NODES(nodes=nodes, most=NODES)))
    wrong = wrong_way(shape.ensemble, place, increasing)
    if wrong == 0:
        return Proof(0.0, PROVED_BY_LEAVES())
    if shape.ensemble.link == "exp" or not np.isfinite(wrong):
        return Proof(None, BY_SEARCH(why=TREES_MAY_MAKE_UP()))
    # A chance changes by at most a quarter of its log-odds.
    most = wrong / 4 if shape.ensemble.link == "sigmoid" else wrong
    return Proof(most, PROVED_AT_MOST(most=float(most)))


def _grid(values: pl.Series, field: Field, shape: Shape, place: int) -> list[pl.Series]:
    """Values of the feature, ascending: seen ones, and both sides of where trees split it."""
    known = np.unique(values.cast(pl.Float64).to_numpy())
    known = known[np.isfinite(known)]
    spread = known[np.unique(np.linspace(0, len(known) - 1, STEPS).astype(int))] if len(known) else known
    if shape.ensemble is not None and shape.structure is not None and shape.structure.unchanged:
        splits = thresholds_of(shape.ensemble, place)
        splits = splits[np.isfinite(splits)]  # scikit-learn splits missing from all others at infinity
        splits = (
            splits[np.unique(np.linspace(0, len(splits) - 1, STEPS // 2).astype(int))]
            if len(splits)
            else splits
        )
        if field.kind == "whole":
            splits = splits[np.abs(splits) < 2**53]
            beside = np.concatenate([np.floor(splits), np.floor(splits) + 1])
            beside = beside[(beside >= known.min()) & (beside <= known.max())]
        elif field.kind == "boolean":
            beside = np.empty(0)
        else:
            beside = np.concatenate([splits, np.nextafter(splits.astype(np.float32), np.float32(np.inf))])
        spread = np.unique(np.concatenate([spread, beside]))
    return [pl.Series(field.name, [each]).cast(values.dtype) for each in spread.tolist()]


def _with_value(rows: pl.DataFrame, value: pl.Series) -> pl.DataFrame:
    """All rows with this one value."""
    return rows.with_columns(value.new_from_index(0, rows.height))


def _linear_range(asked: FittedModel, rows: pl.DataFrame, shape: Shape) -> tuple[float, float]:
    assert shape.structure is not None and shape.linear is not None, "asked of linear models alone"
    inside = shape.structure.inside(asked.numbers(rows))
    ends = np.stack([inside.min(axis=0), inside.max(axis=0)]) * shape.linear
    low = float(ends.min(axis=0).sum()) + shape.constant
    high = float(ends.max(axis=0).sum()) + shape.constant
    if shape.sigmoid:
        low, high = (float(1 / (1 + np.exp(-each))) for each in (low, high))
    return low, high


def _output(asked: FittedModel, of: str) -> tuple[int, Message | None]:
    """Which column of the scores, or why none."""
    classes = asked.signature.classes
    if not classes:
        return 0, None if not of else REGRESSION_HAS_NO_CLASSES()
    if of:
        return (classes.index(of), None) if of in classes else (0, NO_SUCH_CLASS(label=Words(of)))
    if len(classes) == 2:
        return 1, None
    return 0, CLASS_NOT_SAID(count=len(classes), classes=tuple(Words(each) for each in classes))
