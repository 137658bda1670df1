"""Every path of the server as OpenAPI has it: those of each released model by its name, as it answers now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from comporta.errors import wording
from comporta.serve.columns import V2_TYPES
from comporta.serve.paths import PATHS, RoutePath
from comporta.serve.serving_state import ServedModel, ServingState
from comporta.serve.tensors import DTYPES

Schema = dict[str, Any]

_OPTIONAL = "[/versions/{version}]"
_TEXT = ("version", "ping", "metrics")
_OWN = ("invoke", "predict")  # described with the model's own rows


def described_paths(serving: ServingState) -> Schema:
    """Path → method → operation, of all but what takes a model's rows as objects."""
    found: Schema = {}
    for route in PATHS:
        if route.name in _OWN:
            continue
        for path, served in _expand(route, serving):
            if route.name == "feature_row" and not _view_columns(path, served):
                continue  # it joins no history
            found.setdefault(path, {})[route.method.lower()] = _operation(route, path, served)
    return found


def shared_schemas() -> Schema:
    """What several operations have in common."""
    tensor = _object(
        {
            "name": {"type": "string"},
            "shape": {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1},
            "datatype": {"type": "string", "enum": ["BYTES", *DTYPES]},
            "data": {"type": "array"},
            "parameters": {"type": ["object", "null"]},
        },
        optional=("data", "parameters"),
    )
    label = {
        "id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "label": {"type": ["boolean", "number", "string"]},
        "at": {"type": ["string", "null"], "format": "date-time"},
    }
    return {
        "Tensor": tensor,
        "InferRequest": _object(
            {
                "inputs": {"type": "array", "items": _ref("Tensor"), "minItems": 1},
                "id": {"type": ["string", "null"]},
                "parameters": {"type": ["object", "null"]},
                "outputs": {"type": ["array", "null"], "items": _object({"name": {"type": "string"}})},
            },
            optional=("id", "parameters", "outputs"),
        ),
        "Label": _object(label, optional=("at",)),
    }


def _expand(route: RoutePath, serving: ServingState) -> Iterator[tuple[str, ServedModel | None]]:
    """The paths that a row of the table stands for."""
    if "{model}" not in route.path:
        yield route.path, None
        return
    for served in serving.models.values():
        path = route.path.replace("{model}", served.model)
        yield path.replace(_OPTIONAL, ""), served
        if _OPTIONAL in path:
            for number in sorted(served.versions):
                yield path.replace(_OPTIONAL, f"/versions/{number}"), served


def _operation(route: RoutePath, path: str, served: ServedModel | None) -> Schema:
    told: Schema = {
        "operationId": "_".join((route.name, *path.strip("/").split("/"))),
        "responses": {
            "200": {"description": wording("as the protocol of this path has it"), **_content(route)},
            "4XX": {"description": wording("what was found, and what was expected")},
            "503": {"description": wording("it does not answer now")},
        },
    }
    if route.action == "open":
        told["security"] = []
    if route.name == "infer" and served is not None:
        told["requestBody"] = _body(_infer_schema(served))
    elif route.name == "feedback":
        told["requestBody"] = _body(
            {"oneOf": [_ref("Label"), {"type": "array", "items": _ref("Label"), "minItems": 1}]}
        )
    elif route.name == "feature_row":
        told["parameters"] = [
            {
                "name": name,
                "in": "query",
                "required": True,
                "description": wording("a column that history is joined by"),
                "schema": {"type": "string"},
            }
            for name in _view_columns(path, served)
        ]
    return told


def _view_columns(path: str, served: ServedModel | None) -> tuple[str, ...]:
    """The columns that the version on this path joins history by."""
    if served is None:
        return ()
    number = path.rpartition("/versions/")[2]
    live = served.versions[int(number)] if "/versions/" in path else served.champion
    return () if live.loaded.view is None else live.loaded.view.columns


def _infer_schema(served: ServedModel) -> Schema:
    """One input for each column, or anything of the protocol's form."""
    columns = served.champion.schema.columns
    example = [
        {"name": column.name, "shape": [1], "datatype": V2_TYPES[column.kind], "data": [None]}
        for column in columns
    ]
    return {**_ref("InferRequest"), "examples": [{"inputs": example}]}


def _content(route: RoutePath) -> Schema:
    if route.name == "front_page":
        return {"content": {"text/html": {}}}
    return {"content": {"text/plain" if route.name in _TEXT else "application/json": {}}}


def _body(schema: Schema) -> Schema:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: Schema, optional: tuple[str, ...] = ()) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
    }
