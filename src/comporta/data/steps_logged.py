"""The step that makes a table of what production asked and what came true: rows a model can be replayed on.

Each logged request of a model whose label has been told becomes a row with the features of the model that
asks for it now, joined as of the time of the request; its hidden columns are those of a feature table.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
import polars as pl

from comporta.data.dataset_log import read_log
from comporta.data.features import feature_plan
from comporta.data.features_history import load_tables
from comporta.data.feedback_log import last_labels
from comporta.data.keys import key_text, row_key, subject_marks, subject_texts
from comporta.data.read import scan_slice
from comporta.data.row_columns import kind, types_of
from comporta.data.types import parse_type
from comporta.errors import BadData
from comporta.records import Artifact, DatasetSchema, Field, Signature, Slice, decode
from comporta.records.columns import AT, ID, KEPT, KEY, LABEL, SUBJECT, TARGET
from comporta.records.label import read_label
from comporta.records.named_column import by_names, frame_of
from comporta.records.variadic_input import table_inputs
from comporta.store import StepContext
from comporta.store.frames import write

MOST = 100_000
BESIDE = {"id": ID, "at": AT, "key": KEY, "subject": SUBJECT, "label": LABEL}
"""What a log says of a row → its column beside the features."""


def logged_rows(
    context: StepContext,
    *,
    labels: Slice,
    signature: Artifact,
    model: str,
    of: str,
    known: list[str],
    target: str,
    shapes: dict[str, Any],
    compute: list[Callable[[Any], Any]] | tuple[Callable[[Any], Any], ...] = (),
    use: list[str] | None = None,
    keep: list[str] | tuple[str, ...] = (),
    joins: list[Any] | tuple[Any, ...] = (),
    log: Slice | None = None,
    before: Slice | None = None,
    **others: Slice,
) -> dict[str, Artifact]:
    """`table`: the newest 100,000 requests whose label has come, with the features of `signature`'s model.

    log: the model's predictions, whatever version answered. before: those of all models, as earlier releases
    kept them; model: its name there. labels: what came true.
    The rest as in `features`; others: each joined table as `table <dataset>`. keep: of the columns that a
    request carries; others are not logged. `__target` is the label that counts (`last_labels`): a number, or
    the class's text. A request that lacks a column the model reads now, or whose label is none of this model,
    is left out, and counted. Raises BadProject, BadData.
    """
    takes = context.get_json(signature, Signature)
    fields = [field for field in takes.raw if field.name in known]
    there, labelled = _requests(
        context, log, before, model, fields, scan_slice(context.store, context.keys, labels)
    )
    frame = there.select(by_names(field.name for field in fields))
    there = there.select(pl.col(column).alias(name) for name, column in BESIDE.items())
    plan = feature_plan(
        of=of, known=known, use=use, target=target, shapes=shapes, joins=joins, compute=compute
    )
    frames = {
        name: scan_slice(context.store, context.keys, part) for name, part in table_inputs(others).items()
    }
    at = _times(frame, there["at"], plan.shape.time)
    history = load_tables(frames, plan.joins, plan.shapes, frame.schema)
    found, hidden = plan.apply(frame, history, at)
    beside = [
        _keys(frame, there, plan.shape).alias(KEY),
        _subjects(context, frame, there, plan.shape).alias(SUBJECT),
        at.alias(AT),
        _targets(there["label"], takes).alias(TARGET),
        *(frame[name].alias(f"{KEPT}{name}") for name in keep if name in frame.columns),
    ]
    logs = [read_log(context.store, context.keys, each.dataset) for each in (log, before) if each is not None]
    forgotten = pl.Series(sorted({each for of in logs for each in of.forgotten}), dtype=pl.UInt64).implode()
    table = found.with_columns(pl.col(pl.Categorical).cast(pl.String)).hstack(beside).hstack(hidden)
    shows = pl.col(TARGET).is_not_null() & ~pl.col(SUBJECT).is_in(forgotten).fill_null(False)
    table = table.filter(shows).sort(AT, KEY, maintain_order=True)
    lost = labelled - table.height
    print(f"logged: {table.height:,} requests with a label; {lost:,} left out")
    return {"table": write(context, table)}


def _requests(
    context: StepContext,
    log: Slice | None,
    before: Slice | None,
    model: str,
    fields: list[Field],
    labels: pl.LazyFrame,
) -> tuple[pl.DataFrame, int]:
    """The newest requests that carry all of these columns, each with its label; and how many have a label."""
    last = last_labels(labels).filter(pl.col("label") != "null")
    parts = [_typed_requests(context, log, fields, last), _texts(context, before, model, fields, last)]
    found = pl.concat([frame for frame, _ in parts]).sort(AT, ID).tail(MOST)
    return found, min(MOST, sum(count for _, count in parts))


def _typed_requests(
    context: StepContext, log: Slice | None, fields: list[Field], labels: pl.LazyFrame
) -> tuple[pl.DataFrame, int]:
    """Those of the model's log. A column is read where its type is what the model reads, or narrower."""
    if log is None:
        return _none(fields), 0
    has: dict[str, list[tuple[int, str]]] = {field.name: [] for field in fields}
    schema = read_log(context.store, context.keys, log.dataset).schema
    for version in schema:
        types = types_of(version)
        for field in fields:
            column = dict(version.inputs).get(field.name)
            if column is not None and _holds(kind(field.type), types[column]):
                has[field.name].append((version.model_version, column))
    asked = _newest(scan_slice(context.store, context.keys, log), labels)
    count = int(asked.select(pl.len()).collect(engine="streaming").item())
    for carried in has.values():
        asked = asked.filter(pl.col("version").is_in([number for number, _ in carried]))
    made = [
        _as(
            pl.coalesce([pl.col(each) for each in dict.fromkeys(column for _, column in carried)]),
            parse_type(field.type),
        ).alias(field.name)
        if (carried := has[field.name])
        else pl.lit(None, dtype=parse_type(field.type)).alias(field.name)
        for field in fields
    ]
    return asked.select(*_beside(), *made).collect(engine="streaming"), count


def _texts(
    context: StepContext, before: Slice | None, model: str, fields: list[Field], labels: pl.LazyFrame
) -> tuple[pl.DataFrame, int]:
    """Those that earlier releases kept as JSON."""
    if before is None:
        return _none(fields), 0
    asked = _newest(scan_slice(context.store, context.keys, before).filter(pl.col("model") == model), labels)
    frame = asked.collect(engine="streaming")
    there = frame.filter(pl.all_horizontal(pl.lit(True), *(_has(field.name) for field in fields)))
    return there.select(*_beside()).hstack(_inputs(there["inputs"], fields)), frame.height


def _newest(log: pl.LazyFrame, labels: pl.LazyFrame) -> pl.LazyFrame:
    return log.join(labels, on="id", how="inner").sort("at", "id").tail(MOST)


def _beside() -> list[pl.Expr]:
    return [pl.col(name).alias(column) for name, column in BESIDE.items()]


def _none(fields: list[Field]) -> pl.DataFrame:
    beside = {AT: pl.Datetime("us", "UTC")}
    texts = dict.fromkeys(BESIDE.values(), pl.String())
    return pl.DataFrame(
        schema={**texts, **beside, **{field.name: parse_type(field.type) for field in fields}}
    )


def _holds(wanted: pl.DataType, found: pl.DataType) -> bool:
    """Whether every value of the type found is one of the type wanted, or as near as JSON would say it."""
    return wanted == found or (found.is_integer() and wanted.is_numeric())


def _as(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.Datetime) and dtype.time_zone:
        return column.cast(pl.Datetime(dtype.time_unit, "UTC")).dt.convert_time_zone(dtype.time_zone)
    return column.cast(dtype, strict=False)


def _has(name: str) -> pl.Expr:
    """Whether a request's JSON object has this column at all."""
    return pl.col("inputs").str.contains(msgspec.json.encode(name).decode() + ":", literal=True)


def _inputs(texts: pl.Series, fields: list[Field]) -> pl.DataFrame:
    """What requests carried, in the types the model reads. Raises BadData."""
    kinds = {field.name: parse_type(field.type) for field in fields}
    plain = {name: dtype if _is_plain(dtype) else pl.String() for name, dtype in kinds.items()}
    if texts.is_empty() or not kinds:
        return pl.DataFrame(schema=kinds) if kinds else pl.DataFrame({"": [None] * len(texts)}).drop("")
    try:
        read = texts.str.json_decode(pl.Struct(plain)).struct.unnest()
        made = [
            _parse_times(read[name], dtype) if dtype.is_temporal() else read[name].cast(dtype, strict=False)
            for name, dtype in kinds.items()
        ]
    except pl.exceptions.PolarsError as fault:
        raise BadData(
            f"prediction log: found inputs of other types than the model reads ({type(fault).__name__}). "
            "The requests were made for a model with other columns of the same names."
        ) from fault
    return frame_of(made)


def _is_plain(dtype: pl.DataType) -> bool:
    """Whether JSON holds it as it is."""
    return dtype.is_integer() or dtype.is_float() or dtype == pl.Boolean


def _parse_times(texts: pl.Series, dtype: pl.DataType) -> pl.Series:
    """ISO 8601 as the server wrote it: dates, times with a zone, times without."""
    if dtype == pl.Date:
        return texts.str.to_date(strict=False)
    assert isinstance(dtype, pl.Datetime)
    zone = dtype.time_zone
    found = [None if each is None else datetime.fromisoformat(each) for each in texts.to_list()]
    made = pl.Series(texts.name, found, dtype=pl.Datetime(dtype.time_unit, "UTC" if zone else None))
    return made if zone is None else made.dt.convert_time_zone(zone)


def _times(frame: pl.DataFrame, logged_at: pl.Series, time: str | None) -> pl.Series:
    """When each request was true: its own time column, as the server takes it, else the time it was asked."""
    asked = logged_at.dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC"))
    if time is None or time not in frame.columns:
        return asked
    own = frame[time]
    zone = getattr(own.dtype, "time_zone", None)
    own = own.cast(pl.Datetime("us", zone))
    own = own.dt.convert_time_zone("UTC") if zone else own.dt.replace_time_zone("UTC")
    return pl.select(pl.coalesce(own, asked)).to_series()


def _keys(frame: pl.DataFrame, there: pl.DataFrame, shape: DatasetSchema) -> pl.Series:
    """The row's key where a request carries it, else what the request said, else the prediction's id."""
    if all(name in frame.columns for name in shape.key):
        return frame.select(row_key(frame, shape.key).alias("key"))["key"]
    said = [
        each if each is not None and each.startswith("[") else key_text([id if each is None else each])
        for each, id in zip(there["key"].to_list(), there["id"].to_list(), strict=True)
    ]
    return pl.Series("key", said, dtype=pl.String)


def _subjects(
    context: StepContext, frame: pl.DataFrame, there: pl.DataFrame, shape: DatasetSchema
) -> pl.Series:
    """The mark of each row's subject: as the request said, else as the row carries it."""
    said = there["subject"]
    if shape.subject in frame.columns and not frame[shape.subject].dtype.is_float():
        said = pl.select(pl.coalesce(said, subject_texts(frame[shape.subject], shape.form))).to_series()
    return subject_marks(said, context.keys, shape.form)


def _targets(labels: pl.Series, takes: Signature) -> pl.Series:
    """What came true: numbers for regression, else the class as the signature names it; null where a label is
    none of this model."""
    found = [read_label(decode(each, Any), takes) for each in labels.to_list()]
    return pl.Series("label", found, dtype=pl.Float64 if takes.task == "regression" else pl.String)
