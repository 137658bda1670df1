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

from comporta.data.features import AT, planned
from comporta.data.features_history import tables
from comporta.data.keys import key_text, row_key, subject_marks
from comporta.data.read import scan
from comporta.data.types import typed
from comporta.errors import BadData
from comporta.records import Artifact, Field, Shape, Signature, Slice, decode
from comporta.store import Desk
from comporta.store.frames import write

MOST = 100_000


def logged(
    desk: Desk,
    *,
    log: Slice,
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
    **others: Slice,
) -> dict[str, Artifact]:
    """`table`: the newest 100,000 requests whose label has come, with the features of `signature`'s model.

    log, labels: the prediction log and the feedback. model: its name in the log, whatever version answered.
    The rest as in `features`; others: each joined table as `table <dataset>`. keep: of the columns that a
    request carries; others are not logged. `__target` is the label told last: a number, or the class's text.
    A request that lacks a column the model reads now is left out, and counted. Raises BadProject, BadData.
    """
    takes = desk.get_json(signature, Signature)
    asked = _labelled(
        scan(desk.store, desk.keys, log).filter(pl.col("model") == model),
        scan(desk.store, desk.keys, labels),
    )
    there = asked.filter(pl.all_horizontal(_has(name) for name in known) if known else pl.lit(True))
    frame = _inputs(there["inputs"], [field for field in takes.raw if field.name in known])
    plan = planned(of=of, known=known, use=use, target=target, shapes=shapes, joins=joins, compute=compute)
    frames = {
        name.removeprefix("table "): scan(desk.store, desk.keys, part)
        for name, part in others.items()
        if name.startswith("table ")
    }
    at = _times(frame, there["at"], plan.shape.time)
    history = tables(frames, plan.joins, plan.shapes, frame.schema)
    found, hidden = plan.apply(frame, history, at)
    beside = [
        _keys(frame, there, plan.shape).alias("__key"),
        subject_marks(there["subject"], desk.keys, plan.shape.form).alias("__subject"),
        at.alias(AT),
        _targets(there["label"], takes).alias("__target"),
        *(frame[name].alias(f"__keep_{name}") for name in keep if name in frame.columns),
    ]
    table = found.with_columns(pl.col(pl.Categorical).cast(pl.String)).hstack(beside).hstack(hidden)
    table = table.filter(pl.col("__target").is_not_null()).sort(AT, "__key", maintain_order=True)
    lost = asked.height - table.height
    print(f"logged: {table.height:,} requests with a label; {lost:,} left out")
    return {"table": write(desk, table)}


def _labelled(log: pl.LazyFrame, labels: pl.LazyFrame) -> pl.DataFrame:
    """The newest requests for which a label was told, each with the one told last."""
    last = (
        labels.sort("arrived", maintain_order=True)
        .group_by("id", maintain_order=True)
        .agg(pl.col("label").last())
        .filter(pl.col("label") != "null")
    )
    wanted = ["id", "at", "inputs", "key", "subject"]
    return (
        log.select(wanted)
        .join(last, on="id", how="inner")
        .sort("at", "id")
        .tail(MOST)
        .collect(engine="streaming")
        .sort("at", "id")
    )


def _has(name: str) -> pl.Expr:
    """Whether a request's JSON object has this column at all."""
    return pl.col("inputs").str.contains(msgspec.json.encode(name).decode() + ":", literal=True)


def _inputs(texts: pl.Series, fields: list[Field]) -> pl.DataFrame:
    """What requests carried, in the types the model reads. Raises BadData."""
    kinds = {field.name: typed(field.type) for field in fields}
    plain = {name: dtype if _is_plain(dtype) else pl.String() for name, dtype in kinds.items()}
    if texts.is_empty() or not kinds:
        return pl.DataFrame(schema=kinds) if kinds else pl.DataFrame({"": [None] * len(texts)}).drop("")
    try:
        read = texts.str.json_decode(pl.Struct(plain)).struct.unnest()
        made = [
            _timed(read[name], dtype) if dtype.is_temporal() else read[name].cast(dtype, strict=False)
            for name, dtype in kinds.items()
        ]
    except pl.exceptions.PolarsError as fault:
        raise BadData(
            f"prediction log: found inputs of other types than the model reads ({type(fault).__name__}). "
            "The requests were made for a model with other columns of the same names."
        ) from fault
    return pl.DataFrame(made)


def _is_plain(dtype: pl.DataType) -> bool:
    """Whether JSON holds it as it is."""
    return dtype.is_integer() or dtype.is_float() or dtype == pl.Boolean


def _timed(texts: pl.Series, dtype: pl.DataType) -> pl.Series:
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


def _keys(frame: pl.DataFrame, there: pl.DataFrame, shape: Shape) -> pl.Series:
    """The row's key where a request carries it, else what the request said, else the prediction's id."""
    if all(name in frame.columns for name in shape.key):
        return frame.select(row_key(frame, shape.key).alias("key"))["key"]
    said = [
        each if each is not None and each.startswith("[") else key_text([id if each is None else each])
        for each, id in zip(there["key"].to_list(), there["id"].to_list(), strict=True)
    ]
    return pl.Series("key", said, dtype=pl.String)


def _targets(labels: pl.Series, takes: Signature) -> pl.Series:
    """What came true: numbers for regression, else the class as the signature names it."""
    values = [decode(each, Any) for each in labels.to_list()]
    if takes.task == "regression":
        numbers = [float(each) if isinstance(each, int | float) else None for each in values]
        return pl.Series("label", numbers, dtype=pl.Float64)
    booleans = takes.label == "Boolean"
    return pl.Series("label", [_class(each, booleans) for each in values], dtype=pl.String)


def _class(value: Any, booleans: bool) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool) or (booleans and value in (0, 1)):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
