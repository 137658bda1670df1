"""Rows as Open Inference v2 requests, as a client would send them, and what comes back."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from comporta.records import Field, Signature

if TYPE_CHECKING:
    from numpy.typing import NDArray

BODY = 8 * 2**20
ROWS = 10_000
_EXACT = 2.0**53
_KINDS = {"BOOL": "?", "INT64": "<i8", "FP64": "<f8"}


class ResponseOutputs(NamedTuple):
    """An answer's outputs by name, flat. prediction_id is left out."""

    outputs: dict[str, list[Any] | NDArray[Any]]


def rows_in_one(signature: Signature) -> int:
    """How many rows a request may hold: the server's limits are 10,000 rows and 16 MB."""
    return max(1, min(ROWS, BODY // (12 * max(1, len(signature.features)))))


def plain(rows: pl.DataFrame, features: Sequence[Field]) -> dict[str, list[Any]]:
    """The features as JSON values by name; NaN is null."""
    columns = {}
    for field in features:
        series = rows[field.name]
        if series.dtype.is_float():
            series = series.fill_nan(None)
        elif series.dtype in (pl.Date, pl.Datetime):
            columns[field.name] = [None if each is None else each.isoformat() for each in series.to_list()]
            continue
        elif not (series.dtype.is_integer() or series.dtype == pl.Boolean):
            series = series.cast(pl.Float64 if series.dtype.is_numeric() else pl.String)
        columns[field.name] = series.to_list()
    return columns


def datatype(field: Field) -> str:
    """The protocol's name of a feature's type."""
    if field.kind in ("text", "category", "date", "datetime"):
        return "BYTES"
    if field.kind == "boolean":
        return "BOOL"
    return "INT64" if "Int" in field.type else "FP64"


def as_json(rows: pl.DataFrame, features: Sequence[Field]) -> bytes:
    """One input a feature, as JSON: what most clients send."""
    values = plain(rows, features)
    inputs = [
        {"name": each.name, "shape": [rows.height], "datatype": datatype(each), "data": values[each.name]}
        for each in features
    ]
    return json.dumps({"inputs": inputs}).encode()


def as_bytes(rows: pl.DataFrame, features: Sequence[Field]) -> tuple[bytes, int]:
    """The same with binary tensors, for many rows at once, and the size of its JSON. One matrix where all
    features are numbers that doubles hold; text, and what has gaps that bytes cannot say, goes as JSON."""
    array = _matrix(rows, features)
    tail: list[bytes] = []
    inputs: list[dict[str, Any]] = []
    if array is not None:
        name = "rows"
        while name in {each.name for each in features}:
            name += "_"
        tail.append(array.astype("<f8").tobytes())
        inputs.append({"name": name, "shape": list(array.shape), "datatype": "FP64"})
        inputs[0]["parameters"] = {"binary_data_size": len(tail[0])}
    else:
        for field in features:
            series = rows[field.name]
            told: dict[str, Any] = {"name": field.name, "shape": [rows.height], "datatype": datatype(field)}
            if told["datatype"] == "FP64":
                series = series.cast(pl.Float64).fill_null(float("nan"))
            if told["datatype"] in _KINDS and series.null_count() == 0:
                tail.append(series.to_numpy().astype(_KINDS[told["datatype"]]).tobytes())
                told["parameters"] = {"binary_data_size": len(tail[-1])}
            else:
                told["data"] = plain(rows, (field,))[field.name]
            inputs.append(told)
    head = json.dumps({"inputs": inputs, "parameters": {"binary_data_output": True}}).encode()
    return b"".join((head, *tail)), len(head)


def _matrix(rows: pl.DataFrame, features: Sequence[Field]) -> NDArray[np.float64] | None:
    if any(datatype(each) == "BYTES" for each in features):
        return None
    out = np.empty((rows.height, len(features)))
    for place, field in enumerate(features):
        series = rows[field.name]
        column = series.cast(pl.Float64).fill_null(float("nan")).to_numpy()
        if series.dtype.is_integer() and rows.height and np.nanmax(np.abs(column), initial=0.0) >= _EXACT:
            return None
        out[:, place] = column
    return out


def read_response(body: bytes, head: int | None) -> ResponseOutputs:
    """An answer read. head: the size of its JSON where binary tensors follow."""
    said = json.loads(body if head is None else body[:head])
    at = len(body) if head is None else head
    outputs: dict[str, list[Any] | NDArray[Any]] = {}
    for each in said["outputs"]:
        size = (each.get("parameters") or {}).get("binary_data_size")
        if size is None:
            outputs[each["name"]] = each["data"]
            continue
        data = body[at : at + size]
        at += size
        if each["name"] != "prediction_id":
            kind = each["datatype"]
            outputs[each["name"]] = _texts(data) if kind == "BYTES" else np.frombuffer(data, _KINDS[kind])
    outputs.pop("prediction_id", None)
    return ResponseOutputs(outputs)


def _texts(data: bytes) -> list[str]:
    texts, at = [], 0
    while at < len(data):
        (size,) = struct.unpack_from("<I", data, at)
        texts.append(data[at + 4 : at + 4 + size].decode())
        at += 4 + size
    return texts
