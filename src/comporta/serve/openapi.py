"""What each released model takes and gives, as OpenAPI 3.1, so that a client can be generated; and as a page
for people."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec

from comporta.errors import wording
from comporta.serve.columns import Kind, RequestColumn
from comporta.serve.live_version import LiveVersion
from comporta.serve.openapi_paths import Schema, described_paths, shared_schemas
from comporta.serve.parquet_body import PARQUET_TYPES
from comporta.serve.serving_state import ServedModel, ServingState

_JSON: dict[Kind, Schema] = {
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "text": {"type": "string"},
    "datetime": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
}
_EXAMPLES: dict[Kind, Any] = {
    "int": 1, "float": 1.5, "bool": True, "text": "a",
    "datetime": "2026-01-31T12:00:00Z", "date": "2026-01-31",
}  # fmt: skip
_PAGE = wording("""<!doctype html><html lang="en"><meta charset="utf-8"><title>Comporta</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}}
pre{{background:#f4f4f2;padding:1rem;overflow:auto}}code{{font-size:14px}}</style>
<h1>{title}</h1>
{models}
<p>Each model as <a href="/openapi.json">OpenAPI</a>; Open Inference v2 at <code>/v2</code>, KServe v1 at
<code>/v1/models</code>.</p></html>""")
_MODEL = """<h2>{name}</h2><p>{versions}. Ask it:</p>
<pre><code>curl http://HOST{path} -H 'Content-Type: application/json' \\
  -d '{body}'</code></pre>"""


def openapi(serving: ServingState, version: str, *, tokens: bool) -> Schema:
    """The document. version: of the server. tokens: whether it asks for them."""
    paths = described_paths(serving)
    schemas: Schema = {"Error": _object({"error": {"type": "string"}}), **shared_schemas()}
    for model in serving.models.values():
        row, answer = f"{model.model}Row", f"{model.model}Answer"
        schemas[row] = row_schema(model.champion.schema.columns)
        schemas[answer] = answer_schema(model.champion)
        asked = [
            (f"/models/{model.model}/invocations", "dataframe_records", f"dataframe_records {model.model}"),
            (f"/v1/models/{model.model}:predict", "instances", f"instances {model.model}"),
        ]
        if len(serving.models) == 1:
            asked.append(("/invocations", "dataframe_records", "dataframe_records"))
        for path, field, name in asked:
            said = _operation(name, field, row, answer)
            if field == "dataframe_records":
                said["requestBody"]["content"] |= table_contents(model.champion.schema.columns)
            paths.setdefault(path, {})["post"] = said
    document: Schema = {
        "openapi": "3.1.0",
        "info": {"title": "Comporta", "version": version},
        "paths": paths,
        "components": {"schemas": schemas},
    }
    if tokens:
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}]
    return document


def front_page(serving: ServingState) -> str:
    """What is released here and how to ask it, as HTML."""
    models = "\n".join(map(_section, serving.models.values()))
    title = wording("These models answer here") if models else wording("No model is released here yet")
    return _PAGE.format(title=title, models=models)


def row_schema(columns: Iterable[RequestColumn]) -> Schema:
    """One row of a request, as JSON Schema."""
    return _object({column.name: _column(column) for column in columns}, closed=True)


def table_contents(columns: Sequence[RequestColumn]) -> Schema:
    """Media type → the same rows as a table of text, and as a Parquet file."""
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows(
        ([each.name for each in columns], [_csv_cell(example_value(each)) for each in columns])
    )
    names = ", ".join(each.name for each in columns)
    text: Schema = {
        "type": "string",
        "description": wording("CSV in UTF-8: a line of column names ({names}), then a line a row").format(
            names=names
        ),
    }
    file: Schema = {
        "type": "string",
        "format": "binary",
        "description": wording("a Parquet file of flat columns: {names}").format(names=names),
    }
    parquet = {kind.decode(): {"schema": file} for kind in PARQUET_TYPES}
    return {"text/csv": {"schema": text, "example": table.getvalue()}, **parquet}


def example_value(column: RequestColumn) -> Any:
    """One that the model takes there."""
    return next(iter(sorted(column.values)), _EXAMPLES[column.kind])


def _csv_cell(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def answer_schema(live: LiveVersion) -> Schema:
    """The answer to the rows of one request, as JSON Schema."""
    signature = live.loaded.signature
    label: Schema = {"type": ["boolean", "integer", "number", "string"]}
    one: Schema = {"type": "number"} if signature.task == "regression" else label
    chance: Schema = {"type": "number", "minimum": 0, "maximum": 1}
    if signature.task == "multiclass":
        chance = {"type": "array", "items": chance, "minItems": len(signature.classes)}
    if signature.output == "both":
        one = _object({"label": label, "probability": chance})
    elif signature.output == "probability":
        one = chance
    return _object(
        {
            "predictions": {"type": "array", "items": one},
            "prediction_ids": {"type": "array", "items": {"type": "string", "pattern": "^[0-9a-f]{32}$"}},
            "model_versions": {"type": "array", "items": {"type": "integer"}},
        }
    )


def _column(column: RequestColumn) -> Schema:
    schema: Schema = dict(_JSON[column.kind])
    if column.kind == "int":
        schema |= {"minimum": column.low, "maximum": column.high}
    if column.nullable:
        schema["type"] = [schema["type"], "null"]
    return schema


def _object(properties: Schema, *, optional: Collection[str] = (), closed: bool = False) -> Schema:
    """closed: whether it may have no other properties."""
    required = [name for name in properties if name not in optional]
    found: Schema = {"type": "object", "properties": properties, "required": required}
    return found | {"additionalProperties": False} if closed else found


def _operation(name: str, field: str, row: str, answer: str) -> Schema:
    one: Schema = {"$ref": f"#/components/schemas/{row}"}
    if field == "instances":  # or the values in the order of the columns
        one = {"anyOf": [one, {"type": "array"}]}
    rows = {"type": "array", "items": one, "minItems": 1}
    params = {"type": ["object", "null"]}
    body = _object({field: rows, "params": params}, optional=("params",), closed=True)
    failed = {"description": wording("what was found, and what was expected")}
    return {
        "operationId": name.replace(" ", "_"),
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": body}},
        },
        "responses": {
            "200": {
                "description": wording("an answer for each row, in order"),
                "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{answer}"}}},
            },
            "4XX": failed,
            "503": failed,
        },
    }


def _section(served: ServedModel) -> str:
    row = {column.name: example_value(column) for column in served.champion.schema.columns}
    body = msgspec.json.encode({"dataframe_records": [row]}).decode().replace("'", "\\u0027")
    said = ", ".join(f"version {share.version} ({share.role}, {share.weight:.0%})" for share in served.shares)
    return _MODEL.format(
        name=html.escape(served.model), versions=html.escape(said), body=html.escape(body, quote=False),
        path=html.escape(f"/models/{served.model}/invocations"),
    )  # fmt: skip
