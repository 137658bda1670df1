"""MLflow's `/invocations`: requests read and answers written.

As `mlflow models serve` has it: JSON with one of `dataframe_split`, `dataframe_records`, `instances`,
`inputs`, and `params`; or CSV; of Parquet see `serve/parquet_body.py`. Columns
`__key`, `__subject`, `__unit`, `__time` say whom a row is about.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from comporta.errors import BadRequest, wording
from comporta.http.json_body import decode_json
from comporta.http.token_gate import Bearer
from comporta.serve.cells import parse_cells
from comporta.serve.request_rows import RequestRows, rows_of_columns, too_many_rows
from comporta.serve.schema import RequestSchema
from comporta.serve.version_parts import VersionPart, join_outputs, versions_by_row

FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")
V1_FORMS = ("instances",)
"""Of KServe's first protocol."""
CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    413: "REQUEST_LIMIT_EXCEEDED",
    429: "REQUEST_LIMIT_EXCEEDED",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
}


class SplitFrame(msgspec.Struct, forbid_unknown_fields=True):
    """`dataframe_split`."""

    data: list[msgspec.Raw]
    columns: list[str] | None = None
    index: list[Any] | None = None


_body = msgspec.json.Decoder(dict[str, msgspec.Raw])
_split = msgspec.json.Decoder(SplitFrame)
_rows = msgspec.json.Decoder(list[msgspec.Raw])
_row = msgspec.json.Decoder(list[Any])
_record = msgspec.json.Decoder(dict[str, Any])
_any = msgspec.json.Decoder(Any)
_params = msgspec.json.Decoder(dict[str, Any])


def read_invocation_json(
    body: bytes, schema: RequestSchema, limit: int, allowed: Sequence[str] = FORMS
) -> RequestRows:
    """The rows of a JSON body, in one of the allowed forms. Raises BadRequest."""
    given: dict[str, msgspec.Raw] = _decode_form(_body, body, "the body", "{")
    forms = [form for form in allowed if form in given]
    if len(forms) != 1:
        one_of = wording("exactly one of ") if len(allowed) > 1 else ""
        raise BadRequest(
            f"the body: found {' and '.join(forms) if forms else 'none of them'}, expected {one_of}"
            f"{', '.join(allowed)}.{_WRAP if not forms and len(allowed) > 1 else ''}"
        )
    unknown = given.keys() - {*allowed, "params"}
    if unknown:
        raise BadRequest(
            f"the body: found {len(unknown)} unknown fields, expected {forms[0]} and perhaps params."
        )
    params = decode_json(_params, bytes(given["params"])) if "params" in given else None
    columns = _READERS[forms[0]](bytes(given[forms[0]]), schema)
    return rows_of_columns(columns, params, limit)


def read_invocation_csv(body: bytes, schema: RequestSchema, limit: int) -> RequestRows:
    """The rows of a CSV body with a header; typed by the model's columns, not by their looks.

    Raises BadRequest."""
    try:
        # Decoded line by line: a call that decodes a large body whole keeps the interpreter from all others.
        text = io.TextIOWrapper(io.BytesIO(body), "utf-8-sig", newline="")
        read = (line for line in csv.reader(text, strict=True) if line)
        lines = list(itertools.islice(read, limit + 2))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadRequest(f"the body is not CSV in UTF-8: {type(error).__name__}.") from None
    if len(lines) < 2:
        raise BadRequest("the body: expected a line of column names and at least one row.")
    if len(lines) - 1 > limit:
        raise too_many_rows(len(lines) - 1, limit)
    header, rows = lines[0], lines[1:]
    _check_widths(rows, len(header), "line")
    if header[0] == "" and "" not in schema.names:
        # pandas' to_csv writes its index so, unless it is told not to.
        header, rows = header[1:], [row[1:] for row in rows]
    columns = _columns_by_name(header, rows)
    for column in schema.columns:
        if column.name in columns:
            columns[column.name] = parse_cells(column.kind, columns[column.name])
    return rows_of_columns(columns, None, limit)


def write_invocation_response(
    parts: list[VersionPart], ids: list[str], bearer: Bearer | None = None
) -> bytes:
    """The answer: `predictions` in the order of the rows, their `prediction_ids` and `model_versions`."""
    label, chances = join_outputs(parts, bearer)
    predictions: list[Any]
    if label is None:
        predictions = chances or []
    elif chances is None:
        predictions = list(label)
    else:
        predictions = [
            {"label": one, "probability": chance} for one, chance in zip(label, chances, strict=True)
        ]
    body = {
        "predictions": predictions,
        "prediction_ids": ids,
        "model_versions": versions_by_row(parts, len(ids)),
    }
    return msgspec.json.encode(body)


def _from_split(raw: bytes, schema: RequestSchema) -> dict[str, Any]:
    split: SplitFrame = _decode_form(_split, raw, "dataframe_split", "{")
    header = split.columns if split.columns is not None else schema.names
    rows = _decode_rows(_row, split.data)
    _check_widths(rows, len(header), "row")
    return _columns_by_name(header, rows)


def _from_records(raw: bytes, schema: RequestSchema) -> dict[str, Any]:
    return _columns_of_records(_decode_rows(_record, _decode_form(_rows, raw, "dataframe_records", "[")))


def _decode_rows(decoder: msgspec.json.Decoder[Any], rows: Sequence[msgspec.Raw]) -> list[Any]:
    """Each by a call of its own: one for all would keep the interpreter from everybody else."""
    return [decode_json(decoder, each, f"row {row}") for row, each in enumerate(rows)]


def _columns_of_records(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    if not records:
        return {}
    names = records[0].keys()
    for row, record in enumerate(records):
        if record.keys() != names:
            raise BadRequest(f"row {row}: found other fields than in row 0, expected the same in each.")
    return {name: [record[name] for record in records] for name in names}


def _from_values(raw: bytes, schema: RequestSchema) -> dict[str, Any]:
    """`instances` and `inputs`: rows of values, rows by name, or columns by name."""
    opens = raw[:64].lstrip()[:1]
    if opens == b"{":
        return _from_columns(decode_json(_body, raw))
    if opens != b"[":
        raise BadRequest("the body: expected rows as lists, rows as objects, or an object of columns.")
    rows = _decode_rows(_any, decode_json(_rows, raw))
    if all(isinstance(row, dict) for row in rows):
        return _columns_of_records(rows)
    if all(isinstance(row, list) for row in rows):
        _check_widths(rows, len(schema.names), "row")
        return _columns_by_name(schema.names, rows)
    if len(schema.names) == 1 and not any(isinstance(row, list | dict) for row in rows):
        return {schema.names[0]: rows}
    raise BadRequest("the body: expected rows as lists, rows as objects, or an object of columns.")


def _from_columns(given: dict[str, msgspec.Raw]) -> dict[str, Any]:
    columns = {name: decode_json(_any, each) for name, each in given.items()}
    if columns and all(isinstance(column, dict) for column in columns.values()):
        return _from_indexed(columns)
    if not all(isinstance(column, list) for column in columns.values()):
        raise BadRequest("the body: expected each column to be a list.")
    return {name: [_single(value) for value in column] for name, column in columns.items()}


def _from_indexed(columns: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """pandas' `to_json()`: of each column an object, from the index to the value."""
    index = list(next(iter(columns.values())))
    for column in columns.values():
        if list(column) != index:
            raise BadRequest(
                "the body: found columns with different indexes, expected the same in each. From pandas send "
                'dataframe_split, as to_json(orient="split") writes it.'
            )
    return {name: list(column.values()) for name, column in columns.items()}


def _decode_form(decoder: msgspec.json.Decoder[Any], raw: bytes, what: str, opens: str) -> Any:
    """The value of this form. opens: what it begins with. Raises BadRequest, with advice on pandas' forms."""
    try:
        return decode_json(decoder, raw, what)
    except BadRequest as error:
        begins = raw[:64].lstrip()[:1].decode("latin-1")
        raise BadRequest(f"{error}{_WRAP}" if begins in "[{" and begins != opens else str(error)) from None


_WRAP = (
    ' From pandas: {"dataframe_split": …} around to_json(orient="split", date_format="iso"), or '
    '{"dataframe_records": …} around to_json(orient="records", date_format="iso").'
)
_READERS = {
    "dataframe_split": _from_split,
    "dataframe_records": _from_records,
    "instances": _from_values,
    "inputs": _from_values,
}


def _columns_by_name(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    if len(set(header)) != len(header):
        raise BadRequest("columns: found one name twice, expected each column once.")
    if not rows:
        return {}
    return {name: list(values) for name, values in zip(header, zip(*rows, strict=True), strict=True)}


def _check_widths(rows: Sequence[Sequence[Any]], width: int, what: str) -> None:
    for number, row in enumerate(rows):
        if len(row) != width:
            raise BadRequest(f"{what} {number}: found {len(row)} values, expected {width}.")


def _single(value: Any) -> Any:
    """A value, or the one in a list of one: columns may be sent as [n, 1]."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value
