"""What models that never saw a training row say of it: predictions out of fold.

Rows that hang together stay together: whole groups, else whole days, else rows, as in every interval.

They say what the rows are like, not what the candidate is like: of labels that are contradicted. Calibration
and the intervals of every figure are the candidate's own, on test rows: see docs/why/evidence-pool.md.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heapreplace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import polars as pl

from comporta.checks.shared.measuring.prediction_frame import align, with_outputs
from comporta.errors import BadData
from comporta.records import Artifact, ByGroup, FittedModel, ModelOutput, Signature, Split
from comporta.records.columns import TARGET
from comporta.stats.classes import places
from comporta.stats.units import units_of
from comporta.store import StepContext
from comporta.store.frames import read, write

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDS = 5


def out_of_fold(
    context: StepContext,
    *,
    train: Artifact,
    signature: Artifact,
    fit: Callable[..., Any],
    refitted: Callable[..., FittedModel],
    group: str | None = None,
    params: dict[str, Any] | None = None,
    split: dict[str, Any] | None = None,
    **declared: Any,
) -> dict[str, Artifact]:
    """`predictions`: the training rows in their order, with the columns of `predict`, each answered by a
    fit on the folds it is not in. Five fits. declared: `task` and `output`, as the signature holds them.

    Raises BadData where fewer than two units can be told apart, or a fold's fit cannot be asked.
    """
    del declared
    takes = context.get_json(signature, Signature)
    rows = read(context, train)
    how = msgspec.convert(split, Split) if split else None
    whole = group if group is not None or not isinstance(how, ByGroup) else how.group
    kinds = None if takes.task == "regression" else places(rows[TARGET], takes.classes)
    fold = folds(rows, whole, kinds, seed=context.seed)

    def fit_on(part: pl.DataFrame) -> FittedModel:
        return refitted(
            part, fit=fit, params=params or {}, task=takes.task, output=takes.output, seed=context.seed
        )

    said = ask_folds(rows, fold, fit_on, takes)
    count = int(fold.max()) + 1
    print(f"out of fold: {rows.height:,} rows answered by {count} fits, each without the rows it answers")
    return {"predictions": write(context, with_outputs(rows, said, takes))}


def folds(
    rows: pl.DataFrame,
    group: str | None,
    kinds: NDArray[np.int64] | None,
    *,
    count: int = FOLDS,
    seed: int = 0,
) -> NDArray[np.int64]:
    """Each row's fold, 0 to `count` less one (fewer where there are fewer units). kinds: each row's class.

    Units are dealt largest first to the fold that holds least, equals in a drawn order. Rows that stand
    alone are dealt class by class, so that each fold has its share of a rare one. Raises BadData.
    """
    units = units_of(rows, group)
    draw = np.random.default_rng(seed)
    held = rows.height if units is None else int(units.max(initial=-1)) + 1
    if held < 2:
        raise BadData(f"out of fold: found {held} unit of rows to hold out, expected at least 2.")
    count = min(count, held)
    order = draw.permutation(held)
    if units is None:
        if kinds is not None:
            order = order[np.argsort(kinds[order], kind="stable")]
        fold = np.empty(held, np.int64)
        fold[order] = np.arange(held) % count
        return fold
    sizes = np.bincount(units, minlength=held)
    order = order[np.argsort(-sizes[order], kind="stable")]
    fold = np.empty(held, np.int64)
    load = [(0, each) for each in range(count)]
    heapify(load)
    for unit in order.tolist():
        least, into = load[0]
        fold[unit] = into
        heapreplace(load, (least + int(sizes[unit]), into))
    return fold[units]


def ask_folds(
    rows: pl.DataFrame,
    fold: NDArray[np.int64],
    fitted: Callable[[pl.DataFrame], FittedModel],
    signature: Signature,
) -> ModelOutput:
    """Each row as the fit without its fold answers it, classes in the signature's order. Raises BadData."""
    width = max(1, len(signature.classes))
    scores = np.full((rows.height, width), np.nan)
    decisions = np.zeros(rows.height, np.float64 if signature.task == "regression" else np.int64)
    for each in range(int(fold.max()) + 1):
        mine = fold == each
        asked = fitted(rows.filter(pl.Series(~mine)))
        said = align(asked(rows.filter(pl.Series(mine))), asked.signature, signature)
        scores[mine], decisions[mine] = said.scores, said.decisions
    if not np.isfinite(scores).all():
        bad = int((~np.isfinite(scores).all(axis=1)).sum())
        raise BadData(f"out of fold: found {bad:,} of {rows.height:,} answers that are no finite number.")
    return ModelOutput(scores, decisions)
