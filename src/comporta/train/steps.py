"""The questions of this room, as the engine asks them: split, fit, export, predict, score."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
import polars as pl

from comporta.errors import BadData
from comporta.records import Artifact, ByGroup, Field, Signature, Split
from comporta.records.columns import AT, CHANCE, HIDDEN, KEY, LABEL, NUMBER, TARGET, WEIGHT
from comporta.records.export import ExportAgreement
from comporta.stats.table import column, feature_names
from comporta.store.context import StepContext
from comporta.store.frames import read, write
from comporta.train.call import OutputKind, call_fit, describe_model, reads_of, require_answer
from comporta.train.codecs import Codec, to_bytes
from comporta.train.decisions import with_decision
from comporta.train.export import ROWS, make_trial, own_forms, to_onnx
from comporta.train.frames import (
    Reads,
    dress,
    learn_fields,
    words_at,
)
from comporta.train.open_model import open_model
from comporta.train.predictor import ask_estimator
from comporta.train.scores import measure_scores
from comporta.train.split import TEST, TRAIN, assign_split
from comporta.train.target import row_weights, task_of


def sample(context: StepContext, *, table: Artifact, rows: int) -> dict[str, Artifact]:
    """`table`: this many of its rows, those whose key's keyed hash is lowest, so that new rows move few of
    them; a table of no more rows is as it was."""
    every = read(context, table)
    if every.height <= rows:
        return {"table": table}
    seed = int.from_bytes(context.keys.unit[:8], "big")
    place = every[KEY].cast(pl.String).hash(seed) if KEY in every.columns else pl.Series(range(every.height))
    kept = every.with_columns((place.rank("ordinal") <= rows).alias("kept")).filter("kept").drop("kept")
    print(f"{kept.height:,} of {every.height:,} rows")
    return {"table": write(context, kept)}


def parts(
    context: StepContext, *, table: Artifact, split: dict[str, Any], weight: str | None = None
) -> dict[str, Artifact]:
    """`train` and `test`, each a frame of its own, and `counts`: rows in each, in the gap, and without a
    target, which are in neither. Nothing but `predict` is ever given the test part. weight: the column that
    says how much each row counts."""
    how = msgspec.convert(split, Split)
    rows = read(context, table)
    labelled = rows.filter(pl.col(TARGET).is_not_null())
    if labelled.is_empty():
        if not rows.height:
            raise BadData(
                "split: found no rows, expected some. Look at what the source of their dataset returns."
            )
        raise BadData(
            f"split: found {rows.height:,} rows and a target in none, expected one in some. Its column holds "
            "only nulls: correct the source, or name another `target`."
        )
    if weight is not None:
        labelled = labelled.with_columns(row_weights(column(labelled, weight)))
    part = assign_split(
        how,
        secret=context.keys.unit,
        keys=labelled[KEY] if KEY in labelled.columns else None,
        at=labelled[AT] if AT in labelled.columns else None,
        groups=column(labelled, how.group) if isinstance(how, ByGroup) else None,
    )
    counts = {name: int((part == name).sum()) for name in ("train", "test", "gap")}
    counts["no target"] = rows.height - labelled.height
    print(", ".join(f"{count:,} {name}" for name, count in counts.items()))
    return {
        "train": write(context, labelled.filter(part == TRAIN)),
        "test": write(context, labelled.filter(part == TEST)),
        "counts": context.put_json(counts),
    }


def fit(
    context: StepContext,
    *,
    train: Artifact,
    fit: Callable[..., Any],
    params: dict[str, Any] | None = None,
    task: str | None = None,
    output: OutputKind = "both",
    schema: Artifact | None = None,
    codecs: Sequence[Codec] = (),
    positive: str = "",
    threshold: float | None = None,
) -> dict[str, Artifact]:
    """`model` and `signature` of the training function on these rows. schema: `{"raw": fields, …}`, what
    a request carries; None: the features themselves. positive, threshold: the class that is the second of
    two, and the chance from which on it is called; empty and None: as the estimator has them. Raises
    BadProject, BadData."""
    rows = read(context, train)
    y = rows[TARGET]
    learned = learn_fields(rows)
    X = dress(rows, learned)
    found = task_of(y, task)
    name = getattr(fit, "__name__", "fit")
    reads = reads_of(fit)
    weight = rows[WEIGHT] if WEIGHT in rows.columns else None
    model = call_fit(fit, X, y, found, params or {}, context.seed, weight)
    raw = learned if schema is None else context.get_json(schema, dict[str, tuple[Field, ...]])["raw"]
    signature = describe_model(model, name, learned, raw, y, found, output)
    signature = with_decision(signature, name, positive, threshold)
    require_answer(model, name, X, lambda row: ask_estimator(model, reads, row, signature))
    signature = msgspec.structs.replace(signature, features=_nullable(model, reads, signature, X))
    return {
        "model": context.put(to_bytes(model, reads, (*codecs, *context.codecs)), "model"),
        "signature": context.put_json(signature),
    }


def _nullable(model: Any, reads: Reads, signature: Signature, X: pl.DataFrame) -> tuple[Field, ...]:
    """The features, each told whether the fitted model can answer a row that lacks it: it is asked."""
    fields = signature.features

    def answers(names: Sequence[str]) -> bool:
        row = X.head(1)
        probe = pl.concat([row.with_columns(pl.lit(None, row[name].dtype).alias(name)) for name in names])
        try:
            label, probability = ask_estimator(model, reads, probe, signature)
        except Exception:  # an estimator's own errors: whatever it raises, it cannot answer
            return False
        numbers = probability if probability is not None else label
        return numbers is not None and bool(np.isfinite(numbers).all())

    names = [field.name for field in fields]
    if not names or answers(names):
        return tuple(msgspec.structs.replace(field, nullable=True) for field in fields)
    each = {name: answers([name]) for name in names} if len(names) <= 200 else {}
    return tuple(msgspec.structs.replace(field, nullable=each.get(field.name, False)) for field in fields)


def export(
    context: StepContext, *, model: Artifact, signature: Artifact, train: Artifact
) -> dict[str, Artifact]:
    """`onnx` where a graph agrees with the estimator, `parity` of every form with the reason where one
    does not, and `trial`: rows with answers for a server to try itself on."""
    takes = context.get_json(signature, Signature)
    native, reads = open_model(context, model)
    rows = dress(read(context, train), takes.features)
    some = rows.sample(min(ROWS, rows.height), seed=0)
    trial = make_trial(native, reads, takes, rows)
    graph, agreed = to_onnx(native, reads, takes, some)
    forms = {"onnx": agreed, **own_forms(native, reads, takes, some)}
    made = {"parity": context.put_json(ExportAgreement(forms=forms)), "trial": context.put_json(trial)}
    return made if graph is None else {"onnx": context.put(graph, "onnx"), **made}


def predict(
    context: StepContext, *, model: Artifact, signature: Artifact, table: Artifact, strict: bool = True
) -> dict[str, Artifact]:
    """`predictions`: the rows' hidden columns and features, and what the estimator itself says of each.

    strict=False: a table without the model's features gives no rows instead of an error, so that a
    champion with other features is a missing comparison and not a failed run. Raises BadData.
    """
    takes = context.get_json(signature, Signature)
    native, reads = open_model(context, model)
    rows = read(context, table)
    try:
        dressed = dress(rows, takes.features)
    except BadData:
        if strict:
            raise
        rows = rows.clear()
        dressed = pl.DataFrame(schema={field.name: pl.Null for field in takes.features})
    hidden = [name for name in rows.columns if name.startswith(HIDDEN)]
    kept = rows[[*hidden, *feature_names(rows)]]
    return {"predictions": write(context, kept.with_columns(_columns_of(native, reads, dressed, takes)))}


def _columns_of(model: Any, reads: Reads, dressed: pl.DataFrame, takes: Signature) -> list[pl.Series]:
    if dressed.is_empty():
        label, probability = np.empty(0, np.int64), np.empty((0, len(takes.classes)))
    else:
        label, probability = ask_estimator(model, reads, dressed, takes)  # type: ignore[assignment]
        _require_answers(dressed.height, label, probability)
    if takes.task == "regression":
        return [pl.Series(NUMBER, label, dtype=pl.Float64)]
    said = [words_at(label, takes.classes).alias(LABEL)]
    if probability is not None and takes.output != "label":
        said += [pl.Series(f"{CHANCE}{at}", probability[:, at]) for at in range(len(takes.classes))]
    return said


def _require_answers(rows: int, *said: Any) -> None:
    """Raises BadData unless there is one finite answer a row: a figure measured on others means nothing."""
    for answers in said:
        if answers is None:
            continue
        if len(answers) != rows:
            raise BadData(f"model: found {len(answers)} answers, expected one for each of {rows} rows.")
        if np.issubdtype(np.asarray(answers).dtype, np.floating) and not np.isfinite(answers).all():
            bad = int((~np.isfinite(np.asarray(answers).reshape(rows, -1)).all(axis=1)).sum())
            raise BadData(
                f"model: found {bad} of {rows} answers that are no finite number, expected none. "
                "Look for missing or extreme values that the estimator cannot take."
            )


def score(
    context: StepContext,
    *,
    predictions: Artifact,
    metrics: Sequence[str] = (),
    also: Sequence[str] = (),
    slices: Sequence[str] = (),
    group: str | None = None,
    part: str = "test",
) -> dict[str, Artifact]:
    """`scores`: every metric with its interval, overall and by slice. metrics: empty for the usual ones of
    the task. also: those beside them that a gate asks for."""
    return {
        "scores": context.put_json(
            measure_scores(
                read(context, predictions),
                metrics,
                slices,
                also=also,
                group=group,
                part=part,
                seed=context.seed,
            )
        )
    }
