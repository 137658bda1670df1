"""A model in ONNX, and the proof that it answers as the estimator does."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from msgspec import UNSET
from msgspec.structs import replace

from comporta.errors import wording
from comporta.records import NO_TEXT, Message, Signature, Words
from comporta.records.export import Agreement
from comporta.records.extras import install_advice
from comporta.train.codes import (
    ANSWERS_DIFFER,
    DIFFER_BESIDE,
    NOT_ASKED_BESIDE,
    NOT_CONVERTIBLE,
    THRESHOLDS_OTHERWISE,
)
from comporta.train.compiled import CompiledModel
from comporta.train.families import compares_alike, compilers, thresholds
from comporta.train.families.onnx.prediction import compile_onnx
from comporta.train.frames import Reads
from comporta.train.onnx_inputs import as_one_tensor, by_column
from comporta.train.predictor import TrialRows, ask_estimator, trial_frame
from comporta.train.probes import probes, without_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROWS = 5_000
TOLERANCE = 1e-5
TRIALS, DRAWN, STEP = 16, 64, 2.0**-22


def to_onnx(
    model: Any, reads: Reads, signature: Signature, rows: pl.DataFrame
) -> tuple[bytes | None, Agreement]:
    """The graph that agrees with the estimator on these rows, and how well; or None, and why.

    A graph with trees serves only where they compare numbers as the estimator's do by how it is made, and
    every graph only where it agrees at thresholds and seen values and a step beside them too: rows far from
    these agree whatever happens there.
    """
    reasons: list[Message] = []
    best: Agreement | None = None
    for make in _ways(signature):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                graph = make(model)
            compiled = compile_onnx(graph, signature)
            found = agreement(compiled, model, reads, signature, rows)
            if found.agrees and not compares_alike(model, graph):
                found = replace(found, agrees=False, reason=THRESHOLDS_OTHERWISE())
            if found.agrees:
                found = _beside(found, compiled, model, reads, signature, rows)
        except Exception as fault:  # two converters and a runtime, each with errors of its own
            reasons.append(
                NOT_CONVERTIBLE(error=type(fault).__name__, said=Words(_line(fault, install_advice(fault))))
            )
            continue
        if found.agrees:
            return graph, found
        best = best or found
    if best is not None:
        return None, best
    return None, Agreement(agrees=False, reason=reasons[0])


def agreement(
    compiled: CompiledModel, model: Any, reads: Reads, signature: Signature, rows: pl.DataFrame
) -> Agreement:
    """The compiled form's answers beside the estimator's. rows: dressed features."""
    theirs_label, theirs = ask_estimator(model, reads, rows, signature)
    mine_label, mine = compiled.frame(rows)
    if signature.task == "regression":
        assert theirs_label is not None and mine_label is not None, "a regression answers numbers"
        scale = max(float(np.std(theirs_label)), 1e-300)
        gap = np.abs(mine_label - theirs_label) / scale
        differs = ~(gap <= TOLERANCE)
    else:
        gap = np.zeros(rows.height)
        if theirs is not None and mine is not None:
            gap = np.abs(mine - theirs).max(axis=1)
        assert theirs_label is not None and mine_label is not None, "a classifier says labels"
        # Where both sides are all but level, rounding picks the label and it means nothing.
        level = np.zeros(rows.height, dtype=bool)
        if theirs is not None:
            top = np.sort(theirs, axis=1)[:, -2:]
            level = np.abs(top[:, 1] - top[:, 0]) <= 2 * TOLERANCE
            if signature.threshold is not UNSET:
                level = np.abs(theirs[:, 1] - signature.threshold) <= TOLERANCE
        differs = ~(gap <= TOLERANCE) | ((mine_label != theirs_label) & ~level)
    count = int(differs.sum())
    return Agreement(
        agrees=count == 0,
        reason=NO_TEXT if count == 0 else ANSWERS_DIFFER(rows=count, of=rows.height),
        rows=rows.height,
        apart=float(np.nan_to_num(gap, nan=np.inf).max(initial=0.0)) if not np.isnan(gap).any() else 1.0,
        differ=count,
        tolerance=TOLERANCE,
    )


def _beside(
    found: Agreement,
    compiled: CompiledModel,
    model: Any,
    reads: Reads,
    signature: Signature,
    rows: pl.DataFrame,
) -> Agreement:
    """The agreement, held at thresholds and beside them too, and without values where it answers then."""
    asked = probes(rows, signature, thresholds(model))
    lacking = (each for each in without_values(rows, signature) if _answers(model, reads, each, signature))
    probed = pl.concat([asked.rows, *lacking])
    if probed.is_empty():
        return found
    try:
        there = agreement(compiled, model, reads, signature, probed)
    except Exception as fault:  # an estimator's own errors, such as of a category that it does not know
        why = NOT_ASKED_BESIDE(error=type(fault).__name__)
        return replace(found, agrees=False, reason=why)
    found = replace(found, beside=probed.height, thresholds=asked.thresholds)
    if there.agrees:
        return found
    why = DIFFER_BESIDE(rows=there.differ, of=probed.height)
    return replace(found, agrees=False, reason=why, apart=there.apart, differ=there.differ)


def _answers(model: Any, reads: Reads, rows: pl.DataFrame, signature: Signature) -> bool:
    try:
        label, probability = ask_estimator(model, reads, rows, signature)
    except Exception:  # an estimator's own errors: whatever it raises, it does not answer
        return False
    said = probability if probability is not None else label
    return said is not None and bool(np.isfinite(said).all())


def own_forms(model: Any, reads: Reads, signature: Signature, rows: pl.DataFrame) -> dict[str, Agreement]:
    """The same for the quick calls that model families have of their own, by family."""
    forms = {}
    for name, compile in compilers().items():
        try:
            compiled = compile(model, signature)
            if compiled is None:
                continue
            found = agreement(compiled, model, reads, signature, rows)
            if found.agrees:
                found = _beside(found, compiled, model, reads, signature, rows)
        except Exception as fault:  # a library's own errors: the estimator answers without its quick call
            # Without what it says, which may hold a time: what is kept must be the same when made again.
            why = NOT_CONVERTIBLE(error=type(fault).__name__, said=Words(wording("its quick call failed")))
            found = Agreement(agrees=False, reason=why)
        forms[name] = found
    return forms


def make_trial(model: Any, reads: Reads, signature: Signature, train: pl.DataFrame) -> TrialRows:
    """Sixteen rows that are nobody's: each number drawn from the training rows' deciles, each word from
    the list, a missing value where the model can answer one; and the estimator's answers.

    Of the rows drawn those are taken on which it answers alike with its numbers a 32-bit step away: trees
    have thresholds at deciles, and there a compiled form that is right answers otherwise.
    """
    drawn = _rows_to_choose_from(train)
    columns = tuple(drawn.columns)
    frame = trial_frame(TrialRows(columns=columns, rows=tuple(drawn.rows()), answers=()), signature)

    def answer(rows: pl.DataFrame) -> NDArray[np.float64] | None:
        label, probability = ask_estimator(model, reads, rows, signature)
        if signature.task != "regression":
            return probability
        return None if label is None else label.reshape(-1, 1)

    found = answer(frame)
    if found is None:
        return TrialRows(columns=columns, rows=tuple(drawn.head(TRIALS).rows()), answers=())
    spread = float(np.std(found[:TRIALS])) if signature.task == "regression" else 1.0
    tolerance = max(TOLERANCE * spread, 1e-12)
    steady = np.ones(frame.height, dtype=bool)
    for step in (-STEP, STEP):
        moved = answer(frame.with_columns(pl.selectors.float() * (1 + step)))
        assert moved is not None, "it answered before"
        steady &= (np.abs(moved - found) <= tolerance).all(axis=1)
    kept = np.flatnonzero(steady)[:TRIALS] if steady.any() else np.arange(TRIALS)
    return TrialRows(
        columns=columns,
        rows=tuple(drawn[kept].rows()),
        answers=tuple(tuple(float(each) for each in row) for row in found[kept]),
        tolerance=tolerance,
    )


def _rows_to_choose_from(train: pl.DataFrame) -> pl.DataFrame:
    """Rows to choose from."""
    draw = np.random.default_rng(16)
    columns: dict[str, pl.Series] = {}
    for series in train:
        if isinstance(series.dtype, pl.Enum):
            words = series.dtype.categories
            columns[series.name] = (
                words.gather(draw.integers(0, max(len(words), 1), DRAWN))
                if len(words)
                else series.clear(DRAWN)
            )
        elif series.dtype == pl.Boolean:
            columns[series.name] = pl.Series(draw.random(DRAWN) < 0.5)
        elif series.dtype == pl.String:
            columns[series.name] = pl.Series(["word"] * DRAWN)
        else:
            known = series.cast(pl.Float64).drop_nulls().drop_nans()
            deciles = [known.quantile(tenth / 10) or 0.0 for tenth in range(1, 10)] if len(known) else [0.0]
            some = pl.Series([float(f"{deciles[at]:.6g}") for at in draw.integers(0, len(deciles), DRAWN)])
            columns[series.name] = some.round() if series.dtype.is_integer() else some
    return pl.DataFrame(columns)


def _ways(signature: Signature) -> list[Callable[[Any], bytes]]:
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    words = any(field.kind == "text" for field in signature.features)
    text = any(field.kind == "text" and not field.values for field in signature.features)
    makers = [by_column, as_one_tensor] if words else [as_one_tensor, by_column]
    ways: list[Callable[[Any], bytes]] = [
        partial(_make, maker, signature, kind)
        for maker in (makers[:1] if text else makers)
        for kind in (DoubleTensorType, FloatTensorType)
    ]
    return ways


def _make(
    maker: Callable[[Any, Signature, Any], bytes], signature: Signature, kind: Any, model: Any
) -> bytes:
    return maker(model, signature, kind)


def _line(fault: BaseException, advice: str) -> str:
    return f"{' '.join(str(fault).split())[:200]} {advice}".rstrip()
